package store

import (
	"context"
	"errors"

	"slotway/fhir"
)

// rewriteStep is how many claims one commit of Rewrite changes.
const rewriteStep = 100

// Rewrite goes through the claims of a space and gives those other payloads for which
// change says so; what change leaves alone it answers with nil. It works in steps, and
// may be cut short and begun again. It gives how many it changed.
func Rewrite(ctx context.Context, s Store, space string, change func(payload []byte) ([]byte, error)) (changed int, err error) {
	for after := ""; ; {
		claims, err := s.Claims(ctx, space, "", after, rewriteStep)
		if err != nil || len(claims) == 0 {
			return changed, err
		}
		n, err := rewriteSome(ctx, s, claims, change)
		if changed += n; err != nil {
			return changed, err
		}
		after = claims[len(claims)-1].Key
	}
}

// rewriteSome changes some claims as they are by now, in one commit.
func rewriteSome(ctx context.Context, s Store, claims []Claim, change func([]byte) ([]byte, error)) (changed int, err error) {
	var due []Claim
	for _, c := range claims {
		next, err := change(c.Payload)
		if err != nil {
			return 0, err
		}
		if next != nil {
			due = append(due, c)
		}
	}
	if len(due) == 0 {
		return 0, nil
	}
	err = s.Update(ctx, func(tx Tx) error {
		changed = 0
		for _, c := range due {
			now, err := tx.Claimed(ctx, c.Space, c.Key)
			if errors.Is(err, fhir.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			next, err := change(now.Payload)
			if err != nil {
				return err
			}
			if next == nil {
				continue
			}
			if err := tx.Release(ctx, now.Space, now.Key, now.Holder); err != nil {
				return err
			}
			now.Payload = next
			if err := tx.Claim(ctx, now); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	return changed, err
}
