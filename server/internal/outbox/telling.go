package outbox

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// telling is a change with all that its messages say.
type telling struct{ notice mappings.Notice }

// of gives the notice of an event.
func (t *telling) of(event string) mappings.Notice {
	n := t.notice
	n.Event = event
	return n
}

// telling gathers what there is to tell of a change; nil where that is nothing.
func (s *Service) telling(ctx context.Context, r store.Reader, c booking.Told) (*telling, error) {
	event := mappings.EventOfChange(c.Old.Resource, c.Now.Resource)
	if event == "" {
		return nil, nil
	}
	n, err := s.notice(ctx, r, c)
	if err != nil {
		return nil, err
	}
	if n.Event = event; event == "S14" {
		old := n
		old.Appointment, old.Parties = n.Before, n.PartiesBefore
		if old.Body() == n.Body() {
			return nil, nil
		}
	}
	return &telling{n}, nil
}

// notice reads what a message needs beside the appointment itself.
func (s *Service) notice(ctx context.Context, r store.Reader, c booking.Told) (n mappings.Notice, err error) {
	now := c.Now
	if now.Deleted {
		now.Resource, now.Links = c.Old.Resource, c.Old.Links
	}
	customer, _ := s.Who.Customer(now.Customer)
	a, err := r4.ReadAppointment(now.Resource.Root())
	if err != nil {
		return n, err
	}
	n = mappings.Notice{
		At: now.Updated, Zone: customer.Zone, Alias: now.Customer, Customer: cmp.Or(customer.Name, now.Customer), App: "SLOTWAY", LocalIDs: customer.LocalIDs,
		Placer: cmp.Or(a.ExternalID(), now.ID), Appointment: now.Resource,
	}
	if now.Deleted {
		if n.Appointment, err = now.Resource.Apply(mappings.StatusChanges("entered-in-error")...); err != nil {
			return n, err
		}
	}
	if n.Parties, err = s.parties(ctx, r, now); err != nil {
		return n, err
	}
	if c.Old.Version > 0 && !c.Old.Deleted {
		n.Before = c.Old.Resource
		if n.PartiesBefore, err = s.parties(ctx, r, c.Old); err != nil {
			return n, err
		}
	}
	n.Patient, err = s.patient(ctx, r, now, a)
	return n, err
}

// patient finds whom an appointment is for; zero where nobody is known.
func (s *Service) patient(ctx context.Context, r store.Reader, rec store.Record, a r4.Appointment) (fhir.Resource, error) {
	var ids []string
	for _, l := range rec.Links {
		if l.To.Type == "Patient" {
			ids = append(ids, l.To.ID)
		}
	}
	for _, p := range a.Participants {
		if to := p.Actor.Parse(s.Bases); to.Type == "Patient" {
			ids = append(ids, to.ID)
		}
	}
	for _, id := range ids {
		found, err := s.read(ctx, r, rec.Customer, search.Ref{Type: "Patient", ID: id})
		if err != nil || !found.IsZero() {
			return found, err
		}
	}
	return fhir.Resource{}, nil
}

// read gives a resource of a customer; zero where it is not there.
func (s *Service) read(ctx context.Context, r store.Reader, customer string, to search.Ref) (fhir.Resource, error) {
	if _, known := fhir.TypeOf(to.Type); !known || !fhir.ValidID(to.ID) {
		return fhir.Resource{}, nil
	}
	rec, err := r.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: to.Type, ID: to.ID})
	if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) {
		return fhir.Resource{}, nil
	}
	return rec.Resource, err
}

// parties gives who and what takes part in an appointment, other than the patient:
// its participants, and where the slots' schedules are of others, those.
func (s *Service) parties(ctx context.Context, r store.Reader, rec store.Record) (all []mappings.Party, err error) {
	root := rec.Resource.Root()
	seen := map[search.Ref]bool{}
	for n := range root.Get("participant").Each() {
		if n.Get("required").Text() == "information-only" {
			continue // whoever that is does not come
		}
		p := mappings.PartyOf(n)
		to := fhir.ParseReference(n.Get("actor").First().Get("reference").Text(), s.Bases)
		if p.Type = cmp.Or(to.Type, p.Type); p.Type == "Patient" || p.Type == "RelatedPerson" || to.Fragment != "" && p.Display == "" && p.Value == "" {
			continue
		}
		ref := search.Ref{Type: to.Type, ID: to.ID}
		if ref.ID != "" {
			seen[ref] = true
		}
		if err := s.describe(ctx, r, rec.Customer, ref, &p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	for _, ref := range s.diaries(ctx, r, rec) {
		if seen[ref] || !slices.Contains([]string{"Practitioner", "Location", "HealthcareService", "Device"}, ref.Type) {
			continue
		}
		seen[ref] = true
		p := mappings.Party{Type: ref.Type, Status: "accepted"}
		if err := s.describe(ctx, r, rec.Customer, ref, &p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// diaries gives the actors of the schedules that an appointment's slots stand in.
func (s *Service) diaries(ctx context.Context, r store.Reader, rec store.Record) (refs []search.Ref) {
	slots := make([]string, 0, 2)
	for n := range rec.Resource.Root().Get("slot").Each() {
		slots = append(slots, fhir.ParseReference(n.Get("reference").Text(), s.Bases).ID)
	}
	for _, l := range rec.Links {
		if l.To.Type == "Slot" {
			slots = append(slots, l.To.ID)
		}
	}
	for _, id := range slots {
		slot, err := s.read(ctx, r, rec.Customer, search.Ref{Type: "Slot", ID: id})
		if err != nil {
			return refs // the message says less; the change stands
		}
		to := fhir.ParseReference(slot.Root().Find("schedule", "reference").Text(), s.Bases)
		schedule, err := s.read(ctx, r, rec.Customer, search.Ref{Type: "Schedule", ID: to.ID})
		if err != nil {
			return refs
		}
		for actor := range schedule.Root().Get("actor").Each() {
			to := fhir.ParseReference(actor.Get("reference").Text(), s.Bases)
			if ref := (search.Ref{Type: to.Type, ID: to.ID}); !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// describe fills in what the participant does not say itself.
func (s *Service) describe(ctx context.Context, r store.Reader, customer string, ref search.Ref, p *mappings.Party) error {
	if ref.ID == "" || p.Display != "" && p.Value != "" {
		return nil
	}
	found, err := s.read(ctx, r, customer, ref)
	if err != nil {
		return err
	}
	root := found.Root()
	if p.Value == "" {
		id := root.Get("identifier").First()
		p.System, p.Value = id.Get("system").Text(), id.Get("value").Text()
	}
	if p.Value == "" {
		p.System, p.Value = "", ref.ID
	}
	if p.Display == "" {
		name := root.Get("name").First()
		p.Display = cmp.Or(name.Text(), name.Get("text").Text(), spoken(name), ref.ID)
	}
	return nil
}

// spoken gives a HumanName as one line.
func spoken(n fhir.Node) string {
	var parts []string
	for _, of := range []string{"prefix", "given"} {
		for p := range n.Get(of).Each() {
			parts = append(parts, p.Text())
		}
	}
	return strings.TrimSpace(strings.Join(append(parts, n.Get("family").Text()), " "))
}
