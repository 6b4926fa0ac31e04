package booking

import (
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Request is who asks for a write, and under what conditions.
type Request struct {
	Principal auth.Principal
	// RequestID, when not empty, makes the request one that succeeds once: NHS
	// booking standard, X-Request-ID.
	RequestID string
	// IfVersion is the version that must be current, or store.Any.
	IfVersion int64
	// Create allows an update to make a resource that is not there.
	Create bool
	// Own keeps an operation on a stored appointment to those that the caller's
	// organisation made: others are not there for it.
	Own bool
	// Note asks what else is to be said of what was stored: references that lead
	// nowhere.
	Note bool
	// Copies lets contained resources be copies of stored ones, with their
	// versions (r4.Rules).
	Copies bool
	// SlotNeeded makes a new Appointment name the slots it takes.
	SlotNeeded bool
	// Consumer makes the policy count: a booking system's request, in contrast to
	// that of a system of record.
	Consumer bool
	// LocalID, when not empty, is the system of the identifier that a booking's
	// contained Patient is given when it brings none.
	LocalID string
}

// sees is what the caller may see of some customers.
func (r Request) sees(customers ...string) store.Visibility {
	see := store.Visibility{Customers: customers}
	if len(r.Principal.Labels) > 0 {
		see.Labels = r.Principal.Labels
	}
	return see
}

// seesAll is what the caller may see.
func (r Request) seesAll() store.Visibility { return r.sees(r.Principal.Customers...) }
