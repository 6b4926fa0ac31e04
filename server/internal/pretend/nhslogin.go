package pretend

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/nhslogin"
)

// NHSLogin is an OpenID Connect provider after NHS login's interface
// specification: RS512, clients that prove themselves by a key, PKCE, prompt, and
// asserted_login_identity. Under another name it stands in for the provider of a
// trust's staff, which says their groups as well.
type NHSLogin struct {
	Issuer string // its address; its handler is mounted there
	Name   string // on its pages; empty: NHS login
	Signer *auth.Signer
	People []Person
	Now    func() time.Time

	mu      sync.Mutex
	clients map[string]client
	logins  map[string]Person // by cookie
	codes   map[string]grant
	tokens  map[string]Person // by access token
	issued  map[string]Person // by jti of ID token
	used    map[string]bool   // jti of what may be used once
	fail    []string
	asked   []url.Values
}

// Person is somebody who has an NHS login.
type Person struct {
	nhslogin.Identity
	Says   string   // about them, for whoever chooses; empty: what NHS login knows
	Groups []string // of a provider of staff
}

type client struct {
	redirect string
	signer   *auth.Signer
}

// grant is what a code stands for.
type grant struct {
	client, redirect, nonce, challenge string
	who                                Person
	until                              time.Time
}

// Register makes a client known, by its key and where it has its codes sent.
func (n *NHSLogin) Register(id, redirect string, key *auth.Signer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.clients == nil {
		n.clients, n.logins, n.codes = map[string]client{}, map[string]Person{}, map[string]grant{}
		n.tokens, n.issued, n.used = map[string]Person{}, map[string]Person{}, map[string]bool{}
	}
	n.clients[id] = client{redirect, key}
}

// FailNext makes the next requests of the authorize endpoint fail, with these error
// codes in turn.
func (n *NHSLogin) FailNext(codes ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail = append(n.fail, codes...)
}

// Asked gives what the authorize endpoint was asked, in order.
func (n *NHSLogin) Asked() []url.Values {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

// Handler serves it; addresses are below the path of the issuer.
func (n *NHSLogin) Handler() http.Handler {
	base := pathOf(n.Issuer)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/.well-known/openid-configuration", n.discovery)
	mux.HandleFunc("GET "+base+"/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(n.Signer.JWKS())
	})
	mux.HandleFunc("GET "+base+"/authorize", n.authorize)
	mux.HandleFunc("POST "+base+"/log-in", n.logIn)
	mux.HandleFunc("POST "+base+"/token", n.token)
	mux.HandleFunc("GET "+base+"/userinfo", n.userInfo)
	return mux
}

// pathOf gives the path of an address, without a slash at the end.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

func (n *NHSLogin) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": n.Issuer, "authorization_endpoint": n.Issuer + "/authorize", "token_endpoint": n.Issuer + "/token",
		"userinfo_endpoint": n.Issuer + "/userinfo", "jwks_uri": n.Issuer + "/.well-known/jwks.json",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported":            []string{"RS512"},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS512"},
		"scopes_supported":                                 []string{"openid", "profile"},
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader has gone
}

const cookieLogin = "pretend-nhs-login"

// authorize begins a sign-in (section 3.4): without asking where it can, or by the
// page that asks who it is.
func (n *NHSLogin) authorize(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := r.URL.Query()
	n.asked = append(n.asked, q)
	c, known := n.clients[q.Get("client_id")]
	if !known || q.Get("redirect_uri") != c.redirect {
		show(w, http.StatusBadRequest, "login-error.html", "The service that sent you is not known, or not at this address.")
		return
	}
	if len(n.fail) > 0 {
		code := n.fail[0]
		n.fail = n.fail[1:]
		refuse(w, r, q, code)
		return
	}
	if q.Get("response_type") != "code" || !slices.Contains(strings.Fields(q.Get("scope")), "openid") ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" || q.Get("state") == "" {
		refuse(w, r, q, "invalid_request")
		return
	}
	who, silent := n.silently(r, q)
	switch {
	case silent:
		n.grant(w, r, q, who)
	case q.Get("prompt") == "none" && q.Get("asserted_login_identity") != "":
		refuse(w, r, q, "sso_login_required")
	case q.Get("prompt") == "none":
		refuse(w, r, q, "login_required")
	default:
		show(w, http.StatusOK, "login.html", n.page(q, false))
	}
}

// page is what the page has that asks who it is.
func (n *NHSLogin) page(q url.Values, again bool) map[string]any {
	return map[string]any{"Name": cmp.Or(n.Name, "NHS login"), "People": n.People, "Action": pathOf(n.Issuer) + "/log-in", "Request": q.Encode(), "Error": again}
}

// silently gives who it is without asking: whom an assertion is about, or who is
// signed in with this browser.
func (n *NHSLogin) silently(r *http.Request, q url.Values) (Person, bool) {
	if q.Get("prompt") == "login" {
		return Person{}, false
	}
	if text := q.Get("asserted_login_identity"); text != "" {
		return n.asserted(text)
	}
	who, ok := n.logins[cookie(r, cookieLogin)]
	return who, ok
}

// asserted gives whom an asserted login identity is about: one signed by a client
// of ours, for a minute at most, once, of an ID token that this client was given.
func (n *NHSLogin) asserted(text string) (Person, bool) {
	var a struct {
		Code    string `json:"code"`
		Issuer  string `json:"iss"`
		ID      string `json:"jti"`
		Issued  int64  `json:"iat"`
		Expires int64  `json:"exp"`
	}
	if auth.Payload(text, &a) != nil {
		return Person{}, false
	}
	c, known := n.clients[a.Issuer]
	if !known || c.signer.Check(text, &a) != nil {
		return Person{}, false
	}
	now := n.Now().Unix()
	who, ok := n.issued[a.Issuer+" "+a.Code]
	if !ok || now >= a.Expires || a.Issued > now+1 || a.Expires-a.Issued > 60 || a.ID == "" || n.used[a.Issuer+" "+a.ID] {
		return Person{}, false
	}
	n.used[a.Issuer+" "+a.ID] = true
	return who, true
}

// logIn takes the answer of the page that asks.
func (n *NHSLogin) logIn(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	q, err := url.ParseQuery(r.PostFormValue("request"))
	c, known := n.clients[q.Get("client_id")]
	if err != nil || !known || q.Get("redirect_uri") != c.redirect {
		show(w, http.StatusBadRequest, "login-error.html", "The service that sent you is not known, or not at this address.")
		return
	}
	if r.PostFormValue("refuse") != "" {
		refuse(w, r, q, "access_denied")
		return
	}
	at := slices.IndexFunc(n.People, func(p Person) bool { return p.Subject == r.PostFormValue("person") })
	if at < 0 {
		show(w, http.StatusOK, "login.html", n.page(q, true))
		return
	}
	id := newID()
	n.logins[id] = n.People[at]
	setCookie(w, r, cookieLogin, id, pathOf(n.Issuer)+"/")
	n.grant(w, r, q, n.People[at])
}

// grant sends the browser back with a code.
func (n *NHSLogin) grant(w http.ResponseWriter, r *http.Request, q url.Values, who Person) {
	code := newID()
	n.codes[code] = grant{
		client: q.Get("client_id"), redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		who: who, until: n.Now().Add(time.Minute),
	}
	away(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode())
}

func refuse(w http.ResponseWriter, r *http.Request, q url.Values, code string) {
	away(w, r, q.Get("redirect_uri")+"?"+url.Values{"error": {code}, "state": {q.Get("state")}}.Encode())
}
