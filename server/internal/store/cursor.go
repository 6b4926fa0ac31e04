package store

import (
	"bytes"
	"encoding/binary"

	"slotway/fhir/search"
)

// Cursor is what a Page.Next of a search says. Engines may use it, or have
// their own: to callers it is opaque.
type Cursor struct {
	// Since is the moment, as the engine counts them, at which the walk began.
	// In a sorted search what was written later is passed over: it may have
	// moved behind the cursor after it was shown. 0 in a search by id alone.
	Since uint64
	Key   []byte // search.SortKey of the last match shown
}

// Shows says whether a match is of the pages that follow: it stands behind the
// cursor, and was not written after the walk began, if that matters.
func (c Cursor) Shows(key []byte, written uint64) bool {
	return bytes.Compare(key, c.Key) > 0 && (c.Since == 0 || written <= c.Since)
}

// Next gives the Page.Next of a page of a query that ends with a match, read when
// the moment was now. It is binary: rest seals it.
func (c Cursor) Next(q *search.Query, now uint64, last []byte) string {
	if c.Since == 0 && len(q.Sort) > 0 {
		c.Since = now
	}
	return string(append(binary.AppendUvarint(nil, c.Since), last...))
}

// ParseCursor reads what Next gave; nothing is the beginning. BadCursor for
// what cannot be one.
func ParseCursor(after string) (Cursor, error) {
	if after == "" {
		return Cursor{}, nil
	}
	since, size := binary.Uvarint([]byte(after))
	if size <= 0 || size == len(after) {
		return Cursor{}, BadCursor()
	}
	return Cursor{Since: since, Key: []byte(after[size:])}, nil
}
