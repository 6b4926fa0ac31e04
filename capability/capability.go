// Package capability describes the server from the same tables that run it: the
// types of fhir.Types, what can be done with them, and the parameters of the
// search catalog. It has no table of its own; what it says of a parameter is
// what its row says.
//
// http://hl7.org/fhir/R4/capabilitystatement.html
package capability

import (
	"bytes"
	"encoding/json"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

// Input is what the tables do not say.
type Input struct {
	Base      string // of the face, without a slash at its end
	Software  string // the product's name
	Version   string // and version
	Publisher string // who runs the server; the product's name when empty
	Date      time.Time
	Catalog   *search.Catalog // of the face
	TokenURL  string          // where clients get tokens; empty when there is no issuer

	// What some servers offer beside the interactions of fhir.Types.
	UpdateCreate      bool   // a PUT may choose the id of a new resource
	ConditionalCreate bool   // If-None-Exist
	ConditionalRead   string // not-supported, modified-since, not-match or full-support; empty to say nothing
	ConditionalUpdate bool
	ConditionalDelete string // not-supported, single or multiple; empty to say nothing
}

func (in Input) publisher() string {
	if in.Publisher == "" {
		return in.Software
	}
	return in.Publisher
}

func (in Input) date() string { return fhir.FormatInstant(in.Date) }

// document writes a statement, for people as well as programs. Its types can all
// be written as JSON.
func document(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic("capability: " + err.Error())
	}
	return out.Bytes()
}
