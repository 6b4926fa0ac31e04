package rest

import (
	"slotway/server/internal/intake"
)

// maxAdminPage is how many items or entries a page has at most, and adminPage when
// the caller does not say.
const (
	adminPage    = 50
	maxAdminPage = 500
)

// reviewList gives a page of the review queue, oldest first.
func (k *adminCall) reviewList() (any, error) {
	a := k.ask("customer", "partner", "state", "reason", "appointment", "since", "until", "_count", "after")
	q := intake.ItemQuery{
		Customer: a.text("customer"), Partner: a.text("partner"), Reason: intake.Reason(a.text("reason")), Placer: a.text("appointment"),
		Since: a.time("since"), Until: a.time("until"), Limit: a.count(adminPage, maxAdminPage), After: a.text("after"),
	}
	if a.err != nil {
		return nil, a.err
	}
	var err error
	if q.States, err = oneOf("state", a.text("state"), intake.ItemStates()); err != nil {
		return nil, err
	}
	page, err := k.s.Intake.Items(k.c.Request.Context(), k.principal, q)
	return struct {
		Items []intake.Item `json:"items"`
		Next  string        `json:"next,omitempty"` // after of the next page
	}{append([]intake.Item{}, page.Items...), page.Next}, err
}

// reviewView gives one item, with message and record side by side.
func (k *adminCall) reviewView() (any, error) {
	return k.s.Intake.Item(k.c.Request.Context(), k.principal, k.c.Param("id"))
}

func (k *adminCall) reviewAccept() (any, error) {
	if err := k.body(&struct{}{}); err != nil {
		return nil, err
	}
	return k.s.Intake.Accept(k.c.Request.Context(), k.principal, k.c.Param("id"))
}

func (k *adminCall) reviewReject() (any, error) {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := k.body(&body); err != nil {
		return nil, err
	}
	return k.s.Intake.Reject(k.c.Request.Context(), k.principal, k.c.Param("id"), body.Reason)
}

func (k *adminCall) reviewReplay() (any, error) {
	if err := k.body(&struct{}{}); err != nil {
		return nil, err
	}
	return k.s.Intake.Replay(k.c.Request.Context(), k.principal, k.c.Param("id"))
}
