package patch

import (
	"bytes"

	"slotway/fhir"
)

// JSONPatchType is the media type of a JSON Patch, RFC 6902 section 6.
const JSONPatchType = "application/json-patch+json"

// Formats gives the media types under which patches are best sent, as a
// CapabilityStatement states them.
func Formats() []string { return []string{JSONPatchType} }

// Parse reads a patch document by what it is: a JSON Patch is an array.
func Parse(b []byte) (*Patch, error) {
	if text := bytes.TrimLeft(b, " \t\r\n"); len(text) > 0 && text[0] == '[' {
		return ParseJSON(b)
	}
	return nil, fhir.Errorf(fhir.Invalid, "The body is no patch; a JSON Patch is an array of operations.")
}
