package elements

import (
	"maps"
	"slices"
)

// Load reads both tables afresh.
func Load() { read(r4Text); read(stu3Text) }

// Types gives the names of all types, in no order.
func (v Version) Types() []string { return slices.Collect(maps.Keys(tables[v]())) }
