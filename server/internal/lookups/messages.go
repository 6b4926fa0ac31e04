package lookups

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// conversation is an element of the answer of /json/messages/after.
type conversation struct {
	ID              string        `json:"id"`
	Messages        []message     `json:"messages"`
	Participants    []participant `json:"participants"`
	LatestMessageID int64         `json:"latestMessageId"`
	MessageCount    int           `json:"messageCount"`
}

type message struct {
	ID              string   `json:"id"`
	ConversationID  string   `json:"conversationId"`
	Subject         string   `json:"subject"`
	Content         string   `json:"content"`
	AttachmentCount int      `json:"attachmentCount"`
	Attachments     []string `json:"attachments"` // there are none: null
	Timestamp       int64    `json:"timestamp"`   // milliseconds since 1970
	SenderID        string   `json:"senderId"`
	OnBehalfOfID    *string  `json:"onBehalfOfId"`
	HTMLContent     bool     `json:"htmlContent"`
	RecipientIDs    []string `json:"recipientIds"`
	PatientID       string   `json:"patientId"`
	MessageStatus   string   `json:"messageStatus"` // UNREAD until somebody of the staff has taken the request
}

type participant struct {
	ID        string `json:"id"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Title     string `json:"title"`
	TeamName  string `json:"teamName"`
	JobTitle  string `json:"jobTitle"`
}

const defaultPage = 500

// messages answers with the conversations in which something was said after a time.
// Where there is more than a page, the Link header names the address that goes on.
func (k *call) messages() (any, error) {
	after, err := ParseAfter(k.r.PathValue("date"), k.s.Zone)
	if err != nil {
		return nil, err
	}
	limit := k.s.Page
	if limit == 0 {
		limit = defaultPage
	}
	found, more, err := k.s.Requests.Conversations(k.r.Context(), k.sees(), after, limit)
	if err != nil {
		return nil, err
	}
	reader, err := k.s.staff(k.r.Context(), k.access.Person.ID)
	if err != nil {
		return nil, err
	}
	out, last := []conversation{}, after
	for _, c := range found {
		shown, err := k.conversation(c, reader)
		if err != nil {
			return nil, err
		}
		out = append(out, shown)
		for _, m := range c.Shown {
			if m.Time = m.Number.Time(); m.Time.After(last) {
				last = m.Time
			}
		}
	}
	if more {
		k.header.Set("Link", fmt.Sprintf(`<%s/json/messages/after/%d>; rel="next"`, k.s.Origin, last.UnixMilli()))
	}
	return out, nil
}

func (k *call) conversation(c request.Conversation, reader participant) (out conversation, err error) {
	patient, err := k.patient(c.Patient)
	if err != nil {
		return out, err
	}
	k.touch(c.Key, c.Version)
	k.touch(c.Patient, 0)
	k.touch(c.Appointment, 0)
	out = conversation{
		ID: c.Key.ID, Participants: []participant{patient, reader}, MessageCount: len(c.Messages),
		LatestMessageID: int64(c.Messages[len(c.Messages)-1].Number),
	}
	for _, m := range c.Messages {
		if m.Patient || m.Author.Number.String() == reader.ID {
			continue
		}
		out.join(k.s.author(k.r.Context(), m.Author))
	}
	to := []string{}
	for _, p := range out.Participants[1:] {
		to = append(to, p.ID)
	}
	to = append(to, patient.ID)
	for _, m := range c.Shown {
		shown := message{
			ID: m.Number.String(), ConversationID: c.Key.ID, Subject: c.Subject, Content: m.Text, Timestamp: m.Number.Time().UnixMilli(),
			SenderID: m.Author.Number.String(), RecipientIDs: to, PatientID: patient.ID, MessageStatus: "READ",
		}
		if m.Patient {
			shown.SenderID = patient.ID
			if c.State == request.Requested {
				shown.MessageStatus = "UNREAD"
			}
		}
		out.Messages = append(out.Messages, shown)
	}
	return out, nil
}

// join adds somebody to those who take part, once.
func (c *conversation) join(p participant) {
	for _, known := range c.Participants {
		if known.ID == p.ID {
			return
		}
	}
	c.Participants = append(c.Participants, p)
}

// patient gives the patient of a request.
func (k *call) patient(key store.Key) (p participant, err error) {
	n, err := k.s.Requests.NumberFor(k.r.Context(), request.Named{Customer: key.Customer, Type: "Patient", ID: key.ID})
	if err != nil {
		return p, err
	}
	p.ID = n.String()
	rec, err := k.s.Store.Read(k.r.Context(), k.sees(), key)
	if kind := fhir.KindOf(err); err != nil && kind != fhir.NotFound && kind != fhir.Gone {
		return p, err
	}
	if err == nil {
		name := nameOf(rec.Resource)
		p.FirstName, p.LastName = name.first, name.last
	}
	return p, nil
}

// staff gives somebody of the staff as one who takes part.
func (s *Service) staff(ctx context.Context, id string) (p participant, err error) {
	n, err := s.Requests.NumberFor(ctx, request.Named{Type: request.Staff, ID: id})
	if err != nil {
		return p, err
	}
	person, _, err := s.Person(ctx, s.Store, id)
	return participant{n.String(), person.First, person.Last, person.Title, person.Team, person.Job}, err
}

// author gives who wrote a message, as the directory of staff has them, or by name
// when they are not in it any more.
func (s *Service) author(ctx context.Context, by request.Party) participant {
	if what, err := s.Requests.ByNumber(ctx, by.Number); err == nil && what.Type == request.Staff {
		if p, ok, err := s.Person(ctx, s.Store, what.ID); err == nil && ok {
			return participant{by.Number.String(), p.First, p.Last, p.Title, p.Team, p.Job}
		}
	}
	first, last, _ := strings.Cut(by.Name, " ")
	return participant{ID: by.Number.String(), FirstName: first, LastName: last}
}

// ParseAfter reads the time of an address: a date, of which the whole day counts; a
// date and time with a zone or in the one given; or milliseconds since 1970. What is
// said after it is asked for, to the millisecond.
func ParseAfter(text string, zone *time.Location) (time.Time, error) {
	if t, err := url.PathUnescape(text); err == nil {
		text = t
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day.Add(-time.Millisecond), nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 && ms < 1e14 {
		return time.UnixMilli(ms), nil
	}
	text = strings.Replace(text, " ", "+", 1) // a plus that was read as a blank
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fhir.Errorf(fhir.Invalid, "The time must be written like 2018-01-17, 2018-01-17T09:30:00Z or 1516181400000, milliseconds since 1970.").Coded("invalid_date")
}
