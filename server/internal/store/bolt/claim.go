package bolt

import (
	"context"

	"slotway/server/internal/store"
)

// Claimed gives a claim that is held. See store.Reader.
func (s *Store) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	return snapshot(ctx, s, func(v *view) (store.Claim, error) { return v.claimed(space, key) })
}

func (v *view) claimed(space, key string) (store.Claim, error) {
	value := v.get(claims, pairKey(space, key))
	if value == nil {
		return store.Claim{}, store.NoClaim(space)
	}
	r := reader{b: value}
	c := store.Claim{Space: space, Key: key, Holder: r.text(), Payload: append([]byte(nil), r.b...)}
	if r.bad {
		return store.Claim{}, errDamaged
	}
	return c, nil
}

// claim takes a key, or shows who holds it.
func (t *tx) claim(c store.Claim) error {
	if held, err := t.claimed(c.Space, c.Key); err == nil {
		return store.Held(held)
	}
	value := append(appendText(nil, c.Holder), c.Payload...)
	return t.insert(claims, pairKey(c.Space, c.Key), value)
}

// release frees a key that the holder holds.
func (t *tx) release(space, key, holder string) error {
	c, err := t.claimed(space, key)
	if err != nil || c.Holder != holder {
		return nil // free, or somebody else's: nothing is to be done
	}
	at := pairKey(space, key)
	return t.remove(claims, at, t.get(claims, at))
}
