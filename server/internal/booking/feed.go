package booking

import (
	"context"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Feed is the next version of a resource as a feed states it: the system of
// record of a hospital, whose word is not refused for want of a free slot.
type Feed struct {
	Key      store.Key
	Old      store.Record // the current version; zero when there is none
	Resource fhir.Resource
}

// PutFeed stores what a feed states, within an Update that is at work. What must
// be unique stays so, and an appointment that holds no slot any more frees what it
// held.
//
// fhir.PreconditionFailed when Old is not current, fhir.Duplicate,
// fhir.Conflict against another booking.
func (s *Service) PutFeed(ctx context.Context, tx store.Tx, f Feed) (store.Record, error) {
	w := write{key: f.Key, resource: f.Resource, ifVersion: f.Old.Version, old: f.Old, links: f.Old.Links, posted: f.Old.Version == 0}
	if f.Key.Type == "Appointment" {
		var err error
		if w.links, err = s.relink(ctx, tx, w); err != nil {
			return store.Record{}, err
		}
	}
	return s.put(ctx, &work{Tx: tx}, w)
}
