package booking

import (
	"context"
	"encoding/json"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Cancel cancels a booking or a hold and frees its slots. The reason, a
// CodeableConcept, may be nil. Cancelling what is cancelled changes nothing.
//
// fhir.NotFound; fhir.Conflict for an appointment that is over otherwise.
func (s *Service) Cancel(ctx context.Context, req Request, key store.Key, reason json.RawMessage) (store.Record, error) {
	key, err := s.mine(ctx, req, key.ID)
	if err != nil {
		return store.Record{}, err
	}
	if len(s.offers()) > 0 && req.Consumer {
		rec, err := s.Store.Read(ctx, req.sees(key.Customer), key)
		if err == nil {
			err = s.MayCancel(ctx, req, rec)
		}
		if err != nil {
			return store.Record{}, err
		}
	}
	out, err := s.one(ctx, Change{Request: req, Op: Update, Key: key, Edit: func(now store.Record) (fhir.Resource, error) {
		switch now.Resource.Root().Get("status").Text() {
		case "cancelled":
			return now.Resource, nil
		case "fulfilled", "noshow", "entered-in-error":
			return now.Resource, fhir.Errorf(fhir.Conflict, "The appointment is over, so it cannot be cancelled.").At("Appointment.status")
		}
		changes := []fhir.Change{
			{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote("cancelled")},
			{Path: pathHoldExpires, Op: fhir.Remove},
		}
		if len(reason) > 0 {
			changes = append(changes, fhir.Change{Path: pathReason, Op: fhir.Set, Value: reason})
		}
		return now.Resource.Apply(changes...)
	}})
	return out.Record, err
}
