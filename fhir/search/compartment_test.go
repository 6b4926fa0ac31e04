package search

import "testing"

// Every row names a reference that may lead to the compartment's type.
func TestCompartments(t *testing.T) {
	for _, c := range Compartments() {
		p, ok := byName[c.Holds][c.Param]
		if !ok || !p.mayTarget(c.Type) {
			t.Errorf("%+v: no reference of %s to %s has that name", c, c.Holds, c.Type)
		}
		if got, ok := CompartmentOf(c.Type, c.Holds); !ok || got != c.Param {
			t.Errorf("CompartmentOf(%s, %s) = %q, %t, want %q", c.Type, c.Holds, got, ok, c.Param)
		}
	}
	if got, ok := CompartmentOf("Patient", "Slot"); ok {
		t.Errorf("CompartmentOf(Patient, Slot) = %q, want none", got)
	}
}
