package booking

import (
	"context"
	"errors"
	"slices"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// planPatient finds the contained Patient that takes part in an appointment, and
// its NHS number: the one it has, or else the one the participant names.
func (p *plan) planPatient() error {
	for _, part := range p.appointment.Participants {
		c, ok := p.appointment.ContainedAt(part.Actor.Parse(p.s.Bases))
		if !ok || c.Type != "Patient" {
			continue
		}
		if p.patient.Type != "" {
			return fhir.Errorf(fhir.Unprocessable, "An appointment is for one patient.").At("Appointment.participant")
		}
		view, err := r4.ReadPatient(c.Node)
		if err != nil {
			return err
		}
		p.patient = c
		p.nhs, err = nhsNumber(append(view.Identifiers, part.Actor.Identifier))
		if err != nil {
			return err
		}
		if p.req.LocalID != "" && len(view.Identifiers) == 0 {
			if err := p.addLocal(); err != nil {
				return err
			}
		}
	}
	return nil
}

// addLocal gives the contained Patient an identifier of ours: NHS booking
// standard, POST Appointment.
func (p *plan) addLocal() (err error) {
	p.local = []byte(`[{"system":` + string(fhir.Quote(p.req.LocalID)) + `,"value":` + string(fhir.Quote(p.s.NewID())) + `}]`)
	p.resource, err = p.resource.Apply(fhir.Change{
		Path: pathContained.Where("id", p.patient.ID).Then("identifier"), Op: fhir.Set, Value: p.local,
	})
	return err
}

// nhsNumber gives the one NHS number among identifiers, or nothing.
func nhsNumber(ids []r4.Identifier) (nhs string, err error) {
	for _, id := range ids {
		if id.System != fhir.NHSNumberSystem || id.Value == "" || id.Value == nhs {
			continue
		}
		if nhs != "" {
			return "", fhir.Errorf(fhir.Unprocessable, "A booking is for one patient, so it may name one NHS number.").Coded("INVALID_NHS_NUMBER").At("Patient.identifier")
		}
		if nhs = id.Value; !fhir.ValidNHSNumber(nhs) {
			return "", fhir.Errorf(fhir.Unprocessable, "The NHS number fails its check: ten digits whose last is the modulus 11 check digit are needed.").Coded("INVALID_NHS_NUMBER").At("Patient.identifier")
		}
	}
	return nhs, nil
}

// addPatient links an appointment to the stored patient that its contained one
// stands for: the one of that NHS number in the slot's customer, or a new one.
func (s *Service) addPatient(ctx context.Context, tx *work, p *plan, w *write) error {
	if p.patient.Type == "" {
		return nil
	}
	id := ""
	if p.nhs != "" {
		c, err := tx.Claimed(ctx, "nhs-number", p.customer+"\x00"+p.nhs)
		if err == nil {
			id = c.Holder
		} else if fhir.KindOf(err) != fhir.NotFound {
			return err
		}
	}
	if id == "" {
		r, err := storedPatient(p)
		if err != nil {
			return err
		}
		id = s.NewID()
		if _, err := s.put(ctx, tx, write{key: store.Key{Customer: p.customer, Type: "Patient", ID: id}, resource: r, posted: true}); err != nil {
			return err
		}
	}
	w.links = append(w.links, store.Link{Param: "actor", To: search.Ref{Type: "Patient", ID: id}})
	return nil
}

var pathID = fhir.MustPath("id")

// storedPatient makes a Patient of its own of a contained one.
func storedPatient(p *plan) (fhir.Resource, error) {
	r, err := fhir.Parse(p.patient.Node.Raw())
	if err != nil {
		return r, err
	}
	changes := []fhir.Change{{Path: pathID, Op: fhir.Remove}}
	for _, c := range p.behind(r) {
		changes = append(changes, fhir.Change{Path: pathContainedNew, Op: fhir.Set, Value: c.Node.Raw()})
	}
	if p.local != nil {
		changes = append(changes, fhir.Change{Path: pathIdentifier, Op: fhir.Set, Value: p.local})
	}
	if p.nhs != "" {
		changes = append(changes, fhir.Change{
			Path: pathIdentifier.Where("system", fhir.NHSNumberSystem).Then("value"), Op: fhir.Set, Value: fhir.Quote(p.nhs),
		})
	}
	return r.Apply(changes...)
}

// behind gives what is contained in an appointment and its contained patient refers
// to: their practice, say, which the patient then contains.
func (p *plan) behind(patient fhir.Resource) (all []r4.Contained) {
	known := map[string]bool{p.patient.ID: true}
	from := []fhir.Resource{patient}
	for i := 0; i < len(from); i++ {
		for _, text := range from[i].Links {
			c, ok := p.appointment.ContainedAt(fhir.ParseReference(text, nil))
			if !ok || known[c.ID] {
				continue
			}
			known[c.ID] = true
			all = append(all, c)
			if r, err := fhir.Parse(c.Node.Raw()); err == nil {
				from = append(from, r)
			}
		}
	}
	return all
}

// relink works out what the contained resources of a booking's new version stand
// for: a slot that it held before, a patient by NHS number or, without one, the
// patient that the same contained resource stood for before. What a feed stores
// stands for itself: it has no links, and gets none.
func (s *Service) relink(ctx context.Context, tx store.Tx, w write) (links []store.Link, err error) {
	if len(w.old.Links) == 0 {
		return nil, nil // it is no booking
	}
	a, err := r4.ReadAppointment(w.resource.Root())
	if err != nil {
		return nil, nil // it is no appointment
	}
	for _, ref := range a.Slots {
		c, _ := a.ContainedAt(ref.Parse(s.Bases))
		if l := (store.Link{Param: "slot", To: search.Ref{Type: c.Type, ID: c.ID}}); slices.Contains(w.old.Links, l) {
			links = append(links, l)
		}
	}
	for _, part := range a.Participants {
		c, ok := a.ContainedAt(part.Actor.Parse(s.Bases))
		if !ok || c.Type != "Patient" {
			continue
		}
		id, err := s.patientOf(ctx, tx, w, part, c)
		if err != nil {
			return nil, err
		}
		if id != "" {
			links = append(links, store.Link{Param: "actor", To: search.Ref{Type: "Patient", ID: id}})
		}
	}
	return links, nil
}

// patientOf gives the id of the stored patient that a contained one stands for.
func (s *Service) patientOf(ctx context.Context, tx store.Tx, w write, part r4.Participant, c r4.Contained) (string, error) {
	view, err := r4.ReadPatient(c.Node)
	if err != nil {
		return "", err
	}
	nhs, err := nhsNumber(append(view.Identifiers, part.Actor.Identifier))
	if err != nil {
		return "", err
	}
	if nhs != "" {
		held, err := tx.Claimed(ctx, "nhs-number", w.key.Customer+"\x00"+nhs)
		if errors.Is(err, fhir.NotFound) {
			return "", nil
		}
		return held.Holder, err
	}
	before, err := r4.ReadAppointment(w.old.Resource.Root())
	if err != nil {
		return "", nil // there was none
	}
	was, ok := before.ContainedAt(fhir.Reference{Fragment: c.ID})
	if !ok || string(was.Node.Raw()) != string(c.Node.Raw()) {
		return "", nil
	}
	for _, l := range w.old.Links {
		if l.To.Type == "Patient" {
			return l.To.ID, nil
		}
	}
	return "", nil
}
