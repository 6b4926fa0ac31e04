// Package fhir holds a FHIR resource losslessly and lets you look inside it and
// change named elements. A resource somebody else wrote is its bytes; what is
// read out of them is derived, and a change touches only the elements it names.
//
// It also has the product's one table of resource types (types.go) and its one
// table of kinds of failure (kind.go). It knows nothing of HTTP, stores or HL7.
package fhir
