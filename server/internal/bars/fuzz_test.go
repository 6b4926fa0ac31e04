package bars

import (
	"os"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// FuzzMessage: whatever a message says, it is refused as a fault of the sender, or
// taken apart into an appointment and an answer that are resources, the answer
// under the message's own id.
func FuzzMessage(f *testing.F) {
	b, err := os.ReadFile("../../../testdata/bars/booking-request.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"resourceType":"Bundle","id":"1","type":"message","meta":{"versionId":"1.0.0"},"entry":[{"resource":{"resourceType":"MessageHeader"}},{"resource":{"resourceType":"Appointment","slot":[{"reference":"#"}]}}]}`))
	rec := store.Record{
		Key: store.Key{Customer: "c", Type: "Appointment", ID: "a1"}, Version: 1, Updated: time.Unix(0, 0),
		Links: []store.Link{{Param: "actor", To: search.Ref{Type: "Patient", ID: "p1"}}},
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := fhir.Parse(body)
		if err != nil {
			return
		}
		m, err := readMessage(r, Identifier{DoSSystem, "999999999"})
		if err != nil {
			if k := fhir.KindOf(err); k != fhir.Invalid && k != fhir.Unprocessable {
				t.Fatalf("a message is refused as %v", err)
			}
			return
		}
		_ = m.checkPatient() // it may be refused later
		wanted, err := m.order(func(typ, _ string) bool { return typ == "Location" })
		if err != nil {
			return // it says what cannot be changed
		}
		if wanted.Type() != "Appointment" || wanted.ID() != "" {
			t.Errorf("ordered %s", wanted.Raw())
		}
		answer, err := m.answer(rec, func() string { return "new" })
		if err == nil && (answer.ID() != r.ID() || answer.Type() != "Bundle") {
			t.Errorf("answered %s", answer.Raw())
		}
	})
}

// The example makes an appointment that is sound R4, and keeps what was sent of
// all that it contains.
func TestOrder(t *testing.T) {
	b, err := os.ReadFile("../../../testdata/bars/booking-request.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := readMessage(r, Identifier{DoSSystem, "999999999"})
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := m.order(func(string, string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range r4.Validate(wanted) {
		t.Errorf("%+v", i)
	}
	contained := map[string]fhir.Node{}
	for c := range wanted.Root().Get("contained").Each() {
		contained[c.Get("resourceType").Text()] = c
	}
	if len(contained) != 3 || contained["Patient"].Get("id").Text() != "patient" {
		t.Errorf("it contains %d", len(contained))
	}
	for _, e := range m.entries {
		c := contained[e.resource.Type()]
		if !c.Exists() || e.fragment == "" {
			continue
		}
		for name, v := range e.resource.Root().Members() {
			switch name {
			case "id", "meta", "subject", "generalPractitioner": // ids, and references
			default:
				if string(v.Raw()) != string(c.Get(name).Raw()) {
					t.Errorf("%s.%s is %s, was sent as %s", e.resource.Type(), name, c.Get(name).Raw(), v.Raw())
				}
			}
		}
	}
}
