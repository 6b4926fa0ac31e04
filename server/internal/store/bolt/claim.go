package bolt

import (
	"bytes"
	"context"
	"encoding/binary"

	"slotway/server/internal/store"
	"slotway/server/internal/store/parts"
)

// Claimed gives a claim that is held. See store.Reader.
func (s *Store) Claimed(ctx context.Context, space, key string) (store.Claim, error) {
	return snapshot(ctx, s, func(v *view) (store.Claim, error) { return v.claimed(space, key) })
}

func (v *view) claimed(space, key string) (store.Claim, error) {
	v.key = appendPair(v.key[:0], space, key)
	value := v.get(claims, v.key)
	if value == nil {
		return store.Claim{}, store.NoClaim(space)
	}
	return readClaim(space, key, value)
}

func readClaim(space, key string, value []byte) (store.Claim, error) {
	r := reader{parts.Reader{Rest: value}}
	c := store.Claim{Space: space, Key: key, Holder: r.Text(), Payload: append([]byte(nil), r.Rest...)}
	if r.Bad {
		return store.Claim{}, errDamaged
	}
	return c, nil
}

// Claims gives claims that are held. See store.Reader.
func (s *Store) Claims(ctx context.Context, space, prefix, after string, limit int) ([]store.Claim, error) {
	return snapshot(ctx, s, func(v *view) ([]store.Claim, error) { return v.held(space, prefix, after, limit, store.PageBytes) })
}

// held walks the claims of a space, which stand in the order of their keys, up to so
// many and so many bytes.
func (v *view) held(space, prefix, after string, limit, most int) (out []store.Claim, err error) {
	begin := pairKey(space, prefix)
	from := begin
	if after != "" && after >= prefix {
		from = append(pairKey(space, after), 0) // the key that follows it
	}
	c := v.in(claims).Cursor()
	for key, value := c.Seek(from); len(out) < limit && bytes.HasPrefix(key, begin); key, value = c.Next() {
		if most -= len(value); most < 0 && len(out) > 0 {
			break
		}
		one, err := readClaim(space, string(key[len(space)+1:]), value)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// claim takes a key, or shows who holds it.
func (t *tx) claim(c store.Claim) error {
	key := pairKey(c.Space, c.Key)
	if value := t.get(claims, key); value != nil {
		held, err := readClaim(c.Space, c.Key, value)
		if err != nil {
			return err
		}
		return store.Held(held)
	}
	value := make([]byte, 0, binary.MaxVarintLen32+len(c.Holder)+len(c.Payload))
	return t.insert(claims, key, append(parts.AppendText(value, c.Holder), c.Payload...))
}

// release frees a key that the holder holds.
func (t *tx) release(space, key, holder string) error {
	at := pairKey(space, key)
	value := t.get(claims, at)
	if r := (reader{parts.Reader{Rest: value}}); value == nil || r.Text() != holder || r.Bad {
		return nil // free, or somebody else's: nothing is to be done
	}
	return t.remove(claims, at, value)
}
