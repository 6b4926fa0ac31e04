package mappings

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// The FHIR data types that the tables write, with the elements they write.
type (
	coding struct {
		System  string `json:"system,omitempty"`
		Code    string `json:"code,omitempty"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	identifier struct {
		Type   *concept `json:"type,omitempty"`
		System string   `json:"system,omitempty"`
		Value  string   `json:"value"`
	}
	period struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	extension struct {
		URL       string `json:"url"`
		ValueCode string `json:"valueCode,omitempty"`
	}
)

// encode writes a value as JSON without HTML escapes, so that a name with an
// ampersand stays readable in what is stored.
func encode[T any](v T) json.RawMessage {
	w := writers.Get().(*writer)
	defer writers.Put(w)
	switch v := any(v).(type) {
	case string:
		return w.keep(fhir.AppendQuote(w.room(len(v)+32), v))
	case int:
		return w.keep(strconv.AppendInt(w.room(20), int64(v), 10))
	}
	w.buf.Reset()
	_ = w.json.Encode(v) // strings and structs of them, which always encode
	text := bytes.TrimRight(w.buf.Bytes(), "\n")
	return w.keep(append(w.room(len(text)), text...))
}

// writer is a JSON encoder with its buffer, and with memory for what it writes: a
// message has a dozen small values, which need not be a dozen allocations.
type writer struct {
	buf  bytes.Buffer
	json *json.Encoder
	free []byte
}

// room gives memory to write about n bytes to.
func (w *writer) room(n int) []byte {
	if cap(w.free) < n {
		w.free = make([]byte, 0, max(n, 2048))
	}
	return w.free[:0]
}

// keep gives what was written to it, which nothing else is written to again.
func (w *writer) keep(b []byte) []byte {
	if len(b) <= cap(w.free) && len(b) > 0 && &b[0] == &w.free[:1][0] {
		w.free = w.free[len(b):cap(w.free)][:0]
	}
	return b[:len(b):len(b)]
}

// writers keeps writers for the next value: a message has a dozen.
var writers = sync.Pool{New: func() any {
	w := new(writer)
	w.json = json.NewEncoder(&w.buf)
	w.json.SetEscapeHTML(false)
	return w
}}

func set[T any](path fhir.Path, v T) fhir.Change {
	return fhir.Change{Path: path, Op: fhir.Set, Value: encode(v)}
}

func replace[T any](path fhir.Path, list []T) fhir.Change {
	if len(list) == 0 {
		return remove(path)
	}
	return fhir.Change{Path: path, Op: fhir.Replace, Value: encode(list)}
}

func remove(path fhir.Path) fhir.Change { return fhir.Change{Path: path, Op: fhir.Remove} }

// codedAt reads three components from one on as code, text and system, the parts
// of HL7's CE and CWE.
func codedAt(f hl7.Field, from int) concept {
	code, text := codeOf(f.Component(from).Text), cutText(f.Component(from+1).Text, maxLine)
	if code == "" {
		return concept{Text: text}
	}
	return concept{Coding: []coding{{systemOf(f.Component(from + 2).Text), code, text}}, Text: text}
}

func (c concept) empty() bool { return len(c.Coding) == 0 && c.Text == "" }

// hdSystem gives the URI that an HD (id, universal id, its type) stands for, or
// nothing (spec hl7-bridge 2.11).
func hdSystem(universal, kind string) string {
	switch kind = strings.ToUpper(kind); {
	case kind == "ISO" && isOID.MatchString(universal):
		return "urn:oid:" + universal
	case (kind == "UUID" || kind == "GUID") && isUUID.MatchString(universal):
		return "urn:uuid:" + strings.ToLower(universal)
	case kind == "URI":
		return uriOf(universal)
	}
	return ""
}

// What stands for a system must have its form: what is only meant to be one would
// be an invalid URI.
var (
	isOID  = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)
	isUUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// How much text is kept, in characters. What is longer is cut, with a warning:
// text for people is worth having in part, and identifiers never come here.
const (
	maxLine = 1_000
	maxText = 10_000
)

func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > limit {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}
