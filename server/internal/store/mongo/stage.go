package mongo

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// stagedClaim is a key that the Tx claimed or released: what was committed, and
// what the Tx makes of it.
type stagedClaim struct {
	was *held        // nil when it was never claimed
	now *store.Claim // nil when it is free
}

// overhead is about how many bytes a thing takes in a record besides its content.
const overhead = 256

// large is the size of resources of which it is looked at closely whether there is
// room for them and their index fields in one document.
const large = 1 << 20

// Put stores the next version of a resource. See store.Tx.
func (t *tx) Put(ctx context.Context, p store.Put) (store.Record, error) {
	old, _, err := t.present(ctx, p.Key)
	if err != nil {
		return store.Record{}, err
	}
	next, err := store.Prepare(t.s.o.Catalog, t.s.o.Now(), old, p)
	if err != nil || next.Same {
		return next.Record, err
	}
	return next.Record, t.stage(&version{next: next})
}

// Delete stores a deletion. See store.Tx.
func (t *tx) Delete(ctx context.Context, k store.Key, ifVersion int64) (store.Record, error) {
	old, labels, err := t.present(ctx, k)
	if err != nil {
		return store.Record{}, err
	}
	next, err := store.PrepareDelete(t.s.o.Now(), old, labels, ifVersion)
	if err != nil || next.Same {
		return next.Record, err
	}
	return next.Record, t.stage(&version{next: next})
}

// Restore stores a version as another store gave it. See store.Tx.
func (t *tx) Restore(ctx context.Context, rec store.Record) error {
	old, labels, err := t.present(ctx, rec.Key)
	if err != nil {
		return err
	}
	next, err := store.PrepareRestore(t.s.o.Catalog, old, labels, rec)
	if err != nil {
		return err
	}
	return t.stage(&version{next: next})
}

// present gives the newest version of a resource, the zero one when there is none.
func (t *tx) present(ctx context.Context, k store.Key) (store.Record, []string, error) {
	v, err := t.head(ctx, k)
	if err != nil || v == nil {
		return store.Record{Key: k}, nil, err
	}
	return v.next.Record, v.next.Labels, nil
}

// stage keeps a version for the change.
func (t *tx) stage(v *version) error {
	raw := len(v.next.Record.Resource.Raw())
	for _, l := range v.next.Labels {
		raw += len(l) + 16
	}
	if raw > large {
		b, err := bson.Marshal(t.s.stored(v))
		if err != nil {
			return err
		}
		if len(b) > maxSize {
			return fhir.Errorf(fhir.TooLarge, "The resource and what is kept to find it take more than %d MB together.", maxSize>>20)
		}
	}
	t.staged[v.key()] = append(t.staged[v.key()], v)
	t.versions = append(t.versions, v)
	t.bare += raw + overhead
	if !v.next.Record.Deleted {
		t.docs += len(v.document(t.s))
	}
	return nil
}

// Claimed gives a claim that is held. See store.Reader.
func (t *tx) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	c, err := t.claimed(ctx, space, key)
	if err != nil {
		return store.Claim{}, err
	}
	if c.now == nil {
		return store.Claim{}, store.NoClaim(space)
	}
	return c.shown(), nil
}

// shown gives the claim as the Tx has it now, its payload the caller's own.
func (c *stagedClaim) shown() store.Claim {
	one := *c.now
	one.Payload = bytes.Clone(one.Payload)
	return one
}

// Claim takes a key. See store.Tx.
func (t *tx) Claim(ctx context.Context, c store.Claim) error {
	staged, err := t.claimed(ctx, c.Space, c.Key)
	if err != nil {
		return err
	}
	if staged.now != nil {
		return store.Held(staged.shown())
	}
	c.Payload = bytes.Clone(c.Payload)
	staged.now = &c
	t.bare += 3*(len(c.Space)+len(c.Key)+len(c.Holder)) + len(c.Payload) + overhead
	return nil
}

// Release frees a key. See store.Tx.
func (t *tx) Release(ctx context.Context, space, key, holder string) error {
	staged, err := t.claimed(ctx, space, key)
	if err != nil {
		return err
	}
	if staged.now != nil && staged.now.Holder == holder {
		t.bare += 3*(len(space)+len(key)+len(holder)) + len(staged.now.Payload) + overhead
		staged.now = nil
	}
	return nil
}

// claimed gives what the Tx knows of a key.
func (t *tx) claimed(ctx context.Context, space, key string) (*stagedClaim, error) {
	name := claimName(space, key)
	if c, ok := t.claims[name]; ok {
		return c, nil
	}
	for {
		h, err := t.sight.claim(ctx, space, key)
		if err != nil {
			return nil, err
		}
		if h != nil && max(h.seq, h.freed) > t.v.n {
			if err := t.extend(ctx); err != nil {
				return nil, err
			}
			continue
		}
		t.reads.note(touchClaim(space, key))
		c := &stagedClaim{was: h}
		if given, err := h.given(space); err == nil {
			c.now = &given
		}
		t.claims[name] = c
		t.order = append(t.order, c)
		return c, nil
	}
}

// Append adds a record to a stream. See store.Tx.
func (t *tx) Append(_ context.Context, stream string, data []byte) error {
	t.entries = append(t.entries, entry{stream: stream, data: bytes.Clone(data)})
	t.bare += 3*len(stream) + len(data) + overhead
	return nil
}

// AppendAt adds a record of a time to a stream. See store.Tx.
func (t *tx) AppendAt(ctx context.Context, stream string, at time.Time, data []byte) error {
	last, known := t.ends[stream]
	if !known {
		end, err := t.Log(ctx, stream, store.LogRange{Back: true, Limit: 1})
		if err != nil {
			return err
		}
		if len(end) > 0 {
			last = end[0].Time
		}
	}
	if at = at.UTC().Truncate(time.Millisecond); at.Before(last) {
		at = last
	}
	if err := t.Append(ctx, stream, data); err != nil {
		return err
	}
	if e := &t.entries[len(t.entries)-1]; !t.appended(stream) {
		e.time = &at
	}
	t.ends[stream] = at
	return nil
}

// appended says whether the Tx appended something to a stream that has the time of
// the change, before its last entry: then that has it, too.
func (t *tx) appended(stream string) bool {
	return slices.ContainsFunc(t.entries[:len(t.entries)-1], func(e entry) bool { return e.stream == stream && e.time == nil })
}

// change gives what the Tx wants done.
func (t *tx) change() *change {
	c := &change{since: t.v.n, reads: &t.reads, versions: t.versions, entries: t.entries, bare: t.bare, size: t.bare + t.docs}
	for _, k := range t.order {
		wasHeld := k.was != nil && k.was.freed == 0
		if wasHeld && k.now != nil && same(*k.now, k.was.claim) {
			continue
		}
		if wasHeld {
			c.releases = append(c.releases, &held{claim: k.was.claim, seq: k.was.seq})
		}
		if k.now != nil {
			c.claims = append(c.claims, &held{claim: *k.now})
		}
	}
	return c
}

func same(a, b store.Claim) bool { return a.Holder == b.Holder && bytes.Equal(a.Payload, b.Payload) }
