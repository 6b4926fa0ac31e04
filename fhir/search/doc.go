// Package search declares every search parameter once and defines what a search
// matches. A parameter is a row of the table in params.go; Extract reads a
// resource by it, Parse reads a query by it, and Match says whether the one
// meets the other. Match is the meaning of search: a store is an optimisation
// of it and is tested against it.
//
// The rules are those of http://hl7.org/fhir/R4/search.html. The package takes
// no context, no clock but the one given, and opens nothing; it knows no SQL,
// BSON or HTTP.
package search
