package bars

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// pruneStep is how many messages one commit of Prune takes away.
const pruneStep = 200

// Prune takes away the messages that were received before a time, with what is
// remembered of them, and gives how many those were: one that is sent again after that
// is a new one. Of the last message about an appointment stays which version it made.
// It works in steps, may run in any number of processes, and be cut short.
func (s *Service) Prune(ctx context.Context, before time.Time) (n int, err error) {
	for after := ""; ; {
		claims, err := s.Store.Claims(ctx, requestSpace, "", after, pruneStep)
		if err != nil || len(claims) == 0 {
			return n, err
		}
		after = claims[len(claims)-1].Key
		var old []store.Claim
		for _, c := range claims {
			var was carried
			if err := json.Unmarshal(c.Payload, &was); err == nil && was.Received.Before(before) {
				message := bundleKey(c.Key[:strings.LastIndexByte(c.Key, 0)], was.Bundle)
				old = append(old, c, store.Claim{Space: messageSpace, Key: message, Holder: c.Holder})
			}
		}
		if len(old) == 0 {
			continue
		}
		if err := s.Store.Update(ctx, func(tx store.Tx) error { return releaseAll(ctx, tx, old) }); err != nil {
			return n, err
		}
		n += len(old) / 2
	}
}

// releaseAll releases claims that are held as they were.
func releaseAll(ctx context.Context, tx store.Tx, claims []store.Claim) error {
	for _, c := range claims {
		now, err := tx.Claimed(ctx, c.Space, c.Key)
		if errors.Is(err, fhir.NotFound) || err == nil && now.Holder != c.Holder {
			continue // somebody was here already
		}
		if err != nil {
			return err
		}
		if err := tx.Release(ctx, c.Space, c.Key, c.Holder); err != nil {
			return err
		}
	}
	return nil
}
