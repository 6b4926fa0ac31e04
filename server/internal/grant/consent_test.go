package grant_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/grant"
)

// away is a desk where nobody can be looked up now, once somebody has signed in.
type away struct{ nobody }

func (away) SignedIn(*http.Request) (p grant.Person, proof string, ok bool, err error) {
	return p, "", false, fhir.Errorf(fhir.Busy, "The store is away.")
}

// Who has guessed too often is told so, and it is recorded; of who cannot be looked up
// now, or whose password cannot be checked, neither is true.
func TestConsentBusy(t *testing.T) {
	busy := fhir.Errorf(fhir.Busy, "Not now.")
	for name, tc := range map[string]struct {
		desk   grant.Staff
		signIn error
		form   []string
		status int
		refuse int64 // records of somebody who was refused
	}{
		"guessed too often":         {nobody{}, fhir.Errorf(fhir.Busy, "Wait.").Coded(auth.CodeThrottled), []string{"username", "jack"}, http.StatusTooManyRequests, 1},
		"nobody checks passwords":   {nobody{}, busy, []string{"username", "jack"}, http.StatusServiceUnavailable, 0},
		"nobody finds the session":  {away{}, nil, []string{"proof", "x"}, http.StatusServiceUnavailable, 0},
		"a wrong password, as ever": {nobody{}, nil, []string{"username", "jack", "password", "wrong"}, http.StatusUnauthorized, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.staff.away = tc.signIn
			log := slog.New(slog.NewTextHandler(t.Output(), nil))
			book := &audit.Log{Now: w.Now, Log: log, Keys: audit.Keys{Codes: func([]byte) [][]byte { return [][]byte{{1, 2, 3, 4}} }}}
			rec := w.decides(grant.Pages{Staff: tc.desk, Audit: book, Log: log}, tc.form...)
			if rec.Code != tc.status || strings.Contains(rec.Body.String(), "tried too often") != (tc.status == http.StatusTooManyRequests) {
				t.Errorf("%d, want %d\n%s", rec.Code, tc.status, rec.Body)
			}
			if got := book.Stats().Written; got != tc.refuse {
				t.Errorf("%d records, want %d", got, tc.refuse)
			}
		})
	}
}
