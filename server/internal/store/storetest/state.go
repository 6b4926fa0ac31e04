package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// state is what the store holds at one moment. It does not change once it is
// the model's; an Update works on a copy.
type state struct {
	seq      uint64 // of the Update that made it
	versions map[store.Key][]version
	claims   map[[2]string]store.Claim // by space and key
	logs     map[string][]store.LogRecord
}

type version struct {
	store.Next
	seq uint64
}

func (s *state) copy() *state {
	return &state{s.seq + 1, maps.Clone(s.versions), maps.Clone(s.claims), maps.Clone(s.logs)}
}

// find gives the versions of what a key means.
func (s *state) find(see store.Visibility, k store.Key) ([]version, error) {
	var all [][]version
	var holders []store.Holder
	for _, customer := range see.Customers {
		if k.Customer != "" && k.Customer != customer {
			continue
		}
		key := store.Key{Customer: customer, Type: k.Type, ID: k.ID}
		v := s.versions[key]
		h := store.Holder{Key: key, Deleted: len(v) > 0 && v[len(v)-1].Record.Deleted}
		if len(v) == 0 || !see.Shows(v[len(v)-1].Labels) || slices.Contains(holders, h) {
			continue
		}
		all, holders = append(all, v), append(holders, h)
	}
	i, err := store.Choose(k, holders)
	if err != nil {
		return nil, err
	}
	return all[i], nil
}

func (s *state) read(see store.Visibility, k store.Key) (store.Record, error) {
	v, err := s.find(see, k)
	if err != nil {
		return store.Record{}, err
	}
	if last := v[len(v)-1].Record; !last.Deleted {
		return last, nil
	}
	return store.Record{}, store.Gone(k)
}

func (s *state) version(see store.Visibility, k store.Key, n int64) (store.Record, error) {
	v, err := s.find(see, k)
	switch {
	case err != nil:
		return store.Record{}, err
	case n < 1 || n > int64(len(v)) || !see.Shows(v[n-1].Labels):
		return store.Record{}, store.NoVersion(k, n)
	case v[n-1].Record.Deleted:
		return store.Record{}, store.Gone(k)
	}
	return v[n-1].Record, nil
}

func (s *state) history(see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	last := int64(1 << 62)
	if after != "" {
		var err error
		if last, err = strconv.ParseInt(after, 10, 64); err != nil || last < 1 {
			return store.Page{}, store.BadCursor()
		}
	}
	v, err := s.find(see, k)
	if err != nil {
		return store.Page{}, err
	}
	var p store.Page
	for _, one := range slices.Backward(v) {
		if !see.Shows(one.Labels) {
			continue
		}
		p.Total++
		switch {
		case one.Record.Version >= last:
		case len(p.Records) < limit:
			p.Records = append(p.Records, one.Record)
		case limit > 0:
			p.Next = strconv.FormatInt(p.Records[limit-1].Version, 10)
		}
	}
	if n := store.Fitting(p.Records); n < len(p.Records) {
		p.Records = p.Records[:n]
		p.Next = strconv.FormatInt(p.Records[n-1].Version, 10)
	}
	return p, nil
}

// search filters everything by search.Match.
func (s *state) search(see store.Visibility, q search.Query) (store.Page, error) {
	cursor, err := store.ParseCursor(q.After)
	if err != nil {
		return store.Page{}, err
	}
	type hit struct {
		key []byte
		rec store.Record
	}
	var hits []hit
	p := store.Page{}
	looked := 0
	for k, versions := range s.versions {
		v := versions[len(versions)-1]
		r := resolver{s, see, k.Customer}
		if k.Type != q.Type || !r.visible(k, v) {
			continue
		}
		if looked++; !search.Match(q, v.Document, r) {
			continue
		}
		p.Total++
		key := search.SortKey(q, v.Document, k.Customer)
		if cursor.Shows(key, v.seq) {
			hits = append(hits, hit{key, v.Record})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return bytes.Compare(a.key, b.key) })
	all := len(hits)
	if q.Count >= 0 {
		hits = hits[:min(all, q.Count)]
	}
	for _, h := range hits {
		p.Records = append(p.Records, h.rec)
	}
	p.Records = p.Records[:store.Fitting(p.Records)]
	if n := len(p.Records); n > 0 && n < all {
		p.Next = cursor.Next(&q, s.seq, hits[n-1].key)
	}
	if q.Explain {
		p.Plan = []string{fmt.Sprintf("Every %s is looked into: %d, of which %d matched.", q.Type, looked, p.Total)}
	}
	if q.Total == search.TotalNone {
		p.Total = -1
	}
	return p, nil
}

// resolver is a search.Resolver over what one customer has and the caller sees.
type resolver struct {
	s        *state
	see      store.Visibility
	customer string
}

func (r resolver) visible(k store.Key, v version) bool {
	return r.see.Sees(k.Customer) && k.Customer == r.customer && !v.Record.Deleted && r.see.Shows(v.Labels)
}

// Document gives the resource a reference points at.
func (r resolver) Document(to search.Ref) (search.Document, bool) {
	k := store.Key{Customer: r.customer, Type: to.Type, ID: to.ID}
	v := r.s.versions[k]
	if len(v) == 0 || !r.visible(k, v[len(v)-1]) {
		return search.Document{}, false
	}
	return v[len(v)-1].Document, true
}

// Referring gives the resources that point at one by a reference parameter.
func (r resolver) Referring(typ string, by *search.Param, to search.Ref, yield func(search.Document) bool) {
	for k, versions := range r.s.versions {
		v := versions[len(versions)-1]
		if k.Type != typ || !r.visible(k, v) {
			continue
		}
		points := slices.ContainsFunc(v.Document.Entries, func(e search.Entry) bool { return e.Param == by && e.Ref == to })
		if points && !yield(v.Document) {
			return
		}
	}
}
