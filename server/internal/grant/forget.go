package grant

import (
	"context"
	"strings"

	"slotway/server/internal/store"
)

// overSpace is the space of the claims by which codes and tokens are found that are
// over: key time\0space\0digest, holder the family.
const overSpace = "grant-over"

const overForm = "20060102150405"

// keep keeps a code or token by its digest, until some time after it has expired.
func keep(ctx context.Context, tx store.Tx, space, token string, t ticket) error {
	key := digest(token)
	if err := claim(ctx, tx, space, key, t.Family, t); err != nil {
		return err
	}
	over := t.Expires.UTC().Format(overForm) + "\x00" + space + "\x00" + key
	return tx.Claim(ctx, store.Claim{Space: overSpace, Key: over, Holder: t.Family})
}

// forgetAtOnce is how much is forgotten in one change.
const forgetAtOnce = 200

// Forget takes away the codes and tokens that have expired, of which n are forgotten
// in one call. Grants stay, so that staff see what became of them.
func (s *Service) Forget(ctx context.Context) (n int, err error) {
	claims, err := s.Store.Claims(ctx, overSpace, "", "", forgetAtOnce)
	if err != nil {
		return 0, err
	}
	now := s.Now().UTC().Format(overForm)
	var over []store.Claim
	for _, c := range claims {
		if c.Key[:len(overForm)] < now {
			over = append(over, c)
		}
	}
	if len(over) == 0 {
		return 0, nil
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		for _, c := range over {
			_, of, _ := strings.Cut(c.Key, "\x00")
			space, key, _ := strings.Cut(of, "\x00")
			if err := tx.Release(ctx, space, key, c.Holder); err != nil {
				return err
			}
			if err := tx.Release(ctx, overSpace, c.Key, c.Holder); err != nil {
				return err
			}
		}
		return nil
	})
	return len(over), err
}
