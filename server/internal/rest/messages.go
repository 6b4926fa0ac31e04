package rest

import (
	"slotway/fhir"
	"slotway/server/internal/journal"
)

// messageList gives a page of the journal, newest first. A page is found within a
// budget of entries looked at: it may have few, or none, and a next.
func (k *adminCall) messageList() (any, error) {
	a := k.ask("customer", "partner", "control", "event", "appointment", "state", "since", "until", "_count", "after")
	q := journal.Query{
		Partner: a.text("partner"), Control: a.text("control"), Event: a.text("event"), Appointment: a.text("appointment"),
		Since: a.time("since"), Until: a.time("until"), Limit: a.count(adminPage, maxAdminPage), After: a.text("after"),
	}
	if a.err != nil {
		return nil, a.err
	}
	var err error
	if q.States, err = oneOf("state", a.text("state"), journal.States()); err != nil {
		return nil, err
	}
	page, err := k.s.Intake.Messages(k.c.Request.Context(), k.principal, a.text("customer"), q)
	return struct {
		Messages []journal.Entry `json:"messages"`
		Next     string          `json:"next,omitempty"` // after of the next page
		Looked   int             `json:"looked"`
	}{append([]journal.Entry{}, page.Entries...), page.Next, page.Looked}, err
}

// messageView gives one entry with its message.
func (k *adminCall) messageView() (any, error) {
	return k.s.Intake.Message(k.c.Request.Context(), k.principal, k.c.Param("id"))
}

// resendRange is what is to be carried out again. At least one bound of time, a
// control id or an appointment must be given: everything is no range.
type resendRange struct {
	Customer    string `json:"customer"`
	Partner     string `json:"partner"`
	Control     string `json:"control"`
	Event       string `json:"event"`
	Appointment string `json:"appointment"`
	State       string `json:"state"`
	Since       string `json:"since"`
	Until       string `json:"until"`
	After       string `json:"after"`
}

// messageResend has a part of a range carried out again, oldest first; next is
// where the following part begins.
func (k *adminCall) messageResend() (any, error) {
	var r resendRange
	if err := k.body(&r); err != nil {
		return nil, err
	}
	if r.Since == "" && r.Until == "" && r.Control == "" && r.Appointment == "" {
		return nil, fhir.Errorf(fhir.Unprocessable, "A range needs since or until, control, or appointment.")
	}
	q := journal.Query{Partner: r.Partner, Control: r.Control, Event: r.Event, Appointment: r.Appointment, After: r.After, Limit: adminPage}
	var err error
	if q.States, err = oneOf("state", r.State, journal.States()); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"since": r.Since, "until": r.Until} {
		if text == "" {
			continue
		}
		t, err := readTime(text)
		if err != nil {
			return nil, fhir.Errorf(fhir.Invalid, "The time must be written like 2026-01-02T15:04:05Z or 2026-01-02.").At(name)
		}
		if name == "since" {
			q.Since = t
		} else {
			q.Until = t
		}
	}
	return k.s.Intake.Resend(k.c.Request.Context(), k.principal, r.Customer, q)
}
