package intake

import (
	"context"
	"encoding/json"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Entry gives an entry of the journal without its message. It names no patient; the
// look is recorded.
//
// fhir.NotFound when there is none that the caller may see.
func (s *Service) Entry(ctx context.Context, p auth.Principal, id string) (e journal.Entry, err error) {
	if e, err = s.entry(ctx, p, id); err != nil {
		return e, err
	}
	return e, s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.entry", "", []string{e.Controller}, e.ID)
	})
}

// entry finds an entry that the caller may see.
func (s *Service) entry(ctx context.Context, p auth.Principal, id string) (journal.Entry, error) {
	q, err := seen(p, "", journal.Query{})
	if err != nil {
		return journal.Entry{}, err
	}
	e, err := journal.Find(ctx, s.Store, id)
	if err == nil && !q.Sees(e) {
		return journal.Entry{}, fhir.Errorf(fhir.NotFound, "There is no message with this id in the journal.")
	}
	return e, err
}

// Answer gives how the message of an entry was answered.
func (s *Service) Answer(ctx context.Context, e journal.Entry) (hl7bridge.Answer, error) {
	c, err := s.Store.Claimed(ctx, messageSpace, keyOf(e.Controller, e.Connecting, e.Partner, e.Control)+e.Sum)
	if absent(err) || e.Sum == "" {
		a := hl7bridge.Answer{Code: e.Answer, App: e.App, Text: e.Text}
		if len(e.Errors) == 0 {
			return a, nil
		}
		return a, json.Unmarshal(e.Errors, &a.Errors)
	}
	if err != nil {
		return hl7bridge.Answer{}, err
	}
	var k kept
	return k.Answer, json.Unmarshal(c.Payload, &k)
}

// Again has one message of the journal carried out again, as Resend does with many,
// and gives the id of the entry of that.
//
// fhir.NotFound; fhir.Conflict for what is no message of a partner's, or is not kept
// any more.
func (s *Service) Again(ctx context.Context, p auth.Principal, id string) (string, error) {
	e, err := s.entry(ctx, p, id)
	if err != nil {
		return "", err
	}
	if !Replayable(e) {
		return "", errNotReplayable
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.resend", "", []string{e.Controller}, e.ID)
	})
	if err != nil {
		return "", err
	}
	began, out := s.Now(), Resent{Answers: map[string]int{}}
	if err := s.resend(ctx, p, e, &out); err != nil {
		return "", err
	}
	if out.Missing > 0 {
		return "", errNotKept
	}
	page, err := journal.Search(ctx, s.Store, journal.Query{
		Customers: p.Customers, Partner: e.Partner, Control: e.Control, Act: new(journal.Receipt), Since: began.Add(-time.Second), Limit: 1,
	})
	if err != nil || len(page.Entries) == 0 {
		return e.ID, err
	}
	return page.Entries[0].ID, nil
}

// The reasons why a message cannot be carried out again.
var (
	errNotReplayable = fhir.Errorf(fhir.Conflict, "Only messages that partners sent can be carried out again.")
	errNotKept       = fhir.Errorf(fhir.Conflict, "The message is not kept any more.")
)

// Replayable says whether a message can be carried out again.
func Replayable(e journal.Entry) bool { return e.Act == journal.Receipt && e.State != journal.Reply }
