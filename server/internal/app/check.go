package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
	requests "slotway/server/internal/request"
	"slotway/server/internal/rest"
)

// parts are what a listener may be told to serve.
var parts = []string{rest.PartR4, rest.PartBooking, rest.PartBaRS, rest.PartHL7, rest.PartIssuer, rest.PartLookups, rest.PartAdmin, rest.PartMetrics, rest.PartPages, rest.PartStaff}

// check says everything that is wrong or unsafe in a configuration of serve, each
// in a sentence that says what to do.
func (c *Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	u, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "":
		bad("base_url is missing: set it to the origin that clients see, such as https://facade.example.nhs.uk")
	case err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		bad("base_url must be an origin without a path, such as https://facade.example.nhs.uk")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Host) && c.Insecure):
		bad("base_url must be https (http is for loopback with allow_insecure_loopback: true)")
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/ *@") || h != strings.ToLower(h) {
			bad("hosts: %q is not a name as requests have it: write facade.example.nhs.uk, or with a port that is not the usual one facade.example.nhs.uk:8443", h)
		}
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		bad("zone %q is not a zone of the IANA database: use a name such as Europe/London", c.Zone)
	}
	if c.Store == "" {
		bad("store is missing: set it to bolt:///var/lib/slotway/slotway.db or the like")
	}
	if c.Keys.Messages.File == "" || c.Keys.State.File == "" {
		bad("keys.messages.file and keys.state.file are needed: make each with 'openssl rand -base64 32'")
	}
	if len(c.Listeners) == 0 {
		bad("listeners is empty: name at least one address and what it serves")
	}
	for _, l := range c.Listeners {
		errs = append(errs, c.checkListener(l))
	}
	for _, l := range c.MLLP {
		errs = append(errs, c.checkMLLP(l))
	}
	for key, name := range map[string]string{"errors.r4": c.Errors.R4, "errors.booking": c.Errors.Booking} {
		if _, ok := fhir.ParseStyle(name); !ok {
			bad("%s: there is no style %q; use rfc6750, nhs-booking, uec or bars", key, name)
		}
	}
	if _, ok := rest.ParseHandling(c.Handling); !ok {
		bad("search_handling is lenient, lenient-only, strict or strict-only, not %q", c.Handling)
	}
	if c.References != "lenient" && c.References != "strict" {
		bad("references is lenient or strict, not %q", c.References)
	}
	if c.Validation != "lenient" && c.Validation != "strict" {
		bad("validation is lenient or strict, not %q", c.Validation)
	}
	if c.HoldFor < time.Second || c.HoldFor > 24*time.Hour {
		bad("hold_for is how long a hold lasts, from 1s to 24h, not %s", c.HoldFor)
	}
	if c.AuditFail != "refuse" && c.AuditFail != "continue" {
		bad("audit_failure is refuse or continue, not %q", c.AuditFail)
	}
	if days := c.Retention.Audit; days < 0 || days > 0 && days < 90 {
		bad("retention: the audit is kept for at least 90 days, or with 0 for good")
	}
	if r := c.Retention; min(r.Messages, r.Review, r.Undecided, r.Outbox, r.BaRS) < 0 || r.Messages > 0 && r.Messages < 7 || r.BaRS > 0 && r.BaRS < 7 {
		bad("retention: days must not be negative, and messages and bars at least 7: a message may be sent again for so long")
	}
	errs = append(errs, c.Limits.check())
	errs = append(errs, c.checkPages()...)
	_, diaries := c.templates()
	errs = append(errs, diaries...)
	errs = append(errs, c.checkIssuers()...)
	errs = append(errs, c.checkOwnIssuer()...)
	errs = append(errs, c.checkOffers()...)
	errs = append(errs, c.checkStaff()...)
	errs = append(errs, c.checkStaffLogin()...)
	errs = append(errs, c.checkCustomers()...)
	return errors.Join(errs...)
}

func (c *Config) checkListener(l ListenerConfig) error {
	for _, p := range l.Serves {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("listener %s: it cannot serve %q; there is %s", l.Address, p, strings.Join(parts, ", "))
		}
	}
	if slices.Contains(l.Serves, rest.PartIssuer) && c.Keys.Issuer.File == "" {
		return fmt.Errorf("listener %s: the development issuer runs in demo only; an issuer that serves here needs a key that lasts: make one with 'server key FILE', and name it as keys.issuer.file, or remove issuer from serves", l.Address)
	}
	if slices.Contains(l.Serves, rest.PartMetrics) && len(l.Serves) > 1 {
		return fmt.Errorf("listener %s: metrics need a listener of their own", l.Address)
	}
	if err := l.Limits.check(l.Address); err != nil {
		return err
	}
	return c.checkAddress("listener", l.Address, l.Allow, l.TLS)
}

func (c *Config) checkMLLP(l MLLPConfig) error {
	if l.Partner == "" && l.TLS.ClientCA == "" {
		return fmt.Errorf("mllp listener %s: MLLP has no log-in, so a listener names the partner it is for, or has tls.client_ca and knows partners by their certificates", l.Address)
	}
	if l.TLS.Cert == "" && !loopback(l.Address) && len(l.Allow) == 0 {
		return fmt.Errorf("mllp listener %s: it would speak without encryption, so anybody could be partner %s; give it tls with client_ca, or, where a network is trusted, allow with the addresses that may connect and allow_plaintext: true", l.Address, l.Partner)
	}
	if l.Partner != "" && !slices.ContainsFunc(c.Partners, func(p PartnerConfig) bool { return p.ID == l.Partner }) {
		return fmt.Errorf("mllp listener %s: there is no partner %q", l.Address, l.Partner)
	}
	if err := l.Limits.check(l.Address); err != nil {
		return err
	}
	return c.checkAddress("mllp listener", l.Address, l.Allow, l.TLS)
}

func (c *Config) checkAddress(what, address string, allow []string, t TLSConfig) error {
	if _, err := readNetworks(allow); err != nil {
		return fmt.Errorf("%s %s: allow: %w", what, address, err)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("%s %q: the address must be host:port", what, address)
	}
	if (t.Cert == "") != (t.Key == "") {
		return fmt.Errorf("%s %s: tls needs both cert and key", what, address)
	}
	if t.Cert == "" && t.ClientCA != "" {
		return fmt.Errorf("%s %s: tls.client_ca without cert and key asks for certificates on a connection that is not encrypted", what, address)
	}
	if t.Cert == "" && !loopback(address) && !c.Plaintext {
		return fmt.Errorf("%s %s: it would speak without encryption on an address that is not loopback; give it tls, or set allow_plaintext: true when a proxy in front brings TLS", what, address)
	}
	return nil
}

// phoneForm is what people dial.
var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{4,30}$`)

func (c *Config) checkCustomers() (errs []error) {
	aliases := map[string]bool{}
	for _, k := range c.Customers {
		if aliases[k.Alias] {
			errs = append(errs, fmt.Errorf("customer %q is listed twice", k.Alias))
		}
		aliases[k.Alias] = true
		if k.Alias == "" || strings.ContainsAny(k.Alias, "{}|^~\\& \x00") {
			errs = append(errs, fmt.Errorf("customer %q: an alias is letters, digits, hyphens and underscores", k.Alias))
		}
		errs = append(errs, k.SoftMatch.check("customer "+k.Alias))
		if _, err := readCodes(k.Codes, k.Systems); err != nil {
			errs = append(errs, fmt.Errorf("customer %s: %w", k.Alias, err))
		}
		if k.Phone != "" && !phoneForm.MatchString(k.Phone) {
			errs = append(errs, fmt.Errorf("customer %s: phone is a telephone number, of digits and blanks, such as 01632 960000", k.Alias))
		}
		for i, kind := range k.Requests {
			if !slices.Contains(requests.Kinds, kind) || slices.Contains(k.Requests[:i], kind) {
				errs = append(errs, fmt.Errorf("customer %s: patient_requests has %q; it has each of %v at most once", k.Alias, kind, requests.Kinds))
			}
		}
		for _, rule := range k.Slots {
			errs = append(errs, rule.check(k.Alias))
		}
		if _, err := time.LoadLocation(k.Zone); err != nil {
			errs = append(errs, fmt.Errorf("customer %s: there is no zone %q", k.Alias, k.Zone))
		}
	}
	errs = append(errs, c.BaRS.check(aliases)...)
	errs = append(errs, c.checkIdentities()...)
	for _, p := range c.Partners {
		errs = append(errs, checkHabits(p))
		if p.Send != nil {
			if err := p.Send.check(aliases); err != nil {
				errs = append(errs, fmt.Errorf("partner %s: %w", p.ID, err))
			}
		}
		for _, g := range p.Grants {
			if !aliases[g.Connecting] || !aliases[g.Controller] {
				errs = append(errs, fmt.Errorf("partner %s: the grant %s{%s} names a customer that is not listed", p.ID, g.Connecting, g.Controller))
			}
			if g.SoftMatch != nil {
				errs = append(errs, g.SoftMatch.check("partner "+p.ID))
			}
			if g.Only != "" && g.Only != "url" {
				errs = append(errs, fmt.Errorf("partner %s: only must be url or be left out", p.ID))
			}
		}
	}
	for _, cl := range c.Clients {
		for _, a := range cl.Customers {
			if !aliases[a] {
				errs = append(errs, fmt.Errorf("client %s: there is no customer %q", cl.ID, a))
			}
		}
	}
	return errs
}

func (c SlotConfig) check(alias string) error {
	ref, err := hl7.ParseRef(c.Field)
	if err != nil || !slices.Contains([]string{"AIL", "AIP", "AIG", "AIS", "PV1"}, ref.Segment()) {
		return fmt.Errorf("customer %s: slots: the field must be one of AIL, AIP, AIG, AIS or PV1, such as AIL-3.1", alias)
	}
	if c.Schedule != "" && !fhir.ValidID(c.Schedule) {
		return fmt.Errorf("customer %s: slots: the schedule must be the id of a Schedule", alias)
	}
	if byValue := c.Value != "" && c.Schedule != ""; byValue == (c.System != "") {
		return fmt.Errorf("customer %s: slots: a rule needs either value and schedule, or system", alias)
	}
	return nil
}

func (c SoftMatchConfig) check(whose string) error {
	checks := []hl7bridge.BirthDateCheck{"", hl7bridge.BirthDateOff, hl7bridge.BirthDateQueue, hl7bridge.BirthDatePass}
	if !slices.Contains(checks, hl7bridge.BirthDateCheck(c.BirthDate)) {
		return fmt.Errorf("%s: soft_match.birth_date must be off, queue or pass", whose)
	}
	return nil
}

// checkHabits checks what has one of a few values.
func checkHabits(p PartnerConfig) error {
	timings := []string{"", mappings.TimingSCH11, mappings.TimingTQ1, mappings.TimingByVersion}
	if !slices.Contains(timings, p.Habits.Timing) {
		return fmt.Errorf("partner %s: habits.timing must be sch11, tq1 or by-version", p.ID)
	}
	repeats := []hl7bridge.Repeats{"", hl7bridge.RepeatsAnswered, hl7bridge.RepeatsCarriedOut, hl7bridge.RepeatsRefused}
	if !slices.Contains(repeats, hl7bridge.Repeats(p.Repeats)) {
		return fmt.Errorf("partner %s: repeats must be answered, carried-out or refused", p.ID)
	}
	if _, err := readCodes(p.Codes, p.Systems); err != nil {
		return fmt.Errorf("partner %s: %w", p.ID, err)
	}
	return nil
}

// loopback says whether an address or host means this machine.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
