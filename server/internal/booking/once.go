package booking

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// requestSpace is the space of the claims of request ids that succeeded: key
// client\0organisation\0id, since one client may bring several consumers', holder
// the id of what was stored, payload its versioned address.
const requestSpace = "request"

func requestKey(p auth.Principal, id string) string {
	return p.Client + "\x00" + p.Organisation + "\x00" + strings.ToLower(id)
}

// once makes a request id succeed once. It is taken with what it stores, that
// version of that resource, and by nothing that fails.
func (s *Service) once(ctx context.Context, tx store.Tx, req Request, key store.Key, version int64) error {
	if req.RequestID == "" {
		return nil
	}
	err := tx.Claim(ctx, store.Claim{
		Space: requestSpace, Key: requestKey(req.Principal, req.RequestID),
		Holder: key.ID, Payload: []byte(key.Type + "/" + key.ID + "/_history/" + strconv.FormatInt(version, 10)),
	})
	if _, taken := store.IsTaken(err); taken {
		return Repeated()
	}
	return err
}

// Repeated is the answer to a request id that has succeeded.
func Repeated() error {
	return fhir.Errorf(fhir.Duplicate, "A request with this X-Request-ID has already succeeded.").Coded("DUPLICATE_REQUEST").At("X-Request-ID")
}

// Done gives what a request id stored that has succeeded: the versioned address,
// relative, such as Appointment/1/_history/1. It is empty for one that has not.
func (s *Service) Done(ctx context.Context, p auth.Principal, requestID string) (string, error) {
	c, err := s.Store.Claimed(ctx, requestSpace, requestKey(p, requestID))
	if errors.Is(err, fhir.NotFound) {
		return "", nil
	}
	return string(c.Payload), err
}
