package intake

import (
	"context"

	"slotway/hl7bridge"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Messages gives a page of the journal. It names no patient and shows no message.
// q.Customers is made of the caller's; customer, when not empty, is one of them.
// The look is recorded.
//
// fhir.Forbidden for another customer's messages.
func (s *Service) Messages(ctx context.Context, p auth.Principal, customer string, q journal.Query) (page journal.Page, err error) {
	if q, err = seen(p, customer, q); err != nil {
		return page, err
	}
	if page, err = journal.Search(ctx, s.Store, q); err != nil {
		return page, err
	}
	return page, s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.search", "", q.Customers)
	})
}

// seen limits a search to what the caller may see.
func seen(p auth.Principal, customer string, q journal.Query) (journal.Query, error) {
	var err error
	q.Customers, err = within(p, customer)
	q.Unclaimed = customer == "" && p.Scopes.Allows(auth.SeeUnclaimed, auth.JournalEntry) == auth.Yes
	return q, err
}

// Kept is an entry of the journal with its message.
type Kept struct {
	journal.Entry
	Message string `json:"message,omitempty"` // its text, a segment a line; empty where it is not kept
	Raw     []byte `json:"-"`                 // its bytes
}

// Message gives one message. It holds patient data; the look is recorded in the
// same commit.
//
// fhir.NotFound when there is none that the caller may see.
func (s *Service) Message(ctx context.Context, p auth.Principal, id string) (k Kept, err error) {
	if k.Entry, err = s.entry(ctx, p, id); err != nil {
		return k, err
	}
	if k.Raw, err = s.raw(ctx, k.Entry); err != nil {
		return k, err
	}
	k.Message = Text(k.Raw, k.Charset)
	return k, s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.view", "", []string{k.Controller}, k.ID)
	})
}

// raw gives the bytes of an entry's message; nil where they are not kept. Those of
// a repeated message are those of the first.
func (s *Service) raw(ctx context.Context, e journal.Entry) ([]byte, error) {
	id := e.ID
	if e.Of != "" {
		id = e.Of
	}
	sealed, err := journal.Sealed(ctx, s.Store, id)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.Open(sealed)
}

// Resent says what came of having messages carried out again.
type Resent struct {
	Answers map[string]int `json:"answers"` // by MSA-1, and the application code of refusals
	Missing int            `json:"missing"` // messages that are not kept any more
	Next    string         `json:"next,omitempty"`
}

// Resend has messages of the journal carried out again, oldest first, as if their
// partners had sent them now. Those that were carried out before give their stored
// answers and change nothing, so it can be done again at will; one that was refused
// is judged anew. A page is at most q.Limit messages.
//
// fhir.Forbidden for another customer's messages.
func (s *Service) Resend(ctx context.Context, p auth.Principal, customer string, q journal.Query) (out Resent, err error) {
	if q, err = seen(p, customer, q); err != nil {
		return out, err
	}
	q.Forward, q.Act = true, new(journal.Receipt)
	page, err := journal.Search(ctx, s.Store, q)
	if err != nil {
		return out, err
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.resend", "", q.Customers)
	})
	out.Answers, out.Next = map[string]int{}, page.Next
	for _, e := range page.Entries {
		if err != nil {
			return out, err
		}
		if e.Transport == resending || e.State == journal.Repeated || e.State == journal.Reply {
			continue
		}
		err = s.resend(ctx, p, e, &out)
	}
	return out, err
}

// resending is the transport of messages that somebody has carried out again.
const resending = "resend"

// againBy is the sender of a message that somebody has carried out again.
func againBy(e journal.Entry, p auth.Principal) hl7bridge.Peer {
	return hl7bridge.Peer{Partner: e.Partner, Address: e.Address, Transport: resending, Charset: e.Charset, By: nameOfCaller(p)}
}

func (s *Service) resend(ctx context.Context, p auth.Principal, e journal.Entry, out *Resent) error {
	raw, err := s.raw(ctx, e)
	if err != nil {
		return err
	}
	if raw == nil {
		out.Missing++
		return nil
	}
	a := s.Bridge.Give(ctx, againBy(e, p), raw)
	out.Answers[a.Code]++
	if a.App != "" {
		out.Answers[a.App]++
	}
	return ctx.Err()
}
