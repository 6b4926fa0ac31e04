package bolt

import (
	"encoding/binary"
	"errors"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// errDamaged is what reading a value that this package did not write gives.
var errDamaged = errors.New("the store's file holds a value that cannot be read: restore it from a backup")

// appendText appends a text or bytes after its length.
func appendText[T string | []byte](b []byte, text T) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func appendTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, t := range texts {
		b = appendText(b, t)
	}
	return b
}

// reader takes a value apart. After the first fault it gives nothing and bad
// is set, so that it is asked once, at the end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// bytes gives what appendText wrote, as part of the value itself.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) texts() []string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	var out []string
	for range n {
		out = append(out, r.text())
	}
	return out
}

func appendLinks(b []byte, links []store.Link) []byte {
	b = binary.AppendUvarint(b, uint64(len(links)))
	for _, l := range links {
		b = appendText(appendText(appendText(b, l.Param), l.To.Type), l.To.ID)
	}
	return b
}

func (r *reader) links() []store.Link {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	var out []store.Link
	for range n {
		out = append(out, store.Link{Param: r.text(), To: search.Ref{Type: r.text(), ID: r.text()}})
	}
	return out
}
