package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/openid"
	"slotway/server/internal/rest"
	"slotway/server/internal/staffpages"
)

// StaffLoginConfig says how staff sign in by the OpenID Connect provider of a trust,
// and what it says of them that counts here.
type StaffLoginConfig struct {
	Issuer      string              `yaml:"issuer"`
	ClientID    string              `yaml:"client_id"`
	Key         string              `yaml:"key"` // file: RSA private key, PEM
	KeyID       string              `yaml:"key_id"`
	SecretFile  string              `yaml:"secret_file"`
	Scopes      []string            `yaml:"scopes"` // beside openid; none: profile
	IDClaim     string              `yaml:"id_claim"`
	GroupsClaim string              `yaml:"groups_claim"`
	Roles       map[string][]string `yaml:"roles"`     // groups by role
	Customers   []string            `yaml:"customers"` // of who is not under staff
	Passwords   bool                `yaml:"passwords"` // those of staff work beside it

	signer *auth.Signer // demo only, in place of Key
}

// algorithms are those in which ID tokens may be signed.
var algorithms = []string{"RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512"}

// client gives the client; nil where there is no provider.
func (c StaffLoginConfig) client(a *App) (*openid.Client, error) {
	if c.Issuer == "" {
		return nil, nil
	}
	cfg := openid.Config{
		Name: "The sign-in of staff", Issuer: c.Issuer, ClientID: c.ClientID, Redirect: a.cfg.BaseURL + staffpages.RedirectPath, Signer: c.signer,
		Scopes: c.Scopes, Algorithms: algorithms, Now: a.now, NewID: a.newID,
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{"profile"}
	}
	switch {
	case c.Key != "":
		var err error
		if cfg.Signer, err = auth.ReadSigner(c.Key, c.KeyID); err != nil {
			return nil, fmt.Errorf("staff_login.key: %w", err)
		}
	case c.SecretFile != "":
		secret, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("staff_login.secret_file: %w", err)
		}
		cfg.Secret = strings.TrimSpace(string(secret))
	}
	return openid.New(cfg), nil
}

// staffDesk knows the staff for their pages.
type staffDesk struct {
	book  *staffBook
	login StaffLoginConfig
}

// SignIn gives the person whose password it is.
func (d staffDesk) SignIn(ctx context.Context, user, password, address string) (staffpages.Person, error) {
	p, err := d.book.SignIn(ctx, user, password, address)
	return staffpages.Person{ID: p.ID}, err
}

// Arrive gives the person of whom the provider speaks: their id, their name, and the
// roles of their groups. What the ID token says goes before what UserInfo says.
func (d staffDesk) Arrive(said openid.Answer) (staffpages.Person, error) {
	claims := map[string]json.RawMessage{}
	for _, text := range []json.RawMessage{said.Info, said.Token} {
		var some map[string]json.RawMessage
		if len(text) > 0 && json.Unmarshal(text, &some) != nil {
			return staffpages.Person{}, openid.Refused("What the provider says of somebody cannot be read.", nil)
		}
		maps.Copy(claims, some)
	}
	p := staffpages.Person{ID: said.Subject, Issuer: d.login.Issuer, Name: textOf(claims["name"])}
	if d.login.IDClaim != "" {
		p.ID = textOf(claims[d.login.IDClaim])
	}
	if p.Name == "" {
		p.Name = strings.TrimSpace(textOf(claims["given_name"]) + " " + textOf(claims["family_name"]))
	}
	groups := textsOf(claims[cmp.Or(d.login.GroupsClaim, "groups")])
	for _, r := range staffpages.Roles {
		if slices.ContainsFunc(d.login.Roles[string(r)], func(g string) bool { return slices.Contains(groups, g) }) {
			p.Roles = append(p.Roles, r)
		}
	}
	_, known := d.book.entry(p.ID) // who has no roles may still grant access
	if now, ok := d.Now(p); p.ID == "" || !ok || len(now.Roles) == 0 && !known {
		return p, fhir.Errorf(fhir.Forbidden, "Nobody has let this person in.")
	}
	return p, nil
}

// textOf reads a claim that is one text.
func textOf(claim json.RawMessage) (text string) {
	if json.Unmarshal(claim, &text) != nil {
		return ""
	}
	return text
}

// textsOf reads a claim that is a list of texts, or one.
func textsOf(claim json.RawMessage) (all []string) {
	if json.Unmarshal(claim, &all) != nil {
		if one := textOf(claim); one != "" {
			return []string{one}
		}
		return nil
	}
	return all
}

// Now gives somebody as the configuration has them now. Who came by the provider need
// not stand under staff; who does has the team and customers that it says there, and
// the roles, where it says any.
func (d staffDesk) Now(p staffpages.Person) (staffpages.Person, bool) {
	entry, known := d.book.entry(p.ID)
	if p.Issuer == "" && (!known || entry.PasswordHash == "" || d.login.Issuer != "" && !d.login.Passwords) || p.Issuer != "" && p.Issuer != d.login.Issuer {
		return p, false
	}
	if !known {
		p.Customers = d.login.Customers
		return p, true
	}
	who, _ := d.book.Person(p.ID)
	p.Name, p.Team, p.Customers = cmp.Or(strings.TrimSpace(who.Name()), p.Name), who.Team, who.Customers
	if p.Issuer == "" || len(entry.Roles) > 0 {
		p.Roles = entry.roles()
	}
	return p, true
}

// Colleagues gives those of the configuration who have a role.
func (d staffDesk) Colleagues(role staffpages.Role) (all []staffpages.Person) {
	for id := range *d.book.byID.Load() {
		p, _ := d.Now(staffpages.Person{ID: id, Issuer: d.login.Issuer})
		if p.May(role) {
			all = append(all, p)
		}
	}
	return all
}

// checkStaffLogin checks how staff sign in.
func (c *Config) checkStaffLogin() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	l := c.StaffLogin
	opens := func(s StaffConfig) bool { return s.PasswordHash != "" && len(s.Roles) > 0 && len(s.Customers) > 0 }
	if l.Issuer == "" && slices.ContainsFunc(c.Listeners, func(l ListenerConfig) bool { return slices.Contains(l.Serves, rest.PartStaff) }) && !slices.ContainsFunc(c.Staff, opens) {
		bad("a listener serves staff, but nobody could sign in: set staff_login, or give somebody under staff a password_hash, customers and roles")
	}
	if l.Issuer == "" {
		if l.ClientID != "" || l.Key != "" || l.SecretFile != "" || len(l.Roles) > 0 {
			bad("staff_login needs issuer, the address of the provider")
		}
		return errs
	}
	if !c.mayAsk(l.Issuer) {
		bad("staff_login.issuer must be https (http is for loopback with allow_insecure_loopback: true)")
	}
	if l.ClientID == "" || (l.Key == "") == (l.SecretFile == "") {
		bad("staff_login needs client_id, and either key, a file with an RSA private key, or secret_file, one with the client's secret")
	}
	for role := range l.Roles {
		if !slices.Contains(staffpages.Roles, staffpages.Role(role)) {
			bad("staff_login.roles: there is no role %q; there is %v", role, staffpages.Roles)
		}
	}
	for _, alias := range l.Customers {
		if !slices.ContainsFunc(c.Customers, func(k CustomerConfig) bool { return k.Alias == alias }) {
			bad("staff_login.customers: there is no customer %q", alias)
		}
	}
	return errs
}
