// Package r4 gives read-only typed views of R4 resources, builds the documents
// this server authors (Bundle, OperationOutcome) and checks the structure of
// the nine types it keeps. A view is never written back over a resource that
// somebody else wrote: what it leaves out would be lost.
//
// The element tables (elements.go, datatypes.go) are the definitions of
// http://hl7.org/fhir/R4/resourcelist.html and http://hl7.org/fhir/R4/datatypes.html.
package r4
