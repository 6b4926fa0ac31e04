package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"slotway/fhir/search"
	"slotway/mappings"
	"slotway/server/internal/auth"
	"slotway/server/internal/manage"
	"slotway/server/internal/nhslogin"
	"slotway/server/internal/pages"
	"slotway/server/internal/rest"
	"slotway/server/internal/session"
	"slotway/server/internal/staffpages"
	"slotway/server/internal/web"
)

// NHSLoginConfig says as which client patients are signed in at NHS login.
type NHSLoginConfig struct {
	Issuer   string `yaml:"issuer"`
	ClientID string `yaml:"client_id"`
	Key      string `yaml:"key"` // file: RSA private key, PEM
	KeyID    string `yaml:"key_id"`
	Prompt   string `yaml:"prompt"` // for partners, beside an assertion

	signer *auth.Signer // demo only, in place of Key
}

// sites gives what listeners serve beside the faces.
func (a *App) sites(catalog *search.Catalog, state *sealer) (map[string]rest.Site, error) {
	cfg := a.cfg
	a.sessions = a.sessionsOf(session.Patient, state)
	staff, err := a.staffPages(catalog)
	if err != nil {
		return nil, err
	}
	a.rest.Consent = a.grants.Handler(a.consent(staff))
	all := map[string]rest.Site{rest.PartStaff: {Paths: staffpages.Paths, Handler: staff.Handler()}}
	if cfg.pretend != nil {
		all[partPretend] = cfg.pretend.site(a)
	}
	if cfg.NHSLogin.Issuer == "" {
		return all, nil
	}
	client, err := cfg.NHSLogin.client(a, cfg.BaseURL+pages.RedirectPath)
	if err != nil {
		return nil, err
	}
	var key []byte // without one, callbacks are plain
	if cfg.Callbacks != "plain" {
		key = codeOf(state.keys[0].code, []byte("callbacks"))
	}
	s := &pages.Server{
		Origin: cfg.BaseURL, Store: a.store, Catalog: catalog, Bases: cfg.bases(), Customers: a.patientCustomers, Sessions: a.sessions,
		NHSLogin: client, Prompt: cfg.NHSLogin.Prompt, Callbacks: manage.NewCallbacks(cfg.BaseURL, key), Allowed: a.manageable,
		Once: replays{a.store}.Once, Requests: a.requests, Now: a.now, NewID: a.newID, Audit: a.audit, Log: a.log, Test: cfg.pretend != nil,
		SignIns: a.signInsOf("patient"),
	}
	all[rest.PartPages] = rest.Site{Paths: pages.Paths, Handler: s.Handler()}
	return all, nil
}

// signInsOf counts the sign-ins of patients, or of staff, and slows them down.
func (a *App) signInsOf(who string) web.SignIns {
	return web.SignIns{
		Slow:    rest.NewThrottle(rest.Rate(a.cfg.Limits.SignIn), a.now).TakeAddress,
		Observe: func(outcome string) { a.metrics.signIn(who, outcome) },
	}
}

// sessionsOf gives the sessions of a kind.
func (a *App) sessionsOf(kind session.Kind, state *sealer) *session.Sessions {
	return &session.Sessions{
		Kind: kind, Store: a.store, Seal: state.Seal, Open: state.Open, Now: a.now, Random: rand.Reader, Secure: strings.HasPrefix(a.cfg.BaseURL, "https://"),
	}
}

func (c NHSLoginConfig) client(a *App, redirect string) (*nhslogin.Client, error) {
	signer := c.signer
	if signer == nil {
		var err error
		if signer, err = auth.ReadSigner(c.Key, c.KeyID); err != nil {
			return nil, fmt.Errorf("nhs_login.key: %w", err)
		}
	}
	return nhslogin.New(nhslogin.Config{Issuer: c.Issuer, ClientID: c.ClientID, Redirect: redirect, Signer: signer, Now: a.now, NewID: a.newID}), nil
}

// patientCustomers gives the customers whose appointments patients may see.
func (a *App) patientCustomers() (all []pages.Customer) {
	now := a.partners.now()
	for _, alias := range now.aliases() {
		c := now.customers[alias]
		all = append(all, pages.Customer{Alias: alias, Name: c.Name, Phone: now.phones[alias], Zone: c.Zone})
	}
	return all
}

// manageable says whether a customer's patients may be sent to a management URL: to
// one that a partner who may speak for the customer could have given it, on a host
// that is agreed with that partner. Where none are agreed nobody is sent anywhere.
func (a *App) manageable(customer, url string) error {
	err := errors.New("no host is agreed with any partner of the customer")
	for _, p := range a.partners.now().partners {
		for _, g := range p.Grants {
			if g.Controller != customer || len(p.URLHosts) == 0 {
				continue
			}
			if err = mappings.CheckURL(url, p.URLHosts, p.Loopback); err == nil {
				return nil
			}
		}
	}
	return err
}

// checkPages checks what the pages need.
func (c *Config) checkPages() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	n := c.NHSLogin
	if n.Issuer == "" && slices.ContainsFunc(c.Listeners, func(l ListenerConfig) bool { return slices.Contains(l.Serves, rest.PartPages) }) {
		bad("nhs_login is missing: a listener serves pages, and patients sign in through NHS login; set issuer, client_id and key")
	}
	if c.Callbacks != "proven" && c.Callbacks != "plain" {
		bad("callbacks is proven or plain, not %q", c.Callbacks)
	}
	if n.Issuer == "" {
		return errs
	}
	if !c.mayAsk(n.Issuer) {
		bad("nhs_login.issuer must be https (http is for loopback with allow_insecure_loopback: true)")
	}
	if n.ClientID == "" || n.Key == "" {
		bad("nhs_login needs client_id and key, a file with the RSA private key: make one with 'openssl genrsa 4096'")
	}
	if !slices.Contains([]string{"", "none", "login"}, n.Prompt) {
		bad("nhs_login.prompt is none or login, or is left out, not %q", n.Prompt)
	}
	return errs
}

// mayAsk says whether a provider at an address may be asked who somebody is.
func (c *Config) mayAsk(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Host) && c.Insecure)
}
