package store

import "encoding/binary"

// Cursor is what a Page.Next of a search says. Engines may use it, or have
// their own: to callers it is opaque.
type Cursor struct {
	// Since is the moment, as the engine counts them, at which the walk began.
	// In a sorted search what was written later is passed over: it may have
	// moved behind the cursor after it was shown. 0 in a search by id alone.
	Since uint64
	Key   []byte // search.SortKey of the last match shown
}

// Next gives the cursor as a Page.Next. It is binary: rest seals it.
func (c Cursor) Next() string {
	return string(append(binary.AppendUvarint(nil, c.Since), c.Key...))
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
