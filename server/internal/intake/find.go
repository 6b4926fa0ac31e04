package intake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/store"
)

// What a message can meet here; the bridge's table of faults has the texts. One
// serves for a thing that is not there and for one that is somebody else's, so
// that an answer tells nothing.
var (
	errNoAppointment = fault(fhir.NotFound, hl7bridge.AppointmentNotFound)
	errNoPatient     = fault(fhir.NotFound, hl7bridge.PatientNotFound)
	errTwoPatients   = fault(fhir.Conflict, mappings.PatientConflict)
	errEndFirst      = fhir.Errorf(fhir.Unprocessable, "SCH-11.5 must not be before the start").At("SCH-11.5").Coded(mappings.ValueInvalid)
	errNoSlot        = fault(fhir.NotFound, hl7bridge.SlotNotFound)
	errIDTaken       = fault(fhir.Duplicate, hl7bridge.AppointmentConflict)
)

func fault(k fhir.Kind, code string) error { return (&fhir.Error{Kind: k}).Coded(code) }

func absent(err error) bool { return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) }

// target is what a message is about, as far as it is known.
type target struct {
	patient store.Record
	found   bool // the patient is known
	old     store.Record
	known   bool // the appointment is known
}

// aim finds the patient, and the appointment where the message is about one. One
// of another patient is never touched (spec hl7-bridge 3.2 and 3.3).
func (m *message) aim(ctx context.Context) (t target, err error) {
	if t, err = m.find(ctx); err != nil || m.person() {
		return t, err
	}
	switch {
	case t.known && !t.found:
		return t, errNoPatient
	case t.known && !m.belongsTo(t.old, t.patient.ID):
		return t, m.notTheirs()
	}
	return t, nil
}

// find looks patient and appointment up.
func (m *message) find(ctx context.Context) (t target, err error) {
	if t.patient, t.found, err = m.findPatient(ctx); err != nil || m.person() {
		return t, err
	}
	t.old, t.known, err = m.findAppointment(ctx)
	return t, err
}

// person says whether the message is about a patient and no appointment.
func (m *message) person() bool {
	e := m.in.Event.Effect
	return e == mappings.EffectPerson || e == mappings.EffectPersonUpdate
}

func (m *message) notTheirs() error {
	if m.in.Event.Effect == mappings.EffectBook {
		return errIDTaken
	}
	return errNoAppointment
}

// findAppointment finds the appointment of SCH-1 in the controller's namespace.
func (m *message) findAppointment(ctx context.Context) (rec store.Record, known bool, err error) {
	customer := m.env.Customer.Alias
	c, err := m.tx.Claimed(ctx, "external", customer+"\x00"+m.in.Placer)
	if errors.Is(err, fhir.NotFound) {
		return m.ownAppointment(ctx)
	}
	if err != nil {
		return rec, false, err
	}
	rec, err = m.tx.Read(ctx, m.see, store.Key{Customer: customer, Type: "Appointment", ID: c.Holder})
	rec.Resource = rec.Resource.Opened() // it is looked into by everybody from here on
	return rec, err == nil, err
}

// ownAppointment finds an appointment that was made here and has no external
// identifier: partners are told of it under its id.
func (m *message) ownAppointment(ctx context.Context) (rec store.Record, known bool, err error) {
	if !fhir.ValidID(m.in.Placer) {
		return rec, false, nil
	}
	rec, err = m.tx.Read(ctx, m.see, store.Key{Customer: m.env.Customer.Alias, Type: "Appointment", ID: m.in.Placer})
	if absent(err) {
		return store.Record{}, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	a, err := r4.ReadAppointment(rec.Resource.Root())
	return rec, err == nil && a.ExternalID() == "", err
}

// belongsTo says whether an appointment is for a patient, by reference or link.
func (m *message) belongsTo(rec store.Record, patient string) bool {
	if slices.Contains(rec.Links, store.Link{Param: "actor", To: search.Ref{Type: "Patient", ID: patient}}) {
		return true
	}
	for actor := range rec.Resource.At(pathActor) {
		if to := fhir.ParseReference(actor.Text(), m.s.Bases); to.Type == "Patient" && to.ID == patient {
			return true
		}
	}
	return false
}

var pathActor = fhir.MustPath("participant.actor.reference")

// findPatient finds the one patient of all identifiers, spec hl7-bridge 3.2.
func (m *message) findPatient(ctx context.Context) (rec store.Record, found bool, err error) {
	ids := map[string]bool{}
	for _, i := range m.in.Person.Identifiers {
		hit, err := m.holdersOf(ctx, i)
		if err != nil {
			return rec, false, err
		}
		for _, id := range hit {
			ids[id] = true
		}
	}
	if len(ids) > 1 {
		return rec, false, errTwoPatients
	}
	for id := range ids {
		rec, err = m.tx.Read(ctx, m.see, store.Key{Customer: m.env.Customer.Alias, Type: "Patient", ID: id})
		rec.Resource = rec.Resource.Opened() // as that of the appointment
		if err == nil && m.numberDiffers(rec) {
			return rec, false, errTwoPatients
		}
		return rec, err == nil, err
	}
	return rec, false, nil
}

// numberDiffers says whether the message gives another NHS number than the patient
// has, whom it names by an identifier of another kind: that is somebody else.
func (m *message) numberDiffers(rec store.Record) bool {
	for _, id := range m.in.Person.Identifiers {
		if id.System == fhir.NHSNumberSystem {
			stored := strings.ReplaceAll(r4.Value(r4.Identifiers(rec.Resource.Root()), id.System), " ", "")
			return stored != "" && stored != id.Value
		}
	}
	return false
}

// holdersOf gives the ids of the patients who have an identifier.
func (m *message) holdersOf(ctx context.Context, i mappings.Identifier) ([]string, error) {
	if i.System == fhir.NHSNumberSystem {
		c, err := m.tx.Claimed(ctx, "nhs-number", m.env.Customer.Alias+"\x00"+i.Value)
		if errors.Is(err, fhir.NotFound) {
			return nil, nil
		}
		return []string{c.Holder}, err
	}
	name, test := "identifier", search.Test{System: i.System, Code: i.Value, HasSystem: true}
	if i.System == mappings.EmailSystem {
		name, test = "email", search.Test{Code: i.Value}
	}
	param, _ := m.s.Catalog.Lookup("Patient", name)
	page, err := m.tx.Search(ctx, m.see, search.Query{Type: "Patient", Count: 10, Where: []search.Clause{{Param: param, Any: []search.Test{test}}}})
	var ids []string
	for _, r := range page.Records {
		if i.System != mappings.EmailSystem || usesAddress(r.Resource, i.Value) {
			ids = append(ids, r.ID)
		}
	}
	if i.System == fhir.PublicIDSystem && err == nil {
		return m.withPublicID(ctx, ids, i.Value)
	}
	return ids, err
}

// usesAddress says whether an e-mail address is one that a patient has, not had.
func usesAddress(patient fhir.Resource, address string) bool {
	for t := range patient.Root().Get("telecom").Each() {
		if t.Get("system").Text() == "email" && strings.EqualFold(t.Get("value").Text(), address) && t.Get("use").Text() != "old" && !t.Get("period").First().Get("end").Exists() {
			return true
		}
	}
	return false
}

// withPublicID adds the patient whose resource has a public id for its own.
func (m *message) withPublicID(ctx context.Context, ids []string, id string) ([]string, error) {
	if !fhir.ValidID(id) {
		return ids, nil
	}
	_, err := m.tx.Read(ctx, m.see, store.Key{Customer: m.env.Customer.Alias, Type: "Patient", ID: id})
	switch {
	case absent(err):
		return ids, nil
	case err != nil:
		return nil, err
	}
	return append(ids, id), nil
}
