package staffpages

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/server/internal/intake"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

const reviewPath = home + "/review"

// reviewPages are those of what is held for review.
func (s *Server) reviewPages() map[string]act {
	return map[string]act{
		"GET /staff/review":              s.queue,
		"GET /staff/review/{id}":         s.held,
		"POST /staff/review/{id}/accept": s.accept,
		"POST /staff/review/{id}/reject": s.reject,
		"POST /staff/review/{id}/replay": s.lookAgain,
	}
}

// heldWhy says in words why a message is held.
var heldWhy = map[intake.Reason]string{
	intake.BirthDateDiffers:  "The date of birth is not the one on record",
	intake.BirthDateMissing:  "There is no date of birth to compare",
	intake.NumberNotVerified: "The NHS number is not verified",
	intake.NumberMissing:     "The patient has an NHS number, and the message has not",
	intake.Behind:            "An earlier message about the same is held",
	intake.Overbooked:        "The time was booked already",
}

// heldStates say what became of an item.
var heldStates = map[intake.ItemState]tag{
	intake.Pending:  {"To be decided", "yellow"},
	intake.Failed:   {"Could not be carried out", "red"},
	intake.Accepted: {"Accepted", "green"},
	intake.Rejected: {"Rejected", "orange"},
	intake.Released: {"Settled by itself", "blue"},
	intake.Expired:  {"Nobody decided in time", "grey"},
}

// heldLine is an item in the list.
type heldLine struct {
	intake.Item
	Path, When, Machine, Age string
	Because                  string
	Condition                tag
	Of                       string // whose it is
}

func (s *Server) heldLine(it intake.Item) heldLine {
	at := it.Received.In(s.zone(it.Customer))
	because := heldWhy[it.Reason]
	if because == "" {
		because = string(it.Reason)
	}
	return heldLine{
		Item: it, Path: reviewPath + "/" + url.PathEscape(it.ID), When: at.Format("2 Jan 2006 15:04 MST"), Machine: at.Format(time.RFC3339), Age: since(s.Now().Sub(it.Received)),
		Because: because, Condition: heldStates[it.State], Of: s.called(it.Customer),
	}
}

// since says how long something lasts, to the hour where it is less than two days.
func since(d time.Duration) string {
	n, unit := int(d/(24*time.Hour)), "day"
	if d < 48*time.Hour {
		n, unit = int(d/time.Hour), "hour"
	}
	switch {
	case d < time.Hour:
		return "less than an hour"
	case n == 1:
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// pile is what is held of one customer.
type pile struct {
	Name  string
	Items []heldLine
	More  string // path of the rest
}

// itemsAPage is how many items of a customer are shown at once.
const itemsAPage = 50

// queue is the list: of each customer, oldest first.
func (s *Server) queue(w http.ResponseWriter, r *http.Request, p Person) error {
	q := r.URL.Query()
	data := struct {
		All   bool // also what is decided
		Tabs  []web.Link
		Piles []pile
	}{All: q.Get("state") == "all"}
	data.Tabs = []web.Link{{Path: reviewPath, Title: "To be decided", Current: !data.All}, {Path: reviewPath + "?state=all", Title: "All", Current: data.All}}
	for _, customer := range p.Customers {
		if one := q.Get("customer"); one != "" && one != customer {
			continue
		}
		ask := intake.ItemQuery{Customer: customer, Limit: itemsAPage, After: q.Get("after"), States: []intake.ItemState{intake.Pending, intake.Failed}}
		if data.All {
			ask.States = nil
		}
		page, err := s.Intake.Items(s.doing(r, p, "staff.review.list"), p.caller(), ask)
		if err != nil {
			return err
		}
		all := pile{Name: s.called(customer)}
		for _, it := range page.Items {
			all.Items = append(all.Items, s.heldLine(it))
		}
		if page.Next != "" {
			more := url.Values{"customer": {customer}, "after": {page.Next}}
			if data.All {
				more.Set("state", "all")
			}
			all.More = reviewPath + "?" + more.Encode()
		}
		data.Piles = append(data.Piles, all)
	}
	return s.show(w, r, p, http.StatusOK, "review", web.Layout{Title: "Review", Data: data})
}

// comparison is a thing that message and record both can say.
type comparison struct {
	intake.Field
	Verdict tag
}

// heldView is what the page of one item shows.
type heldView struct {
	heldLine
	Fields  []comparison
	Message string
	Entry   string // path of the message in the journal
	Others  []string
	Open    bool // somebody has to decide
	Again   bool // it may be looked at again
	Decided string
	Given   string // the reason, as it was entered
	Problem *web.Problem
}

// held is the page of one item.
func (s *Server) held(w http.ResponseWriter, r *http.Request, p Person) error {
	return s.showHeld(w, r, p, "", nil)
}

func (s *Server) showHeld(w http.ResponseWriter, r *http.Request, p Person, reason string, problem *web.Problem) error {
	it, err := s.Intake.Item(s.doing(r, p, "staff.review.view"), p.caller(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := heldView{
		heldLine: s.heldLine(it.Item), Message: it.Message, Given: reason, Problem: problem,
		Open: it.State == intake.Pending || it.State == intake.Failed, Again: it.State != intake.Accepted && it.State != intake.Released,
	}
	for _, f := range it.Fields {
		verdict, in := verdictOf(f), s.zone(it.Customer)
		f.Message, f.Stored = inWords(f.Name, f.Message, in), inWords(f.Name, f.Stored, in)
		v.Fields = append(v.Fields, comparison{f, verdict})
	}
	if p.May(Messages) && it.Entry != "" {
		v.Entry = messagesPath + "/" + url.PathEscape(it.Entry)
	}
	for _, id := range it.Line {
		if id != it.ID {
			v.Others = append(v.Others, reviewPath+"/"+url.PathEscape(id))
		}
	}
	if !it.Decided.IsZero() {
		v.Decided = it.Decided.In(s.zone(it.Customer)).Format("2 Jan 2006 15:04 MST")
	}
	s.noteHeld(r, p, it)
	status, title := http.StatusOK, "Held message "+it.Control
	if problem != nil {
		status = http.StatusUnprocessableEntity
	}
	return s.show(w, r, p, status, "review-item", web.Layout{Title: title, Error: problem != nil, Data: v})
}

// noteHeld records whose record was compared.
func (s *Server) noteHeld(r *http.Request, p Person, it intake.View) {
	if it.Patient == "" {
		return
	}
	rec, err := s.Store.Read(r.Context(), store.Of(it.Customer), store.Key{Customer: it.Customer, Type: "Patient", ID: it.Patient})
	if err == nil {
		s.note(r, p, "staff.review.compare", http.StatusOK, rec)
	}
}

// inWords gives times, dates of birth and NHS numbers as people read them. What is
// not the same stays so.
func inWords(name, text string, zone *time.Location) string {
	switch name {
	case "Start", "End":
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.Equal(at.Truncate(time.Minute)) {
			return web.LongTime(at.In(zone))
		}
	case "Date of birth":
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return day.Format("2 January 2006")
		}
	case "NHS number":
		return web.Spaced(text)
	}
	return text
}

// verdictOf says in a word how message and record stand to one another.
func verdictOf(f intake.Field) tag {
	switch {
	case f.Differs:
		return tag{"Differs", "red"}
	case f.Message == "":
		return tag{"Only on record", "grey"}
	case f.Stored == "":
		return tag{"Only in message", "blue"}
	}
	return tag{"Same", "green"}
}

func (s *Server) accept(w http.ResponseWriter, r *http.Request, p Person) error {
	_, err := s.Intake.Accept(s.doing(r, p, "staff.review.accept"), p.caller(), r.PathValue("id"))
	return s.decided(w, r, err)
}

func (s *Server) reject(w http.ResponseWriter, r *http.Request, p Person) error {
	reason := web.Written(r, "reason")
	_, err := s.Intake.Reject(s.doing(r, p, "staff.review.reject"), p.caller(), r.PathValue("id"), reason)
	if fhir.KindOf(err) == fhir.Unprocessable && err != nil {
		text := "Enter why the message is rejected"
		if reason != "" {
			text = "The reason must be 1,000 characters or fewer"
		}
		return s.showHeld(w, r, p, reason, &web.Problem{Field: "reason", Text: text})
	}
	return s.decided(w, r, err)
}

func (s *Server) lookAgain(w http.ResponseWriter, r *http.Request, p Person) error {
	_, err := s.Intake.Replay(s.doing(r, p, "staff.review.replay"), p.caller(), r.PathValue("id"))
	return s.decided(w, r, err)
}

// decided leads back to the item, which says what became of it.
func (s *Server) decided(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return err
	}
	return web.Away(w, r, reviewPath+"/"+url.PathEscape(r.PathValue("id")))
}
