package pages

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"slotway/fhir"
	"slotway/server/internal/manage"
	"slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// askedView is a request in words.
type askedView struct {
	ID    string
	Title string // You asked to change this appointment
	State status
	Says  string
	When  string // it was asked
	Open  bool
	Why   string         // it has ended so, as the hospital wrote
	Last  request.Number // of the last message
	Lines []line
}

// line is a message of the conversation.
type line struct {
	By, When, Machine, Text string
	Mine                    bool
}

// asks are the kinds of requests in words.
var asks = map[request.Kind]string{request.Change: "change", request.Cancel: "cancel"}

// states are those of a request in words.
var states = map[request.State]struct {
	status
	says string
}{
	request.Requested: {status{"Sent", "blue"}, "The hospital has your request. Your appointment stays as it is until they answer."},
	request.Claimed:   {status{"Being looked at", "yellow"}, "Somebody at the hospital is working on your request. Your appointment stays as it is until they answer."},
	request.Completed: {status{"Answered", "green"}, "The hospital has answered. The details on this page are how your appointment is now."},
	request.Rejected:  {status{"Not possible", "orange"}, "The hospital could not do what you asked. The details on this page are how your appointment is now."},
	request.Withdrawn: {status{"Withdrawn", "grey"}, "You took your request back."},
}

// sayRequest says a request in words.
func (b booking) sayRequest(r request.Request) askedView {
	at := func(t time.Time) string { return web.LongTime(t.In(b.customer.Zone)) }
	v := askedView{
		ID: r.Key.ID, Title: "You asked to " + asks[r.Kind] + " this appointment", When: at(r.Asked), Open: r.State.Open(), Why: r.Reason(),
		State: states[r.State].status, Says: states[r.State].says,
	}
	if r.State == request.Completed && r.After == "cancelled" {
		v.Says = "The appointment has been cancelled."
	}
	for _, m := range r.Messages {
		l := line{By: cmp.Or(m.Author.Name, b.customer.Name), When: at(m.Time), Machine: m.Time.Format(time.RFC3339), Text: m.Text, Mine: m.Patient}
		if m.Patient {
			l.By = "You"
		}
		v.Lines, v.Last = append(v.Lines, l), m.Number
	}
	return v
}

// mostRequests is how many requests about one appointment are shown, the latest first.
const mostRequests = 10

// requests gives what the patient has asked about an appointment, the latest first.
func (s *Server) requests(ctx context.Context, b booking) (all []askedView, err error) {
	found, err := s.Requests.Search(ctx, store.Of(b.customer.Alias), request.Query{
		Params: "focus=" + url.QueryEscape("Appointment/"+b.about.ID) + "&_sort=-authored-on", Limit: mostRequests,
	})
	for _, r := range found.Requests {
		if r.Patient.ID == b.patient {
			all = append(all, b.sayRequest(r))
		}
	}
	return all, err
}

// writing is a message that the patient is writing.
type writing struct {
	Text     string
	Problems problems
	Kept     bool
}

// appointmentView is the page of one appointment.
type appointmentView struct {
	view
	May      kinds
	Requests []askedView
	Writing  writing
	Max      int
}

// Problems are those of the form.
func (v appointmentView) Problems() problems { return v.Writing.Problems }

// showAppointment shows the page of one appointment, with what is said about it.
func (s *Server) showAppointment(w http.ResponseWriter, r *http.Request, v session.Session, b booking, status int, wr writing) error {
	asked, err := s.requests(r.Context(), b)
	if err != nil {
		return err
	}
	data := appointmentView{view: s.view(r.Context(), b), Requests: asked, Writing: wr, Max: request.MaxText}
	open := len(asked) > 0 && asked[0].Open
	if data.May, err = s.mayAsk(r.Context(), b); err != nil && !refused(err) {
		return err
	}
	if open && wr.Text == "" && len(wr.Problems) == 0 {
		d, kept, err := s.Sessions.Draft(r.Context(), draftKey(v, r, ""))
		if err != nil {
			return err
		}
		data.Writing = writing{Text: d.Text, Kept: kept && d.Text != ""}
	}
	s.note(r, v.Person, actAppointment, status, b)
	if data.Manage {
		web.MayLeave(w, s.Origin)
	}
	return s.showOnce(w, r, v, status, "appointment", web.Layout{Title: data.Title, Error: len(wr.Problems) > 0, Data: data})
}

// reply adds a message of the patient to the conversation.
func (s *Server) reply(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	text := web.Written(r, "message")
	v, b, ok, err := s.theirsInTime(w, r, "", "", text)
	if err != nil || !ok {
		return err
	}
	switch {
	case text == "":
		return s.showAppointment(w, r, v, b, http.StatusUnprocessableEntity, writing{Problems: problems(nil).wrong("message", "Enter your message")})
	case tooLong(text):
		return s.showAppointment(w, r, v, b, http.StatusUnprocessableEntity, writing{Text: text, Problems: problems(nil).wrong("message", saysTooLong)})
	}
	asked, err := s.theirRequest(r, b)
	if err != nil {
		return err
	}
	after, _ := request.ParseNumber(r.PostForm.Get("after"))
	_, err = s.Requests.Write(s.acting(r, v.Person), asked.Key, b.of(), after, text)
	if fhir.KindOf(err) == fhir.Conflict {
		s.tell(w, r, http.StatusConflict, message{
			Message: web.Message{Title: "Your request has been answered", Text: "The hospital has answered your request, so your message has not been sent. Look at the appointment; you may be able to ask again."},
			To:      manage.Path(b.patient, b.about.ID), Link: "Go to the appointment", Wrote: text,
		})
		return nil
	}
	if err == nil {
		err = s.Sessions.KeepDraft(r.Context(), draftKey(v, r, ""), session.Draft{})
	}
	return s.did(w, r, b, tellWrote, err)
}

// theirRequest gives the request that a form names, of the appointment of its address.
func (s *Server) theirRequest(r *http.Request, b booking) (request.Request, error) {
	id := r.PostForm.Get("request")
	if !fhir.ValidID(id) {
		return request.Request{}, web.NoPage()
	}
	asked, err := s.Requests.Read(r.Context(), store.Of(b.customer.Alias), store.Key{Customer: b.customer.Alias, ID: id})
	if k := fhir.KindOf(err); err != nil && (k == fhir.NotFound || k == fhir.Gone) {
		return asked, web.NoPage()
	}
	if err == nil && (asked.Appointment.ID != b.about.ID || asked.Patient.ID != b.patient) {
		err = web.NoPage()
	}
	return asked, err
}

// What a page tells, once, of what the person did before.
const (
	tellWrote     = "wrote"
	tellWithdrawn = "withdrawn"
)

// did goes back to the appointment's page, which tells what was done.
func (s *Server) did(w http.ResponseWriter, r *http.Request, b booking, tell string, err error) error {
	if err == nil {
		err = s.Sessions.Change(r.Context(), r, func(v *session.Session) { v.Tell = tell })
	}
	if err != nil {
		return err
	}
	return web.Away(w, r, manage.Path(b.patient, b.about.ID))
}
