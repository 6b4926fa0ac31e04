package bolt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store/engine"
)

// row is one row of the plan: keys that resources get. A key is the value of a
// leading parameter and then, where the row has them, a status and a date, so
// that one walk over neighbouring keys answers a query for all three. What no
// row covers is matched over candidates, from the head.
type row struct {
	tag   byte        // stands in the keys; never used again for something else
	typ   string      // the resource type; empty for every type
	kind  search.Kind // of the leading parameters; 0 for a row that has none
	lead  []string    // their names; nil: all of the kind that lead no other row
	dated bool        // the type's status and time follow in the key: engine.Timed
}

// rows is the plan. A resource written often may have about 8 keys of it, since
// each is a page of its own to write: an Appointment has 3 identifiers, 3
// actors, its status and its slot. A row of every type comes first.
var rows = []row{
	{tag: 1, kind: search.Token, lead: []string{"identifier"}},
	{tag: 2, kind: search.Reference},
	{tag: 3, typ: "Patient", kind: search.String, lead: []string{"name", "family", "given"}},
	{tag: 3, typ: "Practitioner", kind: search.String, lead: []string{"name", "family", "given"}},
	{tag: 3, typ: "Organization", kind: search.String, lead: []string{"name"}},
	{tag: 3, typ: "Location", kind: search.String, lead: []string{"name"}},
	{tag: 3, typ: "HealthcareService", kind: search.String, lead: []string{"name"}},
	{tag: 4, typ: "Appointment", kind: search.Reference, lead: []string{"actor", "patient", "practitioner", "location"}, dated: true},
	{tag: 5, typ: "Appointment", dated: true},
	{tag: 6, typ: "Slot", kind: search.Reference, lead: []string{"schedule"}, dated: true},
	{tag: 7, typ: "Slot", dated: true},
	{tag: 10, typ: "Patient", kind: search.Date, lead: []string{"birthdate"}},
}

// derivation is raised with every change of what the derived buckets hold that
// the plan does not show.
const derivation = 3

// dated says of which tags the keys have a status and a date.
var dated = func() (of [256]bool) {
	for _, r := range rows {
		of[r.tag] = of[r.tag] || r.dated
	}
	return of
}()

// Tags of keys that are no row's.
const (
	tagOdd       = 8 // resources whose status or date no key can say: always candidates
	tagContained = 9 // resources that contain one of the space's type
)

// bound is a row as it stands for one type, its parameters looked up.
type bound struct {
	tag          byte
	leads        []*search.Param
	named        bool          // the key begins with the parameter's name
	status, date *search.Param // both or neither
}

// plan is the rows by type.
type plan struct {
	types map[string][]bound
	other []bound // of a type that is not kept
	print string  // names the keys that it makes
}

func newPlan(c *search.Catalog) *plan {
	p := &plan{types: make(map[string][]bound), other: bind(c, "")}
	for _, t := range fhir.Types() {
		p.types[t.Name] = bind(c, t.Name)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %+v", textLimit, derivation, rows))
	p.print = hex.EncodeToString(sum[:8])
	return p
}

// of gives the rows of a type.
func (p *plan) of(typ string) []bound {
	if b, ok := p.types[typ]; ok {
		return b
	}
	return p.other
}

// bind gives the rows of a type.
func bind(c *search.Catalog, typ string) []bound {
	var out []bound
	var taken []*search.Param
	for _, r := range slices.Backward(rows) {
		if r.typ != "" && r.typ != typ {
			continue
		}
		b := bound{tag: r.tag, named: r.kind != 0 && r.lead == nil}
		for _, p := range c.Params(typ) {
			if p.Kind == r.kind && (slices.Contains(r.lead, p.Name) || b.named && !slices.Contains(taken, p)) {
				b.leads = append(b.leads, p)
			}
		}
		taken = append(taken, b.leads...)
		if r.dated {
			b.status, b.date = engine.TimedOf(typ).Params(c)
		}
		out = append(out, b)
	}
	return out
}

// leadOf gives the row that a reference parameter of a type leads: there is one
// for each.
func (p *plan) leadOf(typ string, by *search.Param) *bound {
	rows := p.of(typ)
	for i := range rows {
		if slices.Contains(rows[i].leads, by) {
			return &rows[i]
		}
	}
	panic("bolt: no row of the plan is led by " + typ + "." + by.Name)
}
