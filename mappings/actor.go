package mappings

import (
	"slices"

	"slotway/hl7bridge/hl7"
)

// visitPlace makes the one Location that PV1-3 names, by its free text or, where
// there is none, by its parts. The delete marker takes the place away, unless AIL names
// the places instead: those then stand where the ones before did.
func visitPlace(r *reading, rule *Rule, v hl7.Value) {
	if !v.Valued() {
		if r.stepwise() || len(r.booked(locations)) == 0 {
			r.add(remove(rule.path))
		}
		return
	}
	a := place(r.m.Field("PV1", 3))
	if a.Display == "" {
		return
	}
	a.Display = r.line(rule.from, a.Display)
	r.add(replace(rule.path, []participant{{Actor: a, Status: "accepted"}}))
}

// noVisitPlace holds when PV1-3 names no place.
func noVisitPlace(r *reading) bool { return place(r.m.Field("PV1", 3)).Display == "" }

func placeOf(_ *reading, f hl7.Field) actor { return place(f) }

// place reads a PL: its description, or room, point of care and facility.
func place(f hl7.Field) actor {
	display := f.Component(9).Text
	if display == "" {
		display = joined(", ", slices.Compact([]string{f.Sub(2, 1).Text, f.Sub(1, 1).Text, f.Sub(4, 1).Text})...)
	}
	return actor{Type: "Location", Display: display}
}

// person reads an XCN, whose id is often missing.
func person(r *reading, f hl7.Field) actor {
	display := joined(" ", f.Component(6).Text, f.Component(3).Text, f.Component(4).Text, f.Sub(2, 1).Text, f.Component(5).Text)
	a := actor{Type: "Practitioner", Display: display}
	if id := f.Component(1).Text; id != "" {
		a.Identifier = identifier{System: r.authority(f.Sub(9, 1).Text, f.Sub(9, 2).Text, f.Sub(9, 3).Text), Value: id}
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
