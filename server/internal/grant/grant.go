// Package grant lets a clinician grant a client of their organisation access to
// what they may see: the authorisation code flow of OAuth 2 (RFC 6749 section 4.1)
// with PKCE (RFC 7636), refresh tokens that are good for one use (RFC 9700 section
// 4.14), revocation (RFC 7009), and a list that tells staff which grants hold and
// which must be given anew.
//
// Codes and tokens are random and kept as digests, as claims of the store, so that
// any process answers for them and each is used once. Those of one grant are a
// family: when a code or a refresh token comes a second time, the whole family is
// revoked, since nobody can tell which of the two was the client.
package grant

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Service gives grants. Its fields are set once, before first use.
type Service struct {
	Store  store.Store
	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	// Client gives a client that may ask for grants.
	Client func(id string) (auth.Client, bool)
	People People
}

// Person is a clinician, or somebody else of the staff who may grant access.
type Person struct {
	ID, Title, First, Last string
	Team, Job              string
	Customers              []string // whose data they see
	Sees                   bool     // what patients ask: nobody else may let a client see it
}

// Name is what people call them.
func (p Person) Name() string { return strings.TrimSpace(p.First + " " + p.Last) }

// People knows the staff.
type People interface {
	// Person gives somebody who works here now; ok is false for anybody else.
	Person(ctx context.Context, from store.Reader, id string) (p Person, ok bool, err error)
	// SignIn gives the person whose password this is, for a request from an address.
	// fhir.Unauthenticated, fhir.Busy (auth.CodeThrottled: who guesses).
	SignIn(ctx context.Context, user, password, address string) (Person, error)
}

// Scope is the scope that a clinician grants.
const Scope = auth.Clinician

// How long things live. A grant lives as long as it is refreshed in time.
const (
	codeLife    = time.Minute
	accessLife  = 30 * time.Minute
	refreshLife = 30 * 24 * time.Hour
)

// The spaces of claims. The key of the first four is the digest of a code or token,
// that of the others the id of a family.
const (
	codeSpace    = "grant-code"
	accessSpace  = "grant-access"
	refreshSpace = "grant-refresh"
	usedSpace    = "grant-used" // codes and refresh tokens that were exchanged
	familySpace  = "grant"
	revokedSpace = "grant-revoked"
)

// family is one grant: what its claim remembers.
type family struct {
	ID        string    `json:"id"`
	Client    string    `json:"client"`
	Person    string    `json:"person"`
	Name      string    `json:"name"`
	Customers []string  `json:"customers"`
	Granted   time.Time `json:"granted"`
	Refreshed time.Time `json:"refreshed"`
	Expires   time.Time `json:"expires"` // of its newest refresh token
	Pairs     int       `json:"pairs"`   // of tokens that were issued
}

// ticket is a code or a token: what its claim remembers.
type ticket struct {
	Family    string    `json:"family"`
	Expires   time.Time `json:"expires"`
	Client    string    `json:"client,omitempty"` // of a code
	Person    string    `json:"person,omitempty"`
	Redirect  string    `json:"redirect,omitempty"`
	Challenge string    `json:"challenge,omitempty"`
}

// revocation is why a family is revoked.
type revocation struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"`
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// secret makes a code or token of n random bytes.
func (s *Service) secret(n int) (string, error) {
	b, err := s.random(n)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// name makes the id of a grant: of digits and letters alone, so that a command takes
// it for no flag.
func (s *Service) name() (string, error) {
	b, err := s.random(12)
	return hex.EncodeToString(b), err
}

func (s *Service) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Random, b); err != nil {
		return nil, fmt.Errorf("making a token: %w", err)
	}
	return b, nil
}

// claim keeps something as JSON.
func claim(ctx context.Context, tx store.Tx, space, key, holder string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Claim(ctx, store.Claim{Space: space, Key: key, Holder: holder, Payload: b})
}

// read reads what claim kept; ok is false when there is none.
func read(ctx context.Context, r store.Reader, space, key string, into any) (ok bool, err error) {
	c, err := r.Claimed(ctx, space, key)
	if fhir.KindOf(err) == fhir.NotFound && err != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(c.Payload, into)
}

// Access is what an access token allows.
type Access struct {
	Client    string
	Person    Person
	Customers []string // those that both the client and the person see
	Labels    []string // privacy labels the client may see; empty means all
	Family    string
	Expires   time.Time
}

// Verify gives what an access token allows. fhir.Unauthenticated when it does not
// hold: it is not known, has expired, or its grant was revoked.
func (s *Service) Verify(ctx context.Context, token string) (a Access, err error) {
	var t ticket
	known, err := read(ctx, s.Store, accessSpace, digest(token), &t)
	if err != nil {
		return a, err
	}
	if !known {
		return a, refused("it is not one of a clinician who granted access")
	}
	if !s.Now().Before(t.Expires) {
		return a, refused("it has expired; use the refresh token")
	}
	return s.access(ctx, t)
}

func (s *Service) access(ctx context.Context, t ticket) (a Access, err error) {
	var f family
	known, err := read(ctx, s.Store, familySpace, t.Family, &f)
	if err != nil {
		return a, err
	}
	var r revocation
	gone, err := read(ctx, s.Store, revokedSpace, t.Family, &r)
	if err != nil {
		return a, err
	}
	if !known || gone {
		return a, refused("access was revoked; the clinician must grant it again")
	}
	client, person, err := s.parties(ctx, s.Store, f)
	if fhir.KindOf(err) == fhir.Invalid && err != nil {
		err = refused(fhir.AsError(err).Text)
	}
	if err != nil {
		return a, err
	}
	a = Access{Client: client.ID, Person: person, Labels: client.Labels, Family: f.ID, Expires: t.Expires}
	a.Customers = both(client.Customers, person.Customers)
	return a, nil
}

// parties gives the two between whom a grant is, as they are now. fhir.Invalid where one
// of them is not there any more.
func (s *Service) parties(ctx context.Context, from store.Reader, f family) (auth.Client, Person, error) {
	client, ok := s.Client(f.Client)
	if !ok {
		return client, Person{}, invalidGrant("The client is not registered for this any more.")
	}
	person, ok, err := s.People.Person(ctx, from, f.Person)
	if err != nil {
		return client, person, err
	}
	if !ok {
		return client, person, invalidGrant("Whoever granted access is not of the staff any more.")
	}
	if !person.Sees {
		return client, person, invalidGrant("Whoever granted access does not see what patients ask any more.")
	}
	return client, person, nil
}

func both(a, b []string) (all []string) {
	for _, x := range a {
		if slices.Contains(b, x) {
			all = append(all, x)
		}
	}
	return all
}

func refused(why string) error {
	return fhir.Errorf(fhir.Unauthenticated, "Access token refused: %s.", why).Coded("invalid_token")
}

// invalidGrant is the error of RFC 6749 section 5.2.
func invalidGrant(text string) *fhir.Error {
	return fhir.Errorf(fhir.Invalid, "%s", text).Coded("invalid_grant")
}

// revoke ends a family; who asks first says why.
func (s *Service) revoke(ctx context.Context, tx store.Tx, id, why string) error {
	err := claim(ctx, tx, revokedSpace, id, id, revocation{s.Now().UTC(), why})
	if _, already := store.IsTaken(err); already {
		return nil
	}
	return err
}

// State says whether a grant holds.
type State string

// The states.
const (
	Live    State = "live"
	Revoked State = "revoked"
	Expired State = "expired" // it was not refreshed in time
	Broken  State = "broken"  // its client or its person is not there any more
)

// Grant is a grant, as staff see it.
type Grant struct {
	ID        string    `json:"id"`
	Client    string    `json:"client"`
	Person    string    `json:"person"`
	Name      string    `json:"name"`
	Customers []string  `json:"customers"`
	State     State     `json:"state"`
	Why       string    `json:"why,omitempty"` // it does not hold
	Granted   time.Time `json:"granted"`
	Refreshed time.Time `json:"refreshed"`
	Expires   time.Time `json:"expires"`
	// Again says that the grant is broken and no newer one of the same client for the
	// same customers holds: somebody must grant access again.
	Again bool `json:"again"`
}

// listStep is how many grants a list asks for at once.
const listStep = 1000

// List gives the grants that concern one of the customers, the newest first.
func (s *Service) List(ctx context.Context, customers []string) ([]Grant, error) {
	families, err := s.families(ctx, customers)
	if err != nil {
		return nil, err
	}
	all := []Grant{}
	for _, f := range families {
		g, err := s.grant(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b Grant) int { return cmp.Or(b.Granted.Compare(a.Granted), cmp.Compare(a.ID, b.ID)) })
	for i := range all {
		all[i].Again = all[i].State != Live && !slices.ContainsFunc(all, func(g Grant) bool {
			return g.State == Live && g.Client == all[i].Client && len(both(g.Customers, all[i].Customers)) > 0
		})
	}
	return all, nil
}

// families gives those that concern one of the customers.
func (s *Service) families(ctx context.Context, customers []string) (all []family, err error) {
	for after := ""; ; {
		claims, err := s.Store.Claims(ctx, familySpace, "", after, listStep)
		if err != nil {
			return nil, err
		}
		if len(claims) == 0 {
			return all, nil
		}
		after = claims[len(claims)-1].Key
		for _, c := range claims {
			var f family
			if err := json.Unmarshal(c.Payload, &f); err != nil {
				return nil, err
			}
			if len(both(f.Customers, customers)) > 0 {
				all = append(all, f)
			}
		}
	}
}

func (s *Service) grant(ctx context.Context, f family) (Grant, error) {
	g := Grant{
		ID: f.ID, Client: f.Client, Person: f.Person, Name: f.Name, Customers: f.Customers,
		State: Live, Granted: f.Granted, Refreshed: f.Refreshed, Expires: f.Expires,
	}
	var r revocation
	gone, err := read(ctx, s.Store, revokedSpace, f.ID, &r)
	if err != nil {
		return g, err
	}
	_, _, broken := s.parties(ctx, s.Store, f)
	switch {
	case gone:
		g.State, g.Why = Revoked, r.Why
	case !s.Now().Before(f.Expires):
		g.State, g.Why = Expired, "It was not refreshed in time."
	case fhir.KindOf(broken) == fhir.Invalid && broken != nil:
		g.State, g.Why = Broken, fhir.AsError(broken).Text
	case broken != nil:
		return g, broken
	}
	return g, nil
}

// End revokes a grant that concerns one of the customers, by the word of staff.
// fhir.NotFound.
func (s *Service) End(ctx context.Context, customers []string, id, why string) (g Grant, err error) {
	why = cmp.Or(why, "Revoked by staff.")
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		var f family
		known, err := read(ctx, tx, familySpace, id, &f)
		if err != nil {
			return err
		}
		if !known || len(both(f.Customers, customers)) == 0 {
			return fhir.Errorf(fhir.NotFound, "There is no grant with this id.")
		}
		audit.Note(tx, func(e *audit.Event) {
			if e.Act == "" {
				e.Act = "grant.end"
			}
			e.Of, e.Why, e.Reach = append(e.Of, f.ID), why, f.Customers
		})
		return s.revoke(ctx, tx, id, why)
	})
	if err != nil {
		return g, err
	}
	var f family
	if _, err := read(ctx, s.Store, familySpace, id, &f); err != nil {
		return g, err
	}
	return s.grant(ctx, f)
}
