package booking

import (
	"cmp"
	"context"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// planPatient finds the contained Patient that takes part in an appointment, and
// its NHS number: the one it has, or else the one the participant names.
func (s *Service) planPatient(p *plan) error {
	for _, part := range p.appointment.Participants {
		c, ok := p.appointment.ContainedAt(part.Actor.Parse(s.Bases))
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
		p.nhs = cmp.Or(view.NHSNumber(), r4.Value([]r4.Identifier{part.Actor.Identifier}, fhir.NHSNumberSystem))
		if p.nhs != "" && !fhir.ValidNHSNumber(p.nhs) {
			return fhir.Errorf(fhir.Unprocessable, "The NHS number fails its check: ten digits whose last is the modulus 11 check digit are needed.").Coded("INVALID_NHS_NUMBER").At("Patient.identifier")
		}
	}
	return nil
}

// addPatient links an appointment to the stored patient that its contained one
// stands for: the one of that NHS number in the slot's customer, or a new one.
func (s *Service) addPatient(ctx context.Context, tx store.Tx, p *plan, w *write) error {
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
		if _, err := s.put(ctx, tx, write{key: store.Key{Customer: p.customer, Type: "Patient", ID: id}, resource: r}); err != nil {
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
	if p.nhs != "" {
		changes = append(changes, fhir.Change{
			Path: pathIdentifier.Where("system", fhir.NHSNumberSystem).Then("value"), Op: fhir.Set, Value: fhir.Quote(p.nhs),
		})
	}
	return r.Apply(changes...)
}

// keptLinks gives the links of the current version that still mean something: a
// version without contained resources stands for nothing else.
func keptLinks(old store.Record, r fhir.Resource) []store.Link {
	if !r.Root().Get("contained").Exists() {
		return nil
	}
	return old.Links
}
