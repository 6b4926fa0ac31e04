package intake

import (
	"context"
	"net/url"
	"slices"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// schedules gives the schedules that the message names by its customer's rules;
// nil where it names nothing that a rule is about, so that what it was about
// before still holds.
func (m *message) schedules(ctx context.Context) (ids []string, err error) {
	for _, rule := range m.env.Customer.Slots {
		for value := range m.values(rule.From) {
			if ids == nil {
				ids = []string{}
			}
			found, err := m.scheduleOf(ctx, rule, value)
			if err != nil {
				return nil, err
			}
			for _, id := range found {
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids, nil
}

// values gives what the message's segments hold at a place, but for those that are
// taken away: AIx-2 is D.
func (m *message) values(ref hl7.Ref) func(func(string) bool) {
	return func(yield func(string) bool) {
		for s := range m.env.Message.Segments(ref.Segment()) {
			if ref.Segment() != "PV1" && s.Field(2).Component(1).Text == "D" {
				continue
			}
			if text := s.Get(ref).Text; text != "" && !yield(text) {
				return
			}
		}
	}
}

// actors are the types by which a schedule is looked for under a rule of System.
var actors = []string{"Practitioner", "Location", "HealthcareService", "PractitionerRole"}

// scheduleOf gives the schedules that a rule means by a value.
func (m *message) scheduleOf(ctx context.Context, rule hl7bridge.SlotRule, value string) (ids []string, err error) {
	if rule.System == "" {
		if rule.Value == value {
			ids = append(ids, rule.Schedule)
		}
		return ids, nil
	}
	token := url.QueryEscape(rule.System + "|" + value)
	queries := []string{"identifier=" + token}
	for _, typ := range actors {
		queries = append(queries, "actor:"+typ+".identifier="+token)
	}
	for _, query := range queries {
		parsed, err := search.Parse(m.s.Catalog, "Schedule", query+"&_count=10", m.s.Now())
		if err != nil {
			return nil, fhir.Errorf(fhir.Internal, "looking for a schedule").Because(err)
		}
		page, err := m.tx.Search(ctx, m.see, parsed.Query)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
		}
		if len(ids) > 0 {
			break
		}
	}
	return ids, nil
}

// follow makes a plan's appointment take the slots of its time: by its customer's
// rules, or because it has slots already, as a booking made here has.
func (m *message) follow(ctx context.Context, writes plan) error {
	for i := range writes {
		w := &writes[i]
		has := w.Old.Version > 0 && w.Old.Resource.Root().Get("slot").Exists()
		if w.Key.Type != "Appointment" || m.in.Event.Effect == mappings.EffectStatus || len(m.env.Customer.Slots) == 0 && !has {
			continue
		}
		named, err := m.schedules(ctx)
		if err != nil {
			return err
		}
		w.Follow, w.Schedules, w.Note = true, named, m.s.newID()
	}
	return nil
}

// raise puts the notice of a double booking into the review queue. The message
// had its effect: nothing waits.
func (m *message) raise(ctx context.Context, clashes []booking.Clash) error {
	if len(clashes) == 0 {
		return nil
	}
	it := Item{
		ID: clashes[0].Note, Customer: m.env.Customer.Alias, State: Pending, Reason: Overbooked,
		Peer: m.env.Peer, Connecting: m.env.Connecting, Control: m.env.Control, Event: m.env.Event,
		Sent: m.env.Sent, Received: m.env.Received, Placer: m.in.Placer, Entry: m.entryID(), Appointment: clashes[0].Appointment,
	}
	for _, c := range clashes {
		it.Slots = append(it.Slots, c.Slot)
		if !slices.Contains(it.Others, c.Holder) {
			it.Others = append(it.Others, c.Holder)
		}
	}
	m.in.Warnings = append(slices.Clone(m.in.Warnings), "its time is booked already: the slot is booked twice, and a notice is in the review queue")
	var err error
	if it.Sealed, err = m.s.sealed(evidence{Raw: m.env.Raw}); err != nil {
		return err
	}
	return it.add(ctx, m.tx)
}

// Cleared closes the notice of a double booking that is over. It is for
// booking.Service.
func (s *Service) Cleared(ctx context.Context, tx store.Tx, c booking.Clash) error {
	it, err := readItem(ctx, tx, c.Customer, c.Note)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if it.State != Pending {
		return nil
	}
	if err := it.leave(ctx, tx); err != nil {
		return err
	}
	if it.Cleared = append(it.Cleared, c.Slot); len(it.Cleared) >= len(it.Slots) {
		it.State, it.Decided = Released, s.Now()
	}
	return it.add(ctx, tx)
}

// block carries out a message about a time of schedules.
func (m *message) block(ctx context.Context, out hl7bridge.Answer) error {
	named, err := m.schedules(ctx)
	if err != nil {
		return err
	}
	changed, of, err := m.s.Booking.Block(ctx, m.tx, booking.Span{
		Customer: m.env.Customer.Alias, Schedules: named, Start: m.in.Start, End: m.in.End,
		Block: m.in.Event.Effect == mappings.EffectBlock,
	})
	if err != nil {
		return err
	}
	if of == 0 {
		return errNoSlot
	}
	if changed < of {
		m.in.Warnings = append(slices.Clone(m.in.Warnings), "slots of that time are booked, or were so already, and stay as they are")
	}
	return m.record(ctx, m.effect(), out)
}
