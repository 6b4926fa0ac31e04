package staffpages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

const calendarPath = home + "/calendar"

// calendarPages are those of slots, and of who has booked them.
func (s *Server) calendarPages() map[string]act {
	return map[string]act{
		"GET /staff/calendar":                                                 s.schedules,
		"GET /staff/calendar/{customer}/{schedule}":                           s.week,
		"GET /staff/calendar/{customer}/{schedule}/appointment/{appointment}": s.booking,
	}
}

// mostSchedules is how many schedules of a customer are listed.
const mostSchedules = 500

// diary is a schedule in the list.
type diary struct{ Path, Name, Who, State string }

// diaries are those of one customer.
type diaries struct {
	Name string
	List []diary
	Full bool // there may be more
}

// schedules is the list.
func (s *Server) schedules(w http.ResponseWriter, r *http.Request, p Person) error {
	var all []diaries
	for _, customer := range p.Customers {
		found, err := s.find(r.Context(), customer, "Schedule", "_sort=_id", mostSchedules)
		if err != nil {
			return err
		}
		d := diaries{Name: s.called(customer), Full: len(found) == mostSchedules}
		for _, rec := range found {
			d.List = append(d.List, s.diary(r.Context(), rec))
		}
		slices.SortStableFunc(d.List, func(a, b diary) int { return strings.Compare(a.Name, b.Name) })
		all = append(all, d)
	}
	return s.show(w, r, p, http.StatusOK, "schedules", web.Layout{Title: "Calendar", Data: all})
}

// find gives the resources of a customer that a search finds.
func (s *Server) find(ctx context.Context, customer, typ, query string, most int) ([]store.Record, error) {
	parsed, err := search.Parse(s.Catalog, typ, query, s.Now())
	if err != nil {
		return nil, fhir.Errorf(fhir.Internal, "looking for what a page shows").Because(err)
	}
	parsed.Query.Count, parsed.Query.Total = most, search.TotalNone
	page, err := s.Store.Search(ctx, store.Of(customer), parsed.Query)
	return page.Records, err
}

// diary says a schedule in words: what it is called, and whose time it is.
func (s *Server) diary(ctx context.Context, rec store.Record) diary {
	root := rec.Resource.Root()
	d := diary{Path: calendarPath + "/" + url.PathEscape(rec.Customer) + "/" + url.PathEscape(rec.ID), Name: root.Get("comment").Text()}
	var who []string
	for actor := range root.Get("actor").Each() {
		if actor.Get("type").Text() == "Patient" || fhir.ParseReference(actor.Get("reference").Text(), s.Bases).Type == "Patient" {
			continue // who looks at a patient is recorded, and this list is of none
		}
		if name := s.nameOf(ctx, rec.Customer, actor); name != "" && name != d.Name && !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	d.Who = strings.Join(who, ", ")
	if d.Name == "" {
		d.Name, d.Who = d.Who, ""
	}
	if d.Name == "" {
		d.Name = "Schedule " + rec.ID
	}
	if root.Get("active").Text() == "false" {
		d.State = "not in use"
	}
	return d
}

// nameOf gives what the resource is called that a reference leads to.
func (s *Server) nameOf(ctx context.Context, customer string, reference fhir.Node) string {
	if display := reference.Get("display").Text(); display != "" {
		return display
	}
	to := fhir.ParseReference(reference.Get("reference").Text(), s.Bases)
	if to.Type == "" || to.ID == "" {
		return ""
	}
	rec, err := s.Store.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: to.Type, ID: to.ID})
	if err != nil {
		return "" // it is called nothing here
	}
	return web.NameOf(rec.Resource.Root())
}

// booked is what is known of an appointment's page.
type booked struct {
	diary
	Title, When, Machine, Until string
	Status                      tag
	Patients                    []patientView
	Rows                        []web.Problem // what, and what it says
	Messages                    string        // path of the messages about it
}

// bookedAs says an appointment's status in words.
var bookedAs = map[string]tag{
	"proposed": {"Proposed", "grey"}, "pending": {"Pending", "yellow"}, "booked": {"Booked", "green"}, "arrived": {"Arrived", "blue"},
	"checked-in": {"Checked in", "blue"}, "fulfilled": {"Finished", "grey"}, "cancelled": {"Cancelled", "red"}, "noshow": {"Did not come", "orange"},
	"waitlist": {"On the waiting list", "yellow"}, "entered-in-error": {"Entered in error", "grey"},
}

// booking is the page of an appointment that has a slot of a schedule.
func (s *Server) booking(w http.ResponseWriter, r *http.Request, p Person) error {
	customer, id := r.PathValue("customer"), r.PathValue("appointment")
	schedule, err := s.schedule(r, p)
	if err != nil {
		return err
	}
	rec, err := s.Store.Read(r.Context(), store.Of(customer), store.Key{Customer: customer, Type: "Appointment", ID: id})
	if missing(err) {
		return web.NoPage()
	}
	if err != nil {
		return err
	}
	about, err := r4.ReadAppointment(rec.Resource.Root())
	if err != nil {
		return err
	}
	if ok, err := s.within(r.Context(), schedule, about); err != nil || !ok {
		if err == nil {
			err = web.NoPage() // it is of no calendar, or of another
		}
		return err
	}
	v := booked{diary: s.diary(r.Context(), schedule), Status: bookedAs[about.Status]}
	root := rec.Resource.Root()
	v.Title = first(append([]string{root.Get("description").Text()}, append(web.ConceptsOf(root, "appointmentType"), web.ConceptsOf(root, "serviceType")...)...), "Appointment")
	if about.Start.Given() {
		at := about.Start.Time.In(s.zone(customer))
		v.When, v.Machine = web.LongTime(at), at.Format(time.RFC3339)
		if !about.End.Time.IsZero() {
			v.Until = web.ClockTime(about.End.Time.In(s.zone(customer)))
		}
	}
	shown := []store.Record{rec}
	for _, who := range about.Participants {
		if patient, ok := s.patientOf(r.Context(), customer, who.Actor.Parse(s.Bases)); ok {
			v.Patients = append(v.Patients, patientOf(patient))
			shown = append(shown, patient)
		}
	}
	if p.May(Messages) {
		v.Messages = messagesPath + "?appointment=" + url.QueryEscape(id)
	}
	v.Rows = s.rowsOf(r.Context(), customer, root, about)
	s.note(r, p, "staff.calendar.appointment", http.StatusOK, shown...)
	return s.show(w, r, p, http.StatusOK, "booking", web.Layout{Title: v.Title, Data: v})
}

// within says whether an appointment has a slot of a schedule.
func (s *Server) within(ctx context.Context, schedule store.Record, about r4.Appointment) (bool, error) {
	for _, ref := range about.Slots {
		to := ref.Parse(s.Bases)
		if to.Type != "Slot" {
			continue
		}
		slot, err := s.Store.Read(ctx, store.Of(schedule.Customer), store.Key{Customer: schedule.Customer, Type: "Slot", ID: to.ID})
		if missing(err) {
			continue
		}
		if err != nil {
			return false, err
		}
		if of := fhir.ParseReference(slot.Resource.Root().Find("schedule", "reference").Text(), s.Bases); of.Type == "Schedule" && of.ID == schedule.ID {
			return true, nil
		}
	}
	return false, nil
}

// first gives the first text that says something.
func first(texts []string, otherwise string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return otherwise
}

func (s *Server) patientOf(ctx context.Context, customer string, to fhir.Reference) (store.Record, bool) {
	if to.Type != "Patient" || to.ID == "" {
		return store.Record{}, false
	}
	rec, err := s.Store.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: "Patient", ID: to.ID})
	return rec, err == nil
}

// rowsOf says what else an appointment's page shows.
func (s *Server) rowsOf(ctx context.Context, customer string, root fhir.Node, about r4.Appointment) (rows []web.Problem) {
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, web.Problem{Field: name, Text: text})
		}
	}
	var others []string
	for p := range root.Get("participant").Each() {
		actor := p.Get("actor")
		if to := fhir.ParseReference(actor.Get("reference").Text(), s.Bases); to.Type == "Patient" {
			continue
		}
		if name := s.nameOf(ctx, customer, actor); name != "" && !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	add("With and at", strings.Join(others, ", "))
	add("Service", strings.Join(web.ConceptsOf(root, "serviceType"), ", "))
	add("Specialty", strings.Join(web.ConceptsOf(root, "specialty"), ", "))
	add("Comment", root.Get("comment").Text())
	for _, i := range about.Identifiers {
		if i.System == fhir.ExternalIDSystem {
			add("Placer’s id (SCH-1)", i.Value)
		}
	}
	add("Id here", about.ID)
	return rows
}
