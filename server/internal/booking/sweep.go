package booking

import (
	"context"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// sweepBatch is how many holds Sweep looks at before it looks again.
const sweepBatch = 100

// Sweep ends the holds of customers whose time is over, and gives how many it
// ended. It may run in any number of processes; what it has not come to yet is
// in nobody's way.
func (s *Service) Sweep(ctx context.Context, customers []string) (ended int, err error) {
	due := s.Now().UTC().Format(dueFormat)
	for _, customer := range customers {
		after := ""
		for {
			claims, err := s.Store.Claims(ctx, holdSpace, customer+"\x00", after, sweepBatch)
			if err != nil {
				return ended, err
			}
			for _, c := range claims {
				_, until, _ := strings.Cut(c.Key, "\x00")
				until, _, _ = strings.Cut(until, "\x00")
				if until > due {
					claims = nil // those that follow end later
					break
				}
				done, err := s.sweep(ctx, store.Key{Customer: customer, Type: "Appointment", ID: c.Holder}, c)
				if err != nil {
					return ended, err
				}
				if done {
					ended++
				}
				after = c.Key
			}
			if len(claims) == 0 {
				break
			}
		}
	}
	return ended, nil
}

// sweep ends one hold, unless somebody else has.
func (s *Service) sweep(ctx context.Context, key store.Key, c store.Claim) (done bool, err error) {
	err = s.Store.Update(ctx, func(under store.Tx) error {
		tx := &work{Tx: under}
		done = false
		rec, err := tx.Read(ctx, store.Of(key.Customer), key)
		if err != nil && !absent(err) {
			return err
		}
		until, err := s.heldUntil(ctx, tx, rec)
		if err != nil {
			return err
		}
		if until.IsZero() || s.Now().Before(until) {
			return tx.Release(ctx, c.Space, c.Key, c.Holder) // it is a hold no longer
		}
		done = true
		return s.expire(ctx, tx, key)
	})
	if fhir.KindOf(err) == fhir.NotFound {
		err = nil
	}
	return done, err
}
