package rest

import (
	"slotway/server/internal/outbox"
)

// outboxList gives a page of the messages that are on their way to partners, or were
// given up.
func (k *adminCall) outboxList() (any, error) {
	a := k.ask("customer", "partner", "state", "_count", "after")
	q := outbox.Query{Customer: a.text("customer"), Partner: a.text("partner"), Limit: a.count(adminPage, maxAdminPage), After: a.text("after")}
	if a.err != nil {
		return nil, a.err
	}
	var err error
	if q.States, err = oneOf("state", a.text("state"), outbox.States()); err != nil {
		return nil, err
	}
	page, err := k.s.Outbox.Items(k.c.Request.Context(), k.principal, q)
	return struct {
		Items []outbox.Item `json:"items"`
		Next  string        `json:"next,omitempty"` // after of the next page
	}{append([]outbox.Item{}, page.Items...), page.Next}, err
}

func (k *adminCall) outboxRequeue() (any, error) {
	if err := k.body(&struct{}{}); err != nil {
		return nil, err
	}
	return k.s.Outbox.Requeue(k.c.Request.Context(), k.principal, k.c.Param("id"))
}

func (k *adminCall) outboxDrop() (any, error) {
	if err := k.body(&struct{}{}); err != nil {
		return nil, err
	}
	return k.s.Outbox.Drop(k.c.Request.Context(), k.principal, k.c.Param("id"))
}
