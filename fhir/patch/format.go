package patch

import (
	"bytes"
	"encoding/base64"

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

// ParseEntry reads the resource of a bundle's entry that asks for a patch,
// http://hl7.org/fhir/R4/http.html#patch: Parameters, or a Binary that holds a
// JSON Patch.
func ParseEntry(r fhir.Resource) (*Patch, error) {
	if r.Type() != "Binary" {
		return ParseParameters(r)
	}
	root := r.Root()
	if root.Get("contentType").Text() != JSONPatchType {
		return nil, fhir.Errorf(fhir.Unsupported, "A Binary that is a patch has the contentType %s.", JSONPatchType).At("Binary.contentType")
	}
	b, err := base64.StdEncoding.DecodeString(root.Get("data").Text())
	if err != nil || len(b) == 0 {
		return nil, fhir.Errorf(fhir.Invalid, "A Binary that is a patch holds it as base64 text.").At("Binary.data")
	}
	return ParseJSON(b)
}
