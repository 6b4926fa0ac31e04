package rest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

func inputOf(t testing.TB, name string) *input {
	t.Helper()
	o, ok := fhir.OperationOf(fhir.Interaction("$" + name))
	if !ok {
		t.Fatalf("there is no operation %s", name)
	}
	return &input{op: o, values: map[string][]fhir.Node{}}
}

// The query that a posted search is turned into says the same: read again, it
// gives the same query.
func TestInputAsQuery(t *testing.T) {
	tests := []struct{ parameter, want string }{
		{`{"name":"start","valueDateTime":"2030-01-08T10:00:00+01:00"}`, "start=2030-01-08T10%3A00%3A00%2B01%3A00"},
		{`{"name":"specialty","valueString":"http://s|a,b"}`, "specialty=http%3A%2F%2Fs%7Ca%2Cb"},
		{`{"name":"specialty","valueCoding":{"system":"http://s","code":"a,b"}}`, `specialty=http%3A%2F%2Fs%7Ca%5C%2Cb`},
		{`{"name":"visit-type","valueCodeableConcept":{"coding":[{"code":"x"}]}}`, "visit-type=x"},
		{`{"name":"practitioner","valueReference":{"reference":"Practitioner/1"}}`, "practitioner=Practitioner%2F1"},
		{`{"name":"practitioner","valueReference":{"identifier":{"system":"http://s","value":"1"}}}`, "practitioner=http%3A%2F%2Fs%7C1"},
		{`{"name":"location","valueString":"Location/1"}`, "location-reference=Location%2F1"},
		{`{"name":"referral-identifier","valueIdentifier":{"system":"http://s","value":"1"}}`, "referral-identifier=http%3A%2F%2Fs%7C1"},
		{`{"name":"_count","valueInteger":5}`, "_count=5"},
		{`{"name":"insurance-reference","valueReference":{"reference":"X/1"}}`, ""},
		{`{"name":"other","valueString":"x"}`, ""},
	}
	for _, tc := range tests {
		in := inputOf(t, "find")
		p, err := fhir.ParseValue([]byte(tc.parameter))
		if err == nil {
			err = in.parameter(p, "Parameters.parameter[0]")
		}
		if err != nil {
			t.Fatalf("%s: %v", tc.parameter, err)
		}
		got := in.encoded()
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.parameter, diff)
		}
		again := inputOf(t, "find")
		if err := again.query(got); err != nil || again.encoded() != got {
			t.Errorf("%s read again: %s (%v)", got, again.encoded(), err)
		}
	}
}

// FuzzInput reads any parameters of any operation: it never panics, and what it
// makes a query of is read again as the same.
func FuzzInput(f *testing.F) {
	f.Add(byte(1), "start=2030-01-08&specialty=a%7Cb&practitioner=x%7Cy", `{"resourceType":"Parameters","parameter":[{"name":"actor","valueReference":{"reference":"Location/1"}}]}`)
	f.Add(byte(2), "", `{"resourceType":"Parameters","parameter":[{"name":"slot","valueReference":"Slot/1"},{"name":"patient-resource","resource":{"resourceType":"Patient"}},7,null]}`)
	f.Add(byte(4), "reason=x", `{"resourceType":"Parameters","parameter":{"name":"reason","valueCodeableConcept":{"text":"x"}}}`)
	f.Add(byte(1), "", `{"resourceType":"Parameters","parameter":{"name":"reason","valueCodeableConcept":{"text":"x"}}}`)
	f.Fuzz(func(t *testing.T, which byte, query, body string) {
		all := fhir.Operations()
		in := inputOf(t, all[int(which)%len(all)].Name)
		if in.query(query) != nil {
			return
		}
		if r, err := fhir.Parse([]byte(body)); err == nil {
			for p := range r.Root().Get("parameter").Each() {
				if in.parameter(p, "Parameters.parameter[0]") != nil {
					return
				}
			}
		}
		if in.check() != nil {
			return
		}
		actorsOf(in)
		if _, err := dress(in); err != nil {
			t.Errorf("dress: %v", err)
		}
		text := in.encoded()
		again := inputOf(t, in.op.Name)
		if err := again.query(text); err == nil && again.check() == nil && in.op.Name == "find" && again.encoded() != text {
			t.Errorf("%q is read again as %q", text, again.encoded())
		}
	})
}
