package app

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/diary"
	"slotway/server/internal/outbox"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// directory is the configuration's partners and customers as the bridge asks for
// them, and what else is taken up while the program runs. One that is disabled is
// not there.
type directory struct {
	partners     map[string]hl7bridge.Partner
	hashes       map[string]string
	certificates map[string]string // certificateKey to partner
	addresses    map[string]networks
	customers    map[string]hl7bridge.Customer
	asks         map[string][]requests.Kind // what patients may ask for, by customer
	phones       map[string]string          // what patients ring, by customer
	subscribers  []outbox.Subscriber
	offers       []booking.Offer
	diaries      []diary.Template
	bars         BaRSConfig
	labels       []string // none of any system of which a client has some
}

// register is the directory that is in force. It may be replaced while in use; the
// next message sees the change.
type register struct {
	current  atomic.Pointer[directory]
	readings int // of configurations
}

// take puts a configuration's partners, customers, policy and diaries in force.
func (r *register) take(cfg Config) {
	d := newDirectory(cfg)
	r.readings++
	for _, p := range cfg.Partners {
		if p.Send != nil && !p.Disabled {
			d.subscribers = append(d.subscribers, p.Send.subscriber(p.ID, r.readings))
		}
	}
	r.current.Store(d)
}

// Subscribers gives the partners who are told of appointments.
func (r *register) Subscribers() []outbox.Subscriber { return r.now().subscribers }

func (r *register) now() *directory { return r.current.Load() }

// Partner gives a partner of the directory in force.
func (r *register) Partner(id string) (hl7bridge.Partner, bool) {
	p, ok := r.now().partners[id]
	return p, ok
}

// Customer gives a customer of the directory in force.
func (r *register) Customer(alias string) (hl7bridge.Customer, bool) {
	c, ok := r.now().customers[alias]
	return c, ok
}

func (r *register) passwordHash(id string) (string, bool) {
	h, ok := r.now().hashes[id]
	return h, ok
}

func newDirectory(cfg Config) *directory {
	d := &directory{
		partners: map[string]hl7bridge.Partner{}, hashes: map[string]string{}, certificates: map[string]string{},
		addresses: map[string]networks{}, customers: map[string]hl7bridge.Customer{}, asks: map[string][]requests.Kind{}, phones: map[string]string{},
		offers: cfg.offers(), bars: cfg.BaRS,
	}
	d.diaries, _ = cfg.templates() // check refused any other
	for _, p := range cfg.Partners {
		if p.Disabled {
			continue
		}
		partner := hl7bridge.Partner{
			ID: p.ID, URLHosts: p.URLHosts, Batches: p.Batches, Loopback: p.loopbackURLs,
			Habits: mappings.Habits(p.Habits), Codes: codesOf(p.Codes, p.Systems), BareAlias: p.BareAlias, Repeats: hl7bridge.Repeats(p.Repeats),
		}
		for _, g := range p.Grants {
			if g.Disabled {
				continue
			}
			grant := hl7bridge.Grant{
				Connecting: g.Connecting, Controller: g.Controller, Events: g.Events,
				OnlyURL: g.Only == "url", From: g.From, Until: g.Until,
			}
			if g.SoftMatch != nil {
				grant.SoftMatch = new(g.SoftMatch.of())
			}
			partner.Grants = append(partner.Grants, grant)
		}
		d.partners[p.ID] = partner
		if p.PasswordHash != "" {
			d.hashes[p.ID] = p.PasswordHash
		}
		d.addresses[p.ID], _ = readNetworks(p.Addresses) // check refused any other
		for _, text := range p.Certificates {
			if key, err := certificateKey(text); err == nil { // check refused any other
				d.certificates[key] = p.ID
			}
		}
	}
	for _, c := range cfg.Customers {
		name := c.Zone
		if name == "" {
			name = "Europe/London"
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			zone = time.UTC // check refused any other
		}
		customer := hl7bridge.Customer{
			Alias: c.Alias, Name: c.Name, ODS: c.ODS, Zone: zone,
			Codes: codesOf(c.Codes, c.Systems), AutoCreate: c.AutoCreate, RequireLocation: c.RequireLocation, TestMessages: c.TestMessages, SoftMatch: c.SoftMatch.of(),
		}
		for _, l := range c.LocalIDs {
			customer.LocalIDs = append(customer.LocalIDs, mappings.LocalID{Authority: l.Authority, Type: l.Type, System: l.System})
		}
		for _, rule := range c.Slots {
			from, err := hl7.ParseRef(rule.Field)
			if err != nil {
				continue // check refused it
			}
			customer.Slots = append(customer.Slots, hl7bridge.SlotRule{From: from, Value: rule.Value, Schedule: rule.Schedule, System: rule.System})
		}
		d.customers[c.Alias], d.asks[c.Alias], d.phones[c.Alias] = customer, c.Requests, c.Phone
	}
	for _, c := range cfg.Clients {
		for _, label := range c.Labels {
			system, _, _ := strings.Cut(label, "|")
			d.labels = append(d.labels, system+"|")
		}
	}
	return d
}

// codesOf reads a code map that check has read before.
func codesOf(rows []CodeConfig, systems map[string]string) mappings.Codes {
	codes, _ := readCodes(rows, systems)
	return codes
}

func readCodes(rows []CodeConfig, systems map[string]string) (mappings.Codes, error) {
	list := make([]mappings.Code, len(rows))
	for i, row := range rows {
		list[i] = mappings.Code(row)
	}
	return mappings.NewCodes(list, systems)
}

// aliases gives the customers.
func (d *directory) aliases() []string { return slices.Sorted(maps.Keys(d.customers)) }

// public is what is told without a token: nothing that labels hide from any client.
func (d *directory) public() store.Visibility {
	return store.Visibility{Customers: d.aliases(), Labels: d.labels}
}

func (c SoftMatchConfig) of() hl7bridge.SoftMatch {
	return hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateCheck(c.BirthDate), NHSStatus: c.NHSStatus}
}

func (c Config) clients() []auth.Client {
	var out []auth.Client
	for _, cl := range c.Clients {
		out = append(out, auth.Client{
			ID: cl.ID, SecretHash: cl.SecretHash, JWKS: cl.JWKS, AllowInsecureLoopback: c.Insecure, Scopes: cl.Scopes, Customers: cl.Customers, Labels: cl.Labels,
			Organisation: cl.Organisation, OrganisationName: cl.OrganisationName, Issuer: cl.Issuer,
			UpdateAsCreate: cl.UpdateAsCreate, Disabled: cl.Disabled, Redirects: cl.Redirects,
		})
	}
	return out
}
