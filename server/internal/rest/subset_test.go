package rest

import (
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
)

// fhir-search 10.3, E27 and E28: what is shown of a resource, and the tag that
// says that it is not whole.
func TestSubset(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Appointment","id":"a01","meta":{"versionId":"1","profile":["p"]},"text":{"status":"generated"},
		"status":"booked","start":"2025-10-25T13:30:00Z","_end":{"extension":[{"url":"u","valueCode":"unknown"}]},"slot":[{"reference":"Slot/s1"}],"comment":"c",
		"participant":[{"actor":{"reference":"Patient/p1","display":"Zoe"},"status":"accepted","period":{"start":"2025-10-25T13:30:00Z"}},{"status":"tentative"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const tag = `"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]`
	head := `{"resourceType":"Appointment","id":"a01","meta":{"versionId":"1","profile":["p"],` + tag + `},`
	parts := `"participant":[{"actor":{"reference":"Patient/p1","display":"Zoe"},"status":"accepted","period":{"start":"2025-10-25T13:30:00Z"}},{"status":"tentative"}]}`
	tests := []struct {
		name string
		q    search.Query
		want string
	}{
		{"elements", search.Query{Elements: []string{"status"}}, head + `"status":"booked",` + parts},
		{"an element that has only an extension", search.Query{Elements: []string{"end"}}, head + `"status":"booked","_end":{"extension":[{"url":"u","valueCode":"unknown"}]},` + parts},
		{"text", search.Query{Summary: search.SummaryText}, head + `"text":{"status":"generated"},"status":"booked",` + parts},
		{"data", search.Query{Summary: search.SummaryData}, head + `"status":"booked","start":"2025-10-25T13:30:00Z","_end":{"extension":[{"url":"u","valueCode":"unknown"}]},"slot":[{"reference":"Slot/s1"}],"comment":"c",` + parts},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := subsetOf(tc.q).of(r)
			if err != nil {
				t.Fatal(err)
			}
			want, err := fhir.Parse([]byte(tc.want))
			if err != nil {
				t.Fatal(err)
			}
			if !fhir.Same(got, want) {
				t.Errorf("got  %s\nwant %s", got.Raw(), tc.want)
			}
		})
	}
	summary, err := subsetOf(search.Query{Summary: search.SummaryTrue}).of(r)
	if err != nil {
		t.Fatal(err)
	}
	root := summary.Root()
	for _, gone := range []string{"slot", "comment", "text"} {
		if root.Get(gone).Exists() {
			t.Errorf("_summary=true shows %s", gone)
		}
	}
	for _, kept := range []string{"status", "start", "_end", "participant"} {
		if !root.Get(kept).Exists() {
			t.Errorf("_summary=true does not show %s", kept)
		}
	}
	if subsetOf(search.Query{}) != nil {
		t.Error("a plain search shows a part only")
	}
}
