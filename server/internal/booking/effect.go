package booking

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// What a message can meet here; the bridge's table of faults has the texts. One
// serves for a thing that is not there and for one that is somebody else's, so
// that an answer tells nothing.
var (
	errNoAppointment = fault(fhir.NotFound, hl7bridge.AppointmentNotFound)
	errNoPatient     = fault(fhir.NotFound, hl7bridge.PatientNotFound)
	errTwoPatients   = fault(fhir.Conflict, mappings.PatientConflict)
	errEndFirst      = fhir.Errorf(fhir.Unprocessable, "SCH-11.5 must not be before the start").At("SCH-11.5").Coded(mappings.ValueInvalid)
	errIDTaken       = fault(fhir.Duplicate, hl7bridge.AppointmentConflict)
)

func fault(k fhir.Kind, code string) error { return (&fhir.Error{Kind: k}).Coded(code) }

// apply carries out the message's event.
func (m *message) apply(ctx context.Context) error {
	switch m.in.Event.Effect {
	case mappings.EffectPerson, mappings.EffectPersonUpdate:
		return m.applyPerson(ctx)
	}
	patient, found, err := m.findPatient(ctx)
	if err != nil {
		return err
	}
	old, known, err := m.findAppointment(ctx)
	if err != nil {
		return err
	}
	switch {
	case known && !found:
		return errNoPatient
	case known && !m.belongsTo(old, patient.ID):
		return m.notTheirs()
	case known:
		return m.change(ctx, old)
	}
	if !m.in.Event.Creates || len(m.in.Lacking) > 0 {
		return errNoAppointment
	}
	if !found {
		if patient, err = m.createPatient(ctx); err != nil {
			return err
		}
	}
	return m.create(ctx, patient)
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
		return rec, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	rec, err = m.tx.Read(ctx, m.see, store.Key{Customer: customer, Type: "Appointment", ID: c.Holder})
	return rec, err == nil, err
}

// belongsTo says whether an appointment is for a patient, by reference or link.
func (m *message) belongsTo(rec store.Record, patient string) bool {
	if slices.Contains(rec.Links, store.Link{Param: "actor", To: search.Ref{Type: "Patient", ID: patient}}) {
		return true
	}
	a, err := r4.ReadAppointment(rec.Resource.Root())
	return err == nil && slices.ContainsFunc(a.Participants, func(p r4.Participant) bool {
		to := p.Actor.Parse(m.s.Bases)
		return to.Type == "Patient" && to.ID == patient
	})
}

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
		return rec, err == nil, err
	}
	return rec, false, nil
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
	param, _ := m.s.Catalog.Lookup("Patient", "identifier")
	page, err := m.tx.Search(ctx, m.see, search.Query{Type: "Patient", Count: 2, Where: []search.Clause{
		{Param: param, Any: []search.Test{{System: i.System, Code: i.Value, HasSystem: true}}},
	}})
	var ids []string
	for _, r := range page.Records {
		ids = append(ids, r.ID)
	}
	return ids, err
}

// create makes the appointment of a message that says enough.
func (m *message) create(ctx context.Context, patient store.Record) error {
	changes := slices.Concat(m.in.Defaults, []fhir.Change{m.participant(patient)}, m.in.ChangesToNew(), m.in.Provenance)
	r, err := fhir.Empty("Appointment").Apply(changes...)
	if err != nil {
		return err
	}
	if r, err = settled(r); err != nil {
		return err
	}
	key := store.Key{Customer: m.env.Customer.Alias, Type: "Appointment", ID: m.s.NewID()}
	_, err = m.put(ctx, write{key: key, resource: r})
	return err
}

// participant is the patient's part in an appointment, as the owner's sample has it.
func (m *message) participant(patient store.Record) fhir.Change {
	display := m.in.Person.Display
	if display == "" {
		display = nameOf(patient.Resource)
	}
	actor := `{"actor":{"reference":` + string(fhir.Quote("Patient/"+patient.ID))
	if display != "" {
		actor += `,"display":` + string(fhir.Quote(display))
	}
	return fhir.Change{Path: pathFirstParticipant, Op: fhir.Set, Value: []byte(actor + `},"status":"accepted"}`)}
}

var (
	pathFirstParticipant = fhir.MustPath("participant[0]")
	pathMeta             = fhir.MustPath("meta")
	pathRecorded         = fhir.MustPath("meta.extension").Where("url", "http://fhir.patientsknowbest.com/structuredefinition/recorded-date").Then("valueDateTime")
	pathEnd              = fhir.MustPath("end")
	pathAbsentEnd        = fhir.MustPath("_end")
)

// nameOf gives a patient's name as one line.
func nameOf(r fhir.Resource) string {
	p, err := r4.ReadPatient(r.Root())
	if err != nil || len(p.Names) == 0 {
		return ""
	}
	n := p.Names[0]
	return cmp.Or(n.Text, strings.TrimSpace(strings.Join(slices.Concat(n.Prefix, n.Given, []string{n.Family}), " ")))
}

// change carries out a message about an appointment that is known.
func (m *message) change(ctx context.Context, old store.Record) error {
	if old.Resource.Root().Get("status").Text() == "entered-in-error" {
		return errIDTaken
	}
	changes := m.in.ChangesTo(old.Resource)
	if m.in.Event.Effect == mappings.EffectBook {
		changes = slices.Concat(mappings.Clear(), m.in.Defaults, keepMeta(old), m.in.Changes)
	} else if m.revives(old) {
		changes = slices.Concat(mappings.StatusChanges("booked"), changes)
	}
	r, err := old.Resource.Apply(changes...)
	if err != nil {
		return err
	}
	if m.endsBefore(r) {
		return errEndFirst
	}
	if r, err = settled(r); err != nil {
		return err
	}
	if fhir.Same(old.Resource, r, "meta", "id") {
		return nil
	}
	if r, err = r.Apply(m.in.Provenance...); err != nil {
		return err
	}
	w := write{key: old.Key, resource: r, ifVersion: old.Version, old: old}
	if w.links, err = m.s.relink(ctx, m.tx, w); err != nil {
		return err
	}
	_, err = m.put(ctx, w)
	return err
}

// keepMeta puts meta back as it was, after defaults that are for what is new: a
// label that somebody made stricter since stays so.
func keepMeta(old store.Record) []fhir.Change {
	meta := old.Resource.Root().Get("meta")
	if !meta.Exists() {
		return nil
	}
	return []fhir.Change{{Path: pathMeta, Op: fhir.Set, Value: meta.Raw()}}
}

// revives says whether a message puts an appointment back to booked: one that
// carries scheduling content and no status, about a booking that was cancelled,
// missed, or only asked for (spec hl7-bridge D3, design decision 22).
func (m *message) revives(old store.Record) bool {
	if !m.in.Scheduling || m.in.Event.Effect != mappings.EffectChange {
		return false
	}
	for _, c := range m.in.Changes {
		if c.Path.String() == "status" {
			return false
		}
	}
	switch old.Resource.Root().Get("status").Text() {
	case "cancelled", "noshow", "pending":
		return true
	}
	return false
}

// endsBefore says whether the message sets an end that is before the start, which
// may be one that was stored.
func (m *message) endsBefore(r fhir.Resource) bool {
	root := r.Root()
	return after(root.Get("start").Text(), root.Get("end").Text()) && slices.ContainsFunc(m.in.Changes, func(c fhir.Change) bool {
		return c.Op == fhir.Set && c.Path.String() == pathEnd.String()
	})
}

// settled mends what a partial update can leave inconsistent: an appointment has
// a start and an end or says why not (FHIR R4 app-2), and an end that a moved
// start has overtaken is unknown.
func settled(r fhir.Resource) (fhir.Resource, error) {
	root := r.Root()
	start, end := root.Get("start"), root.Get("end")
	overtaken := end.Exists() && after(start.Text(), end.Text())
	if !start.Exists() || (end.Exists() || root.Get("_end").Exists()) && !overtaken {
		return r, nil
	}
	return r.Apply(
		fhir.Change{Path: pathEnd, Op: fhir.Remove},
		fhir.Change{Path: pathAbsentEnd, Op: fhir.Set, Value: []byte(`{"extension":[{"url":` + string(fhir.Quote(fhir.DataAbsentReason)) + `,"valueCode":"unknown"}]}`)},
	)
}

func after(a, b string) bool {
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	return errX == nil && errY == nil && x.After(y)
}

// applyPerson carries out a message about a patient.
func (m *message) applyPerson(ctx context.Context) error {
	old, found, err := m.findPatient(ctx)
	if err != nil {
		return err
	}
	if !found {
		if m.in.Event.Effect == mappings.EffectPersonUpdate {
			return errNoPatient
		}
		_, err := m.storePatient(ctx)
		return err
	}
	if m.olderThan(old) {
		return nil
	}
	r, err := old.Resource.Apply(m.in.PersonChanges...)
	if err != nil {
		return err
	}
	if fhir.Same(old.Resource, r, "meta", "id") {
		return nil
	}
	if r, err = r.Apply(m.in.Provenance...); err != nil {
		return err
	}
	_, err = m.put(ctx, write{key: old.Key, resource: r, ifVersion: old.Version, old: old, links: old.Links})
	return err
}

// olderThan says whether a record holds something entered later than the message.
func (m *message) olderThan(rec store.Record) bool {
	at, err := time.Parse(time.RFC3339, rec.Resource.Root().One(pathRecorded).Text())
	return err == nil && m.env.Sent.Before(at)
}

// createPatient makes the patient of an SIU message, where the customer has that on.
func (m *message) createPatient(ctx context.Context) (store.Record, error) {
	if !m.env.Customer.AutoCreate {
		return store.Record{}, errNoPatient
	}
	return m.storePatient(ctx)
}

func (m *message) storePatient(ctx context.Context) (store.Record, error) {
	r, err := fhir.Empty("Patient").Apply(slices.Concat(m.in.PersonChanges, m.in.Provenance)...)
	if err != nil {
		return store.Record{}, err
	}
	return m.put(ctx, write{key: store.Key{Customer: m.env.Customer.Alias, Type: "Patient", ID: m.s.NewID()}, resource: r})
}
