package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// ItemQuery says which items of the review queue are asked for. What is empty asks
// for all.
type ItemQuery struct {
	Customer string
	Partner  string
	States   []ItemState
	Reason   Reason
	Placer   string
	Since    time.Time // held at this time or later
	Until    time.Time // held before
	After    string    // the id behind which to go on
	Limit    int
}

// ItemPage is a page of the queue, oldest first.
type ItemPage struct {
	Items []Item
	Next  string // After of the next page; empty on the last
}

// scanItems is how many items one page looks at, at most.
const scanItems = 5_000

// Items gives a page of the review queues of the caller's customers. It names no
// patient. The look is recorded.
//
// fhir.Forbidden for another customer's queue.
func (s *Service) Items(ctx context.Context, p auth.Principal, q ItemQuery) (page ItemPage, err error) {
	customers, err := within(p, q.Customer)
	if err != nil {
		return page, err
	}
	if page, err = s.items(ctx, customers, q); err != nil {
		return page, err
	}
	ids := make([]string, len(page.Items))
	for i := range page.Items {
		page.Items[i] = page.Items[i].public()
		ids[i] = page.Items[i].ID
	}
	return page, s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "review.list", "", customers, ids...)
	})
}

// within gives those of the caller's customers that are asked for.
func within(p auth.Principal, customer string) ([]string, error) {
	switch {
	case customer == "":
		return p.Customers, nil
	case slices.Contains(p.Customers, customer):
		return []string{customer}, nil
	}
	return nil, fhir.Errorf(fhir.Forbidden, "This client does not act for that customer.").At("customer")
}

// items merges the groups of each customer, which are each in the order of ids.
func (s *Service) items(ctx context.Context, customers []string, q ItemQuery) (page ItemPage, err error) {
	var found []Item
	whole := "\xff" // behind this id, not every group was read
	for _, customer := range customers {
		for _, open := range []bool{true, false} {
			if !slices.ContainsFunc(statesOr(q.States), func(st ItemState) bool { return st.open() == open }) {
				continue
			}
			some, end, err := s.group(ctx, customer, open, q)
			if err != nil {
				return page, err
			}
			found = append(found, some...)
			if end != "" {
				whole = min(whole, end)
			}
		}
	}
	slices.SortFunc(found, func(a, b Item) int { return cmp.Compare(a.ID, b.ID) })
	for _, it := range found {
		if it.ID > whole {
			break
		}
		if len(page.Items) == q.Limit {
			page.Next = page.Items[q.Limit-1].ID
			return page, nil
		}
		page.Items = append(page.Items, it)
	}
	if whole != "\xff" {
		page.Next = whole
	}
	return page, nil
}

// statesOr gives the states asked for: all when none is named.
func statesOr(states []ItemState) []ItemState {
	if len(states) == 0 {
		return ItemStates()
	}
	return states
}

// group reads one group of one customer, up to a full page. end is the id up to
// which it was read, or empty where that is all.
func (s *Service) group(ctx context.Context, customer string, open bool, q ItemQuery) (found []Item, end string, err error) {
	prefix := itemKey(customer, open, "")
	after := ""
	if from := max(q.After, idAt(q.Since)); from != "" {
		after = prefix + from
	}
	for seen := 0; seen < scanItems; {
		claims, err := s.Store.Claims(ctx, reviewSpace, prefix, after, 500)
		if err != nil {
			return nil, "", err
		}
		for _, c := range claims {
			after = c.Key
			var it Item
			if err := json.Unmarshal(c.Payload, &it); err != nil {
				return nil, "", err
			}
			if q.asks(it) {
				if found = append(found, it); len(found) > q.Limit {
					return found, it.ID, nil
				}
			}
		}
		if len(claims) == 0 {
			return found, "", nil
		}
		seen += len(claims)
	}
	return found, after[len(prefix):], nil
}

// idAt gives what the ids of a time and later are greater than.
func idAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return journal.NewID(t, "")
}

func (q ItemQuery) asks(it Item) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, it.State)) &&
		(q.Partner == "" || q.Partner == it.Peer.Partner) &&
		(q.Reason == "" || q.Reason == it.Reason) &&
		(q.Placer == "" || q.Placer == it.Placer) &&
		(q.Until.IsZero() || it.Received.Before(q.Until))
}

// looked records what somebody does, within an Update that is at work.
func looked(tx store.Tx, p auth.Principal, act, why string, customers []string, of ...string) error {
	audit.Note(tx, func(e *audit.Event) {
		e.By(p)
		e.Act, e.Why, e.Reach, e.Of = act, why, customers, append(e.Of, of...)
	})
	return nil
}
