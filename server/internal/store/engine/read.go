package engine

import (
	"context"
	"slices"
	"strconv"

	"slotway/server/internal/store"
)

// Version is one version of a resource as an engine finds it. The resource of the
// record may still be the engine's own, or missing: Source.Keep makes it good.
type Version struct {
	store.Record
	Labels []string // of this version; a deletion has those of what it deleted
}

// Source is how an engine finds versions by key: all that Read, ReadVersion and
// History need of it. A Version whose number is 0 says that there is none. All
// calls for one answer must be of one moment.
type Source interface {
	// Newest gives the newest version of a resource.
	Newest(ctx context.Context, k store.Key) (Version, error)

	// One gives the version of that number.
	One(ctx context.Context, k store.Key, n int64) (Version, error)

	// All gives every version of a resource, newest first, until yield returns
	// false.
	All(ctx context.Context, k store.Key, yield func(Version) bool) error

	// Keep makes the resources of records the caller's own: it copies or fetches
	// their bytes. Deletions have none. It keeps as many as a page holds, and says
	// how many of the first those are; with an error, what it says means nothing.
	Keep(ctx context.Context, records []store.Record) (kept int, err error)
}

// find gives the newest version of the resource that a key means, among the
// customers visible.
func find(ctx context.Context, src Source, see store.Visibility, k store.Key) (Version, error) {
	customers := see.Customers
	if k.Customer != "" {
		customers = []string{k.Customer}
		if !see.Sees(k.Customer) {
			return Version{}, store.NotFound(k)
		}
	}
	var all []Version
	var held []store.Holder
	for i, customer := range customers {
		if slices.Contains(customers[:i], customer) {
			continue
		}
		v, err := src.Newest(ctx, store.Key{Customer: customer, Type: k.Type, ID: k.ID})
		if err != nil {
			return Version{}, err
		}
		if v.Version > 0 && see.Shows(v.Labels) {
			all = append(all, v)
			held = append(held, store.Holder{Key: v.Key, Deleted: v.Deleted})
		}
	}
	i, err := store.Choose(k, held)
	if err != nil {
		return Version{}, err
	}
	return all[i], nil
}

// Read gives the current version of a resource. See store.Reader.
func Read(ctx context.Context, src Source, see store.Visibility, k store.Key) (store.Record, error) {
	v, err := find(ctx, src, see, k)
	if err != nil {
		return store.Record{}, err
	}
	return shown(ctx, src, v)
}

// shown gives a version that is no deletion.
func shown(ctx context.Context, src Source, v Version) (store.Record, error) {
	if v.Deleted {
		return store.Record{}, store.Gone(v.Key)
	}
	one := []store.Record{v.Record}
	_, err := src.Keep(ctx, one)
	return one[0], err
}

// ReadVersion gives one version of a resource. See store.Reader.
func ReadVersion(ctx context.Context, src Source, see store.Visibility, k store.Key, n int64) (store.Record, error) {
	v, err := find(ctx, src, see, k)
	if err != nil {
		return store.Record{}, err
	}
	if v.Version != n {
		if v, err = src.One(ctx, v.Key, n); err != nil {
			return store.Record{}, err
		}
	}
	if v.Version == 0 || !see.Shows(v.Labels) {
		return store.Record{}, store.NoVersion(k, n)
	}
	return shown(ctx, src, v)
}

// History gives a page of the versions of a resource. Its cursor is the last
// version shown. See store.Reader.
func History(ctx context.Context, src Source, see store.Visibility, k store.Key, after string, limit int) (store.Page, error) {
	last := int64(0)
	if after != "" {
		var err error
		if last, err = strconv.ParseInt(after, 10, 64); err != nil || last < 1 {
			return store.Page{}, store.BadCursor()
		}
	}
	newest, err := find(ctx, src, see, k)
	if err != nil {
		return store.Page{}, err
	}
	var page store.Page
	err = src.All(ctx, newest.Key, func(v Version) bool {
		if !see.Shows(v.Labels) {
			return true
		}
		page.Total++
		switch {
		case last > 0 && v.Version >= last:
		case len(page.Records) < limit:
			page.Records = append(page.Records, v.Record)
		case page.Next == "" && limit > 0:
			page.Next = strconv.FormatInt(page.Records[limit-1].Version, 10)
		}
		return true
	})
	if err != nil {
		return store.Page{}, err
	}
	kept, err := src.Keep(ctx, page.Records)
	if err != nil {
		return store.Page{}, err
	}
	if kept < len(page.Records) {
		page.Records = page.Records[:kept]
		page.Next = strconv.FormatInt(page.Records[kept-1].Version, 10)
	}
	return page, nil
}
