package grant

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// maxForm is the longest body of the consent page's form, in bytes.
const maxForm = 16 << 10

// asked is a request for a grant (RFC 6749 section 4.1.1).
type asked struct {
	Client    auth.Client
	Redirect  string
	State     string
	Challenge string
}

// parameters are those of a request for a grant, which the consent page sends again.
var parameters = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}

// AuthorizeHandler shows the consent page, and carries out what is decided on it.
// address gives a request's address without port, for throttling.
func (s *Service) AuthorizeHandler(address func(*http.Request) string) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", policy(""))
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		var form url.Values
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			form = r.URL.Query()
		case http.MethodPost:
			if err := r.ParseForm(); err != nil {
				fail(w, fhir.Errorf(fhir.Invalid, "The form could not be read."))
				return
			}
			form = r.PostForm
		default:
			h.Set("Allow", "GET, HEAD, POST")
			fail(w, fhir.Errorf(fhir.MethodNotAllowed, "Access is granted with GET and POST."))
			return
		}
		a, err := s.ask(form)
		if err != nil {
			fail(w, err)
			return
		}
		if err := a.complete(form); err != nil {
			e := fhir.AsError(err)
			a.back(w, r, "error", e.Code, "error_description", e.Text)
			return
		}
		if r.Method != http.MethodPost {
			a.show(w, http.StatusOK, form, "")
			return
		}
		s.decide(w, r, a, form, address(r))
	}))
}

// ask reads whom a request is from, and where the answer goes. Unless both are
// right nothing is sent anywhere.
func (s *Service) ask(form url.Values) (a asked, err error) {
	for _, name := range parameters {
		if len(form[name]) > 1 {
			return a, fhir.Errorf(fhir.Invalid, "Each parameter may be given once; %s is given twice.", name)
		}
	}
	client, ok := s.Client(form.Get("client_id"))
	if !ok {
		return a, fhir.Errorf(fhir.Invalid, "client_id does not name a client that may ask for access.")
	}
	a = asked{Client: client, Redirect: form.Get("redirect_uri"), State: form.Get("state"), Challenge: form.Get("code_challenge")}
	if !slices.Contains(client.Redirects, a.Redirect) {
		return a, fhir.Errorf(fhir.Invalid, "redirect_uri must be, letter by letter, one that is registered for the client.")
	}
	return a, nil
}

// complete checks the rest, which the client is told about.
func (a asked) complete(form url.Values) error {
	switch {
	case form.Get("response_type") != "code":
		return fhir.Errorf(fhir.Invalid, "response_type must be code").Coded("unsupported_response_type")
	case form.Get("scope") != Scope:
		return fhir.Errorf(fhir.Invalid, "scope must be %s", Scope).Coded("invalid_scope")
	case form.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(a.Challenge):
		return fhir.Errorf(fhir.Invalid, "code_challenge must be given, with the code_challenge_method S256").Coded("invalid_request")
	case len(a.State) > 2048:
		return fhir.Errorf(fhir.Invalid, "state is too long").Coded("invalid_request")
	}
	return nil
}

// back sends the browser to the client, with state as it was sent.
func (a asked) back(w http.ResponseWriter, r *http.Request, pairs ...string) {
	to, err := url.Parse(a.Redirect)
	if err != nil {
		fail(w, fhir.Errorf(fhir.Internal, "The registered redirect_uri cannot be read.").Because(err))
		return
	}
	q := to.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if a.State != "" {
		q.Set("state", a.State)
	}
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// decide carries out what was chosen on the page.
func (s *Service) decide(w http.ResponseWriter, r *http.Request, a asked, form url.Values, address string) {
	if form.Get("decision") != "allow" {
		a.back(w, r, "error", "access_denied", "error_description", "access was not granted")
		return
	}
	person, err := s.People.SignIn(r.Context(), form.Get("username"), form.Get("password"), address)
	if err == nil && len(both(person.Customers, a.Client.Customers)) == 0 {
		err = fhir.Errorf(fhir.Forbidden, "The client acts for no organisation that you work for.")
	}
	if err != nil {
		e := fhir.AsError(err)
		text := e.Text
		if e.Kind == fhir.Unauthenticated {
			text = "The user name or the password is wrong."
		}
		a.show(w, cmp.Or(e.Kind.Status(fhir.StyleRFC6750), http.StatusUnauthorized), form, text)
		return
	}
	code, err := s.give(r.Context(), a, person)
	if err != nil {
		fail(w, err)
		return
	}
	a.back(w, r, "code", code)
}

// give makes a code.
func (s *Service) give(ctx context.Context, a asked, p Person) (code string, err error) {
	if code, err = s.secret(32); err != nil {
		return "", err
	}
	id, err := s.name()
	if err != nil {
		return "", err
	}
	return code, s.Store.Update(ctx, func(tx store.Tx) error {
		audit.Note(tx, func(e *audit.Event) {
			e.Act, e.Client, e.Subject, e.Reach = "grant.allow", a.Client.ID, p.ID, both(a.Client.Customers, p.Customers)
			e.Of = append(e.Of, id)
		})
		return keep(ctx, tx, codeSpace, code, ticket{
			Family: id, Expires: s.Now().UTC().Add(codeLife), Client: a.Client.ID, Person: p.ID, Redirect: a.Redirect, Challenge: a.Challenge,
		})
	})
}

// policy is the content security policy of a page: nothing is fetched, and its form
// goes here and then to the client.
func policy(client string) string {
	return "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'" + client
}

// show shows the consent page.
func (a asked) show(w http.ResponseWriter, status int, form url.Values, problem string) {
	if to, err := url.Parse(a.Redirect); err == nil && to.Host != "" {
		w.Header().Set("Content-Security-Policy", policy(" "+to.Scheme+"://"+to.Host))
	}
	type field struct{ Name, Value string }
	var hidden []field
	for _, name := range parameters {
		if form.Has(name) {
			hidden = append(hidden, field{name, form.Get(name)})
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = consentPage.Execute(w, map[string]any{"Client": cmp.Or(a.Client.OrganisationName, a.Client.ID), "ID": a.Client.ID, "Hidden": hidden, "Problem": problem, "User": form.Get("username")}) // a caller who went away is no concern
}

// fail tells the person in front of the browser: nobody else can be told.
func fail(w http.ResponseWriter, err error) {
	e := fhir.AsError(err)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(e.Kind.Status(fhir.StyleRFC6750))
	_ = failPage.Execute(w, e.Text) // a caller who went away is no concern
}

const pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`

var consentPage = template.Must(template.New("consent").Parse(pageHead + `<title>Grant access</title></head><body><main>
<h1>Grant access to appointment requests</h1>
{{with .Problem}}<div role="alert" id="problem"><h2>There is a problem</h2><p>{{.}}</p></div>{{end}}
<p><strong>{{.Client}}</strong> (client {{.ID}}) asks for access on your behalf. It will be able to read:</p>
<ul><li>the messages in which patients ask to change or cancel appointments</li><li>who these patients are, with their NHS numbers and contact details</li></ul>
<p>It keeps this access until you or your organisation end it.</p>
<form method="post" action="/oauth2/authorize">{{range .Hidden}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
<p><label for="username">User name</label><br><input id="username" name="username" autocomplete="username" value="{{.User}}"></p>
<p><label for="password">Password</label><br><input id="password" name="password" type="password" autocomplete="current-password"></p>
<p><button name="decision" value="allow">Sign in and grant access</button> <button name="decision" value="deny">Do not grant access</button></p>
</form></main></body></html>
`))

var failPage = template.Must(template.New("fail").Parse(pageHead + `<title>Access cannot be granted</title></head><body><main>
<h1>Access cannot be granted</h1><p>{{.}}</p><p>Nothing was sent to the application that asked.</p></main></body></html>
`))
