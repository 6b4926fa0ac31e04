package pretend

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"slotway/server/internal/manage"
	"slotway/server/internal/nhslogin"
)

// Partner is the site of an appointment partner, where a patient changes or cancels
// an appointment. It takes a patient who is handed over, signs them in by NHS login
// without asking where it is given an assertion, and else by NHS login or a
// password of its own, and sends them back with what seed 000 asks for.
type Partner struct {
	Base string // its address; its handler is mounted there
	Name string // of the site that patients come from
	NHS  *nhslogin.Client
	// Password opens the site's own accounts: anybody's, by any name.
	Password string
	// Prompt goes with the assertion on the way back; empty: none does.
	Prompt string

	mu       sync.Mutex
	visits   map[string]*visit // by cookie
	received []url.Values
}

// visit is what the site knows of a browser.
type visit struct {
	appointment string
	callback    string // of the hand-over under way; empty outside one
	name        string // who is signed in; empty: nobody
	tokenID     string // of NHS login, when they came by it
	assertion   string // not used yet
	prompt      string
	state       nhslogin.Ask
	tried       bool // the silent sign-in was
	done        string
}

const cookieVisit = "pretend-partner"

// Received gives the queries with which patients were handed over, in order.
func (p *Partner) Received() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values(nil), p.received...)
}

// Redirect is where NHS login sends patients back to.
func (p *Partner) Redirect() string { return p.Base + "/nhs-login" }

// Handler serves it; addresses are below the path of its base.
func (p *Partner) Handler() http.Handler {
	base := pathOf(p.Base)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/manage", p.arrive)
	mux.HandleFunc("GET "+base+"/manage/{id}", p.arrive)
	for path, do := range map[string]func(http.ResponseWriter, *http.Request, *visit){
		"GET /appointment/{id}":    p.appointment,
		"GET /sign-in":             p.signIn,
		"POST /sign-in":            p.password,
		"GET /sign-in/nhs-login":   p.begin,
		"GET /nhs-login":           p.finish,
		"POST /appointment/change": p.change,
		"POST /back":               p.back,
		"POST /sign-out":           p.signOut,
	} {
		method, rest, _ := strings.Cut(path, " ")
		mux.HandleFunc(method+" "+base+rest, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			do(w, r, p.visit(w, r))
		})
	}
	return mux
}

// visit gives the browser's visit, a new one where there is none.
func (p *Partner) visit(w http.ResponseWriter, r *http.Request) *visit {
	if v := p.visits[cookie(r, cookieVisit)]; v != nil {
		return v
	}
	if p.visits == nil {
		p.visits = map[string]*visit{}
	}
	id, v := newID(), &visit{}
	p.visits[id] = v
	setCookie(w, r, cookieVisit, id, pathOf(p.Base)+"/")
	return v
}

// arrive takes a patient who is handed over.
func (p *Partner) arrive(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	p.received = append(p.received, q)
	v := p.visit(w, r)
	id := r.PathValue("id")
	if id == "" {
		id = q.Get("id")
	}
	*v = visit{appointment: id, callback: q.Get(manage.Callback), assertion: q.Get(manage.Identity), prompt: q.Get(manage.Prompt)}
	if v.assertion != "" {
		p.begin(w, r, v)
		return
	}
	p.to(w, r, "/sign-in")
}

func (p *Partner) to(w http.ResponseWriter, r *http.Request, path string) { away(w, r, p.Base+path) }

// begin signs in by NHS login: without asking, where there is an assertion.
func (p *Partner) begin(w http.ResponseWriter, r *http.Request, v *visit) {
	v.state = nhslogin.Ask{State: newID(), Nonce: newID(), Verifier: newID() + newID(), Assertion: v.assertion}
	if v.assertion != "" {
		v.state.Prompt = "none"
	}
	v.tried, v.assertion = v.assertion != "", ""
	to, err := p.NHS.URL(r.Context(), v.state)
	if err != nil {
		show(w, http.StatusBadGateway, "partner-error.html", err.Error())
		return
	}
	away(w, r, to)
}

// finish takes what NHS login sends back. What could not be done without asking is
// tried once with asking.
func (p *Partner) finish(w http.ResponseWriter, r *http.Request, v *visit) {
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(v.state.State)) != 1 || v.state.State == "" {
		show(w, http.StatusBadRequest, "partner-error.html", "This sign-in was not begun here.")
		return
	}
	asked := v.state
	v.state = nhslogin.Ask{}
	if q.Get("error") != "" {
		if v.tried {
			p.begin(w, r, v)
			return
		}
		p.to(w, r, "/sign-in")
		return
	}
	who, err := p.NHS.Finish(r.Context(), q.Get("code"), asked.Nonce, asked.Verifier)
	if err != nil {
		show(w, http.StatusForbidden, "partner-error.html", "NHS login did not vouch for you.")
		return
	}
	v.name, v.tokenID = who.GivenName+" "+who.FamilyName, who.TokenID
	p.to(w, r, "/appointment/"+url.PathEscape(v.appointment))
}

func (p *Partner) signIn(w http.ResponseWriter, r *http.Request, v *visit) {
	show(w, http.StatusOK, "partner-sign-in.html", map[string]any{"Base": pathOf(p.Base), "Error": r.URL.Query().Has("again"), "Appointment": v.appointment})
}

func (p *Partner) password(w http.ResponseWriter, r *http.Request, v *visit) {
	if r.PostFormValue("name") == "" || r.PostFormValue("password") != p.Password {
		p.to(w, r, "/sign-in?again")
		return
	}
	v.name, v.tokenID = r.PostFormValue("name"), ""
	p.to(w, r, "/appointment/"+url.PathEscape(v.appointment))
}

// appointment shows it, with the way back only inside a hand-over (seed 000, the
// last witness workflow).
func (p *Partner) appointment(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.appointment == "" {
		v.appointment = r.PathValue("id")
	}
	if v.name == "" {
		p.to(w, r, "/sign-in")
		return
	}
	show(w, http.StatusOK, "partner.html", map[string]any{
		"Base": pathOf(p.Base), "Appointment": r.PathValue("id"), "Name": v.name, "Done": v.done,
		"Back": v.callback != "" && v.appointment == r.PathValue("id"), "Site": p.Name, "NHS": v.tokenID != "",
	})
}

func (p *Partner) change(w http.ResponseWriter, r *http.Request, v *visit) {
	v.done = "We will tell the hospital: " + r.PostFormValue("do") + "."
	p.to(w, r, "/appointment/"+url.PathEscape(v.appointment))
}

// back sends the patient to where they came from, with who they are where they came
// by NHS login.
func (p *Partner) back(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.callback == "" || v.name == "" {
		p.to(w, r, "/sign-in")
		return
	}
	callback, assertion, prompt := v.callback, "", ""
	if v.tokenID != "" {
		var err error
		if assertion, err = p.NHS.Assert(v.tokenID); err != nil {
			show(w, http.StatusInternalServerError, "partner-error.html", "The way back could not be made.")
			return
		}
		prompt = p.Prompt
	}
	v.callback = ""
	away(w, r, manage.Append(callback, manage.Parameter{Name: manage.Identity, Value: assertion}, manage.Parameter{Name: manage.Prompt, Value: prompt}))
}

func (p *Partner) signOut(w http.ResponseWriter, r *http.Request, v *visit) {
	appointment := v.appointment
	*v = visit{appointment: appointment}
	p.to(w, r, "/sign-in")
}
