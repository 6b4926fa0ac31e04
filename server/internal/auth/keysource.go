package auth

import (
	"context"
	"sync"
	"time"

	"slotway/fhir"
)

const (
	refreshDefault = 15 * time.Minute // keys are fetched again after so long
	refreshLeast   = time.Minute      // whatever Cache-Control says
	refreshMost    = time.Hour
	fetchTimeout   = 5 * time.Second
	retryWait      = 30 * time.Second // between fetches for an unknown kid, and after one that failed
	firstRetryWait = 5 * time.Second  // after one that failed while no keys are held
	staleLimit     = 24 * time.Hour   // keys are used so long after the last good fetch
)

// fetchFunc gives an issuer's key set, and how long it may be kept.
type fetchFunc func(context.Context) (raw []byte, keep time.Duration, err error)

// keySource holds the keys of one issuer and fetches them again:
//
//	when the time they may be kept is over       the request that notices waits for it
//	when a token names a key that is not there   once in retryWait
//	after a failure                              once in retryWait, with the old keys in force until staleLimit
//
// However many requests want it, one fetch is under way at a time.
type keySource struct {
	fetch       fetchFunc // nil when the set never changes
	development bool
	now         func() time.Time

	mu          sync.Mutex
	set         *keySet // nil until the first good fetch
	fetched     time.Time
	due         time.Time
	lastTry     time.Time
	lastUnknown time.Time
	flight      chan struct{} // closed when the fetch under way is over; nil when none is
	err         error         // of the last fetch
}

// current gives the key set in force, after a fetch when it is time for one or
// when kid (unless empty) is not in the set. Without keys the error is Busy.
func (s *keySource) current(ctx context.Context, kid string) (*keySet, error) {
	if s.fetch == nil {
		return s.set, nil
	}
	s.mu.Lock()
	flight, mine := s.flight, false
	if flight == nil && s.wanted(kid) {
		flight, mine = make(chan struct{}), true
		s.flight, s.lastTry = flight, s.now()
		go s.refresh(context.WithoutCancel(ctx), flight)
	}
	if set, _ := s.inForce(); flight != nil && (mine || !set.has(kid)) {
		s.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	return s.inForce()
}

// has says whether a key is in a set; any set that is there has the key "".
func (k *keySet) has(kid string) bool { return k != nil && (kid == "" || k.keys[kid] != nil) }

// wanted says whether it is time for a fetch, and notes one for an unknown key.
func (s *keySource) wanted(kid string) bool {
	now := s.now()
	switch {
	case s.set == nil:
		return now.Sub(s.lastTry) >= firstRetryWait
	case !now.Before(s.due):
		return now.Sub(s.lastTry) >= retryWait
	case !s.set.has(kid) && now.Sub(s.lastUnknown) >= retryWait:
		s.lastUnknown = now
		return true
	}
	return false
}

// inForce gives the set unless it is too old.
func (s *keySource) inForce() (*keySet, error) {
	if s.set == nil || s.now().Sub(s.fetched) >= staleLimit {
		return nil, fhir.Errorf(fhir.Busy, "The signing keys of the token's issuer cannot be fetched now; try again in half a minute.").Because(s.err)
	}
	return s.set, nil
}

// refresh fetches once, and wakes those who wait.
func (s *keySource) refresh(ctx context.Context, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	raw, keep, err := s.fetch(ctx)
	var set *keySet
	if err == nil {
		set, err = parseKeySet(raw, s.development)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = err; err == nil {
		s.set, s.fetched = set, s.now()
		s.due = s.fetched.Add(keep)
	}
	s.flight = nil
	close(flight)
}
