package mongo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/server/internal/store"
)

// place is where a version stands among all changes: the last is the newest.
type place struct {
	updated int64 // microseconds since 1970
	key     string
	n       int64
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.updated, q.updated), strings.Compare(p.key, q.key), cmp.Compare(p.n, q.n))
}

// cursor gives the place as a Page.Next.
func (p place) cursor() string { return fmt.Sprintf("%d %d %s", p.updated, p.n, p.key) }

func parsePlace(after string) (p place, err error) {
	n, err := fmt.Sscanf(after, "%d %d %s", &p.updated, &p.n, &p.key)
	if n != 3 || err != nil || p.cursor() != after {
		return place{}, store.BadCursor()
	}
	return p, nil
}

func placeOf(r store.Record) place {
	return place{r.Updated.UnixMicro(), keyName(r.Key), r.Version}
}

// Changes gives the versions of all resources. See store.Reader.
func (s *Store) Changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	for {
		t, err := s.observe(ctx)
		if err != nil {
			return store.Page{}, err
		}
		if page, whole, err := t.changes(ctx, see, typ, since, after, limit); err != nil || whole {
			return page, err
		}
	}
}

// wanted is a walk over changes.
type wanted struct {
	see   store.Visibility
	typ   string
	since int64 // microseconds since 1970
	after *place
}

func (w *wanted) has(r store.Record) bool {
	return w.see.Sees(r.Customer) && (w.typ == "" || r.Type == w.typ) && r.Updated.UnixMicro() >= w.since &&
		(w.after == nil || placeOf(r).compare(*w.after) < 0)
}

// changes gives a page of changes at the moment of the view. whole is false when
// labels had to be asked for and were found to be of a later moment.
func (t sight) changes(ctx context.Context, see store.Visibility, typ string, since time.Time, after string, limit int) (page store.Page, whole bool, err error) {
	page.Total = -1
	w := wanted{see: see, typ: typ, since: store.Micros(since)}
	if after != "" {
		p, err := parsePlace(after)
		if err != nil {
			return page, false, err
		}
		w.after = &p
	}
	if limit <= 0 || len(see.Customers) == 0 {
		return page, true, nil
	}
	var room store.Room
	for {
		versions, last, err := t.changesAfter(ctx, &w, limit+1)
		if err != nil {
			return page, false, err
		}
		hidden, whole, err := t.hidden(ctx, see, versions)
		if err != nil || !whole {
			return page, false, err
		}
		for _, v := range versions {
			if !see.Shows(v.next.Labels) || hidden[v.key()] {
				continue
			}
			if n := len(page.Records); n == limit || !room.Takes(len(v.next.Record.Resource.Raw())) {
				page.Next = placeOf(page.Records[n-1]).cursor()
				return page, true, nil
			}
			page.Records = append(page.Records, v.next.Record)
		}
		if last || len(versions) == 0 {
			return page, true, nil
		}
		w.after = new(placeOf(versions[len(versions)-1].next.Record))
	}
}

// changesAfter gives the next versions of a walk, newest first: those that the
// collection has of the time before the view's records, at most so many and not many
// more than a page holds, and those of the view. last says that there are no others.
func (t sight) changesAfter(ctx context.Context, w *wanted, room int) (versions []*version, last bool, err error) {
	var bytes store.Room
	var spare error
	order := bson.D{{Key: "updated", Value: -1}, {Key: "key", Value: -1}, {Key: "n", Value: -1}}
	whole, err := t.s.eachVersion(ctx, w.filter(t.v.base), bson.D{{Key: "doc", Value: 0}, {Key: fieldTerms, Value: 0}}, int64(room), order, func(d *storedVersion) bool {
		versions = append(versions, &version{seq: uint64(d.Seq), next: store.Next{Record: d.Version.record(), Labels: d.Version.Labels}})
		fits := bytes.Takes(len(d.Version.Raw))
		spare = store.Spare(ctx, bytes.Used())
		return fits && spare == nil
	})
	if err = cmp.Or(err, spare); err != nil {
		return nil, false, err
	}
	last = whole && len(versions) < room
	var oldest place
	if !last {
		oldest = placeOf(versions[len(versions)-1].next.Record)
	}
	for _, all := range t.v.heads {
		for _, v := range all {
			rec := v.next.Record
			if w.has(rec) && (last || placeOf(rec).compare(oldest) > 0) {
				versions = append(versions, v)
			}
		}
	}
	slices.SortFunc(versions, func(a, b *version) int { return placeOf(b.next.Record).compare(placeOf(a.next.Record)) })
	return versions, last, nil
}

func (w *wanted) filter(base uint64) bson.D {
	var customers []string
	for _, c := range w.see.Customers {
		customers = append(customers, part(c))
	}
	filter := bson.D{{Key: "c", Value: among(customers)}}
	if w.typ != "" {
		filter = append(filter, bson.E{Key: "r", Value: w.typ})
	}
	bounds := bson.D{{Key: "$gte", Value: w.since}}
	if w.after != nil {
		bounds = append(bounds, bson.E{Key: "$lte", Value: w.after.updated})
	}
	filter = append(filter, bson.E{Key: "updated", Value: bounds}, bson.E{Key: "seq", Value: bson.D{{Key: "$lte", Value: int64(base)}}})
	if w.after == nil {
		return filter
	}
	less := func(field string, than any) bson.E {
		return bson.E{Key: field, Value: bson.D{{Key: "$lt", Value: than}}}
	}
	return append(filter, bson.E{Key: "$or", Value: bson.A{
		bson.D{less("updated", w.after.updated)},
		bson.D{less("key", w.after.key)},
		bson.D{{Key: "key", Value: w.after.key}, less("n", w.after.n)},
	}})
}

// hidden gives the resources among those of some versions that the labels of their
// newest version hide. whole is false when one is newer than the view.
func (t sight) hidden(ctx context.Context, see store.Visibility, versions []*version) (hidden map[store.Key]bool, whole bool, err error) {
	if see.Labels == nil {
		return nil, true, nil
	}
	hidden = make(map[store.Key]bool)
	for _, v := range versions {
		if _, known := hidden[v.key()]; known {
			continue
		}
		now, err := t.head(ctx, v.key())
		if err != nil || now.seq > t.v.n {
			return nil, false, err
		}
		hidden[v.key()] = !see.Shows(now.next.Labels)
	}
	return hidden, true, nil
}
