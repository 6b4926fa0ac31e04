package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/server/internal/store"
)

// ask gives the newest versions that a filter lets through, once for each filter.
// With a limit, errMany when there are more.
func (h *hunt) ask(ctx context.Context, filter bson.D, limit int) ([]*candidate, error) {
	room := int64(0)
	if limit > 0 {
		room = int64(limit) + 1
	}
	name, err := bson.Marshal(append(slices.Clip(filter), bson.E{Key: "limit", Value: room}))
	if err != nil {
		return nil, err
	}
	answer, known := h.answers[string(name)]
	if !known {
		h.asked++
		docs, err := h.s.findVersions(ctx, filter, seen, room)
		if err != nil {
			return nil, err
		}
		if answer, err = h.s.candidatesOf(ctx, docs); err != nil {
			return nil, err
		}
		h.answers[string(name)] = answer
		h.s.o.reach(asked)
	}
	if limit > 0 && len(answer) > limit {
		return nil, errMany
	}
	return answer, nil
}

// seen are the fields that a search reads of a version.
var seen = bson.D{
	{Key: "c", Value: 1},
	{Key: "r", Value: 1},
	{Key: "i", Value: 1},
	{Key: "n", Value: 1},
	{Key: "seq", Value: 1},
	{Key: "labels", Value: 1},
	{Key: "doc", Value: 1},
	{Key: fieldPrint, Value: 1},
}

// candidatesOf reads versions. Documents of another catalog are made anew from the
// bytes.
func (s *Store) candidatesOf(ctx context.Context, docs []storedVersion) ([]*candidate, error) {
	out := make([]*candidate, len(docs))
	var foreign []store.Record
	var at []int
	for i := range docs {
		d := &docs[i].Version
		out[i] = &candidate{d.key(), d.N, uint64(docs[i].Seq), d.Labels, nil}
		if docs[i].Fields.Print != s.print {
			foreign = append(foreign, store.Record{Key: out[i].key, Version: d.N})
			at = append(at, i)
			continue
		}
		doc, err := s.o.Catalog.DecodeDocument(d.Document)
		if err != nil {
			return nil, err
		}
		out[i].doc = &doc
	}
	for len(foreign) > 0 {
		n, err := s.fill(ctx, foreign)
		if err != nil {
			return nil, err
		}
		for i, rec := range foreign[:n] {
			doc, err := store.Document(s.o.Catalog, rec)
			if err != nil {
				return nil, err
			}
			out[at[i]].doc = &doc
		}
		foreign, at = foreign[n:], at[n:]
	}
	return out, nil
}
