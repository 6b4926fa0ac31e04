package mongo

import (
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// Claims gives claims that are held. See store.Reader.
func (s *Store) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	v, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	all, _, err := s.held(ctx, v, claimRange{space: space, prefix: prefix, after: after, open: true}, limit, true)
	return store.FittingClaims(all), err
}

// Claims gives claims that are held, those of the Tx among them. See store.Reader.
func (t *tx) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	if limit <= 0 {
		return nil, nil
	}
	read := claimRange{space: space, prefix: prefix, after: after, open: true}
	staged := 0
	for _, c := range t.order {
		if c.was != nil && read.has(&c.was.claim) {
			staged++
		}
	}
	all, v, err := t.s.held(ctx, t.v, read, limit+staged, false)
	if err != nil {
		return nil, err
	}
	if err := t.extendTo(v); err != nil {
		return nil, err
	}
	if read.open = len(all) < limit+staged; !read.open {
		read.last = all[len(all)-1].Key
	}
	t.reads.claims = append(t.reads.claims, read)
	all = slices.DeleteFunc(all, func(c store.Claim) bool { _, own := t.claims[claimName(c.Space, c.Key)]; return own })
	for _, c := range t.order {
		if c.now != nil && read.has(c.now) {
			all = append(all, c.shown())
		}
	}
	slices.SortFunc(all, byKey)
	return all[:min(len(all), limit)], nil
}

func byKey(a, b store.Claim) int { return strings.Compare(a.Key, b.Key) }

// held gives the first claims of a range as they are at one moment not before the
// view's, and gives that moment. What the collection says is so at that moment where
// no record that the view holds then touched it; the rest the view knows. With page it
// may stop where a page is full.
func (s *Store) held(ctx context.Context, v *view, in claimRange, limit int, page bool) ([]store.Claim, *view, error) {
	if limit <= 0 {
		return nil, v, nil
	}
	for {
		room := limit
		for _, h := range v.claims {
			if in.has(&h.claim) {
				room++
			}
		}
		docs, full, err := s.findHeld(ctx, in, room, page)
		if err != nil {
			return nil, nil, err
		}
		s.o.reach(asked)
		now, err := s.look(ctx)
		if err != nil {
			return nil, nil, err
		}
		records, ok := now.after(v.n)
		if !ok {
			v = now
			continue
		}
		v = v.with(records...)
		all, enough := merged(v, docs, in, !full && len(docs) < room)
		if enough || len(all) >= limit || full && len(all) > 0 {
			return all[:min(len(all), limit)], v, nil
		}
		if full { // all of them were released since
			in.after = docs[len(docs)-1].held().claim.Key
		}
	}
}

// merged gives the claims of a range by what the collection said and by the view.
// Where the collection did not say all, nothing stands behind what it said last.
func merged(v *view, docs []claimDoc, in claimRange, whole bool) (all []store.Claim, enough bool) {
	if !whole {
		in.open, in.last = false, docs[len(docs)-1].held().claim.Key
	}
	for i := range docs {
		h := docs[i].held()
		if _, known := v.claims[docs[i].Name]; !known {
			all = append(all, h.claim)
		}
	}
	for _, h := range v.claims {
		if h.freed == 0 && in.has(&h.claim) {
			c := h.claim
			c.Payload = slices.Clone(c.Payload)
			all = append(all, c)
		}
	}
	slices.SortFunc(all, byKey)
	return all, whole
}

// findHeld reads the claims of a range that the collection says are held. full says
// that there may be more than a page has room for.
func (s *Store) findHeld(ctx context.Context, in claimRange, room int, page bool) (docs []claimDoc, full bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, errSlow)
	defer cancel()
	begin := orderedName(in.space, in.prefix)
	bounds := bson.D{{Key: "$gte", Value: begin}, {Key: "$lt", Value: begin + "\x7f"}}
	if in.after != "" {
		bounds = append(bounds, bson.E{Key: "$gt", Value: orderedName(in.space, in.after)})
	}
	cursor, err := s.db.claims.Find(ctx, bson.D{{Key: "held", Value: bounds}}, options.Find().SetSort(bson.D{{Key: "held", Value: 1}}).SetLimit(int64(room)))
	if err != nil {
		return nil, false, s.failed(ctx, err)
	}
	defer func() { _ = cursor.Close(ctx) }() // what it gave is good
	var used store.Room
	for cursor.Next(ctx) {
		var doc claimDoc
		if err := cursor.Decode(&doc); err != nil {
			return nil, false, s.failed(ctx, err)
		}
		if fits := used.Takes(len(doc.Payload)); page && !fits {
			return docs, true, nil
		}
		docs = append(docs, doc)
	}
	if err := cursor.Err(); err != nil {
		return nil, false, s.failed(ctx, err)
	}
	return docs, false, nil
}
