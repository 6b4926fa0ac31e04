package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The meaning of a query is made of its parts: repeats are AND, commas OR, :not
// the complement, and :missing says of every resource one thing or the other.
func TestMatchLaws(t *testing.T) {
	c := catalogIn(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		all := drawMemory(t, c)
		typ := one(t, "type", randomTypes...)
		ids := func(query string) []string {
			p, err := Parse(c, typ, query, now)
			if err != nil {
				t.Fatalf("Parse(%s?%s) = %v", typ, query, err)
			}
			return all.search(p.Query)
		}
		keyA, a := drawKey(t, typ, 0)
		keyB, b := drawKey(t, typ, 0)
		x, y := drawValue(t, a), drawValue(t, b)
		both := filter(ids(keyA+"="+x), func(id string) bool { return slices.Contains(ids(keyB+"="+y), id) })
		if got := ids(keyA + "=" + x + "&" + keyB + "=" + y); !slices.Equal(got, both) {
			t.Errorf("%s?%s=%s&%s=%s finds %v, want %v", typ, keyA, x, keyB, y, got, both)
		}
		z := drawValue(t, a)
		either := union(ids(keyA+"="+x), ids(keyA+"="+z))
		if got := ids(keyA + "=" + x + "," + z); !slices.Equal(got, either) {
			t.Errorf("%s?%s=%s,%s finds %v, want %v", typ, keyA, x, z, got, either)
		}
		if keyA != a.Name {
			return
		}
		everything := ids("")
		missing := ids(keyA + ":missing=true")
		present := filter(everything, func(id string) bool { return !slices.Contains(missing, id) })
		if got := ids(keyA + ":missing=false"); !slices.Equal(got, present) {
			t.Errorf("%s?%s:missing=false finds %v, want %v", typ, keyA, got, present)
		}
		if outside := filter(ids(keyA+"="+x), func(id string) bool { return slices.Contains(missing, id) }); len(outside) > 0 {
			t.Errorf("%s?%s=%s finds %v, where it is missing", typ, keyA, x, outside)
		}
		if a.Kind == Token {
			found := ids(keyA + "=" + x)
			others := filter(everything, func(id string) bool { return !slices.Contains(found, id) })
			if got := ids(keyA + ":not=" + x); !slices.Equal(got, others) {
				t.Errorf("%s?%s:not=%s finds %v, want %v", typ, keyA, x, got, others)
			}
		}
	})
}

func filter(ids []string, keep func(string) bool) []string {
	out := []string{}
	for _, id := range ids {
		if keep(id) {
			out = append(out, id)
		}
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// fhir-search 7.7: repeated chains are independent, and so are repeated _has.
func TestRepeatedChainsAreIndependent(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Practitioner","id":"x","name":[{"family":"Black"}],"gender":"male"}
		{"resourceType":"Practitioner","id":"y","name":[{"family":"White"}],"gender":"female"}
		{"resourceType":"Appointment","id":"a","status":"booked","participant":[{"actor":{"reference":"Practitioner/x"}},{"actor":{"reference":"Practitioner/y"}}]}
		{"resourceType":"Appointment","id":"b","status":"noshow","participant":[{"actor":{"reference":"Practitioner/x"}}]}
	`)
	finds(t, c, all, "Appointment", map[string]string{
		"actor:Practitioner.name=black&actor:Practitioner.gender=female": "a",
		"practitioner.gender:not=male":                                   "a",
		"practitioner.name:exact=Black":                                  "a b",
		"practitioner.name:exact=black":                                  "",
		"actor.name=black":                                               "a b",
		"actor.gender=female":                                            "a",
		"practitioner._has:Appointment:actor:status=noshow":              "a b",
	})
	finds(t, c, all, "Practitioner", map[string]string{
		"_has:Appointment:actor:status=booked&_has:Appointment:actor:status=noshow":        "x",
		"_has:Appointment:practitioner:status:not=booked":                                  "x",
		"_has:Appointment:practitioner:actor:Practitioner.name=white":                      "x y",
		"_has:Appointment:practitioner:_id=b,a":                                            "x y",
		"_has:Appointment:practitioner:status=booked&gender=female":                        "y",
		"_has:Appointment:practitioner:date:missing=true&_has:Appointment:actor:_id:not=a": "x",
	})
}

// An untyped chain goes through the types on which its value makes sense.
func TestUntypedChain(t *testing.T) {
	c := NewCatalog(nil, nil)
	q := parse(t, c, "Appointment", "actor.identifier=1").Query
	var types []string
	for _, inner := range q.Where[0].Chain {
		types = append(types, inner.Type)
	}
	if want := []string{"Practitioner", "Patient", "HealthcareService", "PractitionerRole", "Location"}; !slices.Equal(types, want) {
		t.Errorf("actor.identifier goes through %v, want %v", types, want)
	}
	q = parse(t, c, "Slot", "schedule.actor:Location.organization.name=x").Query
	if inner := q.Where[0].Chain[0].Where[0]; inner.Type != "Location" || inner.Modifier != ModType || len(inner.Chain) != 1 || inner.Chain[0].Type != "Location" {
		t.Errorf("the second link is %+v, want one through Location", inner)
	}
}

// A chain there and back again, over 40 appointments of one patient, does not
// multiply: without a memory this would look at 40^4 of them.
func TestChainThereAndBack(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := &counting{}
	all.add(extract(t, c, `{"resourceType":"Patient","id":"p"}`))
	for i := range 40 {
		all.add(extract(t, c, fmt.Sprintf(`{"resourceType":"Appointment","id":"a%d","participant":[{"actor":{"reference":"Patient/p"}}]}`, i)))
	}
	key := "status=none"
	for range MaxChain / 2 {
		key = "_has:Appointment:actor:patient." + key
	}
	d, _ := all.Document(Ref{"Patient", "p"})
	if Match(parse(t, c, "Patient", strings.Replace(key, "patient.status", "status", 1)).Query, d, all) {
		t.Error("an appointment without a status has one")
	}
	if all.asked > 1000 {
		t.Errorf("Match asked for %d resources, want at most some 40 for each link", all.asked)
	}
}

// counting counts what is asked of a memory.
type counting struct {
	memory
	asked int
}

func (m *counting) Document(r Ref) (Document, bool) { m.asked++; return m.memory.Document(r) }

func (m *counting) Referring(typ string, by *Param, to Ref, yield func(Document) bool) {
	m.memory.Referring(typ, by, to, func(d Document) bool { m.asked++; return yield(d) })
}
