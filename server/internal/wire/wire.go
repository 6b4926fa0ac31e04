// Package wire reads what a request says beside its resource: the format it is
// written in and the one it is to be answered in, how bodies are coded, what is
// preferred, and which versions are meant. It writes bodies in that form. It
// knows no resource type, no route and no rule; what it is given and gives is
// FHIR JSON, whatever stands on the wire.
//
// http://hl7.org/fhir/R4/http.html#mime-type, RFC 9110 sections 8, 12 and 13,
// RFC 7240.
package wire

import (
	"fmt"
	"slices"
	"strings"

	"slotway/fhir"
)

// Format is a way of writing resources.
type Format struct {
	Name string // json or xml, the names of the table of media types
	// Encode appends what is written in FHIR JSON in the format, and Decode
	// gives the resource of a body; nil for JSON itself.
	Encode func(dst, json []byte) ([]byte, error)
	Decode func(body []byte) (fhir.Resource, error)
	// Indent appends a body with line breaks for people; nil leaves it as it is.
	Indent func(dst, body []byte) []byte
}

// Offer is what can be had at an address.
type Offer struct {
	Formats  []*Format // the first is that of callers who do not say
	FHIR     string    // version of FHIR, such as 4.0.1
	API      string    // version of the API, such as 1.0, that Accept may ask for; empty where there is none
	Bodies   []string  // media types that a body may have; the first is named in refusals
	GzipFrom int       // bytes from which an answer is compressed for those who take that
}

// mediaType is a row of the table of media types: a name under which a format is
// sent and asked for, and the Content-Type of the answer to one who asks by it.
type mediaType struct{ name, format, answer string }

// mediaTypes is the table, the best names first. Who asks for a generic type gets
// it (http://hl7.org/fhir/R4/http.html#mime-type); the names of DSTU2 are read
// only. The charset has no blank before it: the NHS booking standard asks for that.
var mediaTypes = []mediaType{
	{"application/fhir+json", "json", "application/fhir+json;charset=utf-8"},
	{"application/fhir+xml", "xml", "application/fhir+xml;charset=utf-8"},
	{"application/json", "json", "application/json;charset=utf-8"},
	{"application/xml", "xml", "application/xml;charset=utf-8"},
	{"text/json", "json", "text/json;charset=utf-8"},
	{"text/xml", "xml", "text/xml;charset=utf-8"},
	{"application/json+fhir", "json", "application/fhir+json;charset=utf-8"},
	{"application/xml+fhir", "xml", "application/fhir+xml;charset=utf-8"},
}

// MediaTypes gives the names of the table.
func MediaTypes() (all []string) {
	for _, m := range mediaTypes {
		all = append(all, m.name)
	}
	return all
}

// shortNames are what _format may say beside the media types. There are no pages
// for people here: who asks for one reads the first format.
var shortNames = map[string]string{"json": "json", "xml": "xml", "html": "", "text/html": ""}

func mediaTypeOf(name string) (mediaType, bool) {
	for _, m := range mediaTypes {
		if m.name == name {
			return m, true
		}
	}
	return mediaType{}, false
}

// canonical gives the row by which a format is sent to those who name none.
func canonical(format string) mediaType {
	i := slices.IndexFunc(mediaTypes, func(m mediaType) bool { return m.format == format })
	return mediaTypes[i]
}

// format gives the format of a name; nil when it is not offered.
func (o Offer) format(name string) *Format {
	for _, f := range o.Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// speaks says whether a version that a caller names, such as 4.0, is the one
// offered, http://hl7.org/fhir/R4/http.html#version-parameter.
func (o Offer) speaks(version string) bool {
	minor := o.FHIR[:strings.LastIndexByte(o.FHIR, '.')]
	return version == "" || version == o.FHIR || version == minor
}

// serves says whether a version of the API that a caller names, such as 1.0.0, is
// the one offered. Where there is none, what a caller says of it means nothing.
func (o Offer) serves(version string) bool {
	return o.API == "" || version == "" || version == o.API || strings.HasPrefix(version, o.API+".")
}

// names lists the formats offered, for refusals.
func (o Offer) names() string {
	var all []string
	for _, f := range o.Formats {
		all = append(all, canonical(f.Name).name)
	}
	return strings.Join(all, " and ")
}

func (o Offer) notAcceptable(where string) error {
	text := fmt.Sprintf("%s asks for nothing that is sent here; %s of FHIR %s can be had", where, o.names(), o.FHIR)
	if o.API != "" {
		text += ", version " + o.API + " of the API"
	}
	return fhir.Errorf(fhir.NotAcceptable, "%s.", text).At(where)
}
