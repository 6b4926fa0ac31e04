package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
)

// Client is a registered caller of the FHIR interface.
type Client struct {
	ID               string
	SecretHash       string // of HashPassword or bcrypt; empty when no secret is checked here
	JWKS             string // address of its public keys, https://… or file://…, with which it signs assertions; empty for none
	Scopes           []string
	Customers        []string
	Labels           []string // privacy labels it may see; empty means all
	Organisation     string   // ODS code
	OrganisationName string
	Issuer           string // the only issuer whose tokens may name this client; empty means any trusted one
	UpdateAsCreate   bool
	Disabled         bool
	Redirects        []string // where people are sent back to who grant it access, letter by letter

	AllowInsecureLoopback bool // JWKS may be http:// on this machine
}

// LogValue shows the id only.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.ID) }

// Clients is the register of clients. It may be replaced while in use; the next
// request sees the change, whatever token it brings.
type Clients struct {
	byID atomic.Pointer[map[string]registered]
}

// registered is a client with its scopes read.
type registered struct {
	Client
	scopes Scopes
}

// NewClients makes a register, or says what is wrong with a client.
func NewClients(list ...Client) (*Clients, error) {
	c := new(Clients)
	return c, c.Replace(list)
}

// Replace puts a new list in force, or leaves the old one when any client of the
// new one is wrong.
func (c *Clients) Replace(list []Client) error {
	var errs []error
	byID := make(map[string]registered, len(list))
	for _, client := range list {
		if _, twice := byID[client.ID]; twice {
			errs = append(errs, fmt.Errorf("client %q is listed twice", client.ID))
		}
		if err := client.check(); err != nil {
			errs = append(errs, fmt.Errorf("client %q: %w", client.ID, err))
		}
		byID[client.ID] = registered{Client: client, scopes: ParseScopes(strings.Join(client.Scopes, " "))}
	}
	if c.byID.Load() == nil || len(errs) == 0 {
		c.byID.Store(&byID)
	}
	return errors.Join(errs...)
}

// check says what is wrong with a client's registration.
func (c Client) check() error {
	if c.ID == "" || strings.ContainsFunc(c.ID, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return errors.New("id must be printable ASCII (RFC 6749 appendix A.1)")
	}
	for _, s := range c.Scopes {
		if !Known(s) {
			return fmt.Errorf("scope %q allows nothing here: use the booking standard's, such as appointment/*.write, or SMART's, such as system/Appointment.rs", s)
		}
	}
	if err := checkAddress(c.JWKS, c.AllowInsecureLoopback); err != nil {
		return err
	}
	if c.SecretHash == "" {
		return nil
	}
	if err := CheckHash(c.SecretHash); err != nil {
		return fmt.Errorf("secret_hash: %w", err)
	}
	return nil
}

// find gives an enabled client.
func (c *Clients) find(id string) (registered, bool) {
	r, ok := (*c.byID.Load())[id]
	return r, ok && !r.Disabled
}

// Granted gives an enabled client that people may grant access: one registered for
// the scope Clinician.
func (c *Clients) Granted(id string) (Client, bool) {
	r, ok := c.find(id)
	return r.Client, ok && r.scopes.held[Clinician]
}

// All gives the clients, those that are disabled too, by their ids.
func (c *Clients) All() []Client {
	var all []Client
	for _, r := range *c.byID.Load() {
		all = append(all, r.Client)
	}
	slices.SortFunc(all, func(a, b Client) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// SecretHash gives the stored hash of an enabled client's secret. It has the
// shape of PasswordsConfig.Lookup.
func (c *Clients) SecretHash(id string) (hash string, ok bool) {
	r, ok := c.find(id)
	return r.SecretHash, ok && r.SecretHash != ""
}

// Scopes gives every scope any client may ask for, sorted, for discovery.
func (c *Clients) Scopes() []string {
	var all []string
	for _, r := range *c.byID.Load() {
		all = append(all, r.scopes.names...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
