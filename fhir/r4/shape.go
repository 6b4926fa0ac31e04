package r4

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// shape is a type of the element tables made ready for checking.
type shape struct {
	name     string // type, and path within it: Appointment.participant
	fields   map[string]*field
	required []*field
	own      []*field // in the order of the table, without those of the base types
	holds    []invariant
	open     bool // its elements are not looked at
}

// field is a member that an object of a shape may have. A choice of types makes
// one for each type.
type field struct {
	name      string // as it is written: valueString
	companion string // _valueString, where its extensions are; empty when it cannot have one
	choice    string // value[x]; empty when it is none
	typ       string
	min       int
	many      bool
	codes     []string          // of a code with a required binding
	targets   []string          // of a reference; none when it may point at anything
	check     func(string) bool // of a primitive written as a string
	shape     *shape            // of an object
}

// shapes are the types by name; nil for what is not in the tables.
var shapes = compile()

// primitiveBase is what the companion of a primitive may hold.
var primitiveBase = &shape{name: "Element", fields: map[string]*field{
	"id":        {name: "id", companion: "_id", typ: "string"},
	"extension": {name: "extension", typ: "Extension", many: true, shape: shapes["Extension"]},
}}

func compile() map[string]*shape {
	all := map[string]*shape{}
	for name := range datatypes {
		all[name] = &shape{name: name}
	}
	for _, name := range openTypes {
		all[name] = &shape{name: name, open: true}
	}
	for name, rows := range datatypes {
		all[name].add(all, rows)
		all[name].add(all, elementBase)
	}
	for name, rows := range resources {
		s := &shape{name: name}
		s.add(all, rows)
		s.own = slices.Clone(s.own)
		s.add(all, resourceBase)
		all[name] = s
	}
	for _, s := range all {
		s.bind()
	}
	return all
}

// add makes fields of rows. An element within another stands after it.
func (s *shape) add(all map[string]*shape, rows []element) {
	for _, row := range rows {
		parent := s
		names := strings.Split(row.path, ".")
		for _, name := range names[:len(names)-1] {
			parent = parent.fields[name].shape
		}
		parent.addRow(all, names[len(names)-1], row)
	}
}

func (s *shape) addRow(all map[string]*shape, name string, row element) {
	types := strings.Split(row.types, "|")
	for i, typ := range types {
		f := &field{name: name, typ: typ, min: row.min, many: row.max == many}
		if strings.HasSuffix(name, "[x]") {
			f.name, f.choice = written(element{path: name, types: typ})[0], name
		}
		switch check, primitive := formats[typ]; {
		case primitive:
			f.companion, f.check = "_"+f.name, check
			if row.of != "" {
				if f.codes = codes[row.of]; f.codes == nil {
					panic("r4: no code list " + row.of)
				}
			}
		case typ == "BackboneElement":
			f.shape = &shape{name: s.name + "." + name}
			f.shape.add(all, backboneBase)
			f.shape.own = nil
		case typ == "Resource":
		case all[typ] == nil:
			panic("r4: no type " + typ + " for " + s.name + "." + name)
		default:
			f.shape = all[typ]
			if row.of != "" {
				f.targets = strings.Split(row.of, "|")
			}
		}
		if s.fields == nil {
			s.fields = map[string]*field{}
		}
		s.fields[f.name] = f
		s.own = append(s.own, f)
		if f.min > 0 && i == 0 { // one of a choice stands for all of it
			s.required = append(s.required, f)
		}
	}
}

// chosen says whether an object has a choice of types, as one of them.
func (s *shape) chosen(n fhir.Node, choice string) bool {
	for _, f := range s.fields {
		if f.choice == choice && f.exists(n) {
			return true
		}
	}
	return false
}

// bind gives the shape, and those within it, its invariants.
func (s *shape) bind() {
	s.holds = invariants[s.name]
	for _, f := range s.own {
		if f.typ == "BackboneElement" {
			f.shape.bind()
		}
	}
}
