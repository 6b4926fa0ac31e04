package grant

import (
	"cmp"
	"embed"
	"net/http"
	"net/url"

	"slotway/fhir"
	"slotway/server/internal/web"
)

//go:embed templates
var files embed.FS

// templates are the pages by name.
var templates = web.MustTemplates(files, web.Look{Service: "Slotway for staff", Files: assetsPath})

// field is one of the request's own, which the form sends again.
type field struct{ Name, Value string }

// sheet is what the consent page is filled in with.
type sheet struct {
	Client, ID, User, Problem string
	At                        string // the id of the field with the problem
	Wrong                     string // the problem, where it is with the user name or password
	Hidden                    []field
	Who                       string // is signed in; empty for nobody
	May                       bool   // they may grant it
	SignIn                    string // the address by which somebody signs in at the provider; empty where there is none
	Passwords                 bool
}

// show shows the consent page, whose form may lead to the client.
func (c *consent) show(w http.ResponseWriter, r *http.Request, a asked, status int, form url.Values, problem string) error {
	if to, err := url.Parse(a.Redirect); err == nil && to.Host != "" {
		web.FormsTo(w, to.Scheme+"://"+to.Host)
	}
	data := sheet{Client: cmp.Or(a.Client.OrganisationName, a.Client.ID), ID: a.Client.ID, User: form.Get("username"), Problem: problem, Passwords: c.Passwords()}
	query := url.Values{}
	for _, name := range parameters {
		if form.Has(name) {
			data.Hidden = append(data.Hidden, field{name, form.Get(name)})
			query.Set(name, form.Get(name))
		}
	}
	p, proof, ok, err := c.Staff.SignedIn(r)
	if err != nil {
		return err
	}
	if ok {
		data.Who, data.At, data.Hidden = p.Name(), "allow", append(data.Hidden, field{"proof", proof})
		if why := a.mayBeGrantedBy(p); why != nil {
			data.Problem, data.At = fhir.AsError(why).Text, "deny"
		} else {
			data.May = true
		}
	}
	if c.Staff.Provider() {
		data.SignIn = signInPath + "?" + query.Encode()
	}
	switch {
	case ok:
	case data.Passwords && !form.Has("proof"):
		data.At, data.Wrong = "username", problem
	default:
		data.At = "provider"
	}
	return templates.Show(w, status, "consent", web.Layout{Title: "Grant access", Error: data.Problem != "", Test: c.Test, Data: data})
}

// failures say what went wrong, and what to do.
var failures = map[fhir.Kind]web.Message{
	fhir.NotFound:         {Title: "Page not found", Text: "If you typed a web address, check that it is right."},
	fhir.Forbidden:        {Title: "You cannot do this from there", Text: "The request came from another site. Go back to the program that asked, and begin again."},
	fhir.MethodNotAllowed: {Title: "Page not found", Text: "This address cannot be opened in that way."},
	fhir.Busy:             {Title: "Sorry, the service is not available", Text: "Try again in a few minutes. Nobody was granted access."},
	fhir.Internal:         {Title: "Sorry, there is a problem with the service", Text: "Try again later. Nobody was granted access."},
}

// fail tells the person in front of the browser: nobody else can be told.
func (c *consent) fail(w http.ResponseWriter, r *http.Request, err error) error {
	e := fhir.AsError(err)
	c.say(w, r, e.Kind.Status(fhir.StyleRFC6750), web.Message{Title: "Access cannot be granted", Text: e.Text + " Nothing was sent to the program that asked."})
	return nil
}

func (c *consent) say(w http.ResponseWriter, _ *http.Request, status int, m web.Message) {
	if err := templates.Show(w, status, "message", web.Layout{Title: m.Title, Error: true, Test: c.Test, Data: m.Text}); err != nil {
		http.Error(w, m.Title, http.StatusInternalServerError)
	}
}
