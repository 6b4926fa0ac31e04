package request

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// saidSpace is the space of the claims by which messages are found in the order of
// time: key customer\0number, holder the Task.
const saidSpace = "said"

// say gives a new message of a conversation its number.
func (s *Service) say(ctx context.Context, tx store.Tx, task store.Key) (Number, error) {
	n, err := s.number(ctx, tx, Named{Customer: task.Customer, Type: task.Type, ID: task.ID})
	if err != nil {
		return 0, err
	}
	return n, tx.Claim(ctx, store.Claim{Space: saidSpace, Key: task.Customer + "\x00" + n.sorted(), Holder: task.ID})
}

// numbered sees to it that a patient has a numeric id, also as an identifier.
func (s *Service) numbered(ctx context.Context, tx store.Tx, patient store.Record) error {
	n, err := s.NumberOf(ctx, tx, Named{Customer: patient.Customer, Type: "Patient", ID: patient.ID})
	if err != nil || patient.Resource.Root().One(pathNumber).Text() == n.String() {
		return err
	}
	next, err := patient.Resource.Apply(fhir.Change{Path: pathNumber, Op: fhir.Set, Value: fhir.Quote(n.String())})
	if err != nil {
		return err
	}
	_, _, err = s.Booking.PutFeed(ctx, tx, booking.Feed{Key: patient.Key, Old: patient, Resource: next})
	return err
}

// Reply adds a message to the conversation of a request: staff's answer, or, where
// by is zero, another message of the patient. A conversation goes on after its
// request is closed.
//
// fhir.NotFound; fhir.PreconditionFailed when ifVersion, which may be store.Any,
// does not hold; fhir.Unprocessable.
func (s *Service) Reply(ctx context.Context, key store.Key, ifVersion int64, by Party, text string) (Request, error) {
	if err := checkText(text); err != nil {
		return Request{}, err
	}
	return s.change(ctx, key, ifVersion, "request.reply", func(tx store.Tx, rec store.Record, r Request) ([]fhir.Change, error) {
		author := by.reference()
		if by == (Party{}) {
			author = object{"reference": "Patient/" + r.Patient.ID}
		}
		number, err := s.say(ctx, tx, rec.Key)
		return []fhir.Change{addNote(rec, annotation(author, number, text))}, err
	})
}

// Write adds a message of the patient to the conversation of a request that is open.
// What they say again in the same words after the message of that number is the same
// message: a form that is sent twice says it once.
//
// fhir.NotFound where it is not there or not this patient's; fhir.Conflict where it
// is not open any more; fhir.Unprocessable.
func (s *Service) Write(ctx context.Context, key, patient store.Key, after Number, text string) (Request, error) {
	if err := checkText(text); err != nil {
		return Request{}, err
	}
	return s.change(ctx, key, store.Any, "request.reply", func(tx store.Tx, rec store.Record, r Request) ([]fhir.Change, error) {
		if r.Patient.Customer != patient.Customer || r.Patient.ID != patient.ID {
			return nil, store.NotFound(rec.Key)
		}
		if slices.ContainsFunc(r.Messages, func(m Message) bool { return m.Patient && m.Number > after && m.Text == text }) {
			return nil, nil
		}
		if err := mustBeOpen(r); err != nil {
			return nil, err
		}
		number, err := s.say(ctx, tx, rec.Key)
		return []fhir.Change{addNote(rec, annotation(object{"reference": "Patient/" + patient.ID}, number, text))}, err
	})
}

// addNote puts a note behind those of a Task.
func addNote(rec store.Record, n object) fhir.Change {
	var all []json.RawMessage
	for old := range rec.Resource.Root().Get("note").Each() {
		all = append(all, old.Raw())
	}
	return set("note", value(append(all, value(n))))
}

// Conversation is a request with those of its messages that were asked for.
type Conversation struct {
	Request
	Shown []Message // some of Messages
}

// Conversations gives the conversations in which something was said after a time,
// those that began to first, each with what was said after it. Of several customers
// it gives what was said in the order of time, at most limit messages, and those of
// the last one's millisecond; more says that there are others, after the time of
// the last one given.
func (s *Service) Conversations(ctx context.Context, see store.Visibility, after time.Time, limit int) (all []Conversation, more bool, err error) {
	type said struct {
		number Number
		task   store.Key
	}
	var found []said
	for _, customer := range see.Customers {
		from := customer + "\x00" + (NumbersAt(after.Add(time.Millisecond)) - 1).sorted()
		claims, err := s.Store.Claims(ctx, saidSpace, customer+"\x00", from, limit+1<<countBits)
		if err != nil {
			return nil, false, err
		}
		for _, c := range claims {
			n, _ := ParseNumber(strings.TrimLeft(c.Key[len(customer)+1:], "0"))
			found = append(found, said{n, store.Key{Customer: customer, Type: "Task", ID: c.Holder}})
		}
	}
	slices.SortFunc(found, func(a, b said) int { return int(a.number - b.number) })
	if len(found) > limit {
		end := limit
		for end < len(found) && found[end].number.Time().Equal(found[limit-1].number.Time()) {
			end++
		}
		more, found = end < len(found), found[:end]
	}
	at := map[store.Key]int{}
	for _, f := range found {
		i, known := at[f.task]
		if !known {
			r, err := s.Read(ctx, see, f.task)
			if absent(err) {
				at[f.task] = -1
				continue
			}
			if err != nil {
				return nil, false, err
			}
			i, at[f.task] = len(all), len(all)
			all = append(all, Conversation{Request: r})
		}
		if i < 0 {
			continue
		}
		for _, m := range all[i].Messages {
			if m.Number == f.number {
				all[i].Shown = append(all[i].Shown, m)
			}
		}
	}
	return all, more, nil
}
