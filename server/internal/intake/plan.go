package intake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// plan is what a message changes, worked out before anything is written.
type plan []booking.Feed

// plan works out what the message changes of what it is about, or why it cannot.
func (m *message) plan(ctx context.Context, t target) (plan, error) {
	switch {
	case m.person():
		return m.planPerson(t)
	case t.known:
		return m.change(t.old)
	case !m.in.Event.Creates || len(m.in.Lacking) > 0:
		return nil, errNoAppointment
	case t.found:
		return m.create(t.patient)
	case !m.env.Customer.AutoCreate:
		return nil, errNoPatient
	}
	patient, err := m.newPatient()
	if err != nil {
		return nil, err
	}
	appointment, err := m.create(store.Record{Key: patient.Key, Resource: patient.Resource})
	return append(plan{patient}, appointment...), err
}

// create makes the appointment of a message that says enough.
func (m *message) create(patient store.Record) (plan, error) {
	old := store.Record{Key: m.newKey("Appointment"), Resource: noAppointment}
	r, err := m.next(old, m.in.Defaults, []fhir.Change{m.participant(patient)}, m.in.ChangesToNew())
	if err != nil {
		return nil, err
	}
	r, err = settled(r)
	return plan{{Key: old.Key, Resource: r}}, err
}

var (
	noAppointment = fhir.Empty("Appointment")
	noPatient     = fhir.Empty("Patient")
)

// next makes the version that follows a record, by changes and, where they change anything,
// by what says where they come from. It is stamped already, so that nothing is left for
// the store to make but the time.
func (m *message) next(old store.Record, changes ...[]fhir.Change) (fhir.Resource, error) {
	return old.Resource.Revise(old.ID, old.Version+1, m.s.Now(), slices.Concat(changes...), m.in.Provenance)
}

func (m *message) newKey(typ string) store.Key {
	return store.Key{Customer: m.env.Customer.Alias, Type: typ, ID: m.s.NewID()}
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

// change is what a message makes of an appointment that is known.
func (m *message) change(old store.Record) (plan, error) {
	if old.Resource.Root().Get("status").Text() == "entered-in-error" && !m.in.Reopens() {
		return nil, errIDTaken
	}
	changes := [][]fhir.Change{m.in.ChangesTo(old.Resource)}
	if m.in.Event.Effect == mappings.EffectBook {
		changes = [][]fhir.Change{m.in.Clear(), m.in.Defaults, keepMeta(old), m.in.Changes}
	} else if m.revives(old) {
		changes = append([][]fhir.Change{mappings.StatusChanges("booked")}, changes...)
	}
	r, err := m.next(old, changes...)
	if err != nil {
		return nil, err
	}
	if m.endsBefore(r) {
		return nil, errEndFirst
	}
	if r, err = settled(r); err != nil {
		return nil, err
	}
	return plan{{Key: old.Key, Old: old, Resource: r, Says: m.says()}}, nil
}

// says gives the status that the message itself says the appointment has, if any.
func (m *message) says() string {
	for _, c := range m.in.Changes {
		if c.Op == fhir.Set && c.Path.String() == "status" {
			return strings.Trim(string(c.Value), `"`)
		}
	}
	return ""
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
