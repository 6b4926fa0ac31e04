package fhirxml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// fault is what is wrong at a place within a resource. The path is built on the
// way back from it, the innermost name first, so that nothing is spent on it when
// all is well.
type fault struct {
	text string
	line int // of the XML; 0 on the way to it
	path []string
}

func faultf(format string, args ...any) *fault { return &fault{text: fmt.Sprintf(format, args...)} }

// within puts the name of an element before the path, and its position when it
// stands in a list.
func (f *fault) within(name string, at int, list bool) *fault {
	if list {
		name += "[" + strconv.Itoa(at) + "]"
	}
	f.path = append(f.path, name)
	return f
}

func (f *fault) where() string {
	path := slices.Clone(f.path)
	slices.Reverse(path)
	return clip(strings.Join(path, "."), 300)
}

// clip keeps what a sender wrote from filling an answer.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// encoding gives the error of a resource that XML cannot hold.
func (f *fault) encoding() error {
	where := f.where()
	return fhir.Errorf(fhir.NotAcceptable, "%s cannot be written as XML: %s. Ask for application/fhir+json.", where, f.text).At(where)
}

// decoding gives the error of XML that is not FHIR.
func (f *fault) decoding() error {
	where := f.where()
	e := fhir.Errorf(fhir.Invalid, "The XML cannot be read at line %d: %s.", f.line, f.text)
	if where != "" {
		e = fhir.Errorf(fhir.Invalid, "The XML cannot be read at line %d, %s: %s.", f.line, where, f.text).At(where)
	}
	return e
}
