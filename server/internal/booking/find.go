package booking

import (
	"context"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Criteria are what somebody looks for an appointment by, IHE ITI-115. Lists are
// alternatives, and all that are given must hold.
type Criteria struct {
	// Start and End bound the time: an appointment lies wholly between them.
	// Nothing before now is found; without an End, nothing after FindWindow.
	Start, End time.Time
	// Tokens, as a search writes them: system|code. What a slot does not say, its
	// schedule says. A VisitType is a service type or an appointment type.
	ServiceType, ServiceCategory, Specialty, AppointmentType, VisitType []string
	// Actors are References to whom or what the schedule must be of, one list for
	// each parameter that names some: Practitioner/1, a logical reference by
	// identifier, or a Location by a part of its address.
	Actors []Actors
	// Dress is what the proposals have besides: the patient, a reason, a referral.
	Dress func(proposal fhir.Resource) (fhir.Resource, error)
	// Looks says whether the caller may find out about resources of a type; nil
	// for all. Those who stand for an actor by a type that they may not are not found.
	Looks func(typ string) bool
	// For is who asks: a consumer finds what the policy shows them.
	For   Request
	Count int    // proposals on a page; 0 for the total only
	After string // Next of the page before
}

// FindWindow is how far Find looks where no End is given.
const FindWindow = 31 * 24 * time.Hour

// maxFound is how many free slots Find looks at for a page; that there are more
// is said by a total that is not known and by the next page.
const maxFound = 10_000

// Found is a page of proposals.
type Found struct {
	Proposals []fhir.Resource // Appointments of status proposed, the earliest first
	Total     int             // of all pages; negative when there are too many to count
	Next      string          // After of the next page; empty on the last
}

// Find gives the appointments that free slots would make. They are not stored:
// Hold and Book take them by their ids, or as they are. Slots whose schedule is
// not active, or outside its planning horizon, are not offered.
//
// fhir.Invalid for a criterion that cannot be read; fhir.Unprocessable when a
// window, or what a reference means, is too wide.
func (s *Service) Find(ctx context.Context, see store.Visibility, c Criteria) (Found, error) {
	at, err := parsePlace(c.After)
	if err != nil {
		return Found{}, err
	}
	// What a hold that is over keeps from sight is offered again. Where it cannot
	// be ended now, it is not offered, and nothing else is amiss.
	_, _ = s.Sweep(ctx, see.Customers)
	f := &finder{s: s, see: see, c: c, at: at, diaries: map[store.Key]*diary{}}
	if err := f.prepare(ctx); err != nil || f.nobody {
		return Found{}, err
	}
	for !f.done() {
		page, err := s.Store.Search(ctx, see, f.query)
		if err != nil {
			return Found{}, err
		}
		for _, rec := range page.Records {
			if err := f.look(ctx, rec); err != nil {
				return Found{}, err
			}
			if f.done() {
				break
			}
		}
		if f.query.After = page.Next; page.Next == "" {
			f.complete = true
		}
	}
	return f.page(), nil
}
