// Package patch changes named parts of a resource as a patch document asks: a
// JSON Patch (RFC 6902) or a FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html).
// What a patch does not name keeps its bytes.
//
// A document is read once and may be applied many times. What is wrong with the
// document itself is of Kind Invalid; what it asks of a resource that the
// resource does not allow is Unprocessable; what costs too much is TooLarge.
// Whether the outcome is good FHIR is for the caller to ask: this package only
// holds to what JSON and the server's own elements need.
package patch
