// Package diary makes slots ahead of time from templates: a weekly pattern of
// hours, with days that are closed or have hours of their own. Times are those of
// clocks on the wall of the template's zone, so that a clinic at nine stays at nine
// when the clocks change; an hour that a day does not have makes no slot, and one
// that it has twice makes each slot once.
//
// A slot's id follows from its schedule, its start and its place, so that making
// slots again, after a crash or in several processes at once, makes none twice,
// frees none that is booked, and brings none back that was deleted or withdrawn.
package diary

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// Hours are a time of a day with slots one after another.
type Hours struct {
	From, Until time.Duration // since midnight, by the clock on the wall
	Every       time.Duration // a slot's length
	Places      int           // slots at one time; 0 is 1
}

// Template says which slots a schedule has.
type Template struct {
	Customer, Schedule string
	Actors             []string // references, of the schedule that is made where there is none
	Zone               *time.Location
	Days               int // ahead, today included
	From, Until        Date
	Week               [7][]Hours       // by time.Weekday
	Instead            map[Date][]Hours // of single days; none is closed
	ServiceType        []byte           // Slot.serviceType as JSON; may be nil
}

// Date is a day: 2026-12-25. The empty one is none.
type Date string

func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// hours gives the hours of a day.
func (t *Template) hours(day time.Time) []Hours {
	d := dateOf(day)
	if t.From != "" && d < t.From || t.Until != "" && d > t.Until {
		return nil
	}
	if h, ok := t.Instead[d]; ok {
		return h
	}
	return t.Week[day.Weekday()]
}

// Span is the time of a slot, and how many places there are at it.
type Span struct {
	Start, End time.Time
	Places     int
}

// Spans gives the slots of a day, which is any time of it in the template's zone.
func (t *Template) Spans(day time.Time) (all []Span) {
	day = day.In(t.Zone)
	for _, h := range t.hours(day) {
		for at := h.From; at+h.Every <= h.Until; at += h.Every {
			start, ok := t.wall(day, at)
			if !ok {
				continue
			}
			all = append(all, Span{Start: start, End: start.Add(h.Every), Places: max(h.Places, 1)})
		}
	}
	return all
}

// wall gives the first moment at which the clock shows a time of a day; ok is
// false for a time that it skips.
func (t *Template) wall(day time.Time, at time.Duration) (time.Time, bool) {
	y, m, d := day.Date()
	minutes := int(at / time.Minute)
	start := time.Date(y, m, d, 0, minutes, 0, 0, t.Zone)
	if start.Hour()*60+start.Minute() != minutes {
		return start, false
	}
	if before := start.Add(-time.Hour); before.Hour() == start.Hour() && before.Minute() == start.Minute() && before.Day() == start.Day() {
		start = before
	}
	return start, true
}

// Service makes slots. Its fields are set once, before first use.
type Service struct {
	Store   store.Store
	Booking *booking.Service
	Now     func() time.Time
}

// Made is what a run came to.
type Made struct {
	Slots int // that were made
	Days  int // that were looked at
}

// Make makes the slots of a template that are missing, from now to as far ahead as
// it says. A day is one commit. What is in a withdrawn clinic, or where as many
// slots of the schedule stand already as there are places, is left out.
func (s *Service) Make(ctx context.Context, t Template) (done Made, err error) {
	if err := s.schedule(ctx, &t); err != nil {
		return done, err
	}
	closed, err := s.Booking.Closed(ctx, t.Customer, t.Schedule)
	if err != nil {
		return done, err
	}
	now := s.Now().In(t.Zone)
	for n := range t.Days {
		day := time.Date(now.Year(), now.Month(), now.Day()+n, 12, 0, 0, 0, t.Zone)
		spans := withoutClosed(t.Spans(day), closed, now)
		if len(spans) == 0 {
			continue
		}
		done.Days++
		made, err := s.day(ctx, &t, spans)
		if err != nil {
			return done, fmt.Errorf("slots of %s on %s: %w", t.Schedule, dateOf(day), err)
		}
		done.Slots += made
	}
	return done, nil
}

func withoutClosed(spans []Span, closed []booking.Withdrawal, now time.Time) (open []Span) {
next:
	for _, sp := range spans {
		if sp.Start.Before(now) {
			continue
		}
		for _, w := range closed {
			if sp.Start.Before(w.End) && sp.End.After(w.Start) {
				continue next
			}
		}
		open = append(open, sp)
	}
	return open
}

// tries is how often a day is tried when another process makes it too.
const tries = 5

// day makes the missing slots of a day.
func (s *Service) day(ctx context.Context, t *Template, spans []Span) (made int, err error) {
	for range tries {
		changes, err := s.missing(ctx, t, spans)
		if err != nil || len(changes) == 0 {
			return 0, err
		}
		_, err = s.Booking.Do(ctx, changes...)
		if err == nil {
			return len(changes), nil
		}
		if !errors.Is(err, fhir.PreconditionFailed) && !errors.Is(err, fhir.Conflict) {
			return 0, err
		}
	}
	return 0, nil // the other process makes them
}

// missing gives the creates of the slots that are not there and have room.
func (s *Service) missing(ctx context.Context, t *Template, spans []Span) (changes []booking.Change, err error) {
	first, last := spans[0].Start, spans[0].End
	for _, sp := range spans {
		if sp.Start.Before(first) {
			first = sp.Start
		}
		if sp.End.After(last) {
			last = sp.End
		}
	}
	there, err := s.Booking.SlotsAt(ctx, t.Customer, t.Schedule, first, last)
	if err != nil {
		return nil, err
	}
	for _, sp := range spans {
		stand := 0
		for _, other := range there {
			if other.Start.Before(sp.End) && other.End.After(sp.Start) {
				stand++
			}
		}
		for place := 0; place < sp.Places && stand < sp.Places; place++ {
			id := slotID(t.Customer, t.Schedule, sp.Start, place)
			key := store.Key{Customer: t.Customer, Type: "Slot", ID: id}
			_, err := s.Store.Read(ctx, store.Of(t.Customer), key)
			if err == nil || errors.Is(err, fhir.Gone) {
				continue // it is counted, or was deleted, which stays so
			}
			if !errors.Is(err, fhir.NotFound) {
				return nil, err
			}
			r, err := t.slot(id, sp)
			if err != nil {
				return nil, err
			}
			changes = append(changes, booking.Change{Request: request(t.Customer), Op: booking.Create, Key: key, Resource: r})
			stand++
		}
	}
	return changes, nil
}

// request is who makes slots.
func request(customer string) booking.Request {
	return booking.Request{Principal: auth.Principal{Client: "diary", Customers: []string{customer}}, IfVersion: 0}
}

// slotID gives the id of a slot, a UUID.
func slotID(customer, schedule string, start time.Time, place int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"slot", customer, schedule, start.UTC().Format(time.RFC3339), strconv.Itoa(place)}, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562, version 8
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (t *Template) slot(id string, sp Span) (fhir.Resource, error) {
	b := []byte(`{"resourceType":"Slot"`)
	b = append(fhir.AppendQuote(append(b, `,"identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":`...), id), `}]`...)
	if len(t.ServiceType) > 0 {
		b = append(append(b, `,"serviceType":`...), t.ServiceType...)
	}
	b = append(fhir.AppendQuote(append(b, `,"schedule":{"reference":`...), "Schedule/"+t.Schedule), `},"status":"free"`...)
	b = fhir.AppendQuote(append(b, `,"start":`...), sp.Start.In(t.Zone).Format(time.RFC3339))
	b = fhir.AppendQuote(append(b, `,"end":`...), sp.End.In(t.Zone).Format(time.RFC3339))
	return fhir.Parse(append(b, '}'))
}

// schedule makes the schedule where there is none.
func (s *Service) schedule(ctx context.Context, t *Template) error {
	key := store.Key{Customer: t.Customer, Type: "Schedule", ID: t.Schedule}
	_, err := s.Store.Read(ctx, store.Of(t.Customer), key)
	if !errors.Is(err, fhir.NotFound) {
		return err
	}
	b := []byte(`{"resourceType":"Schedule","active":true`)
	for i, a := range t.Actors {
		b = append(b, [...]string{`,"actor":[`, `,`}[min(i, 1)]...)
		b = append(fhir.AppendQuote(append(b, `{"reference":`...), a), '}')
	}
	if len(t.Actors) > 0 {
		b = append(b, ']')
	}
	r, err := fhir.Parse(append(b, '}'))
	if err != nil {
		return err
	}
	_, err = s.Booking.Do(ctx, booking.Change{Request: request(t.Customer), Op: booking.Create, Key: key, Resource: r})
	if errors.Is(err, fhir.PreconditionFailed) {
		return nil // another process made it
	}
	return err
}
