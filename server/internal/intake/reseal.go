package intake

import (
	"context"
	"encoding/json"

	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Resealed says what came of encrypting again what is kept.
type Resealed struct {
	Done int // encrypted under the key in use by now
	Lost int // encrypted under a key that is not known, and left as it is
}

// Reseal encrypts under the key in use what is kept of messages under others: in the
// journal and in the review queue. stale says which that is. It may be cut short and
// begun again.
func (s *Service) Reseal(ctx context.Context, stale func(sealed []byte) bool) (out Resealed, err error) {
	again := func(sealed []byte) []byte {
		if !stale(sealed) {
			return nil
		}
		plain, err := s.Open(sealed)
		if err != nil {
			out.Lost++
			return nil
		}
		return s.Seal(plain)
	}
	n, err := journal.Reseal(ctx, s.Store, again)
	if out.Done += n; err != nil {
		return out, err
	}
	n, err = store.Rewrite(ctx, s.Store, reviewSpace, func(payload []byte) ([]byte, error) {
		var it Item
		if err := json.Unmarshal(payload, &it); err != nil || it.Sealed == nil {
			return nil, err
		}
		if it.Sealed = again(it.Sealed); it.Sealed == nil {
			return nil, nil
		}
		return json.Marshal(it)
	})
	out.Done += n
	return out, err
}
