package session

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store/bolt"
)

// fixture is what the tests keep sessions in, with a clock that they move.
type fixture struct {
	*Sessions
	now time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return f.now }
	s, err := bolt.Open(filepath.Join(t.TempDir(), "s.db"), bolt.Options{Catalog: search.NewCatalog(nil, time.UTC), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	same := func(b []byte) []byte { return b }
	f.Sessions = &Sessions{Store: s, Seal: same, Open: func(b []byte) ([]byte, error) { return b, nil }, Now: clock, Random: rand.Reader, Secure: true}
	return f
}

// with gives a request with the cookies that an answer set, in place of older ones.
func with(r *http.Request, w *httptest.ResponseRecorder) *http.Request {
	out := httptest.NewRequest(http.MethodGet, "https://facade.example/patient", nil)
	kept := map[string]string{}
	for _, c := range append(r.Cookies(), w.Result().Cookies()...) {
		if kept[c.Name] = c.Value; c.MaxAge < 0 {
			delete(kept, c.Name)
		}
	}
	for name, value := range kept {
		out.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return out
}

func (f *fixture) started(t *testing.T, r *http.Request, subject string) (*http.Request, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := f.Start(t.Context(), w, r, Person{Subject: subject}); err != nil {
		t.Fatal(err)
	}
	return with(r, w), w
}

func (f *fixture) alive(t *testing.T, r *http.Request) bool {
	t.Helper()
	_, ok, err := f.Get(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// S68: idle 10 minutes, absolute 12 hours.
func TestEnds(t *testing.T) {
	f := newFixture(t)
	r, _ := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "a")
	f.now = f.now.Add(Idle - time.Second)
	if !f.alive(t, r) {
		t.Fatal("it is over before its time")
	}
	f.now = f.now.Add(Idle - time.Second)
	if !f.alive(t, r) {
		t.Fatal("a request does not prolong it")
	}
	f.now = f.now.Add(Idle)
	if f.alive(t, r) {
		t.Error("it is there after 10 minutes without a request")
	}
	r, _ = f.started(t, r, "a")
	for range 80 {
		f.now = f.now.Add(Idle - time.Second)
		f.alive(t, r)
	}
	if f.alive(t, r) {
		t.Error("it is there after 12 hours")
	}
	if err := f.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, space := range []string{spaceSession, spaceOver} {
		left, err := f.Store.Claims(t.Context(), space, "", "", 10)
		if err != nil || len(left) != 0 {
			t.Errorf("%d claims are left in %s (%v)", len(left), space, err)
		}
	}
}

// S69: __Host-, Secure, HttpOnly, SameSite=Lax, and nothing of the id in the store.
func TestCookie(t *testing.T) {
	f := newFixture(t)
	_, w := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "a")
	c := w.Result().Cookies()[0]
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	if len(c.Value) != 22 {
		t.Errorf("an id of %d characters, want 22: 128 bits", len(c.Value))
	}
	kept, err := f.Store.Claims(t.Context(), spaceSession, "", "", 10)
	if err != nil || len(kept) != 1 || strings.Contains(kept[0].Key+string(kept[0].Payload), c.Value) {
		t.Errorf("%d sessions are kept (%v), want one that does not hold its id", len(kept), err)
	}
}

// S66: a state is good once, for the browser that began, for 10 minutes.
func TestSignIn(t *testing.T) {
	f := newFixture(t)
	begin := func() (*http.Request, string) {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		state, err := f.BeginSignIn(t.Context(), w, r, f.NewSignIn("/patient"))
		if err != nil {
			t.Fatal(err)
		}
		return with(r, w), state
	}
	end := func(r *http.Request, state string) bool {
		_, ok, err := f.EndSignIn(t.Context(), r, state)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	mine, state := begin()
	other, _ := begin()
	if end(other, state) || end(httptest.NewRequest(http.MethodGet, "/", nil), state) || end(mine, "") {
		t.Error("another browser ends it")
	}
	if !end(mine, state) || end(mine, state) {
		t.Error("it does not end once")
	}
	mine, state = begin()
	if f.now = f.now.Add(signInTime); end(mine, state) {
		t.Error("it ends after its time")
	}
}

// Seed 000, the last workflow: a hand-over ends once, with its time, and with the
// session that began it.
func TestHandover(t *testing.T) {
	f := newFixture(t)
	key := HandoverKey("p", "a")
	r, _ := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "me")
	begin := func() {
		if err := f.BeginHandover(t.Context(), r, key, "9990002002", false); err != nil {
			t.Fatal(err)
		}
	}
	open := func() bool {
		_, ok, err := f.Handover(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	begin()
	if _, ok, err := f.EndHandover(t.Context(), r, key); !ok || err != nil || open() {
		t.Errorf("it does not end: %v", err)
	}
	if v, _, _ := f.Get(t.Context(), r); v.Tell != TellBack || len(v.Handovers) != 0 {
		t.Errorf("afterwards the session is %+v", v)
	}
	begin()
	if r, _ = f.started(t, r, "me"); !open() {
		t.Error("it ends when the same person signs in again")
	}
	f.now = f.now.Add(Idle)
	if r, _ = f.started(t, r, "me"); !open() {
		t.Error("it ends when they sign in again because the session was over")
	}
	if err := f.End(t.Context(), httptest.NewRecorder(), r); err != nil || open() {
		t.Errorf("it goes on after the session: %v", err)
	}
	r, _ = f.started(t, r, "me")
	begin()
	if r, _ = f.started(t, r, "another"); open() {
		t.Error("it goes on when another person signs in")
	}
	r, _ = f.started(t, r, "me")
	begin()
	if f.now = f.now.Add(handoverTime); open() {
		t.Error("it goes on after its time")
	}
}

// Each tab is a way of its own, whose time is its own; a double click is one.
func TestWays(t *testing.T) {
	f := newFixture(t)
	key := HandoverKey("p", "a")
	r, _ := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "me")
	begin := func(overview bool, wait time.Duration) {
		t.Helper()
		if err := f.BeginHandover(t.Context(), r, key, "9990002002", overview); err != nil {
			t.Fatal(err)
		}
		f.now = f.now.Add(wait)
	}
	end := func() string {
		t.Helper()
		w, ok, err := f.EndHandover(t.Context(), r, key)
		if err != nil {
			t.Fatal(err)
		}
		return map[bool]string{true: "overview", false: "appointment"}[w.Overview] + map[bool]string{true: "", false: ", not open"}[ok]
	}
	want := func(all ...string) {
		t.Helper()
		for _, want := range append(all, "appointment, not open") {
			if got := end(); got != want {
				t.Errorf("back to the %s, want %s", got, want)
			}
		}
		if v, _, err := f.Get(t.Context(), r); err != nil || len(v.Handovers) != 0 {
			t.Errorf("in the end the session has %q (%v)", v.Handovers, err)
		}
	}
	begin(true, time.Minute)
	begin(false, time.Minute)
	want("appointment", "overview")
	begin(true, time.Second)
	begin(true, time.Second)
	begin(false, 0)
	want("appointment", "overview")
	for range maxWays + 3 {
		begin(true, time.Minute/2)
	}
	want("overview", "overview", "overview", "overview", "overview", "overview", "overview", "overview")
	r, _ = f.started(t, r, "me")
	begin(true, handoverTime/2)
	r, _ = f.started(t, r, "me")
	begin(false, handoverTime/2)
	r, _ = f.started(t, r, "me")
	want("appointment")
}

// A session of one kind is nothing to the other, under whichever cookie it is shown.
func TestKinds(t *testing.T) {
	f := newFixture(t)
	staff := *f.Sessions
	f.Kind, staff.Kind = Patient, Staff
	r, w := f.started(t, httptest.NewRequest(http.MethodGet, "/", nil), "a")
	id := w.Result().Cookies()[0]
	for name, shown := range map[string]*http.Request{"its own cookie": r, "the cookie of staff": httptest.NewRequest(http.MethodGet, "/", nil)} {
		if shown != r {
			shown.AddCookie(&http.Cookie{Name: "__Host-slotway-staff", Value: id.Value})
		}
		if _, ok, err := staff.Get(t.Context(), shown); ok || err != nil {
			t.Errorf("under %s a patient's session is one of staff (%v)", name, err)
		}
		if err := staff.End(t.Context(), httptest.NewRecorder(), shown); err != nil {
			t.Error(err)
		}
	}
	if !f.alive(t, r) {
		t.Error("staff end a patient's session")
	}
	begun, begunW := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	state, err := f.BeginSignIn(t.Context(), begunW, begun, f.NewSignIn("/patient"))
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewRequest(http.MethodGet, "/", nil)
	other.AddCookie(&http.Cookie{Name: "__Host-slotway-sign-in-staff", Value: with(begun, begunW).Cookies()[0].Value})
	if _, ok, err := staff.EndSignIn(t.Context(), other, state); ok || err != nil {
		t.Errorf("a patient's sign-in ends as one of staff (%v)", err)
	}
}
