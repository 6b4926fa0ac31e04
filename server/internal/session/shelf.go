package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Sessions keeps sessions, sign-ins, hand-overs, and who of the staff has signed in. Its fields are set before use.
type Sessions struct {
	Kind   Kind
	Store  store.Store
	Seal   func(plain []byte) []byte
	Open   func(sealed []byte) ([]byte, error)
	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	Secure bool      // pages are served over https
}

// The spaces of the claims that hold it; spaceOver holds, by the time after which
// it may be forgotten, what there is.
const (
	spaceSession  = "session"
	spaceSignIn   = "session-sign-in"
	spaceHandover = "session-handover"
	spaceDraft    = "session-draft"
	spaceKnown    = "session-known"
	spaceOver     = "session-over"
	holder        = "session"
	overTime      = "20060102150405"
)

// newID gives an id of 128 bits. Randomness that fails is no state to go on in.
func (s *Sessions) newID() string {
	var b [16]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		panic("session: no randomness: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Sessions) digest(id string) string {
	sum := sha256.Sum256([]byte(string(s.Kind) + "\x00" + id))
	return hex.EncodeToString(sum[:])
}

// kept is what a claim holds, sealed.
type kept[T any] struct {
	Until time.Time `json:"until"`
	Value T         `json:"value"`
}

// put keeps a value under an id until then, in place of what was there.
func put[T any](ctx context.Context, s *Sessions, space, id string, v T, until time.Time) error {
	return s.Store.Update(ctx, func(tx store.Tx) error { return putIn(ctx, tx, s, space, id, v, until) })
}

func putIn[T any](ctx context.Context, tx store.Tx, s *Sessions, space, id string, v T, until time.Time) error {
	key := s.digest(id)
	sealed, err := s.sealed(kept[T]{until.UTC(), v})
	if err != nil {
		return err
	}
	for _, c := range []store.Claim{
		{Space: space, Key: key, Holder: holder, Payload: sealed},
		{Space: spaceOver, Key: overKey(until, space, key), Holder: holder},
	} {
		if err := replace(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// overKey is the key by which what is over is found; splitOver reads it.
func overKey(until time.Time, space, key string) string {
	return until.UTC().Format(overTime) + space + "/" + key
}

func (s *Sessions) sealed(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.Seal(text), nil
}

func replace(ctx context.Context, tx store.Tx, c store.Claim) error {
	if err := tx.Release(ctx, c.Space, c.Key, c.Holder); err != nil {
		return err
	}
	return tx.Claim(ctx, c)
}

// get reads the value of an id: fhir.NotFound where there is none, or its time is over.
func get[T any](ctx context.Context, s *Sessions, space, id string) (v T, err error) {
	k, err := find[T](ctx, s.Store, s, space, id)
	return k.Value, err
}

// find is get, of what a reader sees, with until when it is kept.
func find[T any](ctx context.Context, from store.Reader, s *Sessions, space, id string) (k kept[T], err error) {
	c, err := from.Claimed(ctx, space, s.digest(id))
	if err != nil {
		return k, err
	}
	return open[T](s, c)
}

// open reads a claim. What was sealed under a key that is gone is not there.
func open[T any](s *Sessions, c store.Claim) (k kept[T], err error) {
	text, err := s.Open(c.Payload)
	if err != nil || json.Unmarshal(text, &k) != nil || !s.Now().Before(k.Until) {
		return kept[T]{}, store.NoClaim(c.Space)
	}
	return k, nil
}

// take reads the value of an id, and removes it: of any number who take it, one
// gets it.
func take[T any](ctx context.Context, s *Sessions, space, id string) (v T, err error) {
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		k, err := find[T](ctx, tx, s, space, id)
		if err != nil {
			return err
		}
		v = k.Value
		return tx.Release(ctx, space, s.digest(id), holder)
	})
	return v, err
}

// change changes the value of an id, where there is one.
func change[T any](ctx context.Context, s *Sessions, space, id string, do func(*T)) error {
	return nothing(s.Store.Update(ctx, func(tx store.Tx) error {
		k, err := find[T](ctx, tx, s, space, id)
		if err != nil {
			return err
		}
		do(&k.Value)
		sealed, err := s.sealed(k)
		if err != nil {
			return err
		}
		return replace(ctx, tx, store.Claim{Space: space, Key: s.digest(id), Holder: holder, Payload: sealed})
	}))
}

// nothing makes nothing of what is not there.
func nothing(err error) error {
	if fhir.KindOf(err) == fhir.NotFound {
		return nil
	}
	return err
}

// forgetAtOnce is how much is forgotten in one change.
const forgetAtOnce = 200

// Forget takes away what is over, whoever kept it.
func (s *Sessions) Forget(ctx context.Context) error {
	for {
		over, err := s.Store.Claims(ctx, spaceOver, "", "", forgetAtOnce)
		if err != nil {
			return err
		}
		n, now := 0, s.Now().UTC().Format(overTime)
		for n < len(over) && over[n].Key[:len(overTime)] < now {
			n++
		}
		if n == 0 {
			return nil
		}
		err = s.Store.Update(ctx, func(tx store.Tx) error {
			for _, c := range over[:n] {
				space, key := splitOver(c.Key)
				if err := s.drop(ctx, tx, space, key); err != nil {
					return err
				}
				if err := tx.Release(ctx, spaceOver, c.Key, holder); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < forgetAtOnce {
			return err
		}
	}
}

// drop takes away what is over; it may have been kept anew since.
func (s *Sessions) drop(ctx context.Context, tx store.Tx, space, key string) error {
	c, err := tx.Claimed(ctx, space, key)
	if err == nil {
		_, err = open[json.RawMessage](s, c)
	}
	if err == nil || fhir.KindOf(err) != fhir.NotFound {
		return err
	}
	return tx.Release(ctx, space, key, holder)
}

// splitOver gives the space and key of what a key of spaceOver is about.
func splitOver(over string) (space, key string) {
	rest := over[len(overTime):]
	at := len(rest) - sha256.Size*2
	return rest[:at-1], rest[at:]
}
