package r4_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

func TestExamplesAreSound(t *testing.T) {
	for _, file := range fhirtest.Examples(t, "R4") {
		for _, issue := range r4.Validate(file.Resource) {
			t.Errorf("%s: %+v", file.Name, issue)
		}
	}
}

// fixture gives the resources of the worked search examples (fhir-search 10.1).
func fixture(t testing.TB) map[string]fhir.Resource {
	t.Helper()
	bundle := fhirtest.Parse(t, string(fhirtest.Read(t, "search", "fixture.json")))
	found := map[string]fhir.Resource{}
	for n := range bundle.At(fhir.MustPath("entry.resource")) {
		r := fhirtest.Parse(t, string(n.Raw()))
		found[r.Type()+"/"+r.ID()] = r
	}
	return found
}

func TestFixtureIsSound(t *testing.T) {
	resources := fixture(t)
	if len(resources) != 39 {
		t.Errorf("the fixture has %d resources, want 39", len(resources))
	}
	for name, r := range resources {
		for _, issue := range r4.Validate(r) {
			t.Errorf("%s: %+v", name, issue)
		}
	}
}

// broken says in short what is wrong: severity if a warning, code, place, and
// the key of the rule where the text ends with one.
func broken(issues []fhir.Issue) []string {
	found := []string{}
	for _, i := range issues {
		line := i.Code + " " + i.Where
		if i.Severity != "error" {
			line = i.Severity + " " + line
		}
		if text, ok := strings.CutSuffix(i.Text, ")."); ok {
			line += " " + text[strings.LastIndex(text, "(")+1:]
		}
		found = append(found, line)
	}
	return found
}

// TestWorkedExamples is fhir-search 10.3, E36 to E43.
func TestWorkedExamples(t *testing.T) {
	set := func(path, value string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: []byte(value)}
	}
	remove := func(path string) fhir.Change { return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Remove} }
	tests := []struct {
		name, of string
		changes  []fhir.Change
		want     []string
	}{
		{"E36 no status", "a01", []fhir.Change{remove("status")}, []string{"required Appointment.status"}},
		{"E37 an end that is not known", "a07", nil, []string{}},
		{"E38 no end", "a01", []fhir.Change{remove("end")}, []string{"invariant Appointment app-2", "invariant Appointment app-3"}},
		{"E39 booked without times", "a06", []fhir.Change{set("status", `"booked"`)}, []string{"invariant Appointment app-3"}},
		{"E40 waitlist without times", "a14", nil, []string{}},
		{"E41 a reason to cancel what is booked", "a01", []fhir.Change{set("cancelationReason", `{"text":"x"}`)}, []string{"invariant Appointment.cancelationReason app-4"}},
		{"E42 a participant that is nobody", "a01", []fhir.Change{set("participant", `[{"status":"accepted"}]`)}, []string{"invariant Appointment.participant[0] app-1"}},
		{"E43 a start without seconds", "a01", []fhir.Change{set("start", `"2025-10-25T13:30"`)}, []string{"value Appointment.start"}},
	}
	appointments := fixture(t)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := appointments["Appointment/"+tc.of].Apply(tc.changes...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, broken(r4.Validate(r))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestIssuesShowNoValue puts a word wherever a sender could write one wrongly
// and looks for it in what is said back.
func TestIssuesShowNoValue(t *testing.T) {
	const word = "Peel"
	r := fhirtest.Parse(t, strings.ReplaceAll(`{"resourceType":"Appointment","status":"Peel","start":"Peel","minutesDuration":"Peel","created":"Peel","comment":["Peel"],
		"contained":[{"resourceType":"Peel","x":[]},{"resourceType":"Patient","id":"p","gender":"Peel","birthDate":"Peel","deceasedBoolean":"Peel"}],
		"slot":[{"reference":"Peel"},{"reference":"#Peel"},{"reference":"Peel/1"}],"identifier":{"value":"Peel"},
		"participant":[{"actor":{"reference":"Peel/1"},"status":"Peel"}],"specialty":[{"coding":[{"system":"Peel Peel","code":" Peel"}]}]}`, "Peel", word))
	issues := r4.Validate(r)
	if len(issues) < 15 {
		t.Errorf("%d issues only: %v", len(issues), broken(issues))
	}
	for _, i := range issues {
		if strings.Contains(i.Text+i.Where, word) {
			t.Errorf("%s says %q", i.Where, i.Text)
		}
		if i.Text == "" || i.Where == "" || i.Code == "" || i.Severity == "" {
			t.Errorf("an issue that does not say enough: %+v", i)
		}
	}
}

// FuzzValidate checks any resource: it never panics, and each issue says what is
// wrong and where.
func FuzzValidate(f *testing.F) {
	for _, file := range fhirtest.Examples(f, "R4") {
		f.Add([]byte(file.Resource.Raw()))
	}
	f.Add([]byte(`{"resourceType":"Slot","start":{},"_start":[null],"end":[""],"contained":[1,[2]],"schedule":[{"reference":"#"}],"extension":{"valueX":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := fhir.Parse(b)
		if err != nil {
			return
		}
		for _, i := range r4.Validate(r) {
			if i.Text == "" || i.Code == "" || !strings.HasPrefix(i.Where, r.Type()) {
				t.Errorf("%+v", i)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	b.ReportAllocs()
	for b.Loop() {
		if len(r4.Validate(r)) > 0 {
			b.Fatal("not sound")
		}
	}
}
