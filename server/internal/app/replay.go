package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"slotway/server/internal/store"
)

// replays remembers what may be used once as claims of the store, so that every
// process knows it and a restart does not forget it.
type replays struct{ store store.Store }

// The spaces of its claims: what was used, by its digest, and the same by when it
// may be forgotten. All are held by onceHolder.
const (
	onceSpace  = "once"
	overSpace  = "once-over"
	onceHolder = "once"
	onceTime   = "20060102150405"
)

// Once says whether this is the first use of a key.
func (r replays) Once(ctx context.Context, key string, until time.Time) (first bool, err error) {
	sum := sha256.Sum256([]byte(key))
	digest := hex.EncodeToString(sum[:])
	err = r.store.Update(ctx, func(tx store.Tx) error {
		if err := tx.Claim(ctx, store.Claim{Space: onceSpace, Key: digest, Holder: onceHolder}); err != nil {
			return err
		}
		return tx.Claim(ctx, store.Claim{Space: overSpace, Key: until.UTC().Format(onceTime) + digest, Holder: onceHolder})
	})
	if _, taken := store.IsTaken(err); taken {
		return false, nil
	}
	return err == nil, err
}

// forgetAtOnce is how much is forgotten in one change.
const forgetAtOnce = 200

// forget takes away what need not be remembered any more.
func (r replays) forget(ctx context.Context, now time.Time) error {
	for {
		over, err := r.store.Claims(ctx, overSpace, "", "", forgetAtOnce)
		if err != nil {
			return err
		}
		n := 0
		for n < len(over) && over[n].Key[:len(onceTime)] < now.UTC().Format(onceTime) {
			n++
		}
		if n == 0 {
			return nil
		}
		if err := r.store.Update(ctx, func(tx store.Tx) error {
			for _, c := range over[:n] {
				if err := tx.Release(ctx, onceSpace, c.Key[len(onceTime):], onceHolder); err != nil {
					return err
				}
				if err := tx.Release(ctx, overSpace, c.Key, onceHolder); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}
