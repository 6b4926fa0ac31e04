package mappings

import (
	"strconv"
	"sync"
	"time"

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

// encode writes a value as JSON.
func encode[T value](v T) []byte {
	p := pages.Get().(*page)
	if cap(p.free) < pageSize/8 {
		p.free = make([]byte, 0, pageSize)
	}
	b := v.append(p.free)
	if len(b) <= cap(p.free) { // otherwise it has memory of its own
		p.free = b[len(b):]
	}
	pages.Put(p)
	return b[:len(b):len(b)]
}

// page is memory that values are written to one behind the other: a message has
// some twenty, which need not be as many allocations.
type page struct{ free []byte }

const pageSize = 2048

var pages = sync.Pool{New: func() any { return &page{make([]byte, 0, pageSize)} }}
