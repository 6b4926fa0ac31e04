package staffpages

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
	"slotway/server/internal/web"
)

const messagesPath = home + "/messages"

// messagePages are those of the journal of HL7 messages.
func (s *Server) messagePages() map[string]act {
	return map[string]act{
		"GET /staff/messages":              s.messages,
		"GET /staff/messages/{id}":         s.message,
		"GET /staff/messages/{id}/text":    s.messageText,
		"GET /staff/messages/{id}/fields":  s.messageFields,
		"GET /staff/messages/{id}/fhir":    s.messageFHIR,
		"GET /staff/messages/{id}/replay":  s.askReplay,
		"POST /staff/messages/{id}/replay": s.replay,
	}
}

// caller is somebody of the staff as the services know callers. It has no scopes:
// what somebody may do, their roles say.
func (p Person) caller() auth.Principal {
	return auth.Principal{Subject: p.ID, Issuer: p.Issuer, Customers: p.Customers}
}

// messagesAPage is how many messages a page of the list has.
const messagesAPage = 50

// line is a message in the list.
type line struct {
	journal.Entry
	Path, When, Machine, Took string
	Condition                 tag
}

// tag is a word with a colour that says nothing more.
type tag struct{ Text, Colour string }

// conditions say what became of a message.
var conditions = map[journal.State]tag{
	journal.Applied:   {"Applied", "green"},
	journal.Unchanged: {"Nothing to change", "green"},
	journal.Stale:     {"Overtaken", "grey"},
	journal.Repeated:  {"Sent again", "grey"},
	journal.Held:      {"Held for review", "yellow"},
	journal.Dropped:   {"Not applied", "orange"},
	journal.Refused:   {"Refused", "red"},
	journal.Failed:    {"Failed", "red"},
	journal.Reply:     {"A reply", "grey"},
	journal.Delivered: {"Delivered", "blue"},
	journal.GivenUp:   {"Given up", "red"},
}

// lookup is what the list is asked for.
type lookup struct {
	Partner, Control, Appointment, State, From, Until string
}

// choice is a value of a field that is chosen from.
type choice struct {
	Value, Text string
	Chosen      bool
}

// messages is the list, newest first.
func (s *Server) messages(w http.ResponseWriter, r *http.Request, p Person) error {
	q := r.URL.Query()
	ask := lookup{
		strings.TrimSpace(q.Get("partner")), strings.TrimSpace(q.Get("control")), strings.TrimSpace(q.Get("appointment")), q.Get("state"), q.Get("from"), q.Get("until"),
	}
	data := struct {
		Ask      lookup
		States   []choice
		Problem  string
		Field    string
		Messages []line
		Older    string
		Narrowed bool
	}{Ask: ask, Narrowed: ask != lookup{}}
	for _, st := range journal.States() {
		data.States = append(data.States, choice{string(st), conditions[st].Text, ask.State == string(st)})
	}
	zone := s.zoneOf(p)
	jq := journal.Query{Partner: ask.Partner, Control: ask.Control, Appointment: ask.Appointment, After: q.Get("after"), Limit: messagesAPage}
	if slices.Contains(journal.States(), journal.State(ask.State)) {
		jq.States = []journal.State{journal.State(ask.State)}
	}
	for _, b := range []struct {
		name, text string
		at         *time.Time
	}{{"from", ask.From, &jq.Since}, {"until", ask.Until, &jq.Until}} {
		t, err := moment(b.text, zone)
		if err != nil {
			data.Field, data.Problem = b.name, "Enter a time like 2026-05-12 or 2026-05-12T09:30"
			return s.show(w, r, p, http.StatusBadRequest, "messages", web.Layout{Title: "Messages", Error: true, Data: data})
		}
		*b.at = t
	}
	page, err := s.Intake.Messages(s.doing(r, p, "staff.messages.list"), p.caller(), "", jq)
	if err != nil {
		return err
	}
	for _, e := range page.Entries {
		data.Messages = append(data.Messages, s.line(e))
	}
	if page.Next != "" {
		q.Set("after", page.Next)
		data.Older = messagesPath + "?" + q.Encode()
	}
	return s.show(w, r, p, http.StatusOK, "messages", web.Layout{Title: "Messages", Data: data})
}

// moment reads a time of a form: a day, or a time of a day. Empty is no time.
func moment(text string, zone *time.Location) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err = time.ParseInLocation(form, text, zone); err == nil {
			return t, nil
		}
	}
	return t, err
}

// zoneOf gives the zone in which somebody reads times: that of their first customer.
func (s *Server) zoneOf(p Person) *time.Location {
	if len(p.Customers) > 0 {
		return s.zone(p.Customers[0])
	}
	return time.UTC
}

// called gives what a customer is called: its alias, where it has no name.
func (s *Server) called(customer string) string { return cmp.Or(s.Customer(customer).Name, customer) }

// zone gives the zone of a customer; UTC of one that is not known.
func (s *Server) zone(customer string) *time.Location {
	if z := s.Customer(customer).Zone; z != nil {
		return z
	}
	return time.UTC
}

func (s *Server) line(e journal.Entry) line {
	at := e.Received.In(s.zone(e.Controller))
	return line{
		Entry: e, Path: messagesPath + "/" + url.PathEscape(e.ID), When: at.Format("2 Jan 2006 15:04:05 MST"), Machine: at.Format(time.RFC3339),
		Took: strconv.FormatFloat(float64(e.Took)/1000, 'f', 1, 64) + " ms", Condition: conditions[e.State],
	}
}

// missing says whether what somebody asks for is not there, or not for them.
func missing(err error) bool {
	k := fhir.KindOf(err)
	return err != nil && (k == fhir.NotFound || k == fhir.Gone)
}
