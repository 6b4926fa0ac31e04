package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"slotway/server/internal/store"
)

// Moment names what is committed: the number of the last transaction. See
// store.Inventory.
func (s *Store) Moment(ctx context.Context) (string, error) {
	return snapshot(ctx, s, func(v *view) (string, error) { return strconv.Itoa(v.btx.ID()), nil })
}

// versionsPage is what Versions gives.
type versionsPage struct {
	records []store.Record
	next    string
}

// Versions gives the versions of all resources. See store.Inventory.
func (s *Store) Versions(ctx context.Context, after string, limit int) ([]store.Record, string, error) {
	p, err := snapshot(ctx, s, func(v *view) (versionsPage, error) {
		p, err := v.versions(after, limit)
		if err != nil {
			return p, err
		}
		_, err = v.Keep(ctx, p.records)
		return p, err
	})
	return p.records, p.next, err
}

// versions walks the resources by their names, and of each the versions from the
// oldest on. The place of a version is its number turned round, 8 bytes, and the key
// of its resource, as hexadecimal digits.
func (v *view) versions(after string, limit int) (p versionsPage, err error) {
	place, err := hex.DecodeString(after)
	if err != nil || after != "" && len(place) < 8 {
		return p, store.BadCursor()
	}
	var from []byte
	newer := int64(0) // versions of the first resource up to it were given
	if after != "" {
		from, newer = place[8:], versionOf(append(make([]byte, 8, 16), place[:8]...))
	}
	c := v.in(ids).Cursor()
	var room store.Room
	for key, value := c.Seek(from); key != nil; key, value = c.Next() {
		if !bytes.Equal(key, from) {
			newer = 0
		}
		k, ok := keyOf(key)
		if !ok || len(value) != 8 {
			return p, errDamaged
		}
		n := binary.BigEndian.Uint64(value)
		_, newest, err := v.current(n)
		if err != nil {
			return p, err
		}
		for version := newer + 1; version <= newest; version++ {
			b, err := readBody(v.get(bodies, versionKey(n, version)))
			if err != nil {
				return p, err
			}
			if len(p.records) >= limit || !room.Takes(len(b.raw)) {
				p.next = v.placeBefore(key, version)
				return p, nil
			}
			p.records = append(p.records, b.record(k, version))
		}
	}
	return p, nil
}

// placeBefore gives the place from which a version of a resource comes next.
func (v *view) placeBefore(key []byte, version int64) string {
	return hex.EncodeToString(append(versionKey(0, version-1)[8:], key...))
}

// keyOf reads what idKey wrote.
func keyOf(key []byte) (k store.Key, ok bool) {
	parts := bytes.SplitN(key, []byte{0}, 3)
	if len(parts) != 3 {
		return k, false
	}
	return store.Key{Customer: string(parts[0]), Type: string(parts[1]), ID: string(parts[2])}, true
}

// Spaces gives the spaces in which claims are held. See store.Inventory.
func (s *Store) Spaces(ctx context.Context, after string, limit int) ([]string, string, error) {
	return s.firstParts(ctx, claims, after, limit)
}

// Streams gives the streams that have records. See store.Inventory.
func (s *Store) Streams(ctx context.Context, after string, limit int) ([]string, string, error) {
	return s.firstParts(ctx, logs, after, limit)
}

// firstParts leaps over what stands before the first zero byte of keys. The place of
// one is itself, behind a letter, so that none is empty.
func (s *Store) firstParts(ctx context.Context, in bucket, after string, limit int) (names []string, next string, err error) {
	names, err = snapshot(ctx, s, func(v *view) (names []string, err error) {
		var from []byte
		if after != "" {
			from = append([]byte(after[1:]), 1)
		}
		c := v.in(in).Cursor()
		for key, _ := c.Seek(from); key != nil; {
			name, _, ok := bytes.Cut(key, []byte{0})
			if !ok {
				return nil, errDamaged
			}
			if len(names) >= limit {
				next = ""
				if limit > 0 {
					next = "n" + names[limit-1]
				}
				return names, nil
			}
			names = append(names, string(name))
			key, _ = c.Seek(append(bytes.Clone(name), 1))
		}
		return names, nil
	})
	return names, next, err
}
