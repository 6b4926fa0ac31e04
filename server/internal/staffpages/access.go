package staffpages

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/grant"
	"slotway/server/internal/journal"
	"slotway/server/internal/web"
)

const accessPath = home + "/access"

// accessPages are those of who may send and fetch: partners, clients and grants.
func (s *Server) accessPages() map[string]act {
	return map[string]act{
		"GET /staff/access":                     s.access,
		"GET /staff/access/grants/{id}/revoke":  s.askRevoke,
		"POST /staff/access/grants/{id}/revoke": s.revoke,
	}
}

// Directory says who is registered.
type Directory struct {
	Partners []Partner
	Clients  []Client
}

// Partner is a sender of HL7 messages, as staff see one.
type Partner struct {
	ID       string
	Pairs    []Pair
	URLHosts []string // to which its management URLs may send patients; none: nowhere
	Told     []string // customers of whose appointments it is told
}

// Pair is for whom a partner may send, and whose patients it may send about.
type Pair struct {
	Connecting, Controller string
	Events                 []string // none: all that are on
	OnlyURL                bool     // the management URL and nothing else
	From, Until            time.Time
}

// Client is a program that may ask for tokens, as staff see one.
type Client struct {
	ID, Organisation, OrganisationName string
	Scopes, Customers, Redirects       []string
	Key                                bool // it proves itself by a key, not by a secret
	Disabled                           bool
}

// partnerView is a partner in words.
type partnerView struct {
	ID, Last string // when its last message came
	Machine  string
	Pairs    []pairView
	Hosts    string
	Told     string
}

// pairView is a pair in words.
type pairView struct{ For, About, May, When string }

// clientView is a client in words.
type clientView struct {
	Client
	Name, For, May, Proof string
}

// grantView is a grant in words.
type grantView struct {
	grant.Grant
	Path, When, Renewed string
	Condition           tag
}

// grantStates say whether a grant holds.
var grantStates = map[grant.State]tag{
	grant.Live:    {"Holds", "green"},
	grant.Revoked: {"Revoked", "grey"},
	grant.Expired: {"Expired", "orange"},
	grant.Broken:  {"Broken", "red"},
}

// access is the page of all of them.
func (s *Server) access(w http.ResponseWriter, r *http.Request, p Person) error {
	data := struct {
		Partners []partnerView
		Clients  []clientView
		Grants   []grantView
		Again    int // grants that must be given again
	}{}
	for _, one := range s.Directory().Partners {
		v, ours, err := s.partnerView(r.Context(), p, one)
		if err != nil {
			return err
		}
		if ours {
			data.Partners = append(data.Partners, v)
		}
	}
	for _, c := range s.Directory().Clients {
		if ours := common(c.Customers, p.Customers); len(ours) > 0 {
			v := clientView{Client: c, Name: first([]string{c.OrganisationName}, c.ID), For: s.names(ours), May: strings.Join(c.Scopes, ", "), Proof: "A secret"}
			if c.Key {
				v.Proof = "A key of its own"
			}
			data.Clients = append(data.Clients, v)
		}
	}
	grants, err := s.Grants.List(r.Context(), p.Customers)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Again {
			data.Again++
		}
		data.Grants = append(data.Grants, s.grantView(p, g))
	}
	s.note(r, p, "staff.access.list", http.StatusOK)
	return s.show(w, r, p, http.StatusOK, "access", web.Layout{Title: "Access", Data: data})
}

// common gives what two lists have in common.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return !slices.Contains(b, x) })
}

// names gives what customers are called.
func (s *Server) names(customers []string) string {
	var all []string
	for _, c := range customers {
		all = append(all, s.called(c))
	}
	return strings.Join(all, ", ")
}

// lookedAt is how many messages are looked at for the last of a partner's.
const lookedAt = 5000

// partnerView says a partner in words, as far as it has to do with somebody's
// customers; ours is false where it has not.
func (s *Server) partnerView(ctx context.Context, p Person, one Partner) (v partnerView, ours bool, err error) {
	v = partnerView{ID: one.ID, Hosts: first([]string{strings.Join(one.URLHosts, ", ")}, "No host is agreed, so patients are sent nowhere"), Told: s.names(common(one.Told, p.Customers))}
	for _, pair := range one.Pairs {
		if !slices.Contains(p.Customers, pair.Controller) {
			continue
		}
		v.Pairs = append(v.Pairs, pairView{s.called(pair.Connecting), s.called(pair.Controller), pair.may(), pair.when(s.zone(pair.Controller))})
	}
	if len(v.Pairs) == 0 && v.Told == "" {
		return v, false, nil
	}
	page, err := journal.Search(ctx, s.Store, journal.Query{Customers: p.Customers, Partner: one.ID, Act: new(journal.Receipt), Limit: 1, Budget: lookedAt})
	if len(page.Entries) > 0 {
		at := page.Entries[0].Received.In(s.zoneOf(p))
		v.Last, v.Machine = at.Format("2 Jan 2006 15:04 MST"), at.Format(time.RFC3339)
	}
	return v, true, err
}

func (g Pair) may() string {
	switch {
	case g.OnlyURL:
		return "The management URL only"
	case len(g.Events) > 0:
		return strings.Join(g.Events, ", ")
	}
	return "Every event that is on"
}

func (g Pair) when(zone *time.Location) string {
	var all []string
	if !g.From.IsZero() {
		all = append(all, "from "+g.From.In(zone).Format("2 January 2006"))
	}
	if !g.Until.IsZero() {
		all = append(all, "until "+g.Until.In(zone).Format("2 January 2006"))
	}
	return strings.Join(all, " ")
}

func (s *Server) grantView(p Person, g grant.Grant) grantView {
	zone := s.zoneOf(p)
	g.Customers = common(g.Customers, p.Customers)
	return grantView{
		Grant: g, Path: accessPath + "/grants/" + url.PathEscape(g.ID) + "/revoke", Condition: grantStates[g.State],
		When: g.Granted.In(zone).Format("2 Jan 2006 15:04 MST"), Renewed: g.Refreshed.In(zone).Format("2 Jan 2006 15:04 MST"),
	}
}

// askRevoke asks whether a grant is to end.
func (s *Server) askRevoke(w http.ResponseWriter, r *http.Request, p Person) error {
	grants, err := s.Grants.List(r.Context(), p.Customers)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(grants, func(g grant.Grant) bool { return g.ID == r.PathValue("id") && g.State == grant.Live })
	if i < 0 {
		return web.NoPage()
	}
	return s.show(w, r, p, http.StatusOK, "revoke", web.Layout{Title: "End access", Data: s.grantView(p, grants[i])})
}

// revoke ends it.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request, p Person) error {
	why := web.Written(r, "reason")
	if n := []rune(why); len(n) > 200 {
		why = string(n[:200])
	}
	if why == "" {
		why = "Revoked by " + p.ID + "."
	}
	if _, err := s.Grants.End(s.doing(r, p, "staff.access.revoke"), p.Customers, r.PathValue("id"), why); err != nil {
		return err
	}
	return web.Away(w, r, accessPath)
}
