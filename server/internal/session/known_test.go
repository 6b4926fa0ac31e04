package session

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who signed in is remembered until they have not for a time, once, and as they were
// last.
func TestRemember(t *testing.T) {
	f := newFixture(t)
	f.Kind = Staff
	names := func() (all []string) {
		t.Helper()
		people, err := f.Remembered(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			all = append(all, p.Issuer+" "+p.Subject+" "+p.Name)
		}
		return all
	}
	claims := func(space string) int {
		t.Helper()
		all, err := f.Store.Claims(t.Context(), space, "", "", 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	remember := func(name string) {
		t.Helper()
		if err := f.Remember(t.Context(), Person{Issuer: "idp", Subject: "1", Name: name, Roles: []string{"requests"}}); err != nil {
			t.Fatal(err)
		}
	}
	remember("Ann")
	f.now = f.now.Add(knownTime - time.Second)
	if diff := cmp.Diff([]string{"idp 1 Ann"}, names()); diff != "" {
		t.Error(diff)
	}
	remember("Ann")
	remember("Ann Other") // she married
	remember("Ann Other")
	if n := claims(spaceOver); n != 1 {
		t.Errorf("%d claims say when it is over, want 1", n)
	}
	f.now = f.now.Add(knownTime - time.Second)
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"idp 1 Ann Other"}, names()); diff != "" {
		t.Error(diff)
	}
	f.now = f.now.Add(time.Second)
	if got := names(); got != nil {
		t.Errorf("after the time: %q", got)
	}
	f.now = f.now.Add(time.Second)
	if err := f.Forget(t.Context()); err != nil || claims(spaceKnown)+claims(spaceOver) != 0 {
		t.Errorf("something is left (%v)", err)
	}
	remember("Ann")
	if err := f.Disown(t.Context(), "another", "1"); err != nil || len(names()) != 1 {
		t.Errorf("another of the same id is disowned, and she is gone (%v)", err)
	}
	if err := f.Disown(t.Context(), "idp", "1"); err != nil || claims(spaceKnown)+claims(spaceOver) != 0 {
		t.Errorf("she is disowned, and there (%v)", err)
	}
}
