package staffpages

import (
	"context"
	"slices"

	"slotway/server/internal/openid"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
)

// Role is what somebody of the staff may do: each opens one section of the pages, but
// for Contents, which opens more of one.
type Role string

// The roles.
const (
	Requests Role = "requests" // see and work on what patients ask
	Messages Role = "messages" // see the journal of HL7 messages
	Contents Role = "contents" // with messages: see what they say and made, and replay them
	Review   Role = "review"   // decide on what is held for review
	Calendar Role = "calendar" // see slots and who has booked them
	Reports  Role = "reports"  // see counts, of nobody in particular
	Access   Role = "access"   // see partners, clients and grants, and end grants
	Health   Role = "health"   // see how the server is
)

// Roles are all of them.
var Roles = []Role{Requests, Messages, Contents, Review, Calendar, Reports, Access, Health}

// Person is somebody of the staff.
type Person struct {
	ID        string
	Issuer    string // of the provider that says who they are; empty where a password of ours does
	Name      string
	Team      string
	Customers []string // whose data they see
	Roles     []Role
}

// May says whether somebody has a role.
func (p Person) May(r Role) bool { return slices.Contains(p.Roles, r) }

// See is what somebody may see of the store.
func (p Person) See() store.Visibility { return store.Visibility{Customers: p.Customers} }

// People knows the staff.
type People interface {
	// SignIn gives the person whose password this is, for a request from an address.
	// fhir.Unauthenticated, fhir.Busy.
	SignIn(ctx context.Context, user, password, address string) (Person, error)
	// Arrive gives the person whom the provider speaks of. fhir.Forbidden for somebody
	// who may not come in.
	Arrive(said openid.Answer) (Person, error)
	// Now gives what somebody who signed in may do now; ok is false where they do not
	// work here any more.
	Now(p Person) (now Person, ok bool)
	// Colleagues are those whom the configuration names, and whom it gives a role.
	Colleagues(role Role) []Person
}

// kept writes a person as a session keeps one.
func (p Person) kept() session.Person {
	k := session.Person{Subject: p.ID, Issuer: p.Issuer, Name: p.Name, Team: p.Team, Customers: p.Customers}
	for _, r := range p.Roles {
		k.Roles = append(k.Roles, string(r))
	}
	return k
}

// PersonOf reads one.
func PersonOf(k session.Person) Person {
	p := Person{ID: k.Subject, Issuer: k.Issuer, Name: k.Name, Team: k.Team, Customers: k.Customers}
	for _, r := range k.Roles {
		p.Roles = append(p.Roles, Role(r))
	}
	return p
}
