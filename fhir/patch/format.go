package patch

import (
	"bytes"

	"slotway/fhir"
)

// The media types of patches.
const (
	JSONPatchType     = "application/json-patch+json" // RFC 6902 section 6
	fhirPathPatchType = "application/fhir+json"
)

// Formats gives the media types under which patches are best sent, as a
// CapabilityStatement states them.
func Formats() []string { return []string{JSONPatchType, fhirPathPatchType} }

// Parse reads a patch document by what it is: a JSON Patch is an array, a FHIRPath
// Patch a resource. It keeps b, which must not change afterwards.
func Parse(b []byte) (*Patch, error) {
	if text := bytes.TrimLeft(b, " \t\r\n"); len(text) > 0 && text[0] == '[' {
		return ParseJSON(b)
	}
	r, err := fhir.Parse(b)
	if err != nil {
		return nil, err
	}
	return ParseParameters(r)
}
