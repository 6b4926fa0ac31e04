package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"slotway/server/internal/manage"
)

// patient walks the way of seed 000 as a patient's browser does: sign in, look at
// the appointments, manage one at the partner's, and come back.
func (c *checker) patient(ctx context.Context) error {
	p, err := c.demo.person(0)
	if err != nil {
		return err
	}
	b := newBrowser()
	steps := []func() error{
		func() error { return b.open(ctx, c.base+"/patient") },
		func() error { return b.shows("/patient/sign-in", http.StatusOK, "NHS login") },
		func() error { return b.logIn(ctx, p.nhs) },
		func() error { return b.shows("/patient", http.StatusOK, "Follow-up clinic") },
		func() error { return b.submit(ctx, "Manage", nil) },
		func() error {
			if !strings.HasPrefix(b.at.Path, "/pretend/partner/appointment/") || !strings.Contains(b.body, "by NHS login") {
				return fmt.Errorf("at %s with %d, want to be signed in at the partner's", b.at.Path, b.status)
			}
			return nil
		},
		func() error { return b.submit(ctx, `id="back"`, nil) },
		func() error { return b.shows("/patient", http.StatusOK, `id="came-back"`) },
		func() error { return b.open(ctx, c.base+"/patient/somebody/appointment/else") },
		func() error {
			return b.shows("/patient/somebody/appointment/else", http.StatusNotFound, "Page not found")
		},
		func() error { return b.submit(ctx, "sign-out", nil) },
		func() error { return b.open(ctx, c.base+"/patient") },
		func() error { return b.shows("/patient/sign-in", http.StatusOK, "NHS login") },
	}
	for _, do := range steps {
		if err := do(); err != nil {
			return err
		}
	}
	if err := c.handedOver(); err != nil {
		return err
	}
	seed := newBrowser() // the patient of the owner's messages, whose appointment was given its URL
	if err := errors.Join(seed.open(ctx, c.base+"/patient"), seed.logIn(ctx, "9999999999")); err != nil {
		return err
	}
	return errors.Join(seed.shows("/patient", http.StatusOK, "Paediatric review"), seed.shows("/patient", http.StatusOK, "/manage\""))
}

// handedOver looks at what the partner was given last.
func (c *checker) handedOver() error {
	given := c.app.cfg.pretend.partner.Received()
	if len(given) == 0 {
		return errors.New("the partner was given nobody")
	}
	last := given[len(given)-1]
	if !strings.HasPrefix(last.Get(manage.Callback), c.base+"/patient/") || strings.Count(last.Get(manage.Identity), ".") != 2 {
		return errors.New("the partner was given no callback, or no assertion")
	}
	return nil
}
