package mappings

import (
	"slices"

	"slotway/fhir"
)

var pathParticipant = fhir.MustPath("participant")

// parties are the participants of an appointment, those that are stored first.
type parties struct {
	list    []party
	stored  int
	known   map[identity][]int // where they are in list
	changed bool
}

// party is a participant: the kind of segment that it is of, nil for the patient
// and for one that no segment speaks of.
type party struct {
	kind    *resource
	patient bool
	gone    bool
	raw     written
}

// identity is what a segment knows a participant of its kind by: the identifier,
// or the display where the segment has none.
type identity struct {
	kind                   *resource
	system, value, display string
}

func partiesOf(stored fhir.Resource) *parties {
	p := &parties{known: map[identity][]int{}}
	for n := range stored.Root().Get("participant").Each() {
		actor := n.Get("actor").First()
		one := party{raw: written(n.Raw()), kind: kindOf(n)}
		one.patient = actor.Get("type").Text() == "Patient" || fhir.ParseReference(actor.Get("reference").Text(), nil).Type == "Patient"
		if one.patient {
			one.kind = nil
		}
		id := actor.Get("identifier").First()
		p.add(one, identity{display: actor.Get("display").Text()}, identity{system: id.Get("system").Text(), value: id.Get("value").Text()})
	}
	p.stored, p.changed = len(p.list), false
	return p
}

// kindOf says which kind of segment a stored participant is of.
func kindOf(n fhir.Node) *resource {
	for e := range n.Get("extension").Each() {
		if e.Get("url").Text() == SegmentExtension {
			if e.Get("valueCode").Text() == generals.segment {
				return generals
			}
			return nil // for information
		}
	}
	switch n.Get("actor").First().Get("type").Text() {
	case "Location":
		return locations
	case "Practitioner":
		return practitioners
	}
	return nil
}

func (p *parties) has(kind *resource) bool {
	return slices.ContainsFunc(p.list, func(one party) bool { return one.kind == kind })
}

// add puts a participant at the end and notes what it is known by.
func (p *parties) add(one party, names ...identity) {
	p.list = append(p.list, one)
	p.changed = true
	p.note(len(p.list)-1, names...)
}

func (p *parties) note(at int, names ...identity) {
	for _, name := range names {
		name.kind = p.list[at].kind
		if name.kind != nil && (name.value != "" || name.display != "") && !slices.Contains(p.known[name], at) {
			p.known[name] = append(p.known[name], at)
		}
	}
}

// take carries out one step. It reaches only participants of the step's own kind.
func (p *parties) take(s step) {
	name, names := identity{kind: s.kind, display: s.Display}, []identity{{display: s.Display}}
	if id := s.Identifier; id.Value != "" {
		name = identity{kind: s.kind, system: id.System, value: id.Value}
		names = append(names, name)
	}
	hits := p.known[name]
	switch s.action {
	case "A", "U":
		first := slices.IndexFunc(hits, func(at int) bool { return !p.list[at].gone })
		if first < 0 {
			p.add(party{kind: s.kind, raw: s.raw}, names...)
			return
		}
		p.list[hits[first]].raw, p.changed = s.raw, true
		p.note(hits[first], names...)
	case "D":
		for _, at := range hits {
			p.list[at].gone, p.changed = true, true
		}
		delete(p.known, name)
	}
}

// changes gives the one change that writes the participants, or none: those that
// were stored where they stood, new places before the people, others at the end.
func (p *parties) changes() []fhir.Change {
	if !p.changed {
		return nil
	}
	front := 0
	for i, one := range p.list[:p.stored] {
		if one.patient || one.kind == locations {
			front = i + 1
		}
	}
	var head, middle, tail []written
	for i, one := range p.list {
		switch {
		case one.gone:
		case i < front:
			head = append(head, one.raw)
		case i >= p.stored && one.kind == locations:
			middle = append(middle, one.raw)
		default:
			tail = append(tail, one.raw)
		}
	}
	all := slices.Concat(head, middle, tail)
	if len(all) == 0 {
		return []fhir.Change{remove(pathParticipant)}
	}
	return []fhir.Change{set(pathParticipant, list[written](all))}
}
