package booking

import (
	"cmp"
	"context"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// DefaultHold is how long a hold lasts where nothing else is said.
const DefaultHold = 10 * time.Minute

// Hold takes the slots of an appointment for a while, IHE ITI-116: it is stored
// with status pending and says until when, and its slots are busy-tentative. Then
// it ends by itself: the appointment is cancelled and the slots are free again.
//
// fhir.SlotTaken when a slot is not free, fhir.NotFound for what the caller may
// not see, fhir.Conflict for an appointment that is past holding,
// fhir.Unprocessable where no slot is named.
func (s *Service) Hold(ctx context.Context, req Request, w Wish) (store.Record, error) {
	d, err := s.draft(ctx, req, w)
	if err != nil {
		return store.Record{}, err
	}
	until := s.Now().Add(s.holdFor()).Truncate(time.Millisecond)
	return s.operate(ctx, req, d, w, operation{
		done: "held", from: []string{"proposed", "waitlist"}, until: until,
		edit: func(r fhir.Resource) (fhir.Resource, error) {
			if !r.Root().Get("slot").Exists() {
				return r, fhir.Errorf(fhir.Unprocessable, "A hold is of slots; the appointment must name at least one.").At("Appointment.slot")
			}
			return r.Apply(
				fhir.Change{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote("pending")},
				fhir.Change{Path: pathHoldInstant, Op: fhir.Set, Value: fhir.Quote(fhir.FormatInstant(until))},
			)
		},
	})
}

func (s *Service) holdFor() time.Duration { return cmp.Or(s.HoldFor, DefaultHold) }

// Book makes a booking, IHE ITI-117: of a hold, of an appointment that is stored
// as proposed, of one that Find proposed, or of one as it is sent. Its slots
// become busy; participants who had yet to agree have accepted. As ITI-117 has
// it, an appointment that is stored and sent as cancelled is cancelled, and one
// that is booked and sent as booked is moved to the slots it names.
//
// fhir.SlotTaken when a slot is not free; fhir.NotFound; fhir.Conflict for an
// appointment that is booked already, or over, as one whose hold expired.
func (s *Service) Book(ctx context.Context, req Request, w Wish) (store.Record, error) {
	d, err := s.draft(ctx, req, w)
	if err != nil {
		return store.Record{}, err
	}
	if d.stored() && !d.resource.IsZero() {
		now, err := s.Store.Read(ctx, req.seesAll(), d.key)
		if err != nil {
			return store.Record{}, err
		}
		sent := d.resource.Root()
		switch was, is := statusOf(now.Resource), statusOf(d.resource); {
		case is == "cancelled":
			return s.Cancel(ctx, req, d.key, sent.Get("cancelationReason").Raw())
		case is == "booked" && was == "booked":
			return s.Reschedule(ctx, req, d.key, w)
		}
	}
	return s.operate(ctx, req, d, w, operation{done: "booked", from: []string{"proposed", "pending", "waitlist"}, edit: confirmed})
}

func statusOf(r fhir.Resource) string { return r.Root().Get("status").Text() }

// operation is what Hold and Book do with an appointment.
type operation struct {
	done  string   // in words, for errors
	from  []string // the statuses a stored appointment may have
	until time.Time
	edit  func(fhir.Resource) (fhir.Resource, error)
}

// operate stores what an operation makes of a draft and takes its slots.
func (s *Service) operate(ctx context.Context, req Request, d draft, w Wish, op operation) (store.Record, error) {
	w, err := s.known(ctx, req, w, d)
	if err != nil {
		return store.Record{}, err
	}
	c := Change{Request: req, HoldUntil: op.until}
	if !d.resource.IsZero() && !slices.Contains(sendable, statusOf(d.resource)) {
		return store.Record{}, fhir.Errorf(fhir.Unprocessable, "An appointment to be %s is sent as proposed or pending.", op.done).At("Appointment.status")
	}
	if d.stored() {
		c.Op, c.Key, c.Take = Update, d.key, true
		c.Edit = func(now store.Record) (fhir.Resource, error) {
			if err := op.mayFollow(now); err != nil {
				return now.Resource, err
			}
			r := now.Resource
			if !d.resource.IsZero() {
				r = d.resource
			}
			return op.make(r, w)
		}
	} else {
		r, err := op.make(d.resource, w)
		if err != nil {
			return store.Record{}, err
		}
		c.Op, c.Key, c.Resource = Create, store.Key{Type: "Appointment"}, r
	}
	out, err := s.one(ctx, c)
	return out.Record, err
}

// make gives what an appointment becomes, with the wish's patient.
func (op operation) make(r fhir.Resource, w Wish) (fhir.Resource, error) {
	r, err := w.forPatient(r)
	if err != nil {
		return r, err
	}
	return op.edit(r)
}

// sendable are the statuses under which somebody sends what they want held or booked.
var sendable = []string{"proposed", "pending", "waitlist", "booked"}

// mayFollow refuses an operation on an appointment whose status it cannot follow.
func (op operation) mayFollow(now store.Record) error {
	status := statusOf(now.Resource)
	if slices.Contains(op.from, status) {
		return nil
	}
	text := "The appointment is " + status + ", so it cannot be " + op.done + "."
	if status == "cancelled" {
		text += " A hold is cancelled when its time is over; look for a slot again."
	}
	for slot := range now.Resource.At(pathSlotReference) {
		text += " It named " + slot.Text() + "."
	}
	return fhir.Errorf(fhir.Conflict, "%s", text).At("Appointment.status")
}

var pathSlotReference = fhir.MustPath("slot.reference")

// confirmed makes a booking of a proposal or a hold. What was sent as booked is
// as its sender wants it.
func confirmed(r fhir.Resource) (fhir.Resource, error) {
	if statusOf(r) == "booked" {
		return r, nil
	}
	changes := []fhir.Change{
		{Path: pathStatus, Op: fhir.Set, Value: fhir.Quote("booked")},
		{Path: pathHoldExpires, Op: fhir.Remove},
	}
	r, err := r.Apply(changes...)
	if err != nil {
		return r, err
	}
	root := r.Root().Edit()
	parts := root.Get("participant")
	if parts == nil {
		return r, nil
	}
	accepted, err := fhir.ParseValue([]byte(`"accepted"`))
	if err != nil {
		return r, err
	}
	for i := range parts.Len() {
		if p := parts.Elem(i); p.Get("status") != nil && p.Get("status").Node().Text() == "needs-action" {
			p.Put("status", accepted.Edit())
		}
	}
	return fhir.Parse(root.Raw())
}
