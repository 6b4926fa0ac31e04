package app

import (
	"context"

	"slotway/fhir/search"
	"slotway/server/internal/rest"
	"slotway/server/internal/session"
	"slotway/server/internal/staffpages"
)

// staffSite gives the staff pages.
func (a *App) staffSite(catalog *search.Catalog, state *sealer) rest.Site {
	cfg := a.cfg
	s := &staffpages.Server{
		Origin: cfg.BaseURL, Store: a.store, Catalog: catalog, Bases: cfg.bases(), Sessions: a.sessionsOf(session.Staff, state),
		People: staffDesk{a.staff}, Requests: a.requests, Intake: a.intake, Now: a.now, Audit: a.audit, Log: a.log, Test: cfg.pretend != nil,
		Customer: func(alias string) staffpages.Customer {
			c, _ := a.partners.Customer(alias)
			return staffpages.Customer{Name: c.Name, Zone: c.Zone}
		},
	}
	return rest.Site{Paths: staffpages.Paths, Handler: s.Handler()}
}

// staffDesk knows the staff for their pages.
type staffDesk struct{ book *staffBook }

// SignIn gives the person whose password it is.
func (d staffDesk) SignIn(ctx context.Context, user, password, address string) (staffpages.Person, error) {
	p, err := d.book.SignIn(ctx, user, password, address)
	if err != nil {
		return staffpages.Person{}, err
	}
	return d.book.desk(p.ID), nil
}

// Now gives somebody as the configuration has them now.
func (d staffDesk) Now(p staffpages.Person) (staffpages.Person, bool) {
	c, ok := d.book.byID[p.ID]
	return d.book.desk(p.ID), ok && c.PasswordHash != ""
}

// desk gives somebody of the staff as their pages know them.
func (p *staffBook) desk(id string) staffpages.Person {
	who, _ := p.Person(id)
	out := staffpages.Person{ID: who.ID, Name: who.Name(), Team: who.Team, Customers: who.Customers}
	for _, r := range p.byID[id].Roles {
		out.Roles = append(out.Roles, staffpages.Role(r))
	}
	return out
}

// allRoles are the roles of somebody who may do everything.
func allRoles() (all []string) {
	for _, r := range staffpages.Roles {
		all = append(all, string(r))
	}
	return all
}
