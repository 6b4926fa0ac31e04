package booking

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// withdrawnSpace is the space of the claims that keep clinics withdrawn: key
// customer\0schedule\0start, payload a Withdrawal. No slots are made in them.
const withdrawnSpace = "withdrawn"

// Withdrawal is a clinic that does not take place: the time of a schedule.
type Withdrawal struct {
	Customer string    `json:"customer"`
	Schedule string    `json:"schedule"` // id
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Reason   string    `json:"reason,omitempty"` // for the patients whose bookings are cancelled
	Cancel   bool      `json:"cancel"`           // bookings are cancelled; else they stand
	DryRun   bool      `json:"dry_run"`          // nothing is done: what would be is listed
}

// The deeds of a withdrawal.
const (
	DeedClosed    = "closed"    // the slot was free, and is busy-unavailable
	DeedCancelled = "cancelled" // the booking is cancelled, and the slot busy-unavailable
	DeedKept      = "kept"      // the booking stands
	DeedNone      = "unchanged" // the slot was not offered before, and nobody has it
	DeedFailed    = "not-done"  // the booking is over, so that it cannot be cancelled
	withdrawnCode = "cancelled by the provider"
)

// Withdrawn is what a withdrawal did with a slot, or would do.
type Withdrawn struct {
	Slot        string    `json:"slot"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	Appointment string    `json:"appointment,omitempty"` // that has the slot
	Status      string    `json:"status,omitempty"`      // of the appointment, before
	Deed        string    `json:"deed"`
}

// Withdraw closes a schedule for a time. Slots that are free become unavailable and
// stay so, and none are made any more; of those that are booked each is listed with
// what was done with its booking. Each slot is one commit, so that it may be asked
// for again: what is done stays done.
//
// fhir.Invalid for a time that is none, fhir.NotFound for a schedule that the
// caller does not see.
func (s *Service) Withdraw(ctx context.Context, req Request, w Withdrawal) ([]Withdrawn, error) {
	if !w.End.After(w.Start) || w.End.Sub(w.Start) > 366*24*time.Hour {
		return nil, fhir.Errorf(fhir.Invalid, "A clinic is withdrawn for a time: a start and a later end, at most a year apart.").At("end")
	}
	schedule, err := s.Store.Read(ctx, req.seesAll(), store.Key{Customer: w.Customer, Type: "Schedule", ID: w.Schedule})
	if err != nil {
		return nil, err
	}
	w.Customer = schedule.Customer
	if !w.DryRun {
		if err := s.closeTime(ctx, w); err != nil {
			return nil, err
		}
	}
	var all []Withdrawn
	for after := ""; ; {
		page, err := s.slotsOfClinic(ctx, w, after)
		if err != nil {
			return all, err
		}
		for _, rec := range page.Records {
			if t := timesOf(rec); !t.Start.Time.Before(w.End) || !t.End.Time.After(w.Start) {
				continue
			}
			one, err := s.withdrawSlot(ctx, req, w, rec)
			if err != nil {
				return all, err
			}
			all = append(all, one)
		}
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}

// closeTime keeps slots from being made in the time.
func (s *Service) closeTime(ctx context.Context, w Withdrawal) error {
	key := w.Customer + "\x00" + w.Schedule + "\x00" + w.Start.UTC().Format(time.RFC3339)
	payload, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx store.Tx) error {
		c, err := tx.Claimed(ctx, withdrawnSpace, key)
		if err == nil {
			var was Withdrawal
			if json.Unmarshal(c.Payload, &was) == nil && !was.End.Before(w.End) {
				return nil
			}
			if err := tx.Release(ctx, withdrawnSpace, key, c.Holder); err != nil {
				return err
			}
		} else if !errors.Is(err, fhir.NotFound) {
			return err
		}
		return tx.Claim(ctx, store.Claim{Space: withdrawnSpace, Key: key, Holder: w.Schedule, Payload: payload})
	})
}

// Closed gives the times of a schedule that are withdrawn.
func (s *Service) Closed(ctx context.Context, customer, schedule string) (all []Withdrawal, err error) {
	prefix, after := customer+"\x00"+schedule+"\x00", ""
	for {
		claims, err := s.Store.Claims(ctx, withdrawnSpace, prefix, after, sweepBatch)
		if err != nil {
			return nil, err
		}
		for _, c := range claims {
			var w Withdrawal
			if err := json.Unmarshal(c.Payload, &w); err != nil {
				return nil, err
			}
			all, after = append(all, w), c.Key
		}
		if len(claims) == 0 {
			return all, nil
		}
	}
}

// slotsOfClinic gives a page of the slots that may lie in the time.
func (s *Service) slotsOfClinic(ctx context.Context, w Withdrawal, after string) (store.Page, error) {
	raw := "schedule=" + url.QueryEscape("Schedule/"+w.Schedule) + "&start=ge" + instantText(w.Start.Add(-longestSlot)) + "&start=lt" + instantText(w.End) + "&_count=" + strconv.Itoa(findBatch)
	parsed, err := search.Parse(s.Catalog, "Slot", raw, s.Now())
	if err != nil {
		return store.Page{}, err
	}
	parsed.Query.After, parsed.Query.Total = after, search.TotalNone
	return s.Store.Search(ctx, store.Of(w.Customer), parsed.Query)
}

// withdrawSlot does with one slot what the withdrawal says.
func (s *Service) withdrawSlot(ctx context.Context, req Request, w Withdrawal, found store.Record) (out Withdrawn, err error) {
	work := func(under store.Tx) error {
		tx := &work{Tx: under}
		out = Withdrawn{Slot: found.ID, Start: timesOf(found).Start.Time, End: timesOf(found).End.Time, Deed: DeedNone}
		rec, err := tx.Read(ctx, store.Of(w.Customer), found.Key)
		if err != nil {
			return err
		}
		claim, held, err := s.claimOf(ctx, tx, w.Customer, rec.ID)
		if err != nil {
			return err
		}
		if held {
			if err := s.withdrawBooking(ctx, tx, w, claim.Holder, &out); err != nil || out.Deed != DeedCancelled {
				return err
			}
			if rec, err = tx.Read(ctx, store.Of(w.Customer), found.Key); err != nil {
				return err
			}
		}
		if rec.Resource.Root().Get("status").Text() != "free" {
			return nil
		}
		if !held {
			out.Deed = DeedClosed
		}
		if w.DryRun {
			return nil
		}
		return s.mark(ctx, tx, rec, blockedStatus)
	}
	err = s.Store.Update(ctx, work)
	if absent(err) {
		err = nil
	}
	return out, err
}

// withdrawBooking does with the booking of a slot what the withdrawal says.
func (s *Service) withdrawBooking(ctx context.Context, tx *work, w Withdrawal, id string, out *Withdrawn) error {
	rec, err := tx.Read(ctx, store.Of(w.Customer), store.Key{Customer: w.Customer, Type: "Appointment", ID: id})
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	out.Appointment, out.Status, out.Deed = id, rec.Resource.Root().Get("status").Text(), DeedKept
	if !w.Cancel {
		return nil
	}
	switch out.Status {
	case "booked", "pending":
	default:
		out.Deed = DeedFailed
		return nil
	}
	out.Deed = DeedCancelled
	if w.DryRun {
		return nil
	}
	reason := w.Reason
	if reason == "" {
		reason = withdrawnCode
	}
	r, err := rec.Resource.Apply(
		fhir.Change{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote("cancelled")},
		fhir.Change{Path: pathHoldExpires, Op: fhir.Remove},
		fhir.Change{Path: pathReason, Op: fhir.Set, Value: []byte(`{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason","code":"prov"}],"text":` + string(fhir.Quote(reason)) + `}`)},
	)
	if err != nil {
		return err
	}
	_, err = s.put(ctx, tx, write{key: rec.Key, resource: r, ifVersion: rec.Version, old: rec, links: rec.Links})
	return err
}

// SlotTime is when a slot is.
type SlotTime struct{ Start, End time.Time }

// SlotsAt gives the times of a schedule's slots that a time touches, but those that
// were entered in error.
func (s *Service) SlotsAt(ctx context.Context, customer, schedule string, start, end time.Time) (all []SlotTime, err error) {
	w := Withdrawal{Customer: customer, Schedule: schedule, Start: start, End: end}
	for after := ""; ; {
		page, err := s.slotsOfClinic(ctx, w, after)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			t := timesOf(rec)
			if t.Status != "entered-in-error" && t.Start.Time.Before(end) && t.End.Time.After(start) {
				all = append(all, SlotTime{t.Start.Time, t.End.Time})
			}
		}
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}
