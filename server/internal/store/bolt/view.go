package bolt

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

// view is the store at one moment: a snapshot, or a transaction at work.
type view struct {
	s    *Store
	btx  *bbolt.Tx
	open [numBuckets]*bbolt.Bucket
	seek [numBuckets]*bbolt.Cursor // for get and current; walks have their own
	key  []byte                    // room for the key that is sought
	idle []*bbolt.Cursor           // of the index: walks that are over
}

// walk gives a cursor of the index, to be given back by walked.
func (v *view) walk() *bbolt.Cursor {
	last := len(v.idle) - 1
	if last < 0 {
		return v.in(index).Cursor()
	}
	c := v.idle[last]
	v.idle = v.idle[:last]
	return c
}

func (v *view) walked(c *bbolt.Cursor) { v.idle = append(v.idle, c) }

// in gives a bucket, looked for once.
func (v *view) in(b bucket) *bbolt.Bucket {
	if v.open[b] == nil {
		v.open[b] = v.btx.Bucket(bucketNames[b])
		switch b {
		case bodies, heads, changes, logs:
			v.open[b].FillPercent = 0.9 // keys mostly come in order, so pages need little room to grow
		}
	}
	return v.open[b]
}

// first gives the first key that is not before the one sought, and its value.
func (v *view) first(b bucket, key []byte) (found, value []byte) {
	if v.seek[b] == nil {
		v.seek[b] = v.in(b).Cursor()
	}
	return v.seek[b].Seek(key)
}

// get gives the value of a key, nil when it is not there. Unlike bbolt's it
// makes no garbage.
func (v *view) get(b bucket, key []byte) []byte {
	if found, value := v.first(b, key); bytes.Equal(found, key) && found != nil {
		return value
	}
	return nil
}

// number gives the number of a resource; 0 when there never was one.
func (v *view) number(k store.Key) uint64 {
	v.key = appendID(v.key[:0], k)
	if b := v.get(ids, v.key); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// head gives what searches read of a resource; ok is false for a deleted one.
func (v *view) head(n uint64) (h head, ok bool, err error) {
	v.key = binary.BigEndian.AppendUint64(v.key[:0], n)
	value := v.get(heads, v.key)
	if value == nil {
		return head{}, false, nil
	}
	h, err = readHead(value)
	return h, err == nil, err
}

// current gives the newest version of a resource.
func (v *view) current(n uint64) (body, int64, error) {
	v.key = binary.BigEndian.AppendUint64(v.key[:0], n)
	key, value := v.first(bodies, v.key)
	if len(key) != 16 || binary.BigEndian.Uint64(key) != n {
		return body{}, 0, errDamaged
	}
	b, err := readBody(value)
	return b, versionOf(key), err
}

// each gives the keys that begin with prefix and their values, in order, until
// yield returns false.
func (v *view) each(b bucket, prefix []byte, yield func(key, value []byte) bool) {
	c := v.in(b).Cursor()
	for k, val := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, val = c.Next() {
		if !yield(k, val) {
			return
		}
	}
}

// space gives the number of a space of keys: of a customer's resources of one
// type, or of those contained in them. ok is false when it holds nothing.
func (v *view) space(customer, owner string) (space uint32, ok bool) {
	v.key = appendPair(v.key[:0], customer, owner)
	if b := v.get(spaces, v.key); len(b) == 4 {
		return binary.BigEndian.Uint32(b), true
	}
	return 0, false
}

// count gives how many resources of a type a customer has.
func (v *view) count(customer, typ string) uint64 {
	v.key = appendPair(v.key[:0], customer, typ)
	n, _ := binary.Uvarint(v.get(counts, v.key))
	return n
}

// all gives the numbers of all resources of a type that there ever were, by id.
func (v *view) all(customer, typ string) []uint64 {
	var out []uint64
	v.each(ids, append(pairKey(customer, typ), 0), func(_, value []byte) bool {
		out = append(out, binary.BigEndian.Uint64(value))
		return true
	})
	return out
}
