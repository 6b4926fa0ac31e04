package pages

import (
	"context"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/manage"
	"slotway/server/internal/store"
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
	Patient string   // name
	NHS     string   // 999 000 2000
	Notes   string   // for the patient
	Path    string   // of its own page
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
		Title: "Appointment", Trust: b.customer.Name, Patient: fullName(b.person.Names), Status: statuses[b.about.Status],
		NHS: spaced(r4.Value(b.person.Identifiers, fhir.NHSNumberSystem)), Notes: root.Get("patientInstruction").Text(),
		Path: manage.Path(b.patient, b.about.ID), Manage: s.managementURL(b) != "",
	}
	if b.about.Start.Given() {
		at := b.about.Start.Time.In(b.customer.Zone)
		v.When, v.Machine = longTime(at), at.Format(time.RFC3339)
		if end := b.about.End.Time; !end.IsZero() && end.In(b.customer.Zone).YearDay() == at.YearDay() {
			v.Until = clockTime(end.In(b.customer.Zone))
		}
	}
	for _, name := range []string{"serviceType", "specialty"} {
		v.Care = append(v.Care, conceptsOf(root, name)...)
	}
	v.Care = slices.Compact(v.Care)
	for _, text := range append([]string{root.Get("description").Text()}, append(conceptsOf(root, "appointmentType"), v.Care...)...) {
		if text != "" {
			v.Title = text
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
			name = nameOf(c.Node)
		}
	} else if ref.Type != "" {
		typ = ref.Type
		if name == "" {
			if rec, err := s.Store.Read(ctx, store.Of(b.customer.Alias), store.Key{Customer: b.customer.Alias, Type: ref.Type, ID: ref.ID}); err == nil {
				name = nameOf(rec.Resource.Root())
			}
		}
	}
	if name == "" {
		return
	}
	switch typ {
	case "Practitioner", "PractitionerRole":
		v.People = append(v.People, name)
	case "Location":
		v.Places = append(v.Places, name)
	case "HealthcareService":
		v.Care = append(v.Care, name)
	}
}

// nameOf gives the name of a resource: a person's, or a plain one.
func nameOf(n fhir.Node) string {
	if name := n.Get("name"); name.IsString() {
		return name.Text()
	}
	p, _ := r4.ReadPatient(n) // of a Practitioner, too: only the name is looked at
	return fullName(p.Names)
}

// fullName gives a person's name as it is said.
func fullName(names []r4.Name) string {
	if len(names) == 0 {
		return ""
	}
	n := names[0]
	if i := slices.IndexFunc(names, func(n r4.Name) bool { return n.Use == "usual" || n.Use == "official" }); i >= 0 {
		n = names[i]
	}
	if n.Text != "" {
		return n.Text
	}
	return strings.Join(strings.Fields(strings.Join(n.Prefix, " ")+" "+strings.Join(n.Given, " ")+" "+n.Family), " ")
}

// conceptsOf gives the words of an element's codes.
func conceptsOf(n fhir.Node, name string) (all []string) {
	for concept := range n.Get(name).Each() {
		text := concept.Get("text").Text()
		if text == "" {
			text = concept.Get("coding").First().Get("display").Text()
		}
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// longTime writes a time as the NHS writes it: Saturday 25 October 2025 at 2:30pm.
func longTime(t time.Time) string { return t.Format("Monday 2 January 2006") + " at " + clockTime(t) }

func clockTime(t time.Time) string {
	switch {
	case t.Hour() == 12 && t.Minute() == 0:
		return "midday"
	case t.Hour() == 0 && t.Minute() == 0:
		return "midnight"
	case t.Minute() == 0:
		return t.Format("3pm")
	}
	return t.Format("3:04pm")
}

// spaced writes an NHS number as people read it.
func spaced(nhs string) string {
	if len(nhs) != 10 {
		return nhs
	}
	return nhs[:3] + " " + nhs[3:6] + " " + nhs[6:]
}
