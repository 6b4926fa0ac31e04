package booking

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Wish says which appointment somebody wants held, booked, or another moved to:
// one that is stored or that Find proposed, one as they write it, or the slots
// alone. One of the three is set.
type Wish struct {
	Appointment string        // a reference to one that is stored, or that Find proposed
	Resource    fhir.Resource // an Appointment; with the id of one that is stored, it is that one
	Slots       []string      // references to slots
	// Patient is a Reference to the patient whom it is for, NewPatient the Patient
	// themselves where they are not known here. Either joins the participants.
	Patient    json.RawMessage
	NewPatient fhir.Resource
}

// draft is a wish, found.
type draft struct {
	key      store.Key     // of the stored appointment; zero when there is none yet
	resource fhir.Resource // what is to be stored; zero when the stored one is meant as it is
}

func (d draft) stored() bool { return d.key.ID != "" }

// proposedID begins the ids of the appointments that Find proposes. They are not
// stored: what follows is the id of the slot.
const proposedID = "find."

// draft finds what a wish means.
func (s *Service) draft(ctx context.Context, req Request, w Wish) (d draft, err error) {
	switch {
	case w.Appointment != "":
		d, err = s.draftOf(ctx, req, w.Appointment)
	case !w.Resource.IsZero():
		d, err = s.draftFrom(ctx, req, w.Resource)
	case len(w.Slots) > 0:
		d.resource, err = s.proposeOf(ctx, req, w.Slots)
	default:
		err = fhir.Errorf(fhir.Invalid, "An appointment is needed: appointment-reference, appointment-resource or slot.")
	}
	return d, err
}

// draftOf finds the appointment that a reference names.
func (s *Service) draftOf(ctx context.Context, req Request, reference string) (d draft, err error) {
	missing := fhir.Errorf(fhir.NotFound, "There is no such Appointment.").Coded("REFERENCE_NOT_FOUND").At("appointment-reference")
	to := fhir.ParseReference(reference, s.Bases)
	if to.Type != "Appointment" {
		return d, missing
	}
	if d.key, err = s.mine(ctx, req, to.ID); err == nil || !errors.Is(err, fhir.NotFound) {
		return d, err
	}
	slot, proposed := strings.CutPrefix(to.ID, proposedID)
	if !proposed || !fhir.ValidID(slot) {
		return d, missing
	}
	d.resource, err = s.proposeOf(ctx, req, []string{"Slot/" + slot})
	return d, err
}

// draftFrom takes an appointment as it was sent. An id that is stored makes it
// the next version of that one; any other is left behind.
func (s *Service) draftFrom(ctx context.Context, req Request, r fhir.Resource) (d draft, err error) {
	d = draft{resource: r}
	if r.Type() != "Appointment" {
		return d, fhir.Errorf(fhir.Invalid, "The resource must be an Appointment.").At("appointment-resource")
	}
	if r.ID() == "" {
		return d, nil
	}
	if d.key, err = s.mine(ctx, req, r.ID()); err == nil {
		return d, nil
	}
	if !errors.Is(err, fhir.NotFound) {
		return d, err
	}
	d.resource, err = r.Apply(fhir.Change{Path: pathID, Op: fhir.Remove})
	return d, err
}

// mine finds a stored appointment that the caller may change. What they may not
// is, for them, not there.
func (s *Service) mine(ctx context.Context, req Request, id string) (store.Key, error) {
	key := store.Key{Type: "Appointment", ID: id}
	if req.Own {
		var err error
		if key, err = s.Owned(ctx, req.Principal, key); err != nil {
			return store.Key{}, err
		}
	}
	rec, err := s.Store.Read(ctx, req.seesAll(), key)
	if err != nil {
		return store.Key{}, err
	}
	return rec.Key, nil
}

var (
	pathContainedNew       = fhir.MustPath("contained[65535]") // past the end: appended
	pathContainedPatient   = fhir.MustPath("contained").Where("id", patientFragment)
	pathParticipantPatient = fhir.MustPath("participant").Where("actor.reference", "#"+patientFragment)
	pathParticipantNew     = fhir.MustPath("participant[65535]") // past the end: appended
	pathMeta               = fhir.MustPath("meta")
	pathActorReference     = fhir.MustPath("participant.actor.reference")
)

// patientFragment is the id under which a wish's own Patient is contained.
const patientFragment = "patient"

// known gives a wish whose patient is named by identifier a literal reference to
// them too, so that the booking is found by it: to the one of the customer that the
// appointment belongs to.
func (s *Service) known(ctx context.Context, req Request, w Wish, d draft) (Wish, error) {
	ref, err := fhir.ParseValue(w.Patient)
	if len(w.Patient) == 0 || err != nil || ref.Get("reference").Exists() || !ref.Get("identifier").Exists() {
		return w, nil
	}
	customer, err := s.customerFor(ctx, req, d)
	if err != nil {
		return w, err
	}
	m := &meant{s: s, ctx: ctx, see: req.sees(customer), list: Actors{Type: "Patient", References: []fhir.Node{ref}, Where: "patient-reference"}}
	if err := m.reference(ref); err != nil {
		return w, err
	}
	if len(m.refs) != 1 {
		return w, fhir.Errorf(fhir.Unprocessable, "There is no one Patient of that identifier here; give patient-resource for one who may not be known.").Coded("REFERENCE_NOT_FOUND").At("patient-reference")
	}
	literal, err := fhir.ParseValue(fhir.Quote(m.refs[0]))
	if err != nil {
		return w, err
	}
	edited := ref.Edit()
	edited.Put("reference", literal.Edit())
	w.Patient = edited.Raw()
	return w, nil
}

// customerFor gives the customer of a draft: its own, or that of its first slot.
func (s *Service) customerFor(ctx context.Context, req Request, d draft) (string, error) {
	if d.stored() {
		return d.key.Customer, nil
	}
	ids, _ := s.slotsOf(d.resource, nil)
	if len(ids) == 0 {
		return home(req, d.resource)
	}
	rec, err := s.Store.Read(ctx, req.seesAll(), store.Key{Type: "Slot", ID: ids[0]})
	if absent(err) {
		return home(req, d.resource)
	}
	return rec.Customer, err
}

// forPatient adds the wish's patient to the participants, unless it is there.
func (w Wish) forPatient(r fhir.Resource) (fhir.Resource, error) {
	switch {
	case !w.NewPatient.IsZero():
		return w.forNewPatient(r)
	case len(w.Patient) == 0:
		return r, nil
	}
	ref, err := fhir.ParseValue(w.Patient)
	if err != nil {
		return r, err
	}
	if text := ref.Get("reference").Text(); text != "" {
		for there := range r.At(pathActorReference) {
			if there.Text() == text {
				return r, nil
			}
		}
	}
	return r.Apply(fhir.Change{Path: pathParticipantNew, Op: fhir.Set, Value: part(w.Patient, "accepted")})
}

// forNewPatient contains the patient in the appointment (design decision 18).
func (w Wish) forNewPatient(r fhir.Resource) (fhir.Resource, error) {
	if w.NewPatient.Type() != "Patient" {
		return r, fhir.Errorf(fhir.Invalid, "The resource must be a Patient.").At("patient-resource")
	}
	p, err := w.NewPatient.Apply(
		fhir.Change{Path: pathID, Op: fhir.Set, Value: fhir.Quote(patientFragment)},
		fhir.Change{Path: pathMeta, Op: fhir.Remove},
	)
	if err != nil {
		return r, err
	}
	return r.Apply(
		fhir.Change{Path: pathContainedPatient, Op: fhir.Set, Value: p.Raw()},
		fhir.Change{Path: pathParticipantPatient, Op: fhir.Set, Value: part([]byte(`{"reference":"#`+patientFragment+`"}`), "accepted")},
	)
}

// part writes a participant whose actor is a Reference.
func part(actor json.RawMessage, status string) json.RawMessage {
	b := append([]byte(`{"actor":`), actor...)
	return append(b, `,"required":"required","status":"`+status+`"}`...)
}
