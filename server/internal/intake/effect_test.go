package intake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a message makes of what is stored, where the two together decide.
func TestMessages(t *testing.T) {
	const id = "SCH|E1||||||||||"
	made := msg("SIU^S12", "1", "20260512100000", id+"^^^202606011000^202606011030", wren)
	tests := []struct {
		name          string
		then          []byte
		want          string // the answer to the second message
		start, end    string // afterwards
		absent, state string // why there is no end; the status
	}{
		{
			"an end before the stored start is refused (R63)",
			msg("SIU^S14", "2", "20260512100100", id+"^^^^202605010900", wren),
			"AR 2 VALUE_INVALID", "2026-06-01T09:00:00.000+00:00", "2026-06-01T09:30:00.000+00:00", "", "booked",
		},
		{
			"a start moved past the stored end makes the end unknown",
			msg("SIU^S13", "2", "20260512100100", id+"^^^202606021000", wren),
			"AA 2", "2026-06-02T09:00:00.000+00:00", "", "unknown", "booked",
		},
		{
			"a start moved before the stored end leaves it",
			msg("SIU^S13", "2", "20260512100100", id+"^^^202606011015", wren),
			"AA 2", "2026-06-01T09:15:00.000+00:00", "2026-06-01T09:30:00.000+00:00", "", "booked",
		},
		{
			"a patient who is not known is looked for first (3.2)",
			msg("SIU^S15", "2", "20260512100100", "SCH|E1", "PID|||9990000050^^^NHS^NH"),
			"AR 2 PATIENT_NOT_FOUND", "2026-06-01T09:00:00.000+00:00", "2026-06-01T09:30:00.000+00:00", "", "booked",
		},
		{
			"another patient's booking is as if it were not there (3.3)",
			msg("SIU^S15", "2", "20260512100100", "SCH|E1", "PID|||9990000026^^^NHS^NH"),
			"AR 2 APPOINTMENT_NOT_FOUND", "2026-06-01T09:00:00.000+00:00", "2026-06-01T09:30:00.000+00:00", "", "booked",
		},
		{
			"and its id is taken for an S12",
			msg("SIU^S12", "2", "20260512100100", id+"^^^202606011000", "PID|||9990000026^^^NHS^NH"),
			"AR 2 APPOINTMENT_CONFLICT", "2026-06-01T09:00:00.000+00:00", "2026-06-01T09:30:00.000+00:00", "", "booked",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			if diff := cmp.Diff([]string{"AA 1", tc.want}, exchangeOf(t, newBridge(t, s), made, tc.then)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			a := s.at("E1")
			got := []string{
				a.Get("start").Text(), a.Get("end").Text(), a.Get("_end").Get("extension").First().Get("valueCode").Text(), a.Get("status").Text(),
			}
			if diff := cmp.Diff([]string{tc.start, tc.end, tc.absent, tc.state}, got); diff != "" {
				t.Errorf("start, end, why none, status (-want +got):\n%s", diff)
			}
		})
	}
}
