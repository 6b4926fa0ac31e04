// Package elements tells what FHIR's own definitions say of the elements of each
// type, in R4 and in STU3: their names, in the order of the definition, which of
// them repeat, and what their values are. It knows every resource type and data
// type of both versions, since a resource may contain another of any type.
//
// The tables are r4.txt and stu3.txt, one line for each element; table.go says
// how to read them. They state what https://hl7.org/fhir/R4/resourcelist.html and
// https://hl7.org/fhir/STU3/resourcelist.html state.
package elements

// Version is a version of FHIR.
type Version uint8

// The versions.
const (
	R4   Version = iota // 4.0.1
	STU3                // 3.0.1 and 3.0.2, which have the same elements
)

// String gives the name that people use: R4 or STU3.
func (v Version) String() string { return [...]string{"R4", "STU3"}[v] }

// Kind says what the value of an element is.
type Kind uint8

// The kinds of value.
const (
	Object   Kind = iota // an object of a type
	Text                 // a primitive that JSON writes as a string
	Number               // a primitive that JSON writes as a number
	Boolean              // true or false
	Resource             // a resource of any type
	XHTML                // the div of a narrative
	// Attribute is a string that XML writes as an attribute: the id of an element
	// and the url of an extension.
	Attribute
)

// Primitive says whether values of the kind may have an id and extensions beside
// them, in JSON under the name with an underscore before it.
func (k Kind) Primitive() bool { return k == Text || k == Number || k == Boolean }

// Type is a resource type, a data type, or a part of one with elements of its own.
type Type struct {
	Name     string    // Appointment, or Appointment.participant
	Resource bool      // it is a resource type
	Elements []Element // in the order of the definition, those of the base type first
	index    map[string]int
}

// Element is an element of a type. A choice of types, value[x], is an element
// for each of them.
type Element struct {
	Name string // valueString
	Type string // string; Appointment.participant for a part
	List bool   // it may repeat
	Kind Kind
	Of   *Type // of an Object; nil for all others
}

// Find gives the position of the element of that name, or -1.
func (t *Type) Find(name string) int {
	if i, ok := t.index[name]; ok {
		return i
	}
	return -1
}

// Type gives the type of that name, resource or data type, or nil.
func (v Version) Type(name string) *Type { return tables[v]()[name] }
