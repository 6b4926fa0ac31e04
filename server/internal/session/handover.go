package session

import (
	"context"
	"net/http"
	"slices"
	"time"

	"slotway/server/internal/store"
)

const (
	// handoverTime is how long a patient may take at a partner and come back.
	handoverTime = 30 * time.Minute
	// doubleClick is how soon somebody who leaves the same page again has clicked twice.
	doubleClick = 3 * time.Second
	// maxWays is how many tabs may be at a partner about one appointment.
	maxWays = 8
)

// Handover is a patient's ways to a partner about an appointment, each of which they
// may come back by once. Several tabs are several ways. Nothing in what comes back
// says which it was, so it is taken for the last that is open.
type Handover struct {
	NHSNumber string `json:"nhs_number"` // whose
	Ways      []Way  `json:"ways"`       // the newest last
}

// Way is one of them.
type Way struct {
	Overview bool      `json:"overview"` // they left the page of all appointments, and not that of the one
	Until    time.Time `json:"until"`
}

// HandoverKey names the hand-over of a patient's appointment.
func HandoverKey(patient, appointment string) string { return patient + "\x00" + appointment }

// BeginHandover keeps a way to a partner, of the browser's session.
func (s *Sessions) BeginHandover(ctx context.Context, r *http.Request, key, nhsNumber string, overview bool) error {
	next := Way{overview, s.Now().UTC().Add(handoverTime)}
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		h, err := s.ways(ctx, tx, key)
		if err != nil {
			return err
		}
		if h.NHSNumber != nhsNumber {
			h = Handover{NHSNumber: nhsNumber}
		}
		if n := len(h.Ways); n > 0 && h.Ways[n-1].Overview == overview && next.Until.Sub(h.Ways[n-1].Until) < doubleClick || n == maxWays {
			h.Ways = slices.Delete(h.Ways, n-1, n)
		}
		h.Ways = append(h.Ways, next)
		return putIn(ctx, tx, s, spaceHandover, key, h, next.Until)
	})
	if err != nil {
		return err
	}
	return s.Change(ctx, r, func(v *Session) {
		if !slices.Contains(v.Handovers, key) {
			v.Handovers = append(v.Handovers, key)
		}
	})
}

// Handover gives a hand-over that is under way.
func (s *Sessions) Handover(ctx context.Context, key string) (h Handover, ok bool, err error) {
	h, err = s.ways(ctx, s.Store, key)
	return h, len(h.Ways) > 0, err
}

// TellBack is what EndHandover tells: that the person came back.
const TellBack = "came-back"

// EndHandover ends the last way that is open; ok says whether there was one.
func (s *Sessions) EndHandover(ctx context.Context, r *http.Request, key string) (came Way, ok bool, err error) {
	left := 0
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		h, err := s.ways(ctx, tx, key)
		if left = len(h.Ways) - 1; err != nil || left < 0 {
			return err
		}
		came, h.Ways = h.Ways[left], h.Ways[:left]
		if left > 0 {
			return putIn(ctx, tx, s, spaceHandover, key, h, h.Ways[left-1].Until)
		}
		return tx.Release(ctx, spaceHandover, s.digest(key), holder)
	})
	if err != nil || left < 0 {
		return Way{}, false, err
	}
	return came, true, s.Change(ctx, r, func(v *Session) {
		v.Tell = TellBack
		if left == 0 {
			v.Handovers = slices.DeleteFunc(v.Handovers, func(k string) bool { return k == key })
		}
	})
}

// ways gives a hand-over with those of its ways whose time is not over.
func (s *Sessions) ways(ctx context.Context, from store.Reader, key string) (Handover, error) {
	k, err := find[Handover](ctx, from, s, spaceHandover, key)
	k.Value.Ways = slices.DeleteFunc(k.Value.Ways, func(w Way) bool { return !s.Now().Before(w.Until) })
	return k.Value, nothing(err)
}
