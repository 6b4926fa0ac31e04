package mongo

import (
	"context"
	"slices"
	"strconv"

	"slotway/server/internal/store"
)

// reader is what reads rest on: a sight, or a Tx that also shows its own writes.
type reader interface {
	head(ctx context.Context, k store.Key) (*version, error)
	one(ctx context.Context, k store.Key, n int64) (*version, error)
	all(ctx context.Context, k store.Key) ([]*version, error)
}

// Read gives the current version. See store.Reader.
func (s *Store) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return read(ctx, t, see, k)
}

// Version gives one version. See store.Reader.
func (s *Store) Version(ctx context.Context, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Record{}, err
	}
	return readVersion(ctx, t, see, k, n)
}

// History gives the versions of a resource. See store.Reader.
func (s *Store) History(ctx context.Context, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return s.history(ctx, t, see, k, after, limit)
}

// find gives the newest version of the resource that a key means, among the
// customers visible.
func find(ctx context.Context, t reader, see store.Visibility, k store.Key) (*version, error) {
	customers := see.Customers
	if k.Customer != "" {
		customers = []string{k.Customer}
		if !see.Sees(k.Customer) {
			return nil, store.NotFound(k)
		}
	}
	var all []*version
	var holders []store.Holder
	for i, customer := range customers {
		if slices.Contains(customers[:i], customer) {
			continue
		}
		v, err := t.head(ctx, store.Key{Customer: customer, Type: k.Type, ID: k.ID})
		if err != nil {
			return nil, err
		}
		if v != nil && see.Shows(v.next.Labels) {
			all = append(all, v)
			holders = append(holders, store.Holder{Key: v.key(), Deleted: v.next.Record.Deleted})
		}
	}
	i, err := store.Choose(k, holders)
	if err != nil {
		return nil, err
	}
	return all[i], nil
}

func read(ctx context.Context, t reader, see store.Visibility, k store.Key) (store.Record, error) {
	v, err := find(ctx, t, see, k)
	switch {
	case err != nil:
		return store.Record{}, err
	case v.next.Record.Deleted:
		return store.Record{}, store.Gone(k)
	}
	return v.next.Record, nil
}

func readVersion(ctx context.Context, t reader, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	v, err := find(ctx, t, see, k)
	if err != nil {
		return store.Record{}, err
	}
	if v.next.Record.Version != n {
		if v, err = t.one(ctx, v.key(), n); err != nil {
			return store.Record{}, err
		}
	}
	switch {
	case v == nil || !see.Shows(v.next.Labels):
		return store.Record{}, store.NoVersion(k, n)
	case v.next.Record.Deleted:
		return store.Record{}, store.Gone(k)
	}
	return v.next.Record, nil
}

// history walks the versions, newest first. The cursor is the last version shown.
func (s *Store) history(ctx context.Context, t reader, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	last := int64(0)
	if after != "" {
		var err error
		if last, err = strconv.ParseInt(after, 10, 64); err != nil || last < 1 {
			return store.Page{}, store.BadCursor()
		}
	}
	newest, err := find(ctx, t, see, k)
	if err != nil {
		return store.Page{}, err
	}
	versions, err := t.all(ctx, newest.key())
	if err != nil {
		return store.Page{}, err
	}
	var page store.Page
	for _, v := range versions {
		rec := v.next.Record
		if !see.Shows(v.next.Labels) {
			continue
		}
		page.Total++
		switch {
		case last > 0 && rec.Version >= last:
		case len(page.Records) < limit:
			page.Records = append(page.Records, rec)
		case page.Next == "" && limit > 0:
			page.Next = strconv.FormatInt(page.Records[limit-1].Version, 10)
		}
	}
	return page, s.fill(ctx, page.Records)
}

// Claimed gives a claim that is held. See store.Reader.
func (s *Store) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	t, err := s.observe(ctx)
	if err != nil {
		return store.Claim{}, err
	}
	h, err := t.claim(ctx, space, key)
	if err != nil {
		return store.Claim{}, err
	}
	return h.given(space)
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
