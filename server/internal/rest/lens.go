package rest

import (
	"slotway/server/internal/store"
)

// lens is how a face looks at what a search finds. The zero lens changes nothing.
type lens struct {
	// show gives a record as it is shown: before what it includes is looked for.
	show func(store.Record) (store.Record, error)
	// check looks at the answer before it is sent.
	check func(store.Page) error
}

// all gives records as they are shown, in their place.
func (l lens) all(records []store.Record) (err error) {
	if l.show == nil {
		return nil
	}
	for i := range records {
		if records[i], err = l.show(records[i]); err != nil {
			return err
		}
	}
	return nil
}
