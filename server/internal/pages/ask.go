package pages

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/manage"
	"slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// askForm is the form in which a patient asks for a change, as it is shown.
type askForm struct {
	View       view
	Kind, Text string
	Draft      string // its id
	Problems   problems
	Kept       bool // it was written before the person signed in again
	Max        int
	May        kinds
}

// KindText says what is asked for.
func (f askForm) KindText() string { return kindTexts[request.Kind(f.Kind)] }

var kindTexts = map[request.Kind]string{request.Change: "Change this appointment", request.Cancel: "Cancel this appointment"}

func draftKey(v session.Session, r *http.Request, form string) string {
	return session.DraftKey(v.Person.Subject, r.PathValue("patient"), r.PathValue("appointment"), form)
}

// theirs gives who is signed in and the appointment of the address, which is theirs,
// for a page whose address ends in form. ok is false where they were sent to sign in.
func (s *Server) theirs(w http.ResponseWriter, r *http.Request, form string) (v session.Session, b booking, ok bool, err error) {
	patient, appointment := r.PathValue("patient"), r.PathValue("appointment")
	if !fhir.ValidID(patient) || !fhir.ValidID(appointment) {
		return v, b, false, web.NoPage()
	}
	v, ok, err = s.signedIn(w, r, manage.Path(patient, appointment)+form)
	if err != nil || !ok {
		return v, b, false, err
	}
	b, err = s.own(r.Context(), v.Person, patient, appointment)
	return v, b, err == nil, err
}

// openRequest gives the patient's open request about an appointment. One of somebody
// else who takes part is not theirs to see.
func (s *Server) openRequest(ctx context.Context, b booking) (r request.Request, open bool, err error) {
	r, open, err = s.Requests.OpenOf(ctx, store.Of(b.customer.Alias), b.stored.Key)
	if err != nil || !open || r.Patient.ID != b.patient {
		return request.Request{}, false, err
	}
	return r, true, nil
}

// kinds are what a patient may ask for.
type kinds []request.Kind

// Words says them, for the end of "ask to".
func (k kinds) Words() string {
	words := make([]string, len(k))
	for i, kind := range k {
		words[i] = asks[kind]
	}
	return strings.Join(words, " or ")
}

// Title says them as the beginning of a heading.
func (k kinds) Title() string {
	words := k.Words()
	return strings.ToUpper(words[:1]) + words[1:]
}

// Has says whether something is one of them.
func (k kinds) Has(kind string) bool { return slices.Contains(k, request.Kind(kind)) }

// mayAsk gives what the patient may ask for: nothing of what is over, nothing while
// there is a request, whoever made it, and nothing that the customer takes no requests
// for. Why there is nothing, the error says: fhir.Conflict, fhir.Forbidden.
func (s *Server) mayAsk(ctx context.Context, b booking) (kinds, error) {
	may, err := s.Requests.MayAsk(b.stored)
	if err != nil {
		return nil, err
	}
	_, open, err := s.Requests.OpenOf(ctx, store.Of(b.customer.Alias), b.stored.Key)
	switch {
	case err != nil:
		return nil, err
	case open:
		return nil, fhir.Errorf(fhir.Conflict, "A request is open already.").Coded(request.CodeOpen)
	case len(may) == 0:
		return nil, noRequests()
	}
	return may, nil
}

func noRequests() error {
	return fhir.Errorf(fhir.Forbidden, "The organisation takes no such requests.").Coded(request.CodeOff)
}

// refused says whether an error is that something cannot be asked, and no failure.
func refused(err error) bool {
	k := fhir.KindOf(err)
	return err != nil && (k == fhir.Conflict || k == fhir.Forbidden)
}

// ask is the page with the form.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) error {
	v, b, ok, err := s.theirs(w, r, formAsk)
	if err != nil || !ok {
		return err
	}
	may, err := s.mayAsk(r.Context(), b)
	if refused(err) {
		return web.Away(w, r, manage.Path(b.patient, b.about.ID))
	}
	if err != nil {
		return err
	}
	d, kept, err := s.Sessions.Draft(r.Context(), draftKey(v, r, formAsk))
	if err != nil {
		return err
	}
	if d.Sent {
		d, kept = session.Draft{}, false
	}
	s.note(r, v.Person, actAsk, http.StatusOK, b)
	return s.showAsk(w, r, v, b, http.StatusOK, askForm{Kind: d.Kind, Text: d.Text, Kept: kept && d.Late, May: may})
}

func (s *Server) showAsk(w http.ResponseWriter, r *http.Request, v session.Session, b booking, status int, f askForm) error {
	f.View, f.Max = s.view(r.Context(), b), request.MaxText
	return s.show(w, &v, status, "ask", web.Layout{Title: "Ask to " + f.May.Words(), Error: len(f.Problems) > 0, Data: f})
}

// asked takes the form, keeps what was written, and goes on to where it is checked.
func (s *Server) asked(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	f := askForm{Kind: r.PostForm.Get("kind"), Text: web.Written(r, "note")}
	if f.KindText() == "" {
		f.Kind = ""
	}
	v, b, ok, err := s.theirsInTime(w, r, formAsk, f.Kind, f.Text)
	if err != nil || !ok {
		return err
	}
	if f.May, err = s.mayAsk(r.Context(), b); err == nil && f.Kind != "" && !f.May.Has(f.Kind) {
		err = noRequests()
	}
	if refused(err) {
		return s.cannotAsk(w, r, v, b, f.Text, err)
	}
	if err != nil {
		return err
	}
	if f.Problems = f.check(); len(f.Problems) > 0 {
		return s.showAsk(w, r, v, b, http.StatusUnprocessableEntity, f)
	}
	key := draftKey(v, r, formAsk)
	d, _, err := s.Sessions.Draft(r.Context(), key)
	if err != nil {
		return err
	}
	if d.Sent || d.ID == "" || d.Kind != f.Kind || d.Text != f.Text {
		d = session.Draft{ID: s.NewID(), Kind: f.Kind, Text: f.Text}
	}
	d.Late = false
	if err := s.Sessions.KeepDraft(r.Context(), key, d); err != nil {
		return err
	}
	return web.Away(w, r, manage.Path(b.patient, b.about.ID)+formCheck)
}

// check says what is wrong with what was filled in.
func (f askForm) check() (all problems) {
	if f.KindText() == "" {
		all = all.wrong("kind", "Select if you want to "+f.May.Words()+" the appointment")
	}
	switch {
	case tooLong(f.Text):
		all = all.wrong("note", saysTooLong)
	case f.Text == "" && f.Kind == string(request.Change):
		all = all.wrong("note", "Enter what you would like to change, such as days and times that suit you")
	}
	return all
}

// check is the page on which the patient looks at what will be sent.
func (s *Server) check(w http.ResponseWriter, r *http.Request) error {
	v, b, ok, err := s.theirs(w, r, formCheck)
	if err != nil || !ok {
		return err
	}
	d, found, err := s.Sessions.Draft(r.Context(), draftKey(v, r, formAsk))
	if err != nil {
		return err
	}
	f := askForm{Kind: d.Kind, Text: d.Text, Draft: d.ID}
	if f.May, err = s.mayAsk(r.Context(), b); err != nil && !refused(err) {
		return err
	}
	if !found || d.Sent || d.ID == "" || !f.May.Has(d.Kind) || len(f.check()) > 0 {
		return web.Away(w, r, manage.Path(b.patient, b.about.ID)+formAsk)
	}
	f.View = s.view(r.Context(), b)
	s.note(r, v.Person, actAsk, http.StatusOK, b)
	return s.show(w, &v, http.StatusOK, "ask-check", web.Layout{Title: "Check your request", Data: f})
}

// send makes the request. Sent twice it is one; and what is sent is what was shown:
// where another window has written something else since, that is shown first.
func (s *Server) send(w http.ResponseWriter, r *http.Request) error {
	if err := web.ReadForm(w, r); err != nil {
		return err
	}
	v, b, ok, err := s.theirsInTime(w, r, formCheck, "", "")
	if err != nil || !ok {
		return err
	}
	key := draftKey(v, r, formAsk)
	d, found, err := s.Sessions.Draft(r.Context(), key)
	if err != nil {
		return err
	}
	path := manage.Path(b.patient, b.about.ID)
	if !found || d.ID == "" || d.ID != r.PostForm.Get("draft") {
		return web.Away(w, r, path+formCheck)
	}
	_, err = s.Requests.Ask(s.acting(r, v.Person), request.Ask{
		Appointment: b.stored.Key, Patient: b.of(),
		Kind: request.Kind(d.Kind), Note: d.Text, ID: d.ID,
	})
	switch k := fhir.KindOf(err); {
	case refused(err):
		return s.cannotAsk(w, r, v, b, d.Text, err)
	case err != nil && (k == fhir.NotFound || k == fhir.Gone):
		return web.NoPage()
	case err != nil:
		return err
	}
	d.Sent, d.Text = true, ""
	if err := s.Sessions.KeepDraft(r.Context(), key, d); err != nil {
		return err
	}
	return web.Away(w, r, path+"/ask/sent")
}

// cannotAsk says why a request was not made, and gives back what was written.
func (s *Server) cannotAsk(w http.ResponseWriter, r *http.Request, v session.Session, b booking, wrote string, why error) error {
	status := http.StatusConflict
	m := message{To: manage.Path(b.patient, b.about.ID), Link: "Go to the appointment", Wrote: wrote}
	m.Title = "You cannot ask about this appointment any more"
	m.Text = "It has begun, or it was changed or cancelled a moment ago. Your request has not been sent. If you still need something, contact the hospital."
	switch fhir.AsError(why).Code {
	case request.CodeOff:
		status = http.StatusForbidden
		m.Title = "You cannot ask for this here"
		m.Text = b.customer.Name + " does not take such requests online. Your request has not been sent. If you need something, contact the hospital."
	case request.CodeOpen:
		_, own, err := s.openRequest(r.Context(), b)
		if err != nil {
			return err
		}
		if !own {
			break
		}
		m.Title = "You have already asked about this appointment"
		m.Text = "There is a request that the hospital has not answered yet, perhaps from another window. What you wrote now has not been sent. You can add a message to that request, or withdraw it and ask again."
	}
	s.note(r, v.Person, actAsk, status, b)
	s.tell(w, r, status, m)
	return nil
}

// sent is the page after the request is made.
func (s *Server) sent(w http.ResponseWriter, r *http.Request) error {
	v, b, ok, err := s.theirs(w, r, "")
	if err != nil || !ok {
		return err
	}
	asked, open, err := s.openRequest(r.Context(), b)
	if err != nil {
		return err
	}
	if !open {
		return web.Away(w, r, manage.Path(b.patient, b.about.ID))
	}
	s.note(r, v.Person, actAsk, http.StatusOK, b)
	return s.show(w, &v, http.StatusOK, "ask-sent", web.Layout{Title: "Request sent", Data: askForm{View: s.view(r.Context(), b), Kind: string(asked.Kind)}})
}

// acting gives a context in which what is written is recorded as the person's.
func (s *Server) acting(r *http.Request, p session.Person) context.Context {
	e := s.event(r, p)
	return audit.With(r.Context(), &e)
}
