package mongo

import (
	"bytes"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
)

// A query without clauses, in the order of an index, is answered by walking that
// index from the cursor on. How many there are is counted by the log, so a page
// costs what it shows.

// listing is a walk over one customer's resources of a type in the order of the
// answer. It gives about room of those that stand after the cursor, and whether
// these are all that the collection has. Else there is none of it between them.
type listing func(ctx context.Context, customer string, cursor store.Cursor, room int) (hits []hit, whole bool, err error)

// listedBy gives the walk that answers the query; nil when none does.
func (h *hunt) listedBy() listing {
	if len(h.q.Where) > 0 || h.see.Labels != nil {
		return nil
	}
	_, date := engine.TimedOf(h.q.Type).Params(h.s.o.Catalog)
	switch {
	case len(h.q.Sort) == 0:
		return h.byID
	case len(h.q.Sort) == 1 && h.q.Sort[0].Param == date && h.q.Count >= 0:
		return h.byDate
	}
	return nil
}

// list gives a page of a walk, as it is at one moment, which is then the hunt's.
// What the collection says holds for the later of two looks, but for what a record
// touched, which the view knows.
func (h *hunt) list(ctx context.Context, by listing, cursor store.Cursor) (store.Page, error) {
	if h.q.Count == 0 {
		return h.listPage(ctx, nil, cursor)
	}
	for room := h.q.Count + 1; ; room *= 2 {
		answers, err := h.askAll(ctx, by, cursor, room)
		if err != nil {
			return store.Page{}, err
		}
		now, err := h.s.look(ctx)
		if err != nil {
			return store.Page{}, err
		}
		records, ok := now.after(h.v.n)
		if !ok {
			*h = *newHunt(h.s, now, h.see, h.q)
			continue
		}
		h.v = h.v.with(records...)
		var hits []hit
		enough := true
		for customer, a := range answers {
			found := h.listed(customer, cursor, a)
			enough = enough && (a.whole || len(found) > h.q.Count)
			hits = append(hits, found...)
		}
		if enough {
			return h.listPage(ctx, hits, cursor)
		}
	}
}

func (h *hunt) listPage(ctx context.Context, hits []hit, cursor store.Cursor) (store.Page, error) {
	if h.q.Explain {
		h.plan = []string{"Every " + h.q.Type + " is counted by the log and read in the order of the answer; none is looked into."}
	}
	return h.page(ctx, hits, h.counted(), cursor)
}

// answer is what the collection has of a walk.
type answer struct {
	hits  []hit
	whole bool
}

// askAll asks the collection for the walks of all customers that are visible.
func (h *hunt) askAll(ctx context.Context, by listing, cursor store.Cursor, room int) (map[string]answer, error) {
	answers := make(map[string]answer)
	for _, customer := range h.see.Customers {
		if _, asked := answers[customer]; asked {
			continue
		}
		touched := 0
		for k := range h.v.heads {
			if k.Customer == customer && k.Type == h.q.Type {
				touched++
			}
		}
		hits, whole, err := by(ctx, customer, cursor, room+touched)
		h.s.o.reach(asked)
		if err != nil {
			return nil, err
		}
		answers[customer] = answer{hits, whole}
	}
	return answers, nil
}

// listed gives the hits of one customer: those of the collection that no record of
// the view touched, and those of the view, as far as the collection's go.
func (h *hunt) listed(customer string, cursor store.Cursor, a answer) (hits []hit) {
	var last []byte
	for _, one := range a.hits {
		if h.v.head(one.rec.Key) == nil {
			hits = append(hits, one)
		}
		if bytes.Compare(one.order, last) > 0 {
			last = one.order
		}
	}
	for k, all := range h.v.heads {
		if k.Customer != customer || k.Type != h.q.Type {
			continue
		}
		v := all[len(all)-1]
		if v.next.Record.Deleted {
			continue
		}
		order := search.SortKey(*h.q, v.next.Document, customer)
		if cursor.Shows(order, v.seq) && (a.whole || bytes.Compare(order, last) <= 0) {
			hits = append(hits, hit{order, v.next.Record})
		}
	}
	return hits
}

// counted gives how many resources the query is of.
func (h *hunt) counted() (total int) {
	for i, customer := range h.see.Customers {
		if !slices.Contains(h.see.Customers[:i], customer) {
			total += h.v.counts[scopeName(customer, h.q.Type)]
		}
	}
	return total
}

// byID walks a type in the order of ids.
func (h *hunt) byID(ctx context.Context, customer string, cursor store.Cursor, room int) (hits []hit, whole bool, err error) {
	from, _, _ := bytes.Cut(cursor.Key, []byte{0, 0}) // the id: see search.SortKey
	filter := bson.D{
		{Key: fieldScope, Value: scopeName(customer, h.q.Type)},
		{Key: fieldID, Value: bson.D{{Key: "$gte", Value: string(from)}}},
	}
	if h.q.Count < 0 {
		room = 0
	}
	docs, err := h.s.findVersions(ctx, filter, named, int64(room), bson.E{Key: fieldID, Value: 1})
	for i := range docs {
		hits = h.offer(hits, customer, cursor, &docs[i])
	}
	return hits, room == 0 || len(docs) < room, err
}

// named are the fields that say what a version is of and where it stands.
var named = bson.D{
	{Key: "c", Value: 1},
	{Key: "r", Value: 1},
	{Key: "i", Value: 1},
	{Key: "n", Value: 1},
	{Key: "seq", Value: 1},
	{Key: fieldAt, Value: 1},
}

// offer adds a version to the hits where it stands after the cursor.
func (h *hunt) offer(hits []hit, customer string, cursor store.Cursor, d *storedVersion) []hit {
	order := h.order(customer, d)
	if !cursor.Shows(order, uint64(d.Seq)) {
		return hits
	}
	return append(hits, hit{order, store.Record{Key: d.Version.key(), Version: d.Version.N}})
}

// order gives the place of a version that is not odd in the order of the answer.
func (h *hunt) order(customer string, d *storedVersion) []byte {
	doc := search.Document{Ref: search.Ref{Type: h.q.Type, ID: d.Version.ID}}
	if at := d.Fields.Instant; len(h.q.Sort) > 0 && at != nil && *at != search.NoStart {
		doc.Entries = []search.Entry{{Param: h.q.Sort[0].Param, Lo: *at, Hi: *at + 1}}
	}
	return search.SortKey(*h.q, doc, customer)
}

// byDate walks a type in the order of dates, either way: first what is odd, of
// which there is little, then from the cursor's date on, and last what has no date.
func (h *hunt) byDate(ctx context.Context, customer string, cursor store.Cursor, room int) (hits []hit, whole bool, err error) {
	scope := bson.E{Key: fieldScope, Value: scopeName(customer, h.q.Type)}
	odd, err := h.ask(ctx, bson.D{scope, {Key: fieldOdd, Value: true}}, 0)
	if err != nil {
		return nil, false, err
	}
	for _, c := range odd {
		if order := search.SortKey(*h.q, *c.doc, customer); cursor.Shows(order, c.seq) {
			hits = append(hits, hit{order, store.Record{Key: c.key, Version: c.version}})
		}
	}
	dated, whole, err := h.dated(ctx, scope, cursor, room)
	if err == nil && whole {
		var more []storedVersion
		more, err = h.s.findVersions(ctx, bson.D{scope, {Key: fieldAt, Value: int64(search.NoStart)}}, named, 0)
		dated = append(dated, more...)
	}
	if err != nil {
		return nil, false, err
	}
	var last []byte
	for i := range dated {
		hits = h.offer(hits, customer, cursor, &dated[i])
		if order := h.order(customer, &dated[i]); bytes.Compare(order, last) > 0 {
			last = order
		}
	}
	if whole {
		return hits, true, nil
	}
	return slices.DeleteFunc(hits, func(one hit) bool { return bytes.Compare(one.order, last) > 0 }), false, nil
}

// dated gives about room versions by date from the cursor on, all of the last date
// among them.
func (h *hunt) dated(ctx context.Context, scope bson.E, cursor store.Cursor, room int) (docs []storedVersion, whole bool, err error) {
	way, bounds := 1, bson.D{{Key: "$gte", Value: int64(search.Earliest)}}
	if h.q.Sort[0].Desc {
		way = -1
	}
	if len(cursor.Key) > 0 {
		from, ok := search.SortedDate(h.q, cursor.Key)
		switch {
		case !ok:
			return nil, true, nil
		case way < 0:
			bounds = append(bounds, bson.E{Key: "$lte", Value: from})
		default:
			bounds = bson.D{{Key: "$gte", Value: from}}
		}
	}
	docs, err = h.s.findVersions(ctx, bson.D{scope, {Key: fieldAt, Value: bounds}}, named, int64(room), bson.E{Key: fieldAt, Value: way})
	if err != nil || len(docs) < room {
		return docs, true, err
	}
	last := *docs[len(docs)-1].Fields.Instant
	docs = slices.DeleteFunc(docs, func(d storedVersion) bool { return *d.Fields.Instant == last })
	ties, err := h.s.findVersions(ctx, bson.D{scope, {Key: fieldAt, Value: last}}, named, 0)
	return append(docs, ties...), false, err
}
