package mongo

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"slotway/server/internal/store"
)

// version is one version of a resource, with what a search sees of it.
type version struct {
	seq  uint64 // number of the log record that made it; 0 while it is staged
	next store.Next
	doc  []byte // next.Document as it is stored, once it is
}

// gain says how many resources there are more by it.
func (v *version) gain() int {
	switch rec := &v.next.Record; {
	case rec.Created:
		return 1
	case rec.Deleted:
		return -1
	}
	return 0
}

// document gives what searches see as it is stored.
func (v *version) document(s *Store) []byte {
	if v.doc == nil {
		v.doc = s.o.Catalog.AppendDocument(nil, v.next.Document)
	}
	return v.doc
}

func (v *version) key() store.Key { return v.next.Record.Key }

// held is what is known of a key that can be claimed.
type held struct {
	claim store.Claim
	seq   uint64 // number of the log record that claimed it
	freed uint64 // of the one that released it; 0 while it is held
}

func (h *held) name() string { return claimName(h.claim.Space, h.claim.Key) }

// entry is a record of a stream.
type entry struct {
	stream, at string
	seq        uint64
	data       []byte
	time       *time.Time // when it was appended in another store; nil: with its log record
}

// when gives the time of an entry of a log record.
func (e *entry) when(r *record) time.Time {
	if e.time != nil {
		return *e.time
	}
	return r.written
}

// trim takes away the records of a stream before a position.
type trim struct{ stream, before string }

// record is a record of the log, as this process holds it.
type record struct {
	n        uint64
	by       string
	written  time.Time // whole milliseconds; never before the record before
	versions []*version
	claims   []*held // of this record
	releases []*held // as they are after it
	entries  []entry
	trims    []trim
	touched  map[string]struct{} // what a change that read it would have read differently
	size     int                 // about how many bytes it takes

	applied atomic.Bool // known to be so
	met     bool        // by the keeper, once, when it was not applied
}

// The names of what is read and touched. A change that searched has read all of a
// type; one that read a stream, its end.
func touchKey(k store.Key) string           { return "v " + keyName(k) }
func touchType(customer, typ string) string { return "t " + scopeName(customer, typ) }
func touchClaim(space, key string) string   { return "c " + claimName(space, key) }
func touchStream(stream string) string      { return "s " + part(stream) }
func (r *record) touches(what string) bool  { _, ok := r.touched[what]; return ok }
func (r *record) touch(what ...string)      { r.touched = touch(r.touched, what...) }
func touch(set map[string]struct{}, what ...string) map[string]struct{} {
	if set == nil {
		set = make(map[string]struct{})
	}
	for _, w := range what {
		set[w] = struct{}{}
	}
	return set
}

// reads are what a change read: names, and ranges of claims.
type reads struct {
	names  map[string]struct{}
	claims []claimRange
}

func (r *reads) note(what ...string) { r.names = touch(r.names, what...) }

// claimRange is the claims of a space whose keys begin with a prefix and stand
// after a key and not after the last.
type claimRange struct {
	space, prefix, after string
	last                 string
	open                 bool // there is no last
}

func (c *claimRange) has(one *store.Claim) bool {
	return one.Space == c.space && strings.HasPrefix(one.Key, c.prefix) &&
		(c.after == "" || one.Key > c.after) && (c.open || one.Key <= c.last)
}

// overtakes says whether the record changed something of what was read.
func (r *record) overtakes(read *reads) bool {
	small, large := read.names, r.touched
	if len(small) > len(large) {
		small, large = large, small
	}
	for what := range small {
		if _, ok := large[what]; ok {
			return true
		}
	}
	for i := range read.claims {
		in := func(h *held) bool { return read.claims[i].has(&h.claim) }
		if slices.ContainsFunc(r.claims, in) || slices.ContainsFunc(r.releases, in) {
			return true
		}
	}
	return false
}

// add puts a change into the record. Nothing in it may have been touched.
func (r *record) add(c *change) {
	for _, v := range c.versions {
		v.seq = r.n
		r.versions = append(r.versions, v)
		r.touch(touchKey(v.key()), touchType(v.key().Customer, v.key().Type))
	}
	for _, h := range c.claims {
		h.seq = r.n
		r.claims = append(r.claims, h)
		r.touch(touchClaim(h.claim.Space, h.claim.Key))
	}
	for _, h := range c.releases {
		h.freed = r.n
		r.releases = append(r.releases, h)
		r.touch(touchClaim(h.claim.Space, h.claim.Key))
	}
	for _, e := range c.entries {
		e.at, e.seq = position(e.when(r), r.n, len(r.entries)), r.n
		r.entries = append(r.entries, e)
		r.touch(touchStream(e.stream))
	}
	r.trims = append(r.trims, c.trims...)
	r.size += c.size
}

// given gives a claim, or says that the key is free.
func (h *held) given(space string) (store.Claim, error) {
	if h == nil || h.freed != 0 {
		return store.Claim{}, store.NoClaim(space)
	}
	c := h.claim
	c.Payload = slices.Clone(c.Payload)
	return c, nil
}
