package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// asks walks the way of seeds 001 and 002 as a patient's browser does: ask for a
// change, find it on R4 as the organisation does, and withdraw it again.
func (c *checker) asks(ctx context.Context) error {
	p, err := c.demo.person(0)
	if err != nil {
		return err
	}
	b := newBrowser()
	if err := errors.Join(b.open(ctx, c.base+"/patient"), b.logIn(ctx, p.nhs), b.follow(ctx, "Follow-up clinic"), b.follow(ctx, `id="ask"`)); err != nil {
		return err
	}
	page := strings.TrimSuffix(b.at.Path, "/ask")
	const note = "A Tuesday would suit me better."
	if err := errors.Join(b.submit(ctx, `name="note"`, url.Values{"kind": {"change"}, "note": {note}}), b.shows(page+"/ask/check", http.StatusOK, note)); err != nil {
		return err
	}
	if err := errors.Join(b.submit(ctx, `name="draft"`, nil), b.shows(page+"/ask/sent", http.StatusOK, "Request sent")); err != nil {
		return err
	}
	if err := c.asked(ctx, page, "requested", 1, "pending"); err != nil {
		return err
	}
	return errors.Join(
		b.open(ctx, page+"/withdraw"), b.submit(ctx, `id="withdraw"`, nil), b.shows(page, http.StatusOK, "You have withdrawn your request"),
		c.asked(ctx, page, "requested", 0, "booked"),
	)
}

// asked looks at how many requests an appointment has of a status, and at its own.
func (c *checker) asked(ctx context.Context, page, status string, want int, appointment string) error {
	id := page[strings.LastIndexByte(page, '/')+1:]
	found, err := c.search(ctx, "/R4/Task?focus=Appointment/"+id+"&status="+status)
	if err != nil {
		return err
	}
	if len(found) != want {
		return fmt.Errorf("%d requests are %s, want %d", len(found), status, want)
	}
	found, err = c.search(ctx, "/R4/Appointment?_id="+id+"&status="+appointment)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("the appointment is not %s", appointment)
	}
	return err
}
