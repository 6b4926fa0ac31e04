package rest

import (
	"net/http"
	"sync"

	"slotway/fhir/r4"
)

// buffers hold the text of pages on their way out. They are kept for the next
// page (design decision 16).
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the largest buffer that is kept.
const maxKept = 1 << 20

// bundled answers with a Bundle, whose entries fill adds. Nothing may hold on to
// its text.
func (k *call) bundled(e r4.Envelope, fill func(*r4.Bundle) error) error {
	buf := buffers.Get().(*[]byte)
	b := r4.NewBundle((*buf)[:0], e)
	if err := fill(b); err != nil {
		return err
	}
	text := b.Bytes()
	write(k.c, k.face, http.StatusOK, text)
	if cap(text) <= maxKept {
		*buf = text
		buffers.Put(buf)
	}
	return nil
}
