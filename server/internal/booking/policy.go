package booking

import (
	"context"
	"net/url"
	"slices"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Offer is a row of the policy of what consumers are offered: a service by its
// Directory of Services id, the schedules that show it, and which organisations,
// by their ODS codes, may see, book and cancel there. A service may have several
// rows, and a schedule may be named by rows of several services.
type Offer struct {
	Service   string
	Schedules []string // ids; none: those whose actor the service is
	See, Book []string // none: any organisation
	Cancel    []string // whoever booked; none: the one that booked
}

// offers gives the policy that is in force.
func (s *Service) offers() []Offer {
	if s.Offers == nil {
		return nil
	}
	return s.Offers()
}

// admits says whether a list of organisations admits one.
func admits(list []string, organisation string) bool {
	return len(list) == 0 || organisation != "" && slices.Contains(list, organisation)
}

// Shown is what of a service an organisation is shown.
type Shown struct {
	Ruled     bool     // there are rows for the service; without, all of it is shown
	Own       bool     // the schedules whose actor the service is
	Schedules []string // and these
}

// Shows says what of a service the caller may see. fhir.Forbidden when the
// policy has the service, and not for it.
func (s *Service) Shows(req Request, service string) (out Shown, err error) {
	for _, o := range s.offers() {
		if o.Service != service {
			continue
		}
		out.Ruled = true
		if req.Consumer && !admits(o.See, req.Principal.Organisation) {
			continue
		}
		out.Own = out.Own || len(o.Schedules) == 0
		out.Schedules = append(out.Schedules, o.Schedules...)
	}
	if out.Ruled && !out.Own && len(out.Schedules) == 0 {
		return out, fhir.Errorf(fhir.Forbidden, "The service is not offered to this organisation.")
	}
	return out, nil
}

// HasService says whether a service is one of some customers: the policy has it, or
// a schedule names it that may be seen.
func (s *Service) HasService(ctx context.Context, see store.Visibility, id string) (bool, error) {
	if slices.ContainsFunc(s.offers(), func(o Offer) bool { return o.Service == id }) {
		return true, nil
	}
	parsed, err := search.Parse(s.Catalog, "Schedule", "actor="+url.QueryEscape("HealthcareService/"+id), s.Now())
	if err != nil {
		return false, err
	}
	parsed.Query.Count, parsed.Query.Total = 1, search.TotalNone
	page, err := s.Store.Search(ctx, see, parsed.Query)
	return len(page.Records) > 0, err
}

// ServiceOf gives the service, of those asked for, that a schedule is shown as:
// one that it names itself, or that the policy shows it as.
func (s *Service) ServiceOf(schedule fhir.Resource, asked []string) string {
	named := s.servicesOf(schedule.ID(), schedule.Root())
	for _, id := range asked {
		if slices.Contains(named, id) {
			return id
		}
	}
	return ""
}

// servicesOf gives the ids of the services that a schedule is of, by itself and
// by the policy.
func (s *Service) servicesOf(id string, schedule fhir.Node) (services []string) {
	for el := range schedule.Get("actor").Each() {
		if to := fhir.ParseReference(el.Get("reference").Text(), s.Bases); to.Type == "HealthcareService" {
			services = append(services, to.ID)
		}
	}
	for _, o := range s.offers() {
		if slices.Contains(o.Schedules, id) {
			services = append(services, o.Service)
		}
	}
	return services
}

// rows gives the rows of the policy that are about a slot's schedule; open says
// that it is of a service without rows.
func (s *Service) rows(ctx context.Context, now store.Reader, see store.Visibility, slot store.Record) (rows []Offer, open bool, err error) {
	if len(s.offers()) == 0 {
		return nil, true, nil
	}
	id := fhir.ParseReference(slot.Resource.Root().Find("schedule", "reference").Text(), s.Bases).ID
	schedule, err := s.scheduleOf(ctx, now, see, slot)
	if err != nil {
		return nil, false, err
	}
	services := s.servicesOf(id, schedule)
	for _, service := range services {
		ruled := false
		for _, o := range s.offers() {
			if o.Service != service {
				continue
			}
			ruled = true
			if len(o.Schedules) == 0 || slices.Contains(o.Schedules, id) {
				rows = append(rows, o)
			}
		}
		open = open || !ruled
	}
	return rows, open || len(services) == 0, nil
}

// shows says whether the policy shows the caller of a request the diary of a slot.
func (s *Service) shows(ctx context.Context, now store.Reader, see store.Visibility, req Request, slot store.Record) (bool, error) {
	if !req.Consumer {
		return true, nil
	}
	rows, open, err := s.rows(ctx, now, see, slot)
	return open || slices.ContainsFunc(rows, func(o Offer) bool { return admits(o.See, req.Principal.Organisation) }), err
}

// mayBook asks the policy whether a consumer may take the slots of a plan.
func (p *plan) mayBook(ctx context.Context) error {
	if !p.req.Consumer || len(p.slots) == 0 {
		return nil
	}
	for i := range p.slots {
		rows, open, err := p.s.rows(ctx, p.now, p.req.sees(p.customer), p.slots[i].record)
		if err != nil {
			return err
		}
		if !open && !slices.ContainsFunc(rows, func(o Offer) bool { return admits(o.Book, p.req.Principal.Organisation) }) {
			return fhir.Errorf(fhir.Forbidden, "This organisation may not book this service.")
		}
	}
	return nil
}

// MayCancel says whether a consumer may cancel a booking: its own organisation's,
// or where the policy names organisations for the service, if it is one of them.
// fhir.NotFound for the booking of another that its client may not even read, with
// whatever token; fhir.Forbidden otherwise (NHS booking standard, requirement 109: a
// consumer's token has the one scope that it needs).
func (s *Service) MayCancel(ctx context.Context, req Request, rec store.Record) error {
	if !req.Consumer {
		return nil
	}
	_, err := s.Owned(ctx, req.Principal, rec.Key)
	mine := err == nil
	if err != nil && fhir.KindOf(err) != fhir.NotFound {
		return err
	}
	named, ruled, err := s.cancellers(ctx, req, rec)
	if err != nil {
		return err
	}
	switch {
	case ruled && slices.Contains(named, req.Principal.Organisation) && req.Principal.Organisation != "":
		return nil
	case !ruled && mine:
		return nil
	case !mine && req.Principal.Registered.Allows(auth.Read, rec.Type) != auth.Yes:
		return fhir.Errorf(fhir.NotFound, "There is no %s with this id.", rec.Type)
	}
	return fhir.Errorf(fhir.Forbidden, "This organisation may not cancel this booking.")
}

// cancellers gives the organisations that the policy lets cancel a booking, and
// whether it says so of any of the booking's slots.
func (s *Service) cancellers(ctx context.Context, req Request, rec store.Record) (named []string, ruled bool, err error) {
	if len(s.offers()) == 0 {
		return nil, false, nil
	}
	ids, _ := s.slotsOf(rec.Resource, rec.Links)
	for _, id := range ids {
		slot, err := s.Store.Read(ctx, req.sees(rec.Customer), store.Key{Customer: rec.Customer, Type: "Slot", ID: id})
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		rows, _, err := s.rows(ctx, s.Store, req.sees(rec.Customer), slot)
		if err != nil {
			return nil, false, err
		}
		for _, o := range rows {
			ruled = ruled || len(o.Cancel) > 0
			named = append(named, o.Cancel...)
		}
	}
	return named, ruled, nil
}
