package app

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	requests "slotway/server/internal/request"
)

// takes makes the customer take these requests of its patients, as a reload does.
func (j *journey) takes(kinds ...requests.Kind) {
	j.t.Helper()
	cfg := j.app.cfg
	cfg.Customers = slices.Clone(cfg.Customers)
	for i := range cfg.Customers {
		cfg.Customers[i].Requests = kinds
	}
	if err := errors.Join(cfg.checkCustomers()...); err != nil {
		j.t.Fatal(err)
	}
	j.app.partners.take(cfg)
}

// Seed 002, step 1: the organisation enables it. Where it does not, pages have neither
// link nor form, and what is sent in spite of that is refused.
func TestRequestsAreSwitchedOn(t *testing.T) {
	for _, tc := range []struct {
		name  string
		takes []requests.Kind
		words string // Ask to …; empty for nothing
	}{
		{"everything", requests.Kinds, "change or cancel"},
		{"changes", []requests.Kind{requests.Change}, "change"},
		{"cancellations", []requests.Kind{requests.Cancel}, "cancel"},
		{"nothing", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := startJourney(t, Settings{})
			ctx := t.Context()
			j.signIn(j.page)
			j.takes(tc.takes...)
			j.must(j.open(ctx, j.app.cfg.BaseURL+j.page))
			if got, want := strings.Contains(j.body, `id="ask"`), tc.words != ""; got != want {
				t.Errorf("the page offers to ask: %t, want %t", got, want)
			}
			j.must(j.open(ctx, j.app.cfg.BaseURL+j.page+"/ask"))
			if tc.words == "" {
				j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic")) // back where they were
			} else {
				j.must(j.shows(j.page+"/ask", http.StatusOK, "</span> Ask to "+tc.words+"</h1>"))
			}
			for _, kind := range requests.Kinds {
				form := url.Values{"kind": {string(kind)}, "note": {"Not then."}}
				j.must(j.visit(ctx, http.MethodPost, j.app.cfg.BaseURL+j.page+"/ask", form))
				if slices.Contains(tc.takes, kind) {
					j.must(j.shows(j.page+"/ask/check", http.StatusOK, "Not then."))
					continue
				}
				j.must(j.shows(j.page+"/ask", http.StatusForbidden, "You cannot ask for this here"))
				if !strings.Contains(j.body, "Not then.") {
					t.Errorf("%s: what was written is lost", kind)
				}
			}
			if got := len(j.tasks()); got != 0 {
				t.Errorf("%d requests were made without being sent", got)
			}
		})
	}
}

// What was begun before the organisation ended it is not sent; what was sent goes on.
func TestRequestsAreSwitchedOff(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.ask("cancel", "I moved away.")
	j.takes(requests.Change)
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/check", http.StatusForbidden, "I moved away."))
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page+"/ask/check"))
	j.must(j.shows(j.page+"/ask", http.StatusOK, `type="hidden" name="kind" value="change"`))
	if got := len(j.tasks()); got != 0 {
		t.Fatalf("%d requests, want none", got)
	}
	j.must(j.submit(ctx, `name="note"`, url.Values{"note": {"A Monday."}}))
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/sent", http.StatusOK, "Request sent"))
	j.takes()
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page))
	j.must(j.submit(ctx, `name="message"`, url.Values{"message": {"Or a Tuesday."}}))
	j.must(j.shows(j.page, http.StatusOK, "Or a Tuesday."))
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page+"/withdraw"))
	j.must(j.submit(ctx, `id="withdraw"`, nil))
	j.must(j.shows(j.page, http.StatusOK, "You have withdrawn your request"))
	if strings.Contains(j.body, `id="ask"`) {
		t.Error("to ask again is offered")
	}
}
