package mappings

import (
	"strings"
	"time"

	"slotway/fhir"
)

// The FHIR data types that the tables write, with the elements they write.
type (
	coding struct{ System, Code, Display string }

	// concept is a CodeableConcept of one coding at most.
	concept struct {
		Coding coding
		Text   string
	}
	codings    []coding // a CodeableConcept of several, without a text
	identifier struct {
		Type          *written // a CodeableConcept
		System, Value string
	}
	period    struct{ Start, End instant }
	extension struct{ URL, ValueCode string }
)

// remark is a CodeableConcept of a text only, marked with the field that it came in.
type remark struct{ From, Text string }

func (v remark) append(b []byte) []byte {
	b = list[extension]{{SegmentExtension, v.From}}.append(append(b, `{"extension":`...))
	return end(textIn(append(b, ','), "text", v.Text), '}')
}

func (v coding) append(b []byte) []byte {
	b = textIn(append(b, '{'), "system", v.System)
	b = textIn(b, "code", v.Code)
	return end(textIn(b, "display", v.Display), '}')
}

func (v codings) append(b []byte) []byte {
	return end(list[coding](v).append(append(b, `{"coding":`...)), '}')
}

func (v concept) append(b []byte) []byte {
	b = append(b, '{')
	if v.Coding != (coding{}) {
		b = append(v.Coding.append(append(b, `"coding":[`...)), ']', ',')
	}
	return end(textIn(b, "text", v.Text), '}')
}

func (v identifier) append(b []byte) []byte {
	b = append(b, '{')
	if v.Type != nil {
		b = append(v.Type.append(member(b, "type")), ',')
	}
	b = textIn(b, "system", v.System)
	return end(textIn(b, "value", v.Value), '}')
}

func (v period) append(b []byte) []byte {
	b = v.Start.append(append(b, `{"start":`...))
	if !time.Time(v.End).IsZero() {
		b = v.End.append(append(b, `,"end":`...))
	}
	return append(b, '}')
}

func (v extension) append(b []byte) []byte {
	return end(textIn(textIn(append(b, '{'), "url", v.URL), "valueCode", v.ValueCode), '}')
}

// set gives the change that makes the element at a path a value, for tables.
func set[T value](path fhir.Path, v T) fhir.Change {
	return fhir.Change{Path: path, Op: fhir.Set, Value: v.append(nil)}
}

func replace[T value](path fhir.Path, all []T) fhir.Change {
	if len(all) == 0 {
		return remove(path)
	}
	return fhir.Change{Path: path, Op: fhir.Replace, Value: list[T](all).append(nil)}
}

// setOn is set for a message, whose values stand on a page.
func setOn[T value](p *page, path fhir.Path, v T) fhir.Change {
	return fhir.Change{Path: path, Op: fhir.Set, Value: encode(p, v)}
}

// put sets the element at a path.
func put[T value](r *reading, path fhir.Path, v T) { r.add(setOn(&r.values, path, v)) }

// putAll replaces the elements at a path by those of a list, or removes them.
func putAll[T value](r *reading, path fhir.Path, all []T) {
	text := r.list()
	for _, v := range all {
		text = append(v.append(text), ',')
	}
	r.putList(path, text)
}

// list begins a list: each value, with a comma behind it, is to be appended.
func (r *reading) list() []byte { return append(r.values.begin(), '[') }

// putList is putAll for a list that was written to.
func (r *reading) putList(path fhir.Path, text []byte) {
	if len(text) == len("[") {
		r.add(remove(path))
		return
	}
	r.add(fhir.Change{Path: path, Op: fhir.Replace, Value: r.values.end(end(text, ']'))})
}

func remove(path fhir.Path) fhir.Change { return fhir.Change{Path: path, Op: fhir.Remove} }

func (v concept) empty() bool { return v == concept{} }

// hdSystem gives the URI that an HD (id, universal id, its type) stands for, or
// nothing (spec hl7-bridge 2.11).
func hdSystem(p *page, universal, kind string) string {
	switch {
	case kind == "": // as most
	case strings.EqualFold(kind, "ISO") && isOID(universal):
		return p.joined("", "urn:oid:", universal)
	case (strings.EqualFold(kind, "UUID") || strings.EqualFold(kind, "GUID")) && isUUID(universal):
		return p.joined("", "urn:uuid:", strings.ToLower(universal))
	case strings.EqualFold(kind, "URI"):
		return uriOf(universal)
	}
	return ""
}

// What stands for a system must have its form: what is only meant to be one would
// be an invalid URI.
func isOID(s string) bool {
	if len(s) < len("0.0") || s[0] < '0' || s[0] > '2' || s[1] != '.' {
		return false
	}
	for arc := s[2:]; ; {
		n := 0
		for n < len(arc) && isDigits(arc[n:n+1]) {
			n++
		}
		switch {
		case n == 0, n > 1 && arc[0] == '0':
			return false
		case n == len(arc):
			return true
		case arc[n] != '.':
			return false
		}
		arc = arc[n+1:]
	}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (s[i] == '-') || !hyphen && !isHex(s[i]) {
			return false
		}
	}
	return true
}

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
