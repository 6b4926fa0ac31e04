package session

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// handoverTime is how long a patient may take at a partner and come back.
const handoverTime = 30 * time.Minute

// Handover is a patient's way to a partner, which they may come back from once.
type Handover struct {
	NHSNumber string `json:"nhs_number"` // whose
	Overview  bool   `json:"overview"`   // they left the page of all appointments, and not that of the one
}

// HandoverKey names the hand-over of a patient's appointment.
func HandoverKey(patient, appointment string) string { return patient + "\x00" + appointment }

// BeginHandover keeps a hand-over of the browser's session.
func (s *Sessions) BeginHandover(ctx context.Context, r *http.Request, key string, h Handover) error {
	if err := put(ctx, s, spaceHandover, key, h, s.Now().Add(handoverTime)); err != nil {
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
	if h, err = get[Handover](ctx, s, spaceHandover, key); err != nil {
		return Handover{}, false, nothing(err)
	}
	return h, true, nil
}

// TellBack is what EndHandover tells: that the person came back.
const TellBack = "came-back"

// EndHandover ends a hand-over; ok says whether this was the one to end it.
func (s *Sessions) EndHandover(ctx context.Context, r *http.Request, key string) (ok bool, err error) {
	if _, err := take[Handover](ctx, s, spaceHandover, key); err != nil {
		return false, nothing(err)
	}
	return true, s.Change(ctx, r, func(v *Session) {
		v.Tell = TellBack
		v.Handovers = slices.DeleteFunc(v.Handovers, func(k string) bool { return k == key })
	})
}
