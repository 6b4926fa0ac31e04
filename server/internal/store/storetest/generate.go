package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// world makes random resources and random searches for them. Values come from
// small pools, so that what is searched for is often there.
type world struct{ t *rapid.T }

type object = map[string]any

// kinds are the types the world has, and how many ids of each.
var kinds = []struct {
	typ string
	ids int
}{
	{"Organization", 3},
	{"Location", 3},
	{"Practitioner", 3},
	{"PractitionerRole", 2},
	{"HealthcareService", 2},
	{"Patient", 4},
	{"Schedule", 3},
	{"Slot", 5},
	{"Appointment", 10},
	{"Task", 4},
}

func oneOf[T any](w world, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(w.t, label)
}

// chance is true about once in n.
func (w world) chance(n int) bool {
	yes := make([]bool, n)
	yes[n-1] = true
	return rapid.SampledFrom(yes).Draw(w.t, "chance")
}

func (w world) customer() string { return oneOf(w, "customer", "a", "b") }

func (w world) id(typ string) string {
	for _, k := range kinds {
		if k.typ == typ {
			return fmt.Sprintf("%c%d", typ[0]|0x20, rapid.IntRange(0, k.ids-1).Draw(w.t, "id"))
		}
	}
	return "x"
}

// whose draws the key of a resource, often an appointment or a slot.
func (w world) whose() store.Key {
	typ := oneOf(w, "type", "Appointment", "Appointment", "Appointment", "Slot", "Slot", "Patient", "Schedule",
		"Practitioner", "Location", "Organization", "PractitionerRole", "HealthcareService", "Task")
	return store.Key{Customer: w.customer(), Type: typ, ID: w.id(typ)}
}

// The pools.
var (
	systems  = []string{"https://fhir.nhs.uk/Id/nhs-number", "urn:pas"}
	values   = []string{"1", "A1", "a1"}
	families = []string{"Smith", "Smith-Jones", "Van der Bergström"}
	givens   = []string{"Ann", "Anne Marie", "Zoë"}
	statuses = []string{"booked", "pending", "free"}
	instants = []string{
		"2025-10-24T23:30:00Z", "2025-10-25T09:00:00Z", "2025-10-25T09:00:00.250Z", "2025-10-25T14:30:00+01:00",
		"2025-10-24T23:00:00Z", "2025-10-24T22:59:59.999999Z", "2025-10-25T22:59:59.999999Z", // the bounds of a day in London
		"2025-10-26T00:30:00+01:00", "2025-10-26T01:30:00Z", "2025-11-01T00:00:00Z", "2026-01-01T10:00:00Z",
	}
	codes       = []string{"A", "a", "B"}
	codeSystems = []string{"urn:codes", "http://hl7.org/fhir/codes"}
	texts       = []string{"Alpha", "Älpha one", "Beta One"}
	uris        = []string{"urn:one", "http://a.example/two"}
	contacts    = []string{"07700 900123", "zoe@example.test", "Zoe@example.test"}
	dates       = []string{"2025", "2025-10", "2025-10-24", "2025-10-25", "2025-10-26", "2026-01-01", "2025-10-25T09:00:00Z", "2025-10-26T01:00:00Z", "2025-10-25T09:00:00.2Z", "2025-10-26T01:30", "1990"}
)

// resource draws the resource of a key, with contained ones at times.
func (w world) resource(k store.Key) string {
	o := w.content(k.Type)
	if w.chance(3) {
		var inner []any
		for _, typ := range []string{oneOf(w, "contained", "Patient", "Slot"), oneOf(w, "contained", "Schedule", "Organization", "Practitioner")} {
			c := w.content(typ)
			c["resourceType"], c["id"] = typ, strings.ToLower(typ)
			inner = append(inner, c)
		}
		o["contained"] = inner
	}
	if w.chance(3) {
		o["meta"] = w.meta()
	}
	o["resourceType"], o["id"] = k.Type, k.ID
	b, err := json.Marshal(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// links draws the links of a resource.
func (w world) links(typ string) []store.Link {
	if typ != "Appointment" || !w.chance(4) {
		return nil
	}
	return []store.Link{
		{Param: "actor", To: search.Ref{Type: "Patient", ID: w.id("Patient")}},
		{Param: "slot", To: search.Ref{Type: "Slot", ID: w.id("Slot")}},
	}
}

// visibility draws what a caller may see.
func (w world) visibility() store.Visibility {
	see := store.Visibility{Customers: oneOf(w, "customers", []string{"a", "b"}, []string{"b", "a"}, []string{"a"}, []string{"a", "b"}, []string{"a", "b"}, nil)}
	if w.chance(5) {
		see.Labels = []string{"urn:labels|GREEN"}
	}
	return see
}

// write draws one write and does it in a Tx. It gives what came of it.
func (w world) write(s *subject) func(store.Tx) string {
	return w.writeTo(s, w.whose())
}

// fill draws a write of every key there is.
func (w world) fill(s *subject) []func(store.Tx) string {
	var out []func(store.Tx) string
	for _, k := range kinds {
		for i := range k.ids {
			for _, customer := range []string{"a", "b"} {
				id := fmt.Sprintf("%c%d", k.typ[0]|0x20, i)
				out = append(out, w.putAt(s, store.Key{Customer: customer, Type: k.typ, ID: id}, store.Any))
			}
		}
	}
	return out
}

func (w world) writeTo(s *subject, k store.Key) func(store.Tx) string {
	if w.chance(6) {
		return func(tx store.Tx) string {
			rec, err := tx.Delete(s.ctx, k, store.Any)
			return fmt.Sprintf("delete %v: version %d, %v", k, rec.Version, err)
		}
	}
	return w.putAt(s, k, oneOf(w, "IfVersion", store.Any, store.Any, store.Any, 0, 1, 2))
}

func (w world) putAt(s *subject, k store.Key, ifVersion int64) func(store.Tx) string {
	p := putOf(w.t, k.Customer, w.resource(k), w.links(k.Type)...)
	p.IfVersion = ifVersion
	return func(tx store.Tx) string {
		rec, err := tx.Put(s.ctx, p)
		if err != nil {
			return fmt.Sprintf("put %v: %v", k, fhir.KindOf(err))
		}
		return fmt.Sprintf("put %v: version %d", k, rec.Version)
	}
}
