package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

// The place of a version among all changes is its time in microseconds, the
// number of its resource and its version, each of 8 bytes: it stands at the end of
// a key of the bucket change, and is a cursor of Changes.
const changeSize = 24

func changeKey(k store.Key, at int64, n uint64, version int64) []byte {
	key := instant(append(pairKey(k.Customer, k.Type), 0), at)
	key = binary.BigEndian.AppendUint64(key, n)
	return binary.BigEndian.AppendUint64(key, uint64(version))
}

// Changes gives the versions of all resources. See store.Reader.
func (s *Store) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	return snapshot(ctx, s, func(v *view) (store.Page, error) { return v.changes(ctx, see, typ, since, after, limit) })
}

func (v *view) changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	page := store.Page{Total: -1}
	if after != "" && len(after) != changeSize {
		return page, store.BadCursor()
	}
	if limit <= 0 {
		return page, nil
	}
	rows := v.changeRows(see, typ, after)
	first := instant(nil, store.Micros(since))
	var room store.Room
	var last []byte
	for i := 0; ; i++ {
		if i%256 == 255 && ctx.Err() != nil {
			return page, store.Late(ctx)
		}
		row := newest(rows)
		if row == nil || bytes.Compare(row.place, first) < 0 {
			_, err := v.Keep(ctx, page.Records)
			return page, err
		}
		rec, shown, err := v.change(see, row)
		switch {
		case err != nil:
			return page, err
		case shown && (len(page.Records) == limit || !room.Takes(len(rec.Resource.Raw()))):
			page.Next = string(last)
			_, err := v.Keep(ctx, page.Records)
			return page, err
		case shown:
			page.Records = append(page.Records, rec)
			last = bytes.Clone(row.place)
		}
		row.to(row.cursor.Prev())
	}
}

// changeRow walks the changes of one type of one customer, newest first.
type changeRow struct {
	customer, typ string
	begin         []byte // of its keys
	cursor        *bbolt.Cursor
	place, id     []byte // where it stands; no place: at its end
}

// to notes where the cursor stands now.
func (r *changeRow) to(key, id []byte) {
	r.place, r.id = nil, id
	if bytes.HasPrefix(key, r.begin) {
		r.place = key[len(r.begin):]
	}
}

// changeRows gives the rows of what the caller may see, each at its newest change
// or before the place given.
func (v *view) changeRows(see store.Visibility, typ, after string) (rows []*changeRow) {
	for i, customer := range see.Customers {
		if slices.Contains(see.Customers[:i], customer) {
			continue
		}
		types := []string{typ}
		if typ == "" {
			types = v.changedTypes(customer)
		}
		for _, typ := range types {
			r := &changeRow{customer: customer, typ: typ, begin: append(pairKey(customer, typ), 0), cursor: v.in(changes).Cursor()}
			end := append(pairKey(customer, typ), 1)
			if after != "" {
				end = append(r.begin[:len(r.begin):len(r.begin)], after...)
			}
			r.to(before(r.cursor, end))
			rows = append(rows, r)
		}
	}
	return rows
}

// changedTypes leaps over the types that a customer has changes of.
func (v *view) changedTypes(customer string) (types []string) {
	begin := pairKey(customer, "")
	c := v.in(changes).Cursor()
	for key, _ := c.Seek(begin); bytes.HasPrefix(key, begin); {
		typ, _, _ := bytes.Cut(key[len(begin):], []byte{0})
		types = append(types, string(typ))
		key, _ = c.Seek(append(append(begin[:len(begin):len(begin)], typ...), 1))
	}
	return types
}

// newest gives the row that stands at the newest change; nil at the end of all.
func newest(rows []*changeRow) (at *changeRow) {
	for _, r := range rows {
		if r.place != nil && (at == nil || bytes.Compare(r.place, at.place) > 0) {
			at = r
		}
	}
	return at
}

// change reads the version that a row stands at, if the caller may see it.
func (v *view) change(see store.Visibility, r *changeRow) (rec store.Record, shown bool, err error) {
	n, version := binary.BigEndian.Uint64(r.place[8:]), int64(binary.BigEndian.Uint64(r.place[16:]))
	value := v.get(bodies, versionKey(n, version))
	if value == nil {
		return rec, false, errDamaged
	}
	b, err := readBody(value)
	if err != nil || !see.Shows(b.labels) {
		return rec, false, err
	}
	if see.Labels != nil {
		now, _, err := v.current(n)
		if err != nil || !see.Shows(now.labels) {
			return rec, false, err
		}
	}
	return b.record(store.Key{Customer: r.customer, Type: r.typ, ID: string(r.id)}, version), true, nil
}
