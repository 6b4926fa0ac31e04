package intake

import (
	"context"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// View is an item with all that somebody needs who decides about it: what the
// message says of patient and appointment beside what is stored. It holds patient
// data.
type View struct {
	Item
	Fields  []Field `json:"fields"`
	Message string  `json:"message"` // its text, a segment a line
	// Expected and Born are the dates of birth on record and in the message when
	// it was held.
	Expected string `json:"expected,omitempty"`
	Born     string `json:"born,omitempty"`
	// Line are the ids of the items that wait at its data point, oldest first.
	Line []string `json:"line,omitempty"`
}

// Field is one thing that message and record both can say.
type Field struct {
	Name    string `json:"name"`
	Message string `json:"message,omitempty"`
	Stored  string `json:"stored,omitempty"`
	Differs bool   `json:"differs,omitempty"` // both say it, and not the same
}

// shown is a row of the table of what is put side by side.
type shown struct {
	name string
	path fhir.Path
}

var (
	shownPatient = []shown{
		{"NHS number", fhir.MustPath("identifier.where(system=" + fhir.NHSNumberSystem + ").value")},
		{"Identifiers", fhir.MustPath("identifier.value")},
		{"Family name", fhir.MustPath("name.family")},
		{"Given names", fhir.MustPath("name.given")},
		{"Date of birth", fhir.MustPath("birthDate")},
		{"Gender", fhir.MustPath("gender")},
		{"Address", fhir.MustPath("address.line")},
		{"Postcode", fhir.MustPath("address.postalCode")},
		{"Telephone and e-mail", fhir.MustPath("telecom.value")},
	}
	shownAppointment = []shown{
		{"Status", fhir.MustPath("status")},
		{"Subject", fhir.MustPath("appointmentType.coding.display")},
		{"Start", fhir.MustPath("start")},
		{"End", fhir.MustPath("end")},
		{"Participants", fhir.MustPath("participant.actor.display")},
		{"Specialty", fhir.MustPath("specialty.coding.display")},
		{"Comment", fhir.MustPath("comment")},
		{"Management URL", fhir.MustPath("extension.where(url=" + fhir.ManagementURL + ").valueUrl")},
	}
)

// Item gives one item of the review queue, with what is to be compared. The look
// is recorded in the same commit: nobody sees it without a trace.
//
// fhir.NotFound when none of the caller's customers has it.
func (s *Service) Item(ctx context.Context, p auth.Principal, id string) (v View, err error) {
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		it, err := findItem(ctx, tx, p, id)
		if err != nil {
			return err
		}
		if v, err = s.view(ctx, tx, it); err != nil {
			return err
		}
		return looked(tx, p, "review.view", "", []string{it.Customer}, it.ID)
	})
	return v, err
}

func (s *Service) view(ctx context.Context, tx store.Tx, it Item) (v View, err error) {
	sealed := it.Sealed
	v = View{Item: it.public(), Fields: []Field{}}
	if it.Point != "" {
		if v.Line, err = lineOf(ctx, tx, it); err != nil {
			return v, err
		}
	}
	e, err := s.unsealed(sealed)
	if err != nil {
		return v, err
	}
	v.Expected, v.Born, v.Message = e.Expected, e.Received, Text(e.Raw, it.Peer.Charset)
	env, in, err := s.Bridge.Read(it.Peer, it.Received, e.Raw)
	if err != nil {
		return v, nil // it cannot be understood any more; its text can be read
	}
	m := s.message(env, in).within(tx)
	changes, _ := in.NewPatient()
	patient, err := fhir.Empty("Patient").Apply(changes...)
	if err != nil {
		return v, err
	}
	t, err := m.find(ctx)
	if err != nil {
		return v, err
	}
	v.Fields = append(v.Fields, besides(shownPatient, patient, t.patient.Resource)...)
	if m.person() {
		return v, nil
	}
	now := fhir.Resource{}
	if writes, err := m.plan(ctx, t); err == nil && len(writes) > 0 {
		now = writes[len(writes)-1].Resource
	}
	v.Fields = append(v.Fields, besides(shownAppointment, now, t.old.Resource)...)
	return v, nil
}

// lineOf gives the ids of those that wait at an item's data point.
func lineOf(ctx context.Context, r store.Reader, it Item) (ids []string, err error) {
	prefix := it.Point + "\x00" + it.Patient + "\x00"
	claims, err := r.Claims(ctx, heldSpace, prefix, "", 100)
	for _, c := range claims {
		ids = append(ids, c.Holder)
	}
	return ids, err
}

// besides puts what two resources say side by side.
func besides(rows []shown, message, stored fhir.Resource) (fields []Field) {
	for _, row := range rows {
		f := Field{Name: row.name, Message: said(message, row.path), Stored: said(stored, row.path)}
		f.Differs = f.Message != "" && f.Stored != "" && f.Message != f.Stored
		if f.Message != "" || f.Stored != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

// said gives what a resource says at a path, as one line.
func said(r fhir.Resource, path fhir.Path) string {
	var all []string
	for n := range r.Root().At(path) {
		if text := n.Text(); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

// Text gives a message as text in UTF-8, a segment a line.
func Text(raw []byte, charset string) string {
	m, _ := hl7.ParseAs(raw, charset)
	if m == nil {
		return strings.ToValidUTF8(strings.ReplaceAll(string(raw), "\r", "\n"), "\uFFFD")
	}
	return m.Plain()
}
