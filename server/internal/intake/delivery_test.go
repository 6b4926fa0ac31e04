package intake_test

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/hl7bridge"
)

// TestDelivery: hl7-bridge 4.4 and 6.4, requirements 84 to 88 and 96.
func TestDelivery(t *testing.T) {
	tests := []struct {
		name     string
		messages [][]byte
		want     []string
		status   string
	}{
		{
			"the same bytes twice",
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S12", "1", "20260512100000", book, wren),
			},
			[]string{"AA 1", "AA 1"},
			"booked",
		},
		{
			"the same control id, other bytes (R92)",
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S15", "1", "20260512100000", "SCH|A1", wren),
			},
			[]string{"AA 1", "AA 1"},
			"cancelled",
		},
		{
			"a late S13 does not revive a cancelled booking (R71)",
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S15", "2", "20260512100200", "SCH|A1", wren),
				msg("SIU^S13", "3", "20260512100100", "SCH|A1||||||||||^^^20260602100000", wren),
			},
			[]string{"AA 1", "AA 2", "AA 3"},
			"cancelled",
		},
		{
			"four messages with one time and one control id (requirement 96)",
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S13", "1", "20260512100000", "SCH|A1||||||||||^^^20260602100000", wren),
				msg("SIU^S15", "1", "20260512100000", "SCH|A1", wren), msg("SIU^S26", "1", "20260512100000", "SCH|A1", wren),
			},
			[]string{"AA 1", "AA 1", "AA 1", "AA 1"},
			"noshow",
		},
		{
			"a URL before its booking, and again after it (R97)",
			[][]byte{
				msg("SIU^S14", "1", "20260512100000", "SCH|A1", wren, "ZAP|https://appointments-r-us.co.uk/m"),
				msg("SIU^S12", "2", "20260512100000", book, wren),
				msg("SIU^S14", "1", "20260512100000", "SCH|A1", wren, "ZAP|https://appointments-r-us.co.uk/m"),
			},
			[]string{"AR 1 APPOINTMENT_NOT_FOUND", "AA 2", "AA 1"},
			"booked",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			if diff := cmp.Diff(tc.want, exchangeOf(t, newBridge(t, s), tc.messages...)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if got := s.at("A1").Get("status").Text(); got != tc.status {
				t.Errorf("status = %s, want %s", got, tc.status)
			}
		})
	}
}

// TestClocksApart: requirement 88. The times of messages that come by another connecting
// organisation are those of another clock, though the partner is the same.
func TestClocksApart(t *testing.T) {
	s := stocked(t)
	b, d := newBridge(t, s), readDirectory(t)
	d.Partners[0].Grants = append(d.Partners[0].Grants, hl7bridge.Grant{Connecting: "elsewhere", Controller: "trustalias"})
	b.Directory = d
	cancel := bytes.Replace(msg("SIU^S15", "2", "20260512090000", "SCH|A1", wren), []byte("trustalias{"), []byte("elsewhere{"), 1)
	if diff := cmp.Diff([]string{"AA 1", "AA 2"}, exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, wren), cancel)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if got := s.at("A1").Get("status").Text(); got != "cancelled" {
		t.Errorf("status = %s, want cancelled: an older message of another clock is not late", got)
	}
}

// TestStoreFails: hl7-bridge 6.4 R95, requirement 90; then it goes on without a restart.
func TestStoreFails(t *testing.T) {
	busy := fhir.Errorf(fhir.Busy, "the disk of db7.internal is full")
	tests := []struct {
		name  string
		fails error
		raw   []byte
		want  string
	}{
		{"busy", busy, msg("SIU^S12", "1", "20260512100000", book, wren), "AE 1 STORE_UNAVAILABLE"},
		{"no Kind", errors.New("open /var/lib/slotway: no such file"), msg("SIU^S12", "1", "20260512100000", book, wren), "AE 1 INTERNAL"},
		{"a refusal that cannot be recorded", busy, msg("SIU^S12", "1", "20260512100000", wren), "AE 1 STORE_UNAVAILABLE"},
		{"nor for no Kind", errors.New("x"), msg("SIU^S99", "1", "20260512100000"), "AE 1 INTERNAL"},
		{"a fault of the message is no excuse", fhir.Errorf(fhir.Unprocessable, "x"), msg("SIU^S12", "1", "20260512100000", book, wren), "AE 1 INTERNAL"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			s.fails = tc.fails
			b := newBridge(t, s)
			ack := b.Answer(t.Context(), demo, tc.raw)
			if got := answered(t, ack); got != tc.want {
				t.Errorf("answer = %s, want %s", got, tc.want)
			}
			if bytes.Contains(ack, []byte("db7")) || bytes.Contains(ack, []byte("/var")) {
				t.Errorf("the answer shows our inside: %s", ack)
			}
			s.fails = nil
			if got := exchangeOf(t, b, msg("SIU^S12", "2", "20260512100000", book, wren)); got[0] != "AA 2" {
				t.Errorf("answer afterwards = %s, want AA 2", got[0])
			}
		})
	}
}

// TestParallel: 50 messages on one booking at the same time (R94), for the race detector.
func TestParallel(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	b.NewID = func() string { return "X" }
	exchangeOf(t, b, msg("SIU^S12", "0", "20260512100000", book, wren))
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			raw := msg("SIU^S14", strings.Repeat("x", i+1), "20260512100000", "SCH|A1", wren, "ZAP|https://appointments-r-us.co.uk/"+strings.Repeat("u", i+1))
			if ack := b.Answer(t.Context(), demo, raw); !bytes.Contains(ack, []byte("MSA|AA|")) {
				t.Errorf("answer = %s, want AA", ack)
			}
		})
	}
	all.Wait()
	if got := s.at("A1").Get("extension").Len(); got != 1 {
		t.Errorf("the appointment has %d management URLs, want 1", got)
	}
}

// TestRepeats: hl7-bridge 4.4, D9, requirement 86: a control id again, by what is
// agreed with the partner.
// Whatever becomes of a message whose control id was another's, the journal warns.
func TestRepeats_warning(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	exchangeOf(t, b,
		msg("SIU^S12", "1", "20260512100000", book, wren),
		msg("SIU^S15", "1", "20260512100000", "SCH|A1", wren),
		msg("SIU^S15", "1", "20260512100000", "SCH|none", wren),
		msg("SIU^S15", "1", "20260512100000", "SCH|A1", wren),
		msg("SIU^S15", "2", "20260512100000", "SCH|A1", wren))
	var got []string
	for i, line := range s.journal() {
		warns := strings.Contains(line, "MSH-10 was sent before")
		got = append(got, s.entries()[i]+" "+strconv.FormatBool(warns))
	}
	want := []string{"1 applied false", "1 applied true", "1 refused true", "1 repeated true", "2 unchanged false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries, and whether they warn (-want +got):\n%s", diff)
	}
}

func TestRepeats(t *testing.T) {
	first, other := msg("SIU^S12", "1", "20260512100000", book, wren), msg("SIU^S15", "1", "20260512100000", "SCH|A1", wren)
	tests := []struct {
		repeats hl7bridge.Repeats
		want    []string // answers to first, other, first again
		journal []string
		status  string
	}{
		{hl7bridge.RepeatsAnswered, []string{"AA 1", "AA 1", "AA 1"}, []string{"1 applied", "1 applied", "1 repeated"}, "cancelled"},
		{"", []string{"AA 1", "AA 1", "AA 1"}, []string{"1 applied", "1 applied", "1 repeated"}, "cancelled"},
		{hl7bridge.RepeatsRefused, []string{"AA 1", "AR 1 CONTROL_ID_REPEATED", "AA 1"}, []string{"1 applied", "1 refused", "1 repeated"}, "booked"},
		{hl7bridge.RepeatsCarriedOut, []string{"AA 1", "AA 1", "AA 1"}, []string{"1 applied", "1 applied", "1 applied"}, "booked"},
	}
	for _, tc := range tests {
		t.Run(string(tc.repeats), func(t *testing.T) {
			s := stocked(t)
			b, d := newBridge(t, s), readDirectory(t)
			d.Partners[0].Repeats = tc.repeats
			b.Directory = d
			if diff := cmp.Diff(tc.want, exchangeOf(t, b, first, other, first)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.journal, s.entries()); diff != "" {
				t.Errorf("journal (-want +got):\n%s", diff)
			}
			if got := s.at("A1").Get("status").Text(); got != tc.status {
				t.Errorf("status = %s, want %s", got, tc.status)
			}
		})
	}
}
