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

// show shows the consent page, whose form may lead to the client.
func (c *consent) show(w http.ResponseWriter, a asked, status int, form url.Values, problem string) error {
	if to, err := url.Parse(a.Redirect); err == nil && to.Host != "" {
		web.FormsTo(w, to.Scheme+"://"+to.Host)
	}
	data := struct {
		Client, ID, Problem, User string
		Hidden                    []field
	}{Client: cmp.Or(a.Client.OrganisationName, a.Client.ID), ID: a.Client.ID, Problem: problem, User: form.Get("username")}
	for _, name := range parameters {
		if form.Has(name) {
			data.Hidden = append(data.Hidden, field{name, form.Get(name)})
		}
	}
	return templates.Show(w, status, "consent", web.Layout{Title: "Grant access", Error: problem != "", Test: c.Test, Data: data})
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
