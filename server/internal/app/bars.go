package app

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// BaRSConfig says who may send BaRS messages without a token: the national proxy,
// which has checked its sender's own and says in a header for which organisation it
// speaks.
type BaRSConfig struct {
	Proxies       []string `yaml:"proxies"`       // certificates of the proxy: SHA-256 fingerprints, or names
	Organisations []string `yaml:"organisations"` // ODS codes that may be spoken for; none: any
	Customers     []string `yaml:"customers"`     // whose slots and bookings
}

// barsScopes are what an organisation that the proxy speaks for may do: search for
// slots, book, and read, list and cancel.
var barsScopes = auth.ParseScopes("organization/slot.read patient/appointment.write patient/appointment.read")

// proxied gives the caller whom the proxy speaks for. A connection that is not the
// proxy's is turned away as one without a proper certificate.
func (a *App) proxied(r *http.Request, organisation, name string) (auth.Principal, error) {
	cfg := a.partners.now().bars
	cert := a.shown(r.TLS)
	if cert == nil || !named(cert, cfg.Proxies, a.now()) {
		e := fhir.Errorf(fhir.Forbidden, "A client certificate of the proxy is needed, or an access token.")
		return auth.Principal{}, e.Coded("no-proxy")
	}
	if len(cfg.Organisations) > 0 && !slices.Contains(cfg.Organisations, organisation) {
		return auth.Principal{}, fhir.Errorf(fhir.Forbidden, "The organisation may not book here.").At("NHSD-End-User-Organisation")
	}
	return auth.Principal{
		Client: "bars-proxy", Subject: "bars-proxy", Organisation: organisation, OrganisationName: name,
		Scopes: barsScopes, Registered: barsScopes, Customers: slices.Clone(cfg.Customers),
	}, nil
}

func (b BaRSConfig) check(aliases map[string]bool) (errs []error) {
	for _, text := range b.Proxies {
		if _, err := certificateKey(text); err != nil {
			errs = append(errs, fmt.Errorf("bars.proxies: %w", err))
		}
	}
	for _, alias := range b.Customers {
		if !aliases[alias] {
			errs = append(errs, fmt.Errorf("bars.customers: there is no customer %q", alias))
		}
	}
	if len(b.Proxies) > 0 && len(b.Customers) == 0 {
		errs = append(errs, errors.New("bars.customers is empty, so that the proxy could see and book nothing; name the customers"))
	}
	return errs
}
