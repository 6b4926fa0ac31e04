package app

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// A reload takes staff up: roles that are taken away are away with the next page, who
// is not there any more has none, and who is new can sign in.
func TestStaffReload(t *testing.T) {
	d := startDesk(t, Settings{StaffLogin: "{passwords: true}"})
	d.as("jack.brown", "/staff/requests")
	cfg := d.app.cfg
	take := func(change func([]StaffConfig) []StaffConfig) {
		t.Helper()
		cfg.Staff = change(slices.Clone(cfg.Staff))
		if later := d.app.cfg.differs(cfg); len(later) != 0 {
			t.Errorf("%v would take a new start", later)
		}
		d.app.staff.take(cfg.Staff)
	}
	opens := func(path string, want int) {
		t.Helper()
		if d.goTo(path); d.status != want {
			t.Errorf("%s is answered %d, want %d", path, d.status, want)
		}
	}
	take(func(all []StaffConfig) []StaffConfig { all[0].Roles = []string{"reports"}; return all })
	opens("/staff/requests", http.StatusNotFound)
	opens("/staff/reports", http.StatusOK)
	take(func(all []StaffConfig) []StaffConfig { all[0].Customers = []string{"alias_123"}; return all })
	d.goTo("/staff/reports?customer=trustalias")
	d.must(d.shows("/staff/reports", http.StatusOK, "There is nothing in this time."))
	jack := cfg.Staff[0]
	take(func(all []StaffConfig) []StaffConfig { return all[1:] })
	opens("/staff/reports", http.StatusNotFound) // the provider knows them, and gives them no role
	other := deskOf(t, d.app)
	in := func(want int) {
		t.Helper()
		other.goTo("/staff/sign-in")
		other.must(other.submit(t.Context(), `name="password"`, url.Values{"user": {"new.one"}, "password": {demoPassword}}))
		if other.status != want {
			t.Errorf("signing in: %d, want %d", other.status, want)
		}
	}
	in(http.StatusUnauthorized)
	jack.ID = "new.one"
	take(func(all []StaffConfig) []StaffConfig { return append(all, jack) })
	in(http.StatusOK)
}
