package session

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What somebody has written is theirs for a time, and nobody else finds it.
func TestDraft(t *testing.T) {
	f := newFixture(t)
	mine := DraftKey("me", "p", "a", "ask")
	if err := f.KeepDraft(t.Context(), mine, Draft{ID: "1", Text: "secret"}); err != nil {
		t.Fatal(err)
	}
	if d, ok, err := f.Draft(t.Context(), mine); !ok || err != nil || d.Text != "secret" {
		t.Errorf("Draft = %+v %t %v", d, ok, err)
	}
	for _, key := range []string{DraftKey("you", "p", "a", "ask"), DraftKey("me", "p", "b", "ask"), DraftKey("me", "p", "a", "reply")} {
		if _, ok, _ := f.Draft(t.Context(), key); ok {
			t.Errorf("%q finds it", key)
		}
	}
	f.now = f.now.Add(draftTime)
	if _, ok, _ := f.Draft(t.Context(), mine); ok {
		t.Error("it is there after its time")
	}
	f.now = f.now.Add(time.Second)
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := f.Store.Claims(t.Context(), spaceDraft, "", "", 10); err != nil || len(left) != 0 {
		t.Errorf("%d are left (%v)", len(left), err)
	}
}

// S68: looking at a session does not prolong it; one that is over for want of a
// request says whose it was, and one that was ended does not.
func TestPeek(t *testing.T) {
	f := newFixture(t)
	r, _ := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "me")
	peek := func() (Session, bool) {
		v, ok, err := f.Peek(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return v, ok
	}
	for range 2 {
		f.now = f.now.Add(Idle/2 - time.Second)
		if v, ok := peek(); !ok || v.Ends().Sub(f.now) > Idle/2+time.Second {
			t.Errorf("Peek = %t, ends in %s", ok, v.Ends().Sub(f.now))
		}
	}
	f.now = f.now.Add(time.Minute)
	if v, ok := peek(); ok || v.Person.Subject != "me" {
		t.Errorf("after its time: %t, of %q", ok, v.Person.Subject)
	}
	if f.alive(t, r) {
		t.Error("it is alive")
	}
	if err := f.End(t.Context(), httptest.NewRecorder(), r); err != nil {
		t.Fatal(err)
	}
	if v, ok := peek(); ok || v.Person.Subject != "" {
		t.Errorf("after it was ended: %t, of %q", ok, v.Person.Subject)
	}
	r.Header.Set("Cookie", cookieSession+"="+strings.Repeat("A", 22))
	if v, ok := peek(); ok || v.Person.Subject != "" {
		t.Errorf("of nobody: %t, of %q", ok, v.Person.Subject)
	}
}
