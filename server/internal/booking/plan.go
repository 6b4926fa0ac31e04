package booking

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// plan is what a create will do, worked out before the store is locked: which
// customer the resource belongs to, which slots an appointment takes, which
// contained patient it brings.
type plan struct {
	s           *Service
	now         store.Reader
	req         Request
	appointment r4.Appointment
	customer    string
	resource    fhir.Resource
	links       []store.Link
	slots       []slot
	until       time.Time    // of a hold; zero of a booking
	patient     r4.Contained // the contained Patient that takes part; zero when there is none
	nhs         string       // its NHS number, when it has one
	local       []byte       // the identifier that it is given, when it brings none
}

func (s *Service) planNew(ctx context.Context, now store.Reader, req Request, r fhir.Resource, until time.Time) (p *plan, err error) {
	p = &plan{s: s, now: now, req: req, resource: r, until: until}
	if r.Type() != "Appointment" {
		p.customer, err = home(req, r)
		return p, err
	}
	if p.appointment, err = r4.ReadAppointment(r.Root()); err != nil {
		return nil, err
	}
	if err := p.planSlots(ctx); err != nil {
		return nil, err
	}
	if p.customer == "" {
		if p.customer, err = home(req, r); err != nil {
			return nil, err
		}
	}
	if err := p.mayTake(ctx); err != nil {
		return nil, err
	}
	if err := p.mayBook(ctx); err != nil {
		return nil, err
	}
	if err := p.planPatient(); err != nil {
		return nil, err
	}
	return p, p.checkActors(ctx)
}

// home gives the customer a new resource belongs to when no slot says so.
func home(req Request, r fhir.Resource) (string, error) {
	mine := req.Principal.Customers
	switch len(mine) {
	case 0:
		return "", fhir.Errorf(fhir.Forbidden, "This client acts for no customer, so it can store nothing.")
	case 1:
		return mine[0], nil
	}
	for label := range r.At(pathSourceOrganization) {
		if code := label.Text(); slices.Contains(mine, code) {
			return code, nil
		}
	}
	return "", fhir.Errorf(fhir.Unprocessable,
		"This client acts for several customers; name the one this belongs to as a meta.security label of system %s.", sourceOrganization).At(r.Type() + ".meta.security")
}

const sourceOrganization = "http://fhir.patientsknowbest.com/codesystem/source-organization"

var pathSourceOrganization = fhir.MustPath("meta.security").Where("system", sourceOrganization).Then("code")

// planSlots finds the slots an appointment names and checks what needs no lock:
// that they exist, stand in one schedule one after another, and cover its time.
// One that takes no slot belongs to the customer of the slot it names, if any.
func (p *plan) planSlots(ctx context.Context) error {
	takes := r4.TakesSlot(p.appointment.Status)
	if p.req.SlotNeeded && !takes {
		return fhir.Errorf(fhir.Unprocessable, "The status of a booking must be booked.").At("Appointment.status")
	}
	if p.req.SlotNeeded && len(p.appointment.Slots) == 0 {
		return fhir.Errorf(fhir.Invalid, "A booking must name the slot it takes.").Coded("INVALID_PARAMETER").At("Appointment.slot")
	}
	var shown []fhir.Change
	for i, ref := range p.appointment.Slots {
		sl, contained, err := p.findSlot(ctx, ref, fmt.Sprintf("Appointment.slot[%d]", i))
		if err != nil && !takes {
			continue
		}
		if err != nil {
			return err
		}
		if p.customer = cmp.Or(p.customer, sl.record.Customer); p.customer != sl.record.Customer {
			return fhir.Errorf(fhir.Unprocessable, "The slots of an appointment must belong to one customer.").At(sl.position)
		}
		if !takes {
			continue
		}
		if contained != "" {
			p.links = append(p.links, store.Link{Param: "slot", To: search.Ref{Type: "Slot", ID: sl.record.ID}})
			shown = append(shown, fhir.Change{Path: pathContained.Where("id", contained).Then("status"), Op: fhir.Set, Value: fhir.Quote(takenStatus(p.until))})
		}
		p.slots = append(p.slots, sl)
	}
	if err := coherent(p.slots, p.appointment); err != nil {
		return err
	}
	r, err := p.resource.Apply(shown...)
	p.resource = r
	return err
}

var pathContained = fhir.MustPath("contained")

// findSlot gives the stored slot that a reference means, and the id of the
// contained Slot when it means one of those.
func (p *plan) findSlot(ctx context.Context, ref r4.Reference, position string) (sl slot, contained string, err error) {
	missing := fhir.Errorf(fhir.Unprocessable, "There is no such slot.").Coded("REFERENCE_NOT_FOUND").At(position)
	to := ref.Parse(p.s.Bases)
	within, isContained := p.appointment.ContainedAt(to)
	if isContained && within.Type != "Slot" || !isContained && to.Type != "Slot" {
		return sl, "", missing
	}
	id := cmp.Or(to.ID, to.Fragment)
	sl.position = position
	sl.record, err = p.now.Read(ctx, p.req.seesAll(), store.Key{Type: "Slot", ID: id})
	if absent(err) {
		return sl, "", missing
	}
	if err != nil {
		return sl, "", err
	}
	if sl.Slot, err = r4.ReadSlot(sl.record.Resource.Root()); err != nil {
		return sl, "", err
	}
	if !isContained {
		return sl, "", nil
	}
	sent, err := r4.ReadSlot(within.Node)
	if err == nil && !p.s.sameSlot(sent, sl.Slot) {
		err = fhir.Errorf(fhir.Unprocessable, "The contained Slot does not agree with the slot of that id: its schedule, identifier or time differs.").Coded("REFERENCE_NOT_FOUND").At(position)
	}
	return sl, to.Fragment, err
}

// sameSlot says whether a slot as sent names the schedule of the slot as stored,
// lies within its time, to the second, and has no other identifier of a system than
// it has (NHS booking standard, requirement 85). A face may show a slot with an identifier that is not stored.
func (s *Service) sameSlot(sent, stored r4.Slot) bool {
	if sent.Schedule.Text != "" && sent.Schedule.Parse(s.Bases) != stored.Schedule.Parse(s.Bases) {
		return false
	}
	for _, at := range []time.Time{sent.Start.Time, sent.End.Time} {
		if !at.IsZero() && (stored.Start.Time.Sub(at) >= time.Second || at.Sub(stored.End.Time) >= time.Second) {
			return false
		}
	}
	return !slices.ContainsFunc(sent.Identifiers, func(a r4.Identifier) bool {
		has := r4.Value(stored.Identifiers, a.System)
		return has != "" && has != a.Value
	})
}

// coherent checks that slots stand in one schedule, one straight after another,
// and cover the appointment, which has some length. It may end before the last slot
// does.
func coherent(slots []slot, a r4.Appointment) error {
	if len(slots) == 0 {
		return nil
	}
	ordered := slices.SortedFunc(slices.Values(slots), func(a, b slot) int { return a.Start.Time.Compare(b.Start.Time) })
	for i := 1; i < len(ordered); i++ {
		gap := ordered[i].Start.Time.Sub(ordered[i-1].End.Time)
		if ordered[i].Schedule.Text != ordered[i-1].Schedule.Text || gap < 0 || gap > time.Second {
			return fhir.Errorf(fhir.Unprocessable, "Several slots must follow one another without a gap in one schedule.").At(ordered[i].position)
		}
	}
	first, last := ordered[0].Start.Time, ordered[len(ordered)-1].End.Time
	switch {
	case !a.Start.Given() || a.Start.Time.Before(first) || !a.Start.Time.Before(last):
		return fhir.Errorf(fhir.Unprocessable, "The appointment must start within its slot.").At("Appointment.start")
	case !a.End.Given() || a.End.Time.After(last):
		return fhir.Errorf(fhir.Unprocessable, "The appointment must end within its slot.").At("Appointment.end")
	case !a.End.Time.After(a.Start.Time):
		return fhir.Errorf(fhir.Unprocessable, "The appointment must end after it starts: a slot is taken for some time.").At("Appointment.end")
	}
	return nil
}

// checkActors looks up the participants that an appointment refers to: a booking
// for somebody or something that is not there is refused (design decision 20).
func (p *plan) checkActors(ctx context.Context) error {
	if len(p.slots) == 0 {
		return nil
	}
	for i, part := range p.appointment.Participants {
		to := part.Actor.Parse(p.s.Bases)
		if _, kept := fhir.TypeOf(to.Type); !kept {
			continue
		}
		_, err := p.now.Read(ctx, p.req.sees(p.customer), store.Key{Customer: p.customer, Type: to.Type, ID: to.ID})
		if err == nil {
			continue
		}
		if !absent(err) {
			return err
		}
		vouched, err := p.vouched(ctx, to)
		if err != nil {
			return err
		}
		if !vouched {
			return fhir.Errorf(fhir.Unprocessable, "There is no such %s.", to.Type).Coded("REFERENCE_NOT_FOUND").At(fmt.Sprintf("Appointment.participant[%d].actor", i))
		}
	}
	return nil
}

// vouched says whether the slots' own schedule names an actor: a feed may bring
// the diary before those whose diary it is, and its slots can be booked.
func (p *plan) vouched(ctx context.Context, actor fhir.Reference) (bool, error) {
	schedule, err := p.s.scheduleOf(ctx, p.now, p.req.sees(p.customer), p.slots[0].record)
	for a := range schedule.Get("actor").Each() {
		if fhir.ParseReference(a.Get("reference").Text(), p.s.Bases) == actor {
			return true, nil
		}
	}
	return false, err
}
