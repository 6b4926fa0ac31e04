package bolt

import (
	"reflect"
	"unsafe"

	"go.etcd.io/bbolt"
)

// footprint bounds what the process has in memory of the file, which would grow with it.
//
// Of its own it has what bbolt notes: of each page that was used again and is in use, the
// transaction that took it. That is asked for when a page is given up, and a read is open
// that began before the page was taken: then it is free at once. Without an answer it is
// free when that read ends, as it is for all pages of a file just opened and for those at
// its end. So all of it may be forgotten at any time, for some pages that are free later
// while a backup is made. bbolt has no way to ask for that, so this reaches into what it
// keeps.
//
// Of the system's cache it has the pages that it looked at, and their neighbours. They
// count as the process's, though they can be taken from it. They are given back as the
// file grows; what is looked at again is there again at once.
type footprint struct {
	db    *bbolt.DB
	taken reflect.Value // map[page]transaction; not valid where this bbolt keeps none such
	limit int           // of taken
	high  int64         // the file's size when its pages were given back
}

// What is kept: of bbolt's notes, some 40 bytes each, and of pages, in bytes of growth.
const (
	mostTaken  = 4096
	mostMapped = 64 << 20
)

func newFootprint(db *bbolt.DB) *footprint {
	return &footprint{db: db, taken: takenBy(db), limit: mostTaken}
}

// takenBy finds bbolt's notes.
func takenBy(db *bbolt.DB) reflect.Value {
	v := reflect.ValueOf(db)
	for _, name := range []string{"freelist", "shared", "allocs"} {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		v = v.FieldByName(name)
	}
	if v.Kind() != reflect.Map || !v.CanAddr() {
		return reflect.Value{}
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// bound gives back what is too much. Only the writer may call it, in a transaction that
// has not written yet.
func (f *footprint) bound(btx *bbolt.Tx) {
	if f.taken.IsValid() && f.taken.Len() > f.limit {
		f.taken.Set(reflect.MakeMap(f.taken.Type()))
	}
	if size := btx.Size(); size-f.high > mostMapped {
		f.high = size
		giveBack(f.db.Info().Data, size)
	}
}
