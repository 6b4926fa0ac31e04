// Package session keeps what the server knows of a browser: who is signed in
// with it, and a sign-in or a hand-over that is under way.
//
// It is kept as claims of the store, encrypted, so that any process serves any
// browser. A browser holds nothing but a random id in a cookie, and the store
// nothing but the id's digest.
package session

import (
	"context"
	"net/http"
	"time"
)

// How long a session lasts: without a request, and at the most.
const (
	Idle     = 10 * time.Minute
	Absolute = 12 * time.Hour
	// touch is how old the record of the last request may become, so that not
	// every request writes.
	touch = 30 * time.Second
)

// Kind says whose sessions they are. It is part of the digest of every id, so that
// what was begun as one kind is nothing to the other, whichever cookie shows it.
type Kind string

// The kinds.
const (
	Patient Kind = "patient"
	Staff   Kind = "staff"
)

// Person is who is signed in.
type Person struct {
	Subject   string `json:"subject"` // of the identity provider
	Name      string `json:"name"`
	NHSNumber string `json:"nhs_number"` // verified; empty for staff
	BirthDate string `json:"birth_date"` // YYYY-MM-DD
	// TokenID is the id of the ID token of NHS login, when the person came by it:
	// what a later hand-over asserts.
	TokenID string `json:"token_id"`
	// Of staff: who said who they are, and what they might do when they signed in.
	Issuer    string   `json:"issuer,omitempty"` // empty: a password of ours
	Team      string   `json:"team,omitempty"`
	Customers []string `json:"customers,omitempty"`
	Roles     []string `json:"roles,omitempty"`
}

// Session is what is kept of a browser that is signed in.
type Session struct {
	Person Person    `json:"person"`
	Began  time.Time `json:"began"`
	Seen   time.Time `json:"seen"`
	// Tell names what the next page tells the person, once; empty for nothing.
	Tell string `json:"tell,omitempty"`
	// Handovers are the appointments, as Handover keys, that the person was sent
	// to manage, and has not come back from.
	Handovers []string `json:"handovers,omitempty"`
}

// Start begins a session under a new id, in place of the one that the browser had.
// The hand-overs of one who was signed in before go on, also where that was over for
// want of a request, as it may be after a while at a partner; anybody else's end.
func (s *Sessions) Start(ctx context.Context, w http.ResponseWriter, r *http.Request, p Person) error {
	now := s.Now().UTC()
	next := Session{Person: p, Began: now, Seen: now}
	old, _, err := s.Peek(ctx, r)
	if err != nil {
		return err
	}
	if old.Person.Subject != "" && old.Person.Subject == p.Subject && old.Person.Issuer == p.Issuer {
		next.Handovers = old.Handovers
		err = s.Change(ctx, r, func(v *Session) { v.Handovers = nil })
	}
	if err == nil {
		err = s.End(ctx, w, r)
	}
	if err != nil {
		return err
	}
	id := s.newID()
	s.setCookie(w, cookieSession, id, 0)
	return put(ctx, s, spaceSession, id, next, now.Add(Absolute))
}

// Ends is when the session is over, unless there is a request before.
func (v Session) Ends() time.Time {
	idle, absolute := v.Seen.Add(Idle), v.Began.Add(Absolute)
	if absolute.Before(idle) {
		return absolute
	}
	return idle
}

// Get gives the browser's session, which goes on by it; ok is false when it has
// none, or its time is over.
func (s *Sessions) Get(ctx context.Context, r *http.Request) (v Session, ok bool, err error) {
	if v, ok, err = s.Peek(ctx, r); err != nil || !ok {
		return Session{}, false, err
	}
	if now := s.Now().UTC(); now.Sub(v.Seen) >= touch {
		v.Seen = now
		err = s.Change(ctx, r, func(v *Session) { v.Seen = now })
	}
	return v, err == nil, err
}

// Peek gives the browser's session as it is. Where ok is false, v is one that was
// over for want of a request, and of nobody where there is none.
func (s *Sessions) Peek(ctx context.Context, r *http.Request) (v Session, ok bool, err error) {
	id := s.cookie(r, cookieSession)
	if id == "" {
		return v, false, nil
	}
	if v, err = get[Session](ctx, s, spaceSession, id); err != nil {
		return Session{}, false, nothing(err)
	}
	return v, s.Now().Before(v.Ends()), nil
}

// Change changes what is kept of the browser's session, and does nothing where it
// has none. do may run more than once.
func (s *Sessions) Change(ctx context.Context, r *http.Request, do func(*Session)) error {
	id := s.cookie(r, cookieSession)
	if id == "" {
		return nil
	}
	return change(ctx, s, spaceSession, id, do)
}

// End ends the browser's session, and with it the hand-overs that it began.
func (s *Sessions) End(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	id := s.cookie(r, cookieSession)
	if id == "" {
		return nil
	}
	v, err := take[Session](ctx, s, spaceSession, id)
	if err := nothing(err); err != nil {
		return err
	}
	for _, key := range v.Handovers {
		if _, err := take[Handover](ctx, s, spaceHandover, key); nothing(err) != nil {
			return err
		}
	}
	s.setCookie(w, cookieSession, "", -1)
	return nil
}
