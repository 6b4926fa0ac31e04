package wire

import (
	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirxml"
)

// XML gives FHIR XML of a version, http://hl7.org/fhir/R4/xml.html.
func XML(v elements.Version) *Format {
	return &Format{
		Name: "xml",
		Encode: func(dst, json []byte) ([]byte, error) {
			r, err := fhir.Own(json)
			if err != nil {
				return nil, err
			}
			return fhirxml.Encode(dst, r, v)
		},
		Decode: func(body []byte) (fhir.Resource, error) { return fhirxml.Decode(body, v) },
		Indent: fhirxml.Indent,
	}
}
