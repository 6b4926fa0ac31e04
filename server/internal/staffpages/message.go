package staffpages

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/intake"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// messageView is what the pages of one message have in common.
type messageView struct {
	line
	Customer string // whose message it is
	Sent     string // MSH-7, as people read it
	Tabs     []web.Link
	Replay   bool
	// Of the page that shows it.
	Answer   hl7bridge.Answer
	Errors   []web.Problem // of the answer: where, and what
	Means    string        // MSA-1 in words
	About    string        // path of the entry that this is about
	Held     string        // path of the item of the review queue
	Text     string
	Segments []segment
	Made     []version
	Forgot   bool // the message is not kept
}

// means says what an acknowledgement code says.
var means = map[string]string{
	"AA": "accepted", "AR": "refused: a fault of the message, to be mended before it is sent again", "AE": "not done: a fault on this side, to be sent again later",
	"CA": "accepted", "CR": "refused", "CE": "not done",
}

// messageOf begins a page of a message.
func (s *Server) messageOf(e journal.Entry, p Person, at string) messageView {
	v := messageView{line: s.line(e), Customer: s.called(e.Controller), Means: means[e.Answer], Replay: p.May(Contents) && intake.Replayable(e)}
	if !e.Sent.IsZero() {
		v.Sent = e.Sent.In(s.zone(e.Controller)).Format("2 Jan 2006 15:04:05 MST")
	}
	if e.Of != "" {
		v.About = messagesPath + "/" + url.PathEscape(e.Of)
	}
	if e.Review != "" && p.May(Review) {
		v.Held = reviewPath + "/" + url.PathEscape(e.Review)
	}
	tabs := []web.Link{{Path: v.Path, Title: "Summary and answer", Current: at == ""}}
	if p.May(Contents) {
		tabs = append(tabs, web.Link{Path: v.Path + "/text", Title: "As it was sent", Current: at == "text"}, web.Link{Path: v.Path + "/fields", Title: "Segments and fields", Current: at == "fields"})
		if len(e.Wrote) > 0 {
			tabs = append(tabs, web.Link{Path: v.Path + "/fhir", Title: "Changes and FHIR", Current: at == "fhir"})
		}
	}
	v.Tabs = tabs
	return v
}

// message is the page of what became of a message, and how it was answered.
func (s *Server) message(w http.ResponseWriter, r *http.Request, p Person) error {
	e, err := s.Intake.Entry(s.doing(r, p, "staff.messages.entry"), p.caller(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := s.messageOf(e, p, "")
	if v.Answer, err = s.Intake.Answer(r.Context(), e); err != nil {
		return err
	}
	for _, a := range v.Answer.Errors {
		v.Errors = append(v.Errors, web.Problem{Field: placeOf(a), Text: strings.Join(slices.DeleteFunc([]string{a.Code, a.CodeText, a.AppText, a.UserText}, func(t string) bool { return t == "" }), ", ")})
	}
	return s.show(w, r, p, http.StatusOK, "message-entry", web.Layout{Title: "Message " + e.Control, Data: v})
}

// placeOf names where an error of an acknowledgement is: PID-3.
func placeOf(a hl7.AckError) string {
	switch {
	case a.Segment == "":
		return "ERR"
	case a.Field == 0:
		return a.Segment
	}
	return a.Segment + "-" + strconv.Itoa(a.Field)
}

// content gives a message with what it says, to those who may read that.
func (s *Server) content(r *http.Request, p Person) (intake.Kept, error) {
	if !p.May(Contents) {
		return intake.Kept{}, web.NoPage()
	}
	return s.Intake.Message(s.doing(r, p, "staff.messages.view"), p.caller(), r.PathValue("id"))
}

// messageText is the page of a message as it was sent.
func (s *Server) messageText(w http.ResponseWriter, r *http.Request, p Person) error {
	k, err := s.content(r, p)
	if err != nil {
		return err
	}
	v := s.messageOf(k.Entry, p, "text")
	v.Text, v.Forgot = k.Message, len(k.Raw) == 0
	return s.show(w, r, p, http.StatusOK, "message-text", web.Layout{Title: "Message " + k.Control + " as it was sent", Data: v})
}

// segment is a segment of a message in words.
type segment struct {
	Name, Title string
	Fields      []hl7Field
}

// hl7Field is a field that says something.
type hl7Field struct {
	Place, Name string // SCH-11, Appointment timing quantity
	Values      []string
	Parts       []part // of a field of several components
}

// part is a component.
type part struct{ Place, Text string }

// messageFields is the page of what a message says, field by field.
func (s *Server) messageFields(w http.ResponseWriter, r *http.Request, p Person) error {
	k, err := s.content(r, p)
	if err != nil {
		return err
	}
	v := s.messageOf(k.Entry, p, "fields")
	v.Forgot = len(k.Raw) == 0
	if m, _ := hl7.ParseAs(k.Raw, k.Charset); m != nil { // what could not be read has no segments
		v.Segments = segmentsOf(m)
	}
	return s.show(w, r, p, http.StatusOK, "message-fields", web.Layout{Title: "Message " + k.Control + " by segments and fields", Data: v})
}

// maxFields is how many fields of a segment are shown.
const maxFields = 200

func segmentsOf(m *hl7.Message) (all []segment) {
	for seg := range m.Segments("") {
		words := segmentWords[seg.Name()]
		out := segment{Name: seg.Name(), Title: words.title}
		for n := 1; n <= maxFields; n++ {
			f := seg.Field(n)
			if f.Raw() == nil && f.State() == hl7.Absent {
				break
			}
			if f.State() == hl7.Empty {
				continue
			}
			out.Fields = append(out.Fields, fieldOf(seg.Name(), n, f, words.field(n)))
		}
		all = append(all, out)
	}
	return all
}

func fieldOf(seg string, n int, f hl7.Field, name string) hl7Field {
	place := seg + "-" + strconv.Itoa(n)
	out := hl7Field{Place: place, Name: name}
	if f.State() == hl7.Null {
		out.Values = []string{`"" (taken away)`}
		return out
	}
	if seg == "MSH" && n <= 2 {
		out.Values = []string{string(f.Raw())}
		return out
	}
	times := 0
	for rep := range f.Repetitions() {
		times++
		var parts []part
		for i := 1; i <= maxFields; i++ {
			c := rep.Component(i)
			if c.State == hl7.Absent {
				break
			}
			if c.Valued() {
				parts = append(parts, part{place + "." + strconv.Itoa(i), c.Text})
			}
		}
		if len(parts) == 1 && strings.HasSuffix(parts[0].Place, ".1") {
			out.Values = append(out.Values, parts[0].Text)
			continue
		}
		out.Parts = append(out.Parts, parts...)
	}
	return out
}

// version is a version of a resource that a message made.
type version struct {
	Name   string // Appointment/id, version 2
	JSON   string
	Absent string // why it cannot be shown
	Change changed
}

// messageFHIR is the page of what a message made.
func (s *Server) messageFHIR(w http.ResponseWriter, r *http.Request, p Person) error {
	if !p.May(Contents) {
		return web.NoPage()
	}
	e, err := s.Intake.Entry(s.doing(r, p, "staff.messages.entry"), p.caller(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := s.messageOf(e, p, "fhir")
	var shown []store.Record
	for _, ref := range e.Wrote {
		made, rec, err := s.made(r.Context(), p, e.Controller, ref)
		if err != nil {
			return err
		}
		v.Made = append(v.Made, made)
		if rec != nil {
			shown = append(shown, *rec)
		}
	}
	s.note(r, p, "staff.messages.fhir", http.StatusOK, shown...)
	return s.show(w, r, p, http.StatusOK, "message-fhir", web.Layout{Title: "What message " + e.Control + " changed", Data: v})
}

// made reads a version that the journal names as Type/id/version.
func (s *Server) made(ctx context.Context, p Person, customer, ref string) (v version, rec *store.Record, err error) {
	parts := strings.Split(ref, "/")
	if len(parts) != 3 {
		return version{Name: ref, Absent: "It has no name that can be read."}, nil, nil
	}
	n, _ := strconv.ParseInt(parts[2], 10, 64) // 0 is no version
	v.Name = parts[0] + " " + parts[1] + ", version " + parts[2]
	found, err := s.Store.Version(ctx, p.See(), store.Key{Customer: customer, Type: parts[0], ID: parts[1]}, n)
	switch {
	case missing(err):
		v.Absent = "This version is not kept any more, or deletes the resource."
		return v, nil, nil
	case err != nil:
		return v, nil, err
	}
	v.JSON = pretty(found.Resource)
	write := intake.Write{New: found}
	if n > 1 {
		if write.Old, err = s.Store.Version(ctx, p.See(), found.Key, n-1); err != nil && !missing(err) {
			return v, nil, err
		}
	}
	v.Change = changeOf(write)
	return v, &found, nil
}

// pretty gives a resource as people read JSON.
func pretty(r fhir.Resource) string {
	var b bytes.Buffer
	if json.Indent(&b, r.Raw(), "", "  ") != nil {
		return string(r.Raw())
	}
	return b.String()
}
