package grant_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/grant"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

const (
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	redirect = "https://trust.example/callback?tenant=1&to=%2f%41;b"
)

// staff is one clinician, who may leave, or come to work on something else.
type staff struct {
	gone, moved bool
	away        error // why nobody can sign in now
}

func (s *staff) Person(_ context.Context, _ store.Reader, id string) (grant.Person, bool, error) {
	return grant.Person{ID: "jack", First: "Jack", Last: "Brown", Customers: []string{"trust", "clinic"}, Sees: !s.moved}, id == "jack" && !s.gone, nil
}

func (s *staff) SignIn(ctx context.Context, user, password, _ string) (grant.Person, error) {
	if s.away != nil {
		return grant.Person{}, s.away
	}
	if password != "right" {
		return grant.Person{}, fhir.Errorf(fhir.Unauthenticated, "wrong")
	}
	p, _, err := s.Person(ctx, nil, user)
	return p, err
}

// nobody is signed in, and there is no provider.
type nobody struct{}

func (nobody) Provider() bool { return false }

func (nobody) SignedIn(*http.Request) (p grant.Person, proof string, ok bool, err error) {
	return p, "", false, nil
}

func (nobody) SignIn(http.ResponseWriter, *http.Request, string) error { return nil }

type world struct {
	*grant.Service
	t     *testing.T
	now   time.Time
	staff staff
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	w.Service = &grant.Service{
		Store: enginetest.New(t, search.NewCatalog(nil, time.UTC), now), Now: now, Random: rand.Reader, People: &w.staff,
		Client: func(id string) (auth.Client, bool) {
			return auth.Client{ID: id, Customers: []string{"trust", "other"}, Redirects: []string{redirect}}, id == "board"
		},
	}
	return w
}

// decides sends the form of the page on which access is granted.
func (w *world) decides(p grant.Pages, more ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	form := url.Values{
		"response_type": {"code"}, "client_id": {"board"}, "redirect_uri": {redirect}, "scope": {"CLINICIAN"}, "state": {"x y"}, "decision": {"allow"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/oauth2/authorize", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	p.Address, p.Passwords = func(*http.Request) string { return "" }, func() bool { return true }
	w.Handler(p).ServeHTTP(rec, r)
	return rec
}

// code has the clinician grant access.
func (w *world) code() string {
	w.t.Helper()
	rec := w.decides(grant.Pages{Staff: nobody{}}, "username", "jack", "password", "right")
	to, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(rec.Header().Get("Location"), redirect+"&code=") || to.Query().Get("state") != "x y" {
		w.t.Fatalf("%d to %s\n%s", rec.Code, to, rec.Body)
	}
	return to.Query().Get("code")
}

func (w *world) exchange(code string) (auth.Granted, error) {
	return w.Token(w.t.Context(), "board", "authorization_code", url.Values{"code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
}

func (w *world) refresh(token string) (auth.Granted, error) {
	return w.Token(w.t.Context(), "board", "refresh_token", url.Values{"refresh_token": {token}})
}

func isInvalidGrant(err error) bool { return err != nil && fhir.AsError(err).Code == "invalid_grant" }

// A grant is named on the command line, where what begins with a hyphen is a flag.
func TestNameOfAGrant(t *testing.T) {
	w := newWorld(t)
	w.Random = ones{}
	if _, err := w.exchange(w.code()); err != nil {
		t.Fatal(err)
	}
	list, err := w.List(t.Context(), []string{"trust"})
	if err != nil || len(list) != 1 || strings.HasPrefix(list[0].ID, "-") {
		t.Errorf("List = %+v, %v; want one that a command can name", list, err)
	}
}

// ones gives the bits of which base64 makes hyphens.
type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 0xfb
	}
	return len(b), nil
}

// A list has every grant, however few of them the store gives at once.
func TestListLarge(t *testing.T) {
	w := newWorld(t)
	const n = 20
	name := strings.Repeat("x", store.PageBytes/n*2)
	err := w.Store.Update(t.Context(), func(tx store.Tx) error {
		for i := range n {
			id := fmt.Sprintf("%024x", i)
			f := fmt.Sprintf(`{"id":%q,"client":"board","person":"jack","name":%q,"customers":["trust"],"expires":"2027-01-01T00:00:00Z"}`, id, name)
			if err := tx.Claim(t.Context(), store.Claim{Space: "grant", Key: id, Holder: id, Payload: []byte(f)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.List(t.Context(), []string{"trust"})
	if err != nil || len(list) != n {
		t.Fatalf("List gives %d grants (%v), want %d", len(list), err, n)
	}
	for i, g := range list {
		if g.ID != fmt.Sprintf("%024x", i) || g.State != grant.Live {
			t.Errorf("grant %d is %s, %s", i, g.ID, g.State)
		}
	}
}

// How long everything lives, and what staff are told.
func TestTimes(t *testing.T) {
	w := newWorld(t)
	code := w.code()
	w.now = w.now.Add(time.Minute)
	if _, err := w.exchange(code); !isInvalidGrant(err) {
		t.Errorf("an old code: %v", err)
	}
	pair, err := w.exchange(w.code())
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.Verify(t.Context(), pair.Token)
	if err != nil || len(a.Customers) != 1 || a.Customers[0] != "trust" {
		t.Errorf("Verify = %+v, %v; want what both see", a, err)
	}
	w.now = w.now.Add(30 * time.Minute)
	if _, err := w.Verify(t.Context(), pair.Token); !errors.Is(err, fhir.Unauthenticated) {
		t.Errorf("an old access token: %v", err)
	}
	if pair, err = w.refresh(pair.Refresh); err != nil {
		t.Fatal(err)
	}
	state := func() grant.Grant {
		list, err := w.List(t.Context(), []string{"trust"})
		if err != nil || len(list) != 1 {
			t.Fatalf("List = %+v, %v", list, err)
		}
		return list[0]
	}
	if g := state(); g.State != grant.Live || g.Again {
		t.Errorf("grant = %+v, want it live", g)
	}
	if list, err := w.List(t.Context(), []string{"clinic"}); err != nil || len(list) != 0 {
		t.Errorf("another customer sees %+v, %v", list, err)
	}
	for _, now := range []staff{{gone: true}, {moved: true}} {
		w.staff = now
		if g := state(); g.State != grant.Broken || !g.Again {
			t.Errorf("grant of %+v = %+v, want it broken", now, g)
		}
		if _, err := w.refresh(pair.Refresh); !isInvalidGrant(err) {
			t.Errorf("of %+v: %v", now, err)
		}
		if _, err := w.Verify(t.Context(), pair.Token); !errors.Is(err, fhir.Unauthenticated) {
			t.Errorf("an access token of %+v: %v", now, err)
		}
	}
	w.staff = staff{}
	w.now = w.now.AddDate(0, 0, 30)
	if g := state(); g.State != grant.Expired || !g.Again {
		t.Errorf("grant = %+v, want it expired", g)
	}
	if _, err := w.refresh(pair.Refresh); !isInvalidGrant(err) {
		t.Errorf("an old refresh token: %v", err)
	}
}

// What has expired is forgotten; what has not stays, and so does the list.
func TestForget(t *testing.T) {
	w := newWorld(t)
	pair, err := w.exchange(w.code())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {2 * time.Minute, 2}, {time.Hour, 1}, {31 * 24 * time.Hour, 1}, {time.Hour, 0}} {
		w.now = w.now.Add(tc.after)
		if n, err := w.Forget(t.Context()); err != nil || n != tc.want {
			t.Errorf("%s later: %d forgotten, %v; want %d", tc.after, n, err, tc.want)
		}
	}
	if _, err := w.refresh(pair.Refresh); !isInvalidGrant(err) {
		t.Errorf("a forgotten refresh token: %v", err)
	}
	if list, err := w.List(t.Context(), []string{"trust"}); err != nil || len(list) != 1 {
		t.Errorf("List = %+v, %v", list, err)
	}
}

// Of many who bring one refresh token at once at most one gets a pair, and then
// that is worth nothing either.
func TestRefreshRace(t *testing.T) {
	w := newWorld(t)
	pair, err := w.exchange(w.code())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	pairs := make([]auth.Granted, 8)
	for i := range pairs {
		wg.Go(func() { pairs[i], _ = w.refresh(pair.Refresh) })
	}
	wg.Wait()
	got := 0
	for _, p := range pairs {
		if p.Token == "" {
			continue
		}
		got++
		if _, err := w.Verify(t.Context(), p.Token); !errors.Is(err, fhir.Unauthenticated) {
			t.Errorf("a pair of a family that is revoked: %v", err)
		}
	}
	if got != 1 {
		t.Errorf("%d pairs, want 1", got)
	}
}

// Nothing that opens anything is in the store.
func TestStoredAsDigests(t *testing.T) {
	w := newWorld(t)
	code := w.code()
	pair, err := w.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	for _, space := range []string{"grant", "grant-code", "grant-access", "grant-refresh", "grant-used"} {
		claims, err := w.Store.Claims(t.Context(), space, "", "", 10)
		if err != nil || len(claims) == 0 {
			t.Fatalf("%s: %d claims, %v", space, len(claims), err)
		}
		for _, c := range claims {
			for _, secret := range []string{code, pair.Token, pair.Refresh} {
				if strings.Contains(c.Key+string(c.Payload), secret) {
					t.Errorf("space %s holds a secret", space)
				}
			}
		}
	}
}
