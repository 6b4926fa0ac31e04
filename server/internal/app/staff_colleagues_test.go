package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/pretend"
)

// Who is known by a group alone can be given a request once they have signed in, within
// the customers that they see; and not any more when the provider lets them in no longer.
func TestStaffColleagues(t *testing.T) {
	const option = `<option value="person:pretend-reports">Robin Reader</option>`
	w := startWaitingRoom(t, Settings{
		StaffLogin: `{roles: {requests: [Slotway reports]}, customers: [trustalias]}`,
		Staff:      staffOf(t, "jack.brown:customers: [trustalias], roles: [requests]", "fay:customers: [alias_123], roles: [requests]"),
	})
	ctx, page := t.Context(), w.page(w.own)
	robin, fay := deskOf(t, w.app), deskOf(t, w.app)
	w.as("jack.brown", page)
	if strings.Contains(w.body, "Robin") {
		t.Error("somebody is offered who has never signed in")
	}
	robin.as("pretend-reports", page)
	w.goTo(page)
	if !strings.Contains(w.body, option) {
		t.Error("somebody is not offered who has signed in")
	}
	fay.as("fay", w.page(w.foreign))
	if strings.Contains(fay.body, "Robin") {
		t.Error("somebody is offered who does not see the customer's data")
	}
	fay.must(fay.submit(ctx, `id="assign"`, url.Values{"text": {"person:pretend-reports"}}))
	if fay.status != http.StatusUnprocessableEntity || w.now(w.foreign).Owner.Number != 0 {
		t.Errorf("a request is given to somebody who may not see it: %d", fay.status)
	}
	w.must(w.submit(ctx, `id="assign"`, url.Values{"text": {"person:pretend-reports"}}))
	if q := w.now(w.own); q.Owner.Name != "Robin Reader" || !strings.Contains(w.body, strings.Replace(option, `">`, `" selected>`, 1)) {
		t.Errorf("the request is with %q", q.Owner.Name)
	}
	robin.goTo("/staff/requests?with=me")
	if robin.must(robin.shows("/staff/requests", http.StatusOK, "Ada Sample")); !strings.Contains(robin.body, "Robin Reader") {
		t.Error("Robin's requests are not found by Robin")
	}

	// The hospital takes Robin out of the group: refused at the next sign-in, and
	// offered to nobody. Until somebody takes it over, the request stays Robin's.
	robin.must(robin.submit(ctx, "sign-out", nil))
	people := w.app.cfg.pretend.staff.People
	people[slices.IndexFunc(people, func(p pretend.Person) bool { return p.Subject == "pretend-reports" })].Groups = nil
	robin.goTo("/staff")
	robin.chosen("pretend-reports")
	if robin.status != http.StatusForbidden {
		t.Fatalf("who is in no group comes in: %d", robin.status)
	}
	w.goTo(page)
	if strings.Contains(w.body, "person:pretend-reports") || !strings.Contains(w.body, `<option value="" selected>Robin Reader (now)</option>`) {
		t.Error("who may not come in any more is offered, or it is not said whom the request is with")
	}
	w.must(w.submit(ctx, `id="assign"`, url.Values{"text": {""}}))
	if w.status != http.StatusUnprocessableEntity || w.now(w.own).Owner.Name != "Robin Reader" {
		t.Errorf("giving it to nobody new takes it away: %d", w.status)
	}
}
