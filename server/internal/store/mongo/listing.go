package mongo

import (
	"bytes"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// A query without clauses and without an order of its own is answered by the index
// on ids: nothing is looked into.

// listingRounds is how often a listing begins again because resources of the type
// changed while it was counted. After that its total may be out by those.
const listingRounds = 3

func (h *hunt) isListing() bool {
	return len(h.q.Where) == 0 && len(h.q.Sort) == 0 && h.see.Labels == nil
}

// list gives the first hits after the cursor, and counts all.
func (h *hunt) list(ctx context.Context, cursor store.Cursor) (hits []hit, total int, err error) {
	h.rounds++
	for i, customer := range h.see.Customers {
		if slices.Contains(h.see.Customers[:i], customer) {
			continue
		}
		some, n, err := h.listCustomer(ctx, customer, cursor)
		if err != nil {
			return nil, 0, err
		}
		hits, total = append(hits, some...), total+n
	}
	return hits, total, nil
}

func (h *hunt) listCustomer(ctx context.Context, customer string, cursor store.Cursor) (hits []hit, total int, err error) {
	offer := func(rec store.Record) {
		order := search.SortKey(*h.q, search.Document{Ref: search.Ref{ID: rec.ID}}, customer)
		if cursor.Shows(order, 0) {
			hits = append(hits, hit{order, rec})
		}
	}
	touched := []string{}
	for k, all := range h.v.heads {
		if k.Customer != customer || k.Type != h.q.Type {
			continue
		}
		touched = append(touched, keyName(k))
		if rec := all[len(all)-1].next.Record; !rec.Deleted {
			total++
			offer(rec)
		}
	}
	filter := bson.D{{Key: fieldScope, Value: scopeName(customer, h.q.Type)}}
	if h.q.Count != 0 {
		docs, err := h.listed(ctx, filter, cursor, len(touched))
		if err != nil {
			return nil, 0, err
		}
		for i := range docs {
			if k := docs[i].Version.record().Key; h.v.head(k) == nil {
				offer(store.Record{Key: k, Version: docs[i].Version.N})
			}
		}
	}
	if h.q.Total == search.TotalNone {
		return hits, total, nil
	}
	if len(touched) > 0 {
		filter = append(filter, bson.E{Key: "key", Value: bson.D{{Key: "$nin", Value: touched}}})
	}
	n, err := h.count(ctx, filter)
	return hits, total + n, err
}

// listed reads what is needed of a type's ids from the cursor on: enough for a page
// even if all that was touched stands there too.
func (h *hunt) listed(ctx context.Context, filter bson.D, cursor store.Cursor, touched int) ([]storedVersion, error) {
	from, _, _ := bytes.Cut(cursor.Key, []byte{0, 0}) // the id: see search.SortKey
	filter = append(slices.Clip(filter), bson.E{Key: fieldID, Value: bson.D{{Key: "$gte", Value: string(from)}}})
	room := int64(0)
	if h.q.Count > 0 {
		room = int64(h.q.Count + touched + 2)
	}
	h.asked++
	return h.s.findVersions(ctx, filter, bson.D{{Key: "c", Value: 1}, {Key: "r", Value: 1}, {Key: "i", Value: 1}, {Key: "n", Value: 1}}, room,
		bson.E{Key: fieldID, Value: 1})
}

func (h *hunt) count(ctx context.Context, filter bson.D) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, h.s.o.Timeout)
	defer cancel()
	h.asked++
	n, err := h.s.db.versions.CountDocuments(ctx, filter, options.Count())
	return int(n), h.s.failed(ctx, err)
}
