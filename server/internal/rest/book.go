package rest

import (
	"context"
	"net/http"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// The operations that hold, book, cancel and move appointments, named and shaped
// after IHE Scheduling (ITI-116, ITI-117). Their rules are booking's.

// hold keeps the slots of an appointment for a while.
func (k *call) hold() error { return k.choose(k.s.Booking.Hold) }

// book makes a booking.
func (k *call) book() error { return k.choose(k.s.Booking.Book) }

// choose carries out an operation on the appointment that its parameters choose.
func (k *call) choose(do func(context.Context, booking.Request, booking.Wish) (store.Record, error)) error {
	in, err := k.input()
	if err != nil {
		return err
	}
	w, err := k.wish(in, "appointment-reference")
	if err != nil {
		return err
	}
	req, err := k.operating(reference(in.one("appointment-reference")))
	if err != nil {
		return err
	}
	rec, err := do(k.c.Request.Context(), req, w)
	if err != nil {
		return err
	}
	return k.operated(rec, in)
}

// wish reads which appointment is chosen; its reference is in a parameter of that name.
func (k *call) wish(in *input, named string) (w booking.Wish, err error) {
	given := 0
	for _, name := range []string{named, "appointment-resource", "slot"} {
		if len(in.values[name]) > 0 {
			given++
		}
	}
	if given > 1 {
		return w, fhir.Errorf(fhir.Invalid, "One of %s, appointment-resource and slot says which appointment is meant; more than one is given.", named)
	}
	w.Appointment = reference(in.one(named))
	for _, v := range in.values["slot"] {
		w.Slots = append(w.Slots, reference(v))
	}
	if w.Resource, err = k.resource(in.one("appointment-resource")); err != nil {
		return w, err
	}
	if patient := in.one("patient-reference"); patient.IsObject() {
		w.Patient = patient.Raw()
	} else if patient.Exists() {
		w.Patient = []byte(`{"reference":` + string(fhir.Quote(patient.Text())) + `}`)
	}
	if w.NewPatient, err = k.resource(in.one("patient-resource")); err != nil {
		return w, err
	}
	if len(w.Patient) > 0 && !w.NewPatient.IsZero() {
		return w, fhir.Errorf(fhir.Invalid, "The patient is named by patient-reference or given as patient-resource, not both.").At("patient-resource")
	}
	return w, nil
}

// operating gives the request of an operation on the appointment that is named,
// if one is: in the version of If-Match, and of the caller's own where they may
// change no others.
func (k *call) operating(named string) (booking.Request, error) {
	c := booking.Change{Request: k.request()}
	c.Own = k.grant == auth.Own
	to := fhir.ParseReference(named, k.s.Booking.Bases)
	if to.Type != "Appointment" {
		return c.Request, nil
	}
	c.Key = store.Key{Type: to.Type, ID: to.ID}
	return c.Request, k.versions(&c)
}

// appointment gives the key of the appointment that the address names, or the
// parameter appointment-reference.
func (k *call) appointment(in *input) (store.Key, booking.Request, error) {
	named := reference(in.one("appointment-reference"))
	switch {
	case k.id != "" && named != "":
		return store.Key{}, booking.Request{}, fhir.Errorf(fhir.Invalid, "The address names the appointment already.").At("appointment-reference")
	case k.id != "":
		named = "Appointment/" + k.id
	case named == "":
		return store.Key{}, booking.Request{}, fhir.Errorf(fhir.Invalid, "The parameter appointment-reference is needed, or the id of the appointment in the address.").At("appointment-reference")
	}
	to := fhir.ParseReference(named, k.s.Booking.Bases)
	if to.Type != "Appointment" {
		return store.Key{}, booking.Request{}, fhir.Errorf(fhir.NotFound, "There is no such Appointment.").At("appointment-reference")
	}
	req, err := k.operating(named)
	return store.Key{Type: to.Type, ID: to.ID}, req, err
}

// cancel cancels a booking or a hold.
func (k *call) cancel() error {
	in, err := k.input()
	if err != nil {
		return err
	}
	key, req, err := k.appointment(in)
	if err != nil {
		return err
	}
	rec, err := k.s.Booking.Cancel(k.c.Request.Context(), req, key, in.one("reason").Raw())
	if err != nil {
		return err
	}
	return k.operated(rec, in)
}

// reschedule moves a booking or a hold to other slots.
func (k *call) reschedule() error {
	in, err := k.input()
	if err != nil {
		return err
	}
	key, req, err := k.appointment(in)
	if err != nil {
		return err
	}
	w, err := k.wish(in, "proposal-reference")
	if err != nil {
		return err
	}
	rec, err := k.s.Booking.Reschedule(k.c.Request.Context(), req, key, w)
	if err != nil {
		return err
	}
	return k.operated(rec, in)
}

var pathHold = fhir.MustPath("extension").Where("url", fhir.HoldExpires).Then("valueInstant")

// operated answers with the appointment as it now is.
func (k *call) operated(rec store.Record, in *input) error {
	k.tags(rec)
	k.touchOne(rec)
	k.c.Header("Location", k.location(rec))
	notes := in.notes
	if until := rec.Resource.Root().One(pathHold).Text(); until != "" {
		notes = append(notes, fhir.Issue{Severity: "information", Code: "informational", Text: "The appointment is held until " + until + "; then it is cancelled and its slots are free.", Where: "Appointment"})
	}
	switch {
	case k.prefer.Minimal:
		k.c.Header("Preference-Applied", "return=minimal")
		k.empty(http.StatusOK)
		return nil
	case k.prefer.Outcome:
		k.c.Header("Preference-Applied", "return=OperationOutcome")
		write(k.c, k.face, http.StatusOK, r4.Outcome(&fhir.Error{Issues: append([]fhir.Issue{done(rec)}, notes...)}, r4.Shape{}))
		return nil
	}
	r, err := k.face.Out(rec.Resource)
	if err != nil {
		return err
	}
	b := r4.NewBundle(nil, r4.Envelope{Type: r4.Searchset, ID: k.s.NewID(), Updated: k.s.Now(), Total: 1, Links: []r4.Link{{Relation: "self", URL: k.url("/Appointment/$" + in.op.Name)}}})
	b.Match(k.url("/"+rec.Type+"/"+rec.ID), r.Raw())
	k.s.remark(b, notes)
	write(k.c, k.face, http.StatusOK, b.Bytes())
	return nil
}

// remark adds notes to a searchset, if there are any.
func (s *Server) remark(b *r4.Bundle, notes []fhir.Issue) {
	if len(notes) > 0 {
		b.Outcome("urn:uuid:"+s.NewID(), r4.Outcome(&fhir.Error{Issues: notes}, r4.Shape{}))
	}
}
