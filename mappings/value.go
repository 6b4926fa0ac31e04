package mappings

import (
	"strconv"
	"time"
	"unsafe"

	"slotway/fhir"
)

// value is what the tables write to an element: it appends itself as JSON, without
// HTML escapes, so that a name with an ampersand stays readable in what is stored.
type value interface{ append(b []byte) []byte }

// The primitive types, and a list of any.
type (
	word          string
	number        int
	boolean       bool
	instant       time.Time
	list[T value] []T
)

func (v word) append(b []byte) []byte    { return fhir.AppendQuote(b, string(v)) }
func (v number) append(b []byte) []byte  { return strconv.AppendInt(b, int64(v), 10) }
func (v boolean) append(b []byte) []byte { return strconv.AppendBool(b, bool(v)) }

func (v instant) append(b []byte) []byte {
	return append(fhir.AppendInstant(append(b, '"'), time.Time(v)), '"')
}

func (v list[T]) append(b []byte) []byte {
	b = append(b, '[')
	for _, one := range v {
		b = append(one.append(b), ',')
	}
	return end(b, ']')
}

// written is a value that is JSON already.
type written []byte

func (v written) append(b []byte) []byte { return append(b, v...) }

// textIn appends a member of an object, unless there is no text.
func textIn(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return append(fhir.AppendQuote(member(b, name), s), ',')
}

// textsIn appends a member that is a list of texts, unless there are none.
func textsIn(b []byte, name string, all []string) []byte {
	if len(all) == 0 {
		return b
	}
	b = append(member(b, name), '[')
	for _, s := range all {
		b = append(fhir.AppendQuote(b, s), ',')
	}
	return append(end(b, ']'), ',')
}

// member appends the name of a member; its value and a comma come next.
func member(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), '"', ':')
}

// end closes an object or a list whose members end in a comma each.
func end(b []byte, closing byte) []byte {
	if b[len(b)-1] == ',' {
		b[len(b)-1] = closing
		return b
	}
	return append(b, closing)
}

// page is memory that the values of a message are written to, one behind the other:
// there are some twenty, which need not be as many allocations.
type page struct {
	size int // of what is taken at a time
	free []byte
}

// begin gives room to append to. What is appended is noted by end before anything else
// is written to the page.
func (p *page) begin() []byte {
	if cap(p.free) < p.size/8 {
		p.free = make([]byte, 0, p.size)
	}
	return p.free
}

// end notes what was appended, and gives it; nothing else is ever written there.
func (p *page) end(b []byte) []byte {
	if len(b) <= cap(p.free) { // otherwise it has memory of its own
		p.free = b[len(b):]
	}
	return b[:len(b):len(b)]
}

// addTo appends a value to a list that is being written, unless it is among those seen.
func addTo[T value](list []byte, seen *distinct, v T) (more []byte, raw written, added bool) {
	at := len(list)
	more = append(v.append(list), ',')
	raw = written(more[at : len(more)-1 : len(more)-1])
	if !seen.add(raw) {
		return list, nil, false
	}
	return more, raw, true
}

// encode writes a value as JSON.
func encode[T value](p *page, v T) []byte { return p.end(v.append(p.begin())) }

// joined writes those parts that are not empty, with sep between them.
func (p *page) joined(sep string, parts ...string) string {
	b := p.begin()
	for _, part := range parts {
		if part != "" && len(b) > 0 {
			b = append(b, sep...)
		}
		b = append(b, part...)
	}
	b = p.end(b)
	return unsafe.String(unsafe.SliceData(b), len(b))
}
