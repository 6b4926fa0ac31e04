package app

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"slotway/server/internal/grant"
	"slotway/server/internal/rest"
	"slotway/server/internal/session"
	"slotway/server/internal/staffpages"
	"slotway/server/internal/store"
)

// clinicians knows those who may grant access: whom the configuration names, and who
// came by the provider of staff lately.
type clinicians struct {
	*staffBook
	desk     staffDesk
	sessions *session.Sessions
}

// Person gives somebody who works here now.
func (c clinicians) Person(ctx context.Context, from store.Reader, id string) (grant.Person, bool, error) {
	if p, known := c.staffBook.Person(id); known {
		p, err := c.inGroups(ctx, from, p)
		return p, err == nil, err
	}
	if c.desk.login.Issuer == "" {
		return grant.Person{}, false, nil
	}
	kept, ok, err := c.sessions.Recall(ctx, from, c.desk.login.Issuer, id)
	if err != nil || !ok {
		return grant.Person{}, false, err
	}
	p, ok := c.desk.Now(staffpages.PersonOf(kept))
	return clinician(p), ok, nil
}

// SignIn gives the person whose password it is.
func (c clinicians) SignIn(ctx context.Context, user, password, address string) (grant.Person, error) {
	p, err := c.staffBook.SignIn(ctx, user, password, address)
	if err != nil {
		return p, err
	}
	return c.inGroups(ctx, c.sessions.Store, p)
}

// inGroups gives somebody of the configuration, who sees no more than their groups let
// them: those of when they last came by the provider, where the configuration gives
// them no roles.
func (c clinicians) inGroups(ctx context.Context, from store.Reader, p grant.Person) (grant.Person, error) {
	if entry, _ := c.entry(p.ID); c.desk.login.Issuer == "" || len(entry.Roles) > 0 {
		return p, nil
	}
	kept, ok, err := c.sessions.Recall(ctx, from, c.desk.login.Issuer, p.ID)
	if err != nil || !ok {
		return p, err
	}
	now, _ := c.desk.Now(staffpages.PersonOf(kept))
	p.Sees = p.Sees && sees(now.Roles)
	return p, nil
}

// sees says whether somebody of the configuration with these roles may let a client see
// what patients ask: who has none is there to grant access.
func sees(roles []staffpages.Role) bool {
	return len(roles) == 0 || slices.Contains(roles, staffpages.Requests)
}

// clinician gives somebody of whom no more is known than what the provider says: the
// last word of their name is taken for the family's.
func clinician(p staffpages.Person) grant.Person {
	g := grant.Person{ID: p.ID, Last: strings.TrimSpace(p.Name), Team: p.Team, Customers: p.Customers, Sees: p.May(staffpages.Requests)}
	if i := strings.LastIndexByte(g.Last, ' '); i >= 0 {
		g.First, g.Last = strings.TrimSpace(g.Last[:i]), g.Last[i+1:]
	}
	return g
}

// consent gives what the page has on which access is granted.
func (a *App) consent(staff *staffpages.Server) grant.Pages {
	served := slices.ContainsFunc(a.cfg.Listeners, func(l ListenerConfig) bool { return slices.Contains(l.Serves, rest.PartStaff) })
	return grant.Pages{
		Origin: a.cfg.BaseURL, Address: address, Audit: a.audit, Log: a.log, Test: a.cfg.pretend != nil,
		Staff: consentDesk{staff, a.grants.People, a.staff, served && staff.Login != nil}, Passwords: a.staff.anyPassword,
	}
}

// consentDesk has staff sign in to grant access where they sign in to their pages.
type consentDesk struct {
	*staffpages.Server
	people   grant.People
	book     *staffBook
	provider bool
}

// Provider says whether they sign in by a provider, and can come back from it.
func (d consentDesk) Provider() bool { return d.provider }

// SignedIn gives who is signed in with a browser. Where there is no provider nobody
// is: a password is asked for each time.
func (d consentDesk) SignedIn(r *http.Request) (who grant.Person, proof string, ok bool, err error) {
	if !d.provider {
		return who, "", false, nil
	}
	p, ok, err := d.Who(r)
	if err != nil || !ok {
		return who, "", false, err
	}
	if _, known := d.book.entry(p.ID); !known {
		who = clinician(p)
	} else if who, ok, err = d.people.Person(r.Context(), d.Store, p.ID); err != nil || !ok {
		return who, "", false, err
	}
	who.Sees = who.Sees && sees(p.Roles)
	return who, d.Sessions.Proof(r, "grant"), true, nil
}

// anyPassword says whether anybody of the staff has a password of ours.
func (p *staffBook) anyPassword() bool {
	for _, s := range *p.byID.Load() {
		if s.PasswordHash != "" {
			return true
		}
	}
	return false
}
