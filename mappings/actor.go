package mappings

import (
	"cmp"

	"slotway/hl7bridge/hl7"
)

// visitPlace makes the one Location that PV1-3 names, by its free text or, where
// there is none, by its parts. The delete marker takes the place away, unless AIL names
// the places instead: those then stand where the ones before did.
func visitPlace(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		instead := false
		if !r.stepwise() {
			r.eachBooked(locations, func(string, participant) { instead = true })
		}
		if !instead {
			r.add(remove(rule.path))
		}
		return
	}
	a := r.place(r.m.Field("PV1", 3))
	if a.Display == "" {
		return
	}
	a.Display = r.line(rule.from, a.Display)
	r.putList(rule.path, append(participant{Actor: a, Status: "accepted"}.append(r.list()), ','))
}

// noVisitPlace holds when PV1-3 names no place.
func noVisitPlace(r *reading) bool { return r.place(r.m.Field("PV1", 3)).Display == "" }

// place reads a PL: its description, or room, point of care and facility.
func (r *reading) place(f hl7.Field) actor {
	display := f.Component(9).Text
	if display == "" {
		room, point, facility := f.Sub(2, 1).Text, f.Sub(1, 1).Text, f.Sub(4, 1).Text
		if point == room {
			point = ""
		}
		if facility == room || facility == point { // senders repeat what they have no other name for
			facility = ""
		}
		display = r.words.joined(", ", room, point, facility)
	}
	return actor{Type: "Location", Display: display}
}

// person reads an XCN, whose id is often missing.
func person(r *reading, f hl7.Field) actor {
	c := f.Components()
	display := r.words.joined(" ", c.At(6).Text, c.At(3).Text, c.At(4).Text, c.Sub(2, 1).Text, c.At(5).Text)
	a := actor{Type: "Practitioner", Display: display}
	if id := c.At(1).Text; id != "" {
		a.Identifier = identifier{System: r.authority(c.Sub(9, 1).Text, c.Sub(9, 2).Text, c.Sub(9, 3).Text), Value: id}
		a.Display = cmp.Or(display, id) // some senders have the name there
	}
	return a
}

// thing reads the CWE of AIG-3.
func thing(r *reading, f hl7.Field) actor {
	a := actor{Display: f.Component(2).Text}
	if id := f.Component(1).Text; id != "" {
		a.Identifier = identifier{System: r.systemOf(f.Component(3).Text), Value: id}
		if a.Display == "" {
			a.Display = id
		}
	}
	return a
}
