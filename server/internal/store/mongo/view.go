package mongo

import (
	"maps"
	"slices"
	"time"

	"slotway/server/internal/store"
)

// view is what this process holds of the log: the records after base, up to n,
// and what they say, by name. All records up to base are applied. A view does not
// change; what is asked of it first and of the collections next, for what no
// record of the view touched, is the store at the moment n.
type view struct {
	base, n uint64
	records []*record
	heads   map[store.Key][]*version // versions made since base, oldest first
	claims  map[string]*held         // what was last done to it since base
	entries map[string][]entry       // appended since base
	trims   map[string]string        // of each stream the last position that it was trimmed before
	last    time.Time                // when record n was written
	counts  map[string]int           // how many resources there are of each scope
}

// origin is what is known of the moment that a view begins at.
type origin struct {
	n       uint64
	written time.Time
	counts  map[string]int // how many resources there are of each scope; not changed
}

// newView gives the view of some records that follow a moment.
func newView(base origin, records []*record) *view {
	v := &view{base: base.n, n: base.n, last: base.written, counts: base.counts}
	return v.with(records...)
}

// with gives the view that follows when more records do.
func (v *view) with(records ...*record) *view {
	if len(records) == 0 {
		return v
	}
	next := &view{
		base: v.base, n: records[len(records)-1].n,
		records: append(slices.Clip(v.records), records...),
		heads:   cloned(v.heads), claims: cloned(v.claims), entries: cloned(v.entries), trims: cloned(v.trims),
		last: records[len(records)-1].written, counts: cloned(v.counts),
	}
	for _, r := range records {
		for _, one := range r.versions {
			next.heads[one.key()] = append(slices.Clip(next.heads[one.key()]), one)
			next.counts[scopeName(one.key().Customer, one.key().Type)] += one.gain()
		}
		for _, h := range r.releases {
			next.claims[claimName(h.claim.Space, h.claim.Key)] = h
		}
		for _, h := range r.claims {
			next.claims[claimName(h.claim.Space, h.claim.Key)] = h
		}
		for _, e := range r.entries {
			next.entries[e.stream] = append(slices.Clip(next.entries[e.stream]), e)
		}
		for _, t := range r.trims {
			next.trims[t.stream] = max(next.trims[t.stream], t.before)
		}
	}
	return next
}

func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return make(map[K]V)
	}
	return maps.Clone(m)
}

// head gives the newest version of a resource that the view holds; nil when it
// says nothing of it.
func (v *view) head(k store.Key) *version {
	if all := v.heads[k]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// after gives the records that follow n; ok is false when the view does not hold
// them all.
func (v *view) after(n uint64) (records []*record, ok bool) {
	if n < v.base {
		return nil, false
	}
	if n >= v.n {
		return nil, true
	}
	return v.records[n-v.base:], true
}

// clean says whether no record after n touched what was read.
func (v *view) clean(n uint64, read *reads) bool {
	records, ok := v.after(n)
	if !ok {
		return false
	}
	for _, r := range records {
		if r.overtakes(read) {
			return false
		}
	}
	return true
}

// unapplied gives the records that are not known to be applied.
func (v *view) unapplied() []*record {
	var out []*record
	for _, r := range v.records {
		if !r.applied.Load() {
			out = append(out, r)
		}
	}
	return out
}

// done gives the number up to which all records are applied.
func (v *view) done() uint64 {
	for _, r := range v.records {
		if !r.applied.Load() {
			return r.n - 1
		}
	}
	return v.n
}

// A view keeps records that are applied, too: they answer reads of what was
// written last, and tell changes that began a while ago what overtook them.
const (
	keepRecords = 256
	keepTouched = 2048 // things that they touched
)

// trimmed gives the view without the records it need not hold any more: those that
// are applied and more than so many.
func (v *view) trimmed(records int) *view {
	drop, touched, done := 0, 0, v.done()
	for _, r := range v.records {
		touched += len(r.touched)
	}
	for drop < len(v.records) && v.records[drop].n <= done && (len(v.records)-drop > records || touched > keepTouched) {
		touched -= len(v.records[drop].touched)
		drop++
	}
	if drop == 0 {
		return v
	}
	return newView(v.moment(v.records[drop-1].n), v.records[drop:])
}

// moment gives what a view would begin with that began at a record of this one.
func (v *view) moment(n uint64) origin {
	m := origin{n, v.last, cloned(v.counts)}
	for _, r := range slices.Backward(v.records) {
		if m.written = r.written; r.n == n {
			break
		}
		for _, one := range r.versions {
			m.counts[scopeName(one.key().Customer, one.key().Type)] -= one.gain()
		}
	}
	return m
}
