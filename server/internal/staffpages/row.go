package staffpages

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// byID reads resources of a customer, with a search for each so many as one may name.
// Those that are not there are left out.
func (s *Server) byID(ctx context.Context, customer, typ string, ids []string) (all []store.Record, err error) {
	slices.Sort(ids)
	for some := range slices.Chunk(slices.Compact(ids), search.MaxValues) {
		parsed, err := search.Parse(s.Catalog, typ, "_id="+url.QueryEscape(strings.Join(some, ",")), s.Now())
		if err != nil {
			return nil, fhir.Errorf(fhir.Internal, "looking for what a request is about").Because(err)
		}
		parsed.Query.Count, parsed.Query.Total = len(some), search.TotalNone
		found, err := store.Every(ctx, s.Store, store.Of(customer), parsed.Query)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// row is a request in words, as the board has it.
type row struct {
	Path      string
	Kind      tag
	State     tag
	Patient   patientView
	Of        appointmentView
	Owner     string // who it is with; empty where nobody is
	Asked     when
	Waiting   string // such as 3 days; empty of what is closed
	Customer  string
	Claimable bool
	Version   int64
}

// when is a time in words and for machines.
type when struct{ Text, Machine string }

func whenAt(t time.Time, zone *time.Location) when {
	if t.IsZero() {
		return when{}
	}
	t = t.In(zone)
	return when{t.Format("2 January 2006") + " at " + web.ClockTime(t), t.Format(time.RFC3339)}
}

// kinds and progress say in words what is asked, and how far it is.
var (
	kinds = map[request.Kind]tag{request.Change: {"Change", "blue"}, request.Cancel: {"Cancel", "orange"}}

	progress = map[request.State]tag{
		request.Requested: {"New", "yellow"}, request.Claimed: {"In progress", "blue"}, request.Completed: {"Done", "green"},
		request.Rejected: {"Not done", "grey"}, request.Withdrawn: {"Withdrawn", "grey"},
	}
)

// rows says requests in words, with the patients and appointments that they are of.
func (s *Server) rows(ctx context.Context, requests []request.Request) (rows []row, err error) {
	var patients, appointments []store.Key
	for _, q := range requests {
		patients, appointments = append(patients, q.Patient), append(appointments, q.Appointment)
	}
	who, err := s.found(ctx, "Patient", patients)
	if err != nil {
		return nil, err
	}
	what, err := s.found(ctx, "Appointment", appointments)
	if err != nil {
		return nil, err
	}
	for _, q := range requests {
		rows = append(rows, s.row(q, who[q.Patient], what[q.Appointment]))
	}
	return rows, nil
}

func (s *Server) row(q request.Request, patient, appointment store.Record) row {
	zone := s.zone(q.Key.Customer)
	out := row{
		Path: requestPath(q.Key), Kind: kinds[q.Kind], State: progress[q.State], Owner: q.Owner.Name, Asked: whenAt(q.Asked, zone), Version: q.Version,
		Patient: patientOf(patient), Of: appointmentOf(appointment, zone), Customer: s.Customer(q.Key.Customer).Name, Claimable: q.State == request.Requested,
	}
	if q.State.Open() {
		out.Waiting = span(s.Now().Sub(q.Asked))
	}
	return out
}

// requestPath is the address of a request's page.
func requestPath(k store.Key) string {
	return requestsPath + "/" + url.PathEscape(k.Customer) + "/" + url.PathEscape(k.ID)
}

// span says how long something takes, in its largest whole unit.
func span(d time.Duration) string {
	count := func(n int, unit string) string {
		if n != 1 {
			unit += "s"
		}
		return fmt.Sprintf("%d %s", n, unit)
	}
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

// patientView is a patient in words.
type patientView struct{ Name, NHS, Born string }

// patientOf says who it is; a patient who is not there has no name.
func patientOf(rec store.Record) patientView {
	if rec.Version == 0 {
		return patientView{Name: "A patient who is not here any more"}
	}
	p, _ := r4.ReadPatient(rec.Resource.Root()) // what cannot be read is not shown
	v := patientView{Name: web.FullName(p.Names), NHS: web.Spaced(r4.Value(p.Identifiers, fhir.NHSNumberSystem)), Born: p.BirthDate}
	if day, err := time.Parse(time.DateOnly, p.BirthDate); err == nil {
		v.Born = day.Format("2 January 2006")
	}
	if v.Name == "" {
		v.Name = "No name given"
	}
	return v
}

// appointmentView is an appointment in words.
type appointmentView struct {
	There     bool
	Title     string
	When      when
	Until     string
	Specialty string
	Service   string
	Status    string
	People    []string
	Places    []string
	Notes     string // of the hospital, for itself
	ID        string // of the sender
}

// appointmentOf says what appointment it is.
func appointmentOf(rec store.Record, zone *time.Location) (v appointmentView) {
	if rec.Version == 0 {
		return v
	}
	root := rec.Resource.Root()
	a, err := r4.ReadAppointment(root)
	if err != nil {
		return v
	}
	v = appointmentView{
		There: true, Title: request.SubjectOf(rec.Resource), Status: a.Status, Notes: root.Get("comment").Text(), ID: root.One(pathExternal).Text(),
		Specialty: strings.Join(web.ConceptsOf(root, "specialty"), ", "), Service: strings.Join(web.ConceptsOf(root, "serviceType"), ", "),
	}
	if a.Start.Given() {
		v.When = whenAt(a.Start.Time, zone)
		v.When.Text = a.Start.Time.In(zone).Format("Mon ") + v.When.Text
		if end := a.End.Time.In(zone); a.End.Given() && end.YearDay() == a.Start.Time.In(zone).YearDay() {
			v.Until = web.ClockTime(end)
		}
	}
	for _, p := range a.Participants {
		switch p.Actor.Type {
		case "Practitioner", "PractitionerRole":
			v.People = append(v.People, p.Actor.Display)
		case "Location":
			v.Places = append(v.Places, p.Actor.Display)
		}
	}
	return v
}

var pathExternal = fhir.MustPath("identifier").Where("system", fhir.ExternalIDSystem).Then("value")
