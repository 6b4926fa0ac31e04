package mappings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// The participants of the tests: each kind has one of the name P and the id C7.
const (
	theirPatient = `{"actor":{"reference":"Patient/p","identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
	typedPatient = `{"actor":{"type":"Patient","identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
	theirPlace   = `{"actor":{"type":"Location","identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
	theirPerson  = `{"actor":{"type":"Practitioner","identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
	otherSystem  = `{"actor":{"type":"Practitioner","identifier":{"system":"urn:oid:1.2","value":"C7"},"display":"Q"},"status":"accepted"}`
	theirThing   = `{"extension":[{"url":"` + SegmentExtension + `","valueCode":"AIG"}],"actor":{"identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
	byReference  = `{"actor":{"reference":"Practitioner/7","identifier":{"value":"C7"},"display":"P"},"status":"accepted"}`
)

func bookingWith(participants ...string) fhir.Resource {
	r, err := fhir.Parse([]byte(`{"resourceType":"Appointment","participant":[` + strings.Join(participants, ",") + `]}`))
	if err != nil {
		panic(err)
	}
	return r
}

// participantsIn applies an Intent and gives who takes part then.
func participantsIn(t testing.TB, in Intent, stored fhir.Resource) (list []string) {
	t.Helper()
	r, err := stored.Apply(in.ChangesTo(stored)...)
	if err != nil {
		t.Fatal(err)
	}
	for n := range r.Root().Get("participant").Each() {
		list = append(list, string(n.Raw()))
	}
	return list
}

// TestSteps: hl7-bridge 2.1 and 2.5, requirement 69. A step reaches those of its
// own kind, by identifier system and value, or by the display where it has no
// identifier, and never the patient.
func TestSteps(t *testing.T) {
	all := []string{theirPatient, typedPatient, theirPlace, theirPerson, otherSystem, theirThing, byReference}
	without := func(gone ...string) (list []string) {
		for _, p := range all {
			if !strings.Contains(strings.Join(gone, "\n"), p) {
				list = append(list, p)
			}
		}
		return list
	}
	reid := `{"actor":{"type":"Practitioner","display":"Reid"},"status":"accepted"}`
	updated := `{"type":[{"text":"Surgeon"}],"actor":{"type":"Practitioner","identifier":{"value":"C7"},"display":"New"},"status":"accepted"}`
	tests := []struct {
		name, event, segments string
		want                  []string
	}{
		{"a person by id", "S20", "AIP|1||C7^Other", without(theirPerson)},
		{"a person by id and system", "S20", "AIP|1||C7^P^^^^^^^&1.2&ISO", without(otherSystem)},
		{"a person of an id that is not there", "S20", "AIP|1||C8^P", all},
		{"a person by name", "S20", "AIP|1||^P", without(theirPerson)},
		{"a place by name", "S21", "AIL|1||^^^^^^^^P", without(theirPlace)},
		{"a thing by id", "S22", "AIG|1||C7^P", without(theirThing)},
		{"a thing by name", "S22", "AIG|1||^P", without(theirThing)},
		{"nobody of that name", "S22", "AIP|1||^Nobody", all},
		{"the group's action", "S18", "RGS|1|D\rAIP|1||C7", without(theirPerson)},
		{"kept", "S22", "AIP|1|X|C7^P", all},
		{"one in the place of another", "S19", "AIP|1||C7^New|^Surgeon", []string{theirPatient, typedPatient, theirPlace, updated, otherSystem, theirThing, byReference}},
		{"added", "S18", "AIP|1||^Reid", append(without(), reid)},
		{"added once", "S18", "AIP|1||^Reid\rAIP|2||^Reid|", append(without(), reid)},
		{"added and taken away", "S18", "AIP|1||^Reid\rAIP|2|D|^Reid", all},
		{"taken away and added", "S18", "AIP|1|D|C7^P\rAIP|2||C7^P", append(without(theirPerson), theirPerson)},
		{"a new place", "S18", "AIL|1||^^^^^^^^Room", []string{
			theirPatient, typedPatient, theirPlace, `{"actor":{"type":"Location","display":"Room"},"status":"accepted"}`,
			theirPerson, otherSystem, theirThing, byReference,
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			in, err := Map(message(t, "SIU^"+tc.event, append([]string{"SCH|A1", pid}, strings.Split(tc.segments, "\r")...)...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, participantsIn(t, in, bookingWith(all...))); diff != "" {
				t.Errorf("participants (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoStepsInSnapshots: only an event about resources has steps (hl7-bridge
// 2.1); elsewhere one to be deleted is left out of the list.
func TestNoStepsInSnapshots(t *testing.T) {
	for _, event := range []string{"S12", "S13", "S14", "S27"} {
		for segments, want := range map[string][]string{
			"AIP|1|D|^P":                   {theirPatient, theirPlace, byReference},
			"RGS|1|D\rAIP|1||^P":           {theirPatient, theirPlace, byReference},
			"AIP|1|D|^P\rAIP|2||^Reid":     {theirPatient, theirPlace, `{"actor":{"type":"Practitioner","display":"Reid"},"status":"accepted"}`, byReference},
			"AIP|1|D|^Other\rAIL|1|D|^R^B": {theirPatient, byReference},
			// the same person once, whatever is said of the segments
			"AIP|1|A|^Reid\rAIP|2|U|^Reid\rAIP|3|D|^Reid": {theirPatient, theirPlace, `{"actor":{"type":"Practitioner","display":"Reid"},"status":"accepted"}`, byReference},
		} {
			in, err := Map(message(t, "SIU^"+event, append([]string{sch(11, "^^^202606011000"), pid}, strings.Split(segments, "\r")...)...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, participantsIn(t, in, bookingWith(theirPatient, theirPlace, theirPerson, byReference))); diff != "" {
				t.Errorf("%s %q (-want +got):\n%s", event, segments, diff)
			}
		}
	}
}

// TestLatePlace: a booking that had no place gets one before its people
// (hl7-bridge 2.5); one that had keeps its order.
func TestLatePlace(t *testing.T) {
	place := `{"actor":{"type":"Location","display":"Room"},"status":"accepted"}`
	in, err := Map(message(t, "SIU^S14", "SCH|A1", pid, "PV1|1||^^^^^^^^Room"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ stored, want []string }{
		{[]string{theirPatient, theirPerson, theirThing}, []string{theirPatient, place, theirPerson, theirThing}},
		{[]string{theirPerson}, []string{place, theirPerson}},
		{[]string{theirPatient}, []string{theirPatient, place}},
		{[]string{theirPatient, theirPerson, theirPlace}, []string{theirPatient, theirPerson, place}},
	}
	for _, tc := range tests {
		if diff := cmp.Diff(tc.want, participantsIn(t, in, bookingWith(tc.stored...))); diff != "" {
			t.Errorf("participants (-want +got):\n%s", diff)
		}
	}
}

// TestNullInNew: in what is being made "" is the same as not valued (hl7-bridge
// 2.1, requirement 51), and in what is known it deletes.
func TestNullInNew(t *testing.T) {
	for _, event := range []string{"S12", "S13", "S14", "S15", "S26"} {
		in, err := Map(message(t, "SIU^"+event, sch(7, `^""|""|||^^^202606011000`), pid, `NTE|1||""`, `PV1|1||""`), Options{})
		if err != nil || len(in.Lacking) > 0 {
			t.Fatalf("%s: %v, lacking %q", event, err, in.Lacking)
		}
		r := fhirtest.Parse(t, `{"resourceType":"Appointment"}`)
		if r, err = r.Apply(append(append([]fhir.Change{}, in.Defaults...), in.ChangesToNew()...)...); err != nil {
			t.Fatal(err)
		}
		if got := r.Root().One(fhir.MustPath(toSubject)).Text(); got != "Appointment" {
			t.Errorf("%s: the subject = %q, want Appointment", event, got)
		}
	}
	in, err := Map(message(t, "SIU^S14", sch(7, `^""`), pid), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"remove " + toSubject}, textsOf(in.ChangesTo(bookingWith(theirPatient)))); diff != "" {
		t.Errorf("ChangesTo (-want +got):\n%s", diff)
	}
}

// many gives n segments of a format with a number in it.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"\r", i)
	}
	return strings.TrimSuffix(b.String(), "\r")
}

// TestManySteps: 10,000 different resources are a bounded number of changes, each
// of which rewrites the booking (hl7-bridge 6.2 R44).
func TestManySteps(t *testing.T) {
	var were []string
	for i := range 5_000 {
		were = append(were, fmt.Sprintf(`{"actor":{"type":"Practitioner","identifier":{"value":"C%d"},"display":"P"},"status":"accepted"}`, i))
	}
	stored := bookingWith(append([]string{theirPatient}, were...)...)
	for event, want := range map[string]int{"S14": 10_000, "S18": 10_000, "S20": 0} {
		in, err := Map(message(t, "SIU^"+event, "SCH|A1", pid, many(10_000, "AIP|1||C%d^P")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(in.ChangesTo(stored)); n > 3 {
			t.Errorf("%s: %d changes, want a few", event, n)
		}
		if got := len(participantsIn(t, in, stored)); got != want+1 {
			t.Errorf("%s: %d participants, want %d and the patient", event, got, want)
		}
	}
}

// BenchmarkSteps is what TestManySteps bounds: it must grow with the number of
// segments, not with its square.
func BenchmarkSteps(b *testing.B) {
	m := message(b, "SIU^S18", "SCH|A1", pid, many(10_000, "AIP|1||C%d^P"))
	stored := bookingWith(theirPatient)
	b.ReportAllocs()
	for b.Loop() {
		in, err := Map(m, Options{})
		if err != nil {
			b.Fatal(err)
		}
		participantsIn(b, in, stored)
	}
}
