package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/grant"
	"slotway/server/internal/lookups"
	requests "slotway/server/internal/request"
	"slotway/server/internal/session"
	"slotway/server/internal/staffpages"
	"slotway/server/internal/store"
)

// StaffConfig is somebody of the staff, who may grant clients access and, with roles,
// use the staff pages.
type StaffConfig struct {
	ID           string   `yaml:"id"`
	PasswordHash string   `yaml:"password_hash"`
	Title        string   `yaml:"title"`
	FirstName    string   `yaml:"first_name"`
	LastName     string   `yaml:"last_name"`
	Team         string   `yaml:"team"`
	JobTitle     string   `yaml:"job_title"`
	Customers    []string `yaml:"customers"`
	Roles        []string `yaml:"roles"` // what of the staff pages is open to them
}

// staffBook is the staff of the configuration that is in force.
type staffBook struct {
	byID      atomic.Pointer[map[string]StaffConfig]
	passwords *auth.Passwords
}

func newStaffBook(list []StaffConfig, now func() time.Time) (*staffBook, error) {
	p := &staffBook{}
	p.take(list)
	var err error
	p.passwords, err = auth.NewPasswords(auth.PasswordsConfig{
		Lookup: func(id string) (string, bool) {
			s, ok := p.entry(id)
			return s.PasswordHash, ok && s.PasswordHash != ""
		},
		Random: rand.Reader, Now: now, Hashes: runtime.NumCPU(),
	})
	return p, err
}

// take puts a configuration's staff in force.
func (p *staffBook) take(list []StaffConfig) {
	byID := map[string]StaffConfig{}
	for _, s := range list {
		byID[s.ID] = s
	}
	p.byID.Store(&byID)
}

// entry gives the entry of somebody.
func (p *staffBook) entry(id string) (StaffConfig, bool) {
	s, ok := (*p.byID.Load())[id]
	return s, ok
}

// roles are those that the configuration gives them.
func (s StaffConfig) roles() (all []staffpages.Role) {
	for _, r := range s.Roles {
		all = append(all, staffpages.Role(r))
	}
	return all
}

// Person gives somebody of the staff, as the configuration alone has them.
func (p *staffBook) Person(id string) (grant.Person, bool) {
	s, ok := p.entry(id)
	return grant.Person{
		ID: s.ID, Title: s.Title, First: s.FirstName, Last: s.LastName, Team: s.Team, Job: s.JobTitle, Customers: s.Customers,
		Sees: sees(s.roles()),
	}, ok
}

// SignIn gives the person whose password it is.
func (p *staffBook) SignIn(ctx context.Context, user, password, address string) (grant.Person, error) {
	id, err := p.passwords.Check(ctx, user, password, address)
	if err != nil {
		return grant.Person{}, err
	}
	person, ok := p.Person(id)
	if !ok {
		return person, errors.New("somebody of the staff went away while signing in")
	}
	return person, nil
}

// joinRequests makes what patients ask, how staff grant access to it, and how it is
// looked up.
func (a *App) joinRequests(state *sealer) error {
	a.requests = &requests.Service{
		Store: a.store, Booking: a.booking, Catalog: a.booking.Catalog, Bases: a.booking.Bases, Now: a.now, NewID: a.newID,
		Zone: func(customer string) *time.Location {
			if c, ok := a.partners.Customer(customer); ok && c.Zone != nil {
				return c.Zone
			}
			return time.UTC
		},
		Asks: func(customer string) []requests.Kind { return a.partners.now().asks[customer] },
	}
	staff, err := newStaffBook(a.cfg.Staff, a.now)
	if err != nil {
		return err
	}
	a.staff, a.staffSessions = staff, a.sessionsOf(session.Staff, state)
	people := clinicians{staff, staffDesk{staff, a.cfg.StaffLogin}, a.staffSessions}
	a.grants = &grant.Service{Store: a.store, Now: a.now, Random: rand.Reader, Client: a.clients.Granted, People: people}
	zone, err := time.LoadLocation(a.cfg.Zone)
	if err != nil {
		return err
	}
	a.lookups = &lookups.Service{
		Store: a.store, Requests: a.requests, Access: a.grants.Verify, Person: people.Person, Zone: zone, Audit: a.audit, Now: a.now,
		Organisation: func(customer string) string { c, _ := a.partners.Customer(customer); return c.Name },
		Origin:       a.cfg.BaseURL, Address: address,
	}
	if a.issuer != nil {
		a.issuer.Grants = a.grants
	}
	return nil
}

// checkStaff says what is wrong with the staff, and with the addresses that people are
// sent back to who grant access.
func (c *Config) checkStaff() (errs []error) {
	seen := map[string]bool{}
	for _, s := range c.Staff {
		if s.ID == "" || seen[s.ID] {
			errs = append(errs, fmt.Errorf("staff %q: each has an id of their own", s.ID))
		}
		seen[s.ID] = true
		if s.PasswordHash != "" {
			if err := auth.CheckHash(s.PasswordHash); err != nil {
				errs = append(errs, fmt.Errorf("staff %q: password_hash: %w", s.ID, err))
			}
		}
		for _, r := range s.Roles {
			if !slices.Contains(staffpages.Roles, staffpages.Role(r)) {
				errs = append(errs, fmt.Errorf("staff %q: there is no role %q; there is %v", s.ID, r, staffpages.Roles))
			}
		}
		for _, alias := range s.Customers {
			if !slices.ContainsFunc(c.Customers, func(k CustomerConfig) bool { return k.Alias == alias }) {
				errs = append(errs, fmt.Errorf("staff %q: there is no customer %q", s.ID, alias))
			}
		}
	}
	for _, cl := range c.Clients {
		for _, to := range cl.Redirects {
			u, err := url.Parse(to)
			local := err == nil && u.Scheme == "http" && loopback(u.Host)
			if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && !local {
				errs = append(errs, fmt.Errorf("client %q: redirect_uris: %q must be an https address, or http on this machine, without a fragment", cl.ID, to))
			}
		}
	}
	return errs
}

// tell tells those who are to know of each new version of an appointment.
func (a *App) tell(ctx context.Context, tx store.Tx, t booking.Told) error {
	if err := a.requests.Told(ctx, tx, t); err != nil {
		return err
	}
	return a.outbox.Note(ctx, tx, t)
}

// address is where a request came from, without port.
func address(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
