package outbox

import (
	"context"
	"encoding/json"
	"time"

	"slotway/server/internal/store"
)

// Prune drops what was given up before a time, and gives how many that were. What is
// queued stays, however old.
func (s *Service) Prune(ctx context.Context, before time.Time) (n int, err error) {
	for after := ""; ; {
		claims, err := s.Store.Claims(ctx, Space, "", after, pageSize)
		if err != nil || len(claims) == 0 {
			return n, err
		}
		after = claims[len(claims)-1].Key
		var due []store.Claim
		for _, c := range claims {
			if it, ok := itemOf(c); ok && it.State == Dead && it.Given.Before(before) {
				due = append(due, c)
			}
		}
		for _, c := range due {
			err := s.Store.Update(ctx, func(tx store.Tx) error {
				held, err := tx.Claimed(ctx, Space, c.Key)
				if err != nil || held.Holder != c.Holder {
					return unlessAbsent(err) // somebody was here already
				}
				return tx.Release(ctx, Space, c.Key, c.Holder)
			})
			if err != nil {
				return n, err
			}
			n++
		}
	}
}

// Reseal encrypts under the key in use the letters that are kept under others; stale
// says which those are. What cannot be decrypted stays as it is. It gives how many it
// encrypted.
func (s *Service) Reseal(ctx context.Context, stale func(sealed []byte) bool) (int, error) {
	return store.Rewrite(ctx, s.Store, Space, func(payload []byte) ([]byte, error) {
		var l letter
		if err := json.Unmarshal(payload, &l); err != nil || l.Sealed == nil || !stale(l.Sealed) {
			return nil, err
		}
		plain, err := s.Open(l.Sealed)
		if err != nil {
			return nil, nil // giving it up says so
		}
		l.Sealed = s.Seal(plain)
		return json.Marshal(l)
	})
}
