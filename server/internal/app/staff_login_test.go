package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/openid"
	"slotway/server/internal/staffpages"
)

// S66: staff sign in by a provider, with state, nonce and PKCE; by its groups, or by
// their own entry; and who is neither does not come in.
func TestStaffLogin(t *testing.T) {
	d := startDesk(t, Settings{})
	ctx := t.Context()
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/sign-in", http.StatusOK, `id="provider"`))
	if strings.Contains(d.body, `name="password"`) {
		t.Error("passwords of ours are asked for beside the provider")
	}
	d.must(d.visit(ctx, http.MethodPost, "/staff/sign-in", url.Values{"user": {"jack.brown"}, "password": {demoPassword}}))
	if d.status != http.StatusNotFound || d.session() != "" {
		t.Errorf("a password beside the provider: %d", d.status)
	}
	d.as("jack.brown", "/staff/requests")
	asked := d.app.cfg.pretend.staff.Asked()
	q := asked[len(asked)-1]
	if q.Get("prompt") != "login" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || len(q.Get("state")) != 22 || q.Get("redirect_uri") != d.app.cfg.BaseURL+staffpages.RedirectPath {
		t.Errorf("the provider was asked %v", q)
	}
	d.must(d.submit(ctx, "sign-out", nil))
	d.goTo("/staff")
	d.chosen("pretend-reports")
	if d.status != http.StatusOK || !strings.Contains(d.body, "Robin Reader") || strings.Contains(d.body, `href="/staff/requests"`) {
		t.Errorf("one who is known by a group: %d", d.status)
	}
	d.must(d.submit(ctx, "sign-out", nil))
	d.goTo("/staff")
	d.chosen("pretend-nobody")
	if d.status != http.StatusForbidden || !strings.Contains(d.body, "You are not known here") || d.session() != "" {
		t.Errorf("one whom nobody has let in: %d", d.status)
	}
	// What came back is good once, for the browser that began.
	d.goTo("/staff")
	d.chosen("jack.brown")
	var back *url.URL
	for _, u := range d.trail {
		if u.Path == staffpages.RedirectPath {
			back = u
		}
	}
	for name, b := range map[string]*browser{"again": d.browser, "another browser": newBrowser()} {
		d.must(b.open(ctx, d.app.cfg.BaseURL+back.RequestURI()))
		if b.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", name, b.status)
		}
	}
	for _, code := range []string{"access_denied", "server_error", "<script>"} {
		e := deskOf(t, d.app)
		e.goTo("/staff")
		d.app.cfg.pretend.staff.FailNext(code)
		e.must(e.follow(ctx, `id="provider"`))
		if e.status != http.StatusForbidden || strings.Contains(e.body, code) {
			t.Errorf("%s: %d, want 403 and a page that does not say it", code, e.status)
		}
	}
}

// What a provider says of somebody, and what becomes of it.
func TestStaffArrive(t *testing.T) {
	book := &staffBook{}
	book.take([]StaffConfig{
		{ID: "jack", PasswordHash: "x", FirstName: "Jack", LastName: "Brown", Team: "Desk", Customers: []string{"a"}, Roles: []string{"requests"}},
		{ID: "plain", FirstName: "Plain", LastName: "Person", Customers: []string{"b"}},
	})
	login := StaffLoginConfig{Issuer: "https://idp.example", GroupsClaim: "memberOf", Roles: map[string][]string{"reports": {"G1", "G2"}, "health": {"G3"}}, Customers: []string{"c"}}
	for name, tc := range map[string]struct {
		token, info, idClaim, subject string
		want                          string // customers, roles; empty: refused
	}{
		"an entry":                {`{}`, `{}`, "", "jack", "[a] [requests]"},
		"an entry, not the group": {`{"memberOf":["G3"]}`, ``, "", "jack", "[a] [requests]"},
		"an entry without roles":  {`{"memberOf":["G2"]}`, ``, "", "plain", "[b] [reports]"},
		"groups":                  {`{"memberOf":["G3","G1","x"]}`, ``, "", "s", "[c] [reports health]"},
		"one group as text":       {`{"memberOf":"G3"}`, ``, "", "s", "[c] [health]"},
		"groups by UserInfo":      {`{}`, `{"memberOf":["G3"]}`, "", "s", "[c] [health]"},
		"the token goes first":    {`{"memberOf":[]}`, `{"memberOf":["G3"]}`, "", "s", ""},
		"no group":                {`{}`, ``, "", "s", ""},
		"another claim":           {`{"upn":"jack"}`, ``, "upn", "s", "[a] [requests]"},
		"the claim is not there":  {`{"memberOf":["G1"]}`, ``, "upn", "jack", ""},
		"the claim is no text":    {`{"upn":["jack"],"memberOf":["G1"]}`, ``, "upn", "jack", ""},
		"nonsense":                {`[]`, ``, "", "jack", ""},
	} {
		t.Run(name, func(t *testing.T) {
			login.IDClaim = tc.idClaim
			desk := staffDesk{book, login}
			p, err := desk.Arrive(openid.Answer{Subject: tc.subject, Token: json.RawMessage(tc.token), Info: json.RawMessage(tc.info)})
			got := ""
			if err == nil {
				now, ok := desk.Now(p)
				if got = fmt.Sprint(now.Customers, " ", now.Roles); !ok {
					got = "not now"
				}
			} else if k := fhir.KindOf(err); k != fhir.Forbidden && k != fhir.Unauthenticated {
				t.Errorf("it fails with %v", err)
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	desk := staffDesk{book, login}
	for name, p := range map[string]staffpages.Person{
		"a password beside the provider": {ID: "jack"}, "another provider": {ID: "jack", Issuer: "https://other.example"}, "nobody": {ID: "nobody"},
	} {
		if _, ok := desk.Now(p); ok {
			t.Errorf("%s: still signed in", name)
		}
	}
	if p, ok := (staffDesk{book, StaffLoginConfig{}}).Now(staffpages.Person{ID: "jack", Roles: staffpages.Roles}); !ok || !slices.Equal(p.Roles, []staffpages.Role{staffpages.Requests}) {
		t.Errorf("roles that were taken away are still there: %v", p.Roles)
	}
}

// What a configuration may not say of staff.
func TestStaffLoginConfig(t *testing.T) {
	for _, tc := range []struct{ set, want string }{
		{"{}", "nobody could sign in"},
		{"{client_id: x}", "needs issuer"},
		{"{issuer: 'http://idp.example', client_id: x, key: k}", "must be https"},
		{"{issuer: 'https://idp.example', key: k}", "client_id"},
		{"{issuer: 'https://idp.example', client_id: x}", "either key"},
		{"{issuer: 'https://idp.example', client_id: x, key: k, secret_file: s}", "either key"},
		{"{issuer: 'https://idp.example', client_id: x, key: k, roles: {boss: [g]}}", `no role "boss"`},
		{"{issuer: 'https://idp.example', client_id: x, key: k, customers: [nobody]}", `no customer "nobody"`},
	} {
		cfg := defaults()
		if err := (Settings{StaffLogin: Text(tc.set), Listeners: "[{address: '127.0.0.1:1', serves: [staff]}]"}).apply(&cfg); err != nil {
			t.Fatal(err)
		}
		errs := fmt.Sprint(cfg.checkStaffLogin())
		if !strings.Contains(errs, tc.want) {
			t.Errorf("%s: %s, want %q", tc.set, errs, tc.want)
		}
	}
	cfg := defaults()
	set := Settings{Listeners: "[{address: '127.0.0.1:1', serves: [staff]}]", Staff: "[{id: a, password_hash: x, customers: [c], roles: [health]}]"}
	if err := set.apply(&cfg); err != nil || len(cfg.checkStaffLogin()) != 0 {
		t.Errorf("staff with passwords are refused: %v %v", err, cfg.checkStaffLogin())
	}
}
