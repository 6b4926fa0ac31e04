package intake_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir/fhirtest"
	"slotway/hl7bridge"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// careful gives a bridge for a customer trustalias that compares dates of birth.
func careful(t testing.TB, s *shelf, m hl7bridge.SoftMatch) *hl7bridge.Bridge {
	t.Helper()
	b := newBridge(t, s)
	d := readDirectory(t)
	for i := range d.Customers {
		d.Customers[i].SoftMatch = m
	}
	b.Directory = d
	return b
}

// journal gives the entries of the journal as they are stored.
func (s *shelf) journal() (lines []string) {
	s.t.Helper()
	records, err := s.Store.Log(s.t.Context(), journal.Stream, store.LogRange{Limit: 10_000})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range records {
		lines = append(lines, string(r.Data))
	}
	return lines
}

// entries gives the journal, a line for each: control id, state, and the act where
// it is no receipt.
func (s *shelf) entries() (lines []string) {
	s.t.Helper()
	for _, line := range s.journal() {
		var e journal.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(e.Control+" "+string(e.State)+" "+string(e.Act)))
	}
	return lines
}

// wren with another date of birth, with none, and with a part of one.
var (
	wrenBorn    = func(date string) string { return "PID|1||9990000018^^^NHS^NH||Sample^Wren^^^Ms||" + date + "|F" }
	strangeWren = wrenBorn("19800228")
)

// TestPartOfADate: hl7-bridge 6.3 R80. A year is not the date of birth, also where the
// record has no more than that.
func TestPartOfADate(t *testing.T) {
	s := stocked(t)
	s.put("trustalias", fhirtest.Parse(t, `{"resourceType":"Patient","id":"year","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000034"}],"birthDate":"1980"}`))
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, "PID|1||9990000034^^^NHS^NH||||1980"))
	if diff := cmp.Diff([]string{"1 held"}, s.entries()); diff != "" {
		t.Errorf("the journal (-want +got):\n%s", diff)
	}
}

// TestSoftMatchOfGrant: hl7-bridge 3.4. What a grant says of soft matching goes before
// what its customer says, both ways.
func TestSoftMatchOfGrant(t *testing.T) {
	for _, tc := range []struct {
		customer, grant hl7bridge.BirthDateCheck
		want            string
	}{
		{hl7bridge.BirthDateQueue, hl7bridge.BirthDateOff, "1 applied"},
		{hl7bridge.BirthDateOff, hl7bridge.BirthDateQueue, "1 held"},
	} {
		s := stocked(t)
		b := careful(t, s, hl7bridge.SoftMatch{BirthDate: tc.customer})
		for i := range b.Directory.(*directory).Partners[0].Grants {
			b.Directory.(*directory).Partners[0].Grants[i].SoftMatch = &hl7bridge.SoftMatch{BirthDate: tc.grant}
		}
		exchangeOf(t, b, msg("SIU^S12", "1", "20260512100000", book, strangeWren))
		if diff := cmp.Diff([]string{tc.want}, s.entries()); diff != "" {
			t.Errorf("customer %q, grant %q (-want +got):\n%s", tc.customer, tc.grant, diff)
		}
	}
}

// TestHold: hl7-bridge 3.4, R98, requirements 43, 44 and 46.
func TestHold(t *testing.T) {
	const moved = "SCH|A1||||||||||^^^20260602100000"
	tests := []struct {
		name     string
		check    hl7bridge.SoftMatch
		messages [][]byte
		log      []string
		status   string // of A1 in the end; empty for none
		start    string
	}{
		{
			"another date of birth has no effect",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{msg("SIU^S12", "1", "20260512100000", book, strangeWren)},
			[]string{"1 held"},
			"", "",
		},
		{
			"a later message that matches releases it before its own effect (R98)",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, strangeWren), msg("SIU^S13", "2", "20260512100100", moved, wren),
			},
			[]string{"1 held", "1 applied review", "2 applied"},
			"booked", "2026-06-02T09:00:00.000+00:00",
		},
		{
			"all that wait are released, oldest first",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, strangeWren), msg("SIU^S15", "2", "20260512100100", "SCH|A1", strangeWren),
				msg("SIU^S13", "3", "20260512100200", moved, strangeWren), msg("SIU^S14", "4", "20260512100300", "SCH|A1||||||^Hip", wren),
			},
			[]string{"1 held", "2 held", "3 held", "1 applied review", "2 applied review", "3 applied review", "4 applied"},
			"booked", "2026-06-02T09:00:00.000+00:00",
		},
		{
			"the same bytes again make no second item",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{msg("SIU^S12", "1", "20260512100000", book, strangeWren), msg("SIU^S12", "1", "20260512100000", book, strangeWren)},
			[]string{"1 held", "1 repeated"},
			"", "",
		},
		{
			"no date of birth, or a part of one, is held (R80, D7)",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, wrenBorn("")), msg("SIU^S12", "2", "20260512100000", book, wrenBorn("1980")),
				msg("SIU^S12", "3", "20260512100000", book, wrenBorn(`""`)),
			},
			[]string{"1 held", "2 held", "3 held"},
			"", "",
		},
		{
			"or passes, by the customer's setting",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDatePass},
			[][]byte{msg("SIU^S12", "1", "20260512100000", book, wrenBorn(""))},
			[]string{"1 applied"},
			"booked", "2026-06-01T09:00:00.000+00:00",
		},
		{
			"what is not compared waits behind what is held",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDatePass},
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, strangeWren), msg("SIU^S15", "2", "20260512100100", "SCH|A1", wrenBorn("")),
				msg("SIU^S12", "3", "20260512100200", strings.Replace(book, "A1", "A2", 1), wrenBorn("")),
			},
			[]string{"1 held", "2 held", "3 applied"},
			"", "",
		},
		{
			"a time of day and an offset are no difference (R79, requirement 47)",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{msg("SIU^S12", "1", "20260512100000", book, wrenBorn("19800229000000+0100"))},
			[]string{"1 applied"},
			"booked", "2026-06-01T09:00:00.000+00:00",
		},
		{
			"what would be refused is refused, not held: the sender learns nothing else",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{msg("SIU^S14", "1", "20260512100000", "SCH|A1", strangeWren)},
			[]string{"1 refused"},
			"", "",
		},
		{
			"messages about a person are not compared (requirement 48)",
			hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue},
			[][]byte{msg("ADT^A31", "1", "20260512100000", strangeWren), msg("SIU^S12", "2", "20260512100000", book, strangeWren)},
			[]string{"1 applied", "2 applied"},
			"booked", "2026-06-01T09:00:00.000+00:00",
		},
		{
			"a number that is not verified (2.6)",
			hl7bridge.SoftMatch{NHSStatus: true},
			[][]byte{
				msg("SIU^S12", "1", "20260512100000", book, strings.Replace(wren, "^NH|", "^NH{status:02}|", 1)),
				msg("SIU^S12", "2", "20260512100000", strings.Replace(book, "A1", "A2", 1), strings.Replace(wren, "^NH|", "^NH{status:01}|", 1)),
			},
			[]string{"1 held", "2 applied"},
			"", "",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			exchangeOf(t, careful(t, s, tc.check), tc.messages...)
			if diff := cmp.Diff(tc.log, s.entries()); diff != "" {
				t.Errorf("journal (-want +got):\n%s", diff)
			}
			a := s.at("A1")
			if got := a.Get("status").Text() + " " + a.Get("start").Text(); got != tc.status+" "+tc.start {
				t.Errorf("status and start = %q, want %q", got, tc.status+" "+tc.start)
			}
		})
	}
}

// TestHeldAnswer: requirement 44 and D17: the answer to a held message is that to
// one that had its effect, byte for byte.
func TestHeldAnswer(t *testing.T) {
	raw := msg("SIU^S12", "1", "20260512100000", book, strangeWren)
	var answers []string
	for _, check := range []hl7bridge.SoftMatch{{}, {BirthDate: hl7bridge.BirthDateQueue}} {
		s := stocked(t)
		b := careful(t, s, check)
		b.NewID = func() string { return "X" }
		answers = append(answers, string(b.Answer(t.Context(), demo, raw)), string(b.Answer(t.Context(), demo, raw)))
	}
	for _, got := range answers[1:] {
		if got != answers[0] {
			t.Errorf("answer %q, want %q", got, answers[0])
		}
	}
}
