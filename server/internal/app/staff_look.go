package app

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"

	"slotway/server/internal/staffpages"
	"slotway/server/internal/web"
)

// staffDirectory gives who is registered now, as the staff pages show it.
func (a *App) staffDirectory() (d staffpages.Directory) {
	now := a.partners.now()
	told := map[string][]string{}
	for _, sub := range now.subscribers {
		told[sub.Partner] = sub.Customers
		if len(sub.Customers) > 0 {
			continue
		}
		for _, g := range now.partners[sub.Partner].Grants {
			told[sub.Partner] = append(told[sub.Partner], g.Controller)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(now.partners)) {
		p := now.partners[id]
		out := staffpages.Partner{ID: id, URLHosts: p.URLHosts, Told: told[id]}
		for _, g := range p.Grants {
			out.Pairs = append(out.Pairs, staffpages.Pair{Connecting: g.Connecting, Controller: g.Controller, Events: g.Events, OnlyURL: g.OnlyURL, From: g.From, Until: g.Until})
		}
		d.Partners = append(d.Partners, out)
	}
	for _, c := range a.clients.All() {
		d.Clients = append(d.Clients, staffpages.Client{
			ID: c.ID, Organisation: c.Organisation, OrganisationName: c.OrganisationName, Scopes: c.Scopes, Customers: c.Customers,
			Redirects: c.Redirects, Key: c.JWKS != "", Disabled: c.Disabled,
		})
	}
	return d
}

// state gives what tells how the server is.
func (a *App) state() func(context.Context) staffpages.State {
	started := a.now()
	kind, _, _ := strings.Cut(a.cfg.Store, "://")
	return func(ctx context.Context) staffpages.State {
		return staffpages.State{
			Reasons: a.notReady(ctx), Started: started, Audit: a.audit.Stats(),
			Software: []web.Problem{
				{Field: "Slotway", Text: Version},
				{Field: "Go", Text: runtime.Version()},
				{Field: "Store", Text: cmp.Or(map[string]string{"bolt": "embedded", "mongodb": "MongoDB", "mongodb+srv": "MongoDB"}[kind], kind)},
				{Field: "Address", Text: a.cfg.BaseURL},
			},
		}
	}
}
