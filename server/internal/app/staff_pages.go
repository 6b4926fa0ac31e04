package app

import (
	"slotway/fhir/search"
	"slotway/server/internal/staffpages"
)

// staffPages gives the staff pages.
func (a *App) staffPages(catalog *search.Catalog) (*staffpages.Server, error) {
	cfg := a.cfg
	login, err := cfg.StaffLogin.client(a)
	if err != nil {
		return nil, err
	}
	return &staffpages.Server{
		Origin: cfg.BaseURL, Store: a.store, Catalog: catalog, Bases: cfg.bases(), Sessions: a.staffSessions,
		People: staffDesk{a.staff, cfg.StaffLogin}, SignIns: a.signInsOf("staff"), Login: login, Passwords: login == nil || cfg.StaffLogin.Passwords,
		Requests: a.requests, Intake: a.intake, Grants: a.grants, Outbox: a.outbox, Directory: a.staffDirectory, State: a.state(), Now: a.now, Audit: a.audit, Log: a.log, Test: cfg.pretend != nil,
		Customer: func(alias string) staffpages.Customer {
			c, _ := a.partners.Customer(alias)
			return staffpages.Customer{Name: c.Name, Zone: c.Zone}
		},
	}, nil
}

// allRoles are the roles of somebody who may do everything.
func allRoles() (all []string) {
	for _, r := range staffpages.Roles {
		all = append(all, string(r))
	}
	return all
}
