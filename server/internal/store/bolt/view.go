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
}

// in gives a bucket, looked for once.
func (v *view) in(b bucket) *bbolt.Bucket {
	if v.open[b] == nil {
		v.open[b] = v.btx.Bucket(bucketNames[b])
		switch b {
		case bodies, heads, logs:
			v.open[b].FillPercent = 0.9 // keys mostly come in order, so pages need little room to grow
		}
	}
	return v.open[b]
}

// number gives the number of a resource; 0 when there never was one.
func (v *view) number(k store.Key) uint64 {
	if b := v.in(ids).Get(idKey(k)); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// head gives what searches read of a resource; ok is false for a deleted one.
func (v *view) head(n uint64) (h head, ok bool, err error) {
	value := v.in(heads).Get(numberKey(n))
	if value == nil {
		return head{}, false, nil
	}
	h, err = readHead(value)
	return h, err == nil, err
}

// current gives the newest version of a resource.
func (v *view) current(n uint64) (body, int64, error) {
	key, value := v.in(bodies).Cursor().Seek(numberKey(n))
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
	if b := v.in(spaces).Get(pairKey(customer, owner)); len(b) == 4 {
		return binary.BigEndian.Uint32(b), true
	}
	return 0, false
}

// count gives how many resources of a type a customer has.
func (v *view) count(customer, typ string) uint64 {
	n, _ := binary.Uvarint(v.in(counts).Get(pairKey(customer, typ)))
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
