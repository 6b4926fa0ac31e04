package pages

import (
	"context"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/manage"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// view is an appointment in words.
type view struct {
	Title   string
	When    string // Saturday 25 October 2025 at 2:30pm
	Machine string // the same, for the datetime attribute
	Until   string // 3pm; empty where it is not known
	Status  status
	People  []string
	Places  []string
	Care    []string // services and specialties
	Trust   string   // whose appointment it is
	Phone   string   // of the trust; may be empty
	Patient string   // name
	NHS     string   // 999 000 2000
	Notes   string   // for the patient
	Path    string   // of its own page
	ToCome  bool
	Manage  bool
}

// leaves says whether the view has a form that leads to a partner.
func (v view) leaves() bool { return v.Manage }

// status is an appointment's status in words, and the colour of its tag.
type status struct{ Text, Colour string }

// statuses are those of R4; pending is also what somebody has asked to change.
var statuses = map[string]status{
	"proposed":         {"Proposed", "grey"},
	"pending":          {"Waiting for the hospital", "yellow"},
	"booked":           {"Booked", "green"},
	"arrived":          {"You have arrived", "blue"},
	"checked-in":       {"You have checked in", "blue"},
	"fulfilled":        {"Finished", "grey"},
	"cancelled":        {"Cancelled", "red"},
	"noshow":           {"You did not come", "orange"},
	"waitlist":         {"On the waiting list", "yellow"},
	"entered-in-error": {"Entered in error", "grey"},
}

// view says a booking in words.
func (s *Server) view(ctx context.Context, b booking) view {
	root := b.stored.Resource.Root()
	v := view{
		Title: "Appointment", Trust: b.customer.Name, Phone: b.customer.Phone, Patient: web.Shown(web.FullName(b.person.Names)), Status: statuses[b.about.Status],
		NHS: web.Spaced(r4.Value(b.person.Identifiers, fhir.NHSNumberSystem)), Notes: web.Shown(root.Get("patientInstruction").Text()),
		Path: manage.Path(b.patient, b.about.ID), ToCome: b.toCome(s.Now()), Manage: s.managementURL(b) != "",
	}
	if b.about.Status == "pending" {
		if asked, open, err := s.openRequest(ctx, b); err == nil && open {
			v.Status.Text = "You asked to " + asks[asked.Kind] + " it"
		}
	}
	if b.about.Start.Given() {
		at := b.about.Start.Time.In(b.customer.Zone)
		v.When, v.Machine = web.LongTime(at), at.Format(time.RFC3339)
		if end := b.about.End.Time; !end.IsZero() && end.In(b.customer.Zone).YearDay() == at.YearDay() {
			v.Until = web.ClockTime(end.In(b.customer.Zone))
		}
	}
	for _, name := range []string{"serviceType", "specialty"} {
		for _, text := range web.ConceptsOf(root, name) {
			v.Care = append(v.Care, web.Shown(text))
		}
	}
	v.Care = slices.Compact(v.Care)
	for _, text := range append([]string{root.Get("description").Text()}, append(web.ConceptsOf(root, "appointmentType"), v.Care...)...) {
		if text != "" {
			v.Title = web.Shown(text)
			break
		}
	}
	for _, p := range b.about.Participants {
		s.seen(ctx, &v, b, p.Actor)
	}
	return v
}

// seen adds an actor to the people, places or services. Other patients and their
// relatives are not for the reader's eyes.
func (s *Server) seen(ctx context.Context, v *view, b booking, actor r4.Reference) {
	ref := actor.Parse(s.Bases)
	typ, name := actor.Type, actor.Display
	if c, ok := b.about.ContainedAt(ref); ok {
		typ = c.Type
		if name == "" {
			name = web.NameOf(c.Node)
		}
	} else if ref.Type != "" {
		typ = ref.Type
		if name == "" {
			if rec, err := s.Store.Read(ctx, store.Of(b.customer.Alias), store.Key{Customer: b.customer.Alias, Type: ref.Type, ID: ref.ID}); err == nil {
				name = web.NameOf(rec.Resource.Root())
			}
		}
	}
	if name == "" {
		return
	}
	name = web.Shown(name)
	switch typ {
	case "Practitioner", "PractitionerRole":
		v.People = append(v.People, name)
	case "Location":
		v.Places = append(v.Places, name)
	case "HealthcareService":
		v.Care = append(v.Care, name)
	}
}
