package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"slotway/fhir"
)

const (
	rememberFor   = 5 * time.Minute // a password that was right is not hashed again
	maxRemembered = 10_000
	hashWait      = 2 * time.Second // a check waits so long for a turn to hash

	failureWindow    = time.Minute
	failuresByUser   = 10  // wrong passwords in a window for one user from one address
	failuresByPlace  = 100 // and from one address, whatever the user
	maxFailureCounts = 10_000

	maxUser     = 256  // bytes
	maxPassword = 1024 // bytes
)

// CodeThrottled marks the Busy of somebody who guessed too often, which HTTP
// answers with 429.
const CodeThrottled = "throttled"

// PasswordsConfig is what Passwords are made from.
type PasswordsConfig struct {
	Lookup func(user string) (hash string, ok bool) // the stored hash of a user who may come in
	Random io.Reader
	Now    func() time.Time
	Hashes int // password hashes at one time, usually the number of cores; 0 is 1
}

// Passwords checks users and their passwords. Hashing is slow on purpose and
// Basic sends the password with every request, so a password that was right is
// remembered for a while, as a keyed digest that is of no use outside this
// process. It is safe for concurrent use.
type Passwords struct {
	lookup   func(string) (string, bool)
	now      func() time.Time
	key      [32]byte // of the digests
	dummy    string   // hashed against for users who do not exist, so that the time tells nothing
	turns    chan struct{}
	good     *lru.Cache[[sha256.Size]byte, time.Time] // until when a digest is known to be right
	failures failures
}

// NewPasswords makes a checker. It fails only when random does.
func NewPasswords(cfg PasswordsConfig) (*Passwords, error) {
	p := &Passwords{lookup: cfg.Lookup, now: cfg.Now, turns: make(chan struct{}, max(1, cfg.Hashes))}
	if _, err := io.ReadFull(cfg.Random, p.key[:]); err != nil {
		return nil, fmt.Errorf("making a key for passwords: %w", err)
	}
	var errs [3]error
	p.dummy, errs[0] = HashPassword(cfg.Random, "")
	p.good, errs[1] = lru.New[[sha256.Size]byte, time.Time](maxRemembered)
	p.failures.counts, errs[2] = lru.New[place, *count](maxFailureCounts)
	return p, errors.Join(errs[:]...)
}

// Check gives the id of the user whose password this is. addr is the address the
// request came from, without port. A wrong password and an unknown user are the
// same Unauthenticated, in text and in time. Too many of them are Busy with the
// code throttled, and a server short of time to hash is Busy. Neither touches
// somebody whose right password is remembered.
func (p *Passwords) Check(ctx context.Context, user, password, addr string) (id string, err error) {
	if len(user) > maxUser || len(password) > maxPassword {
		return "", wrongPassword()
	}
	stored, known := p.lookup(user)
	if !known {
		stored = p.dummy
	}
	digest := p.digest(user, stored, password)
	if until, ok := p.good.Get(digest); ok && p.now().Before(until) {
		return user, nil
	}
	if p.failures.over(user, addr, p.now()) {
		return "", throttled()
	}
	if err := p.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.turns }()
	if until, ok := p.good.Get(digest); ok && p.now().Before(until) {
		return user, nil // somebody else with the same password was first
	}
	if p.failures.over(user, addr, p.now()) {
		return "", throttled()
	}
	if !matches(stored, password) || !known {
		p.failures.add(user, addr, p.now())
		return "", wrongPassword()
	}
	p.good.Add(digest, p.now().Add(rememberFor))
	return user, nil
}

// turn waits for a turn to hash.
func (p *Passwords) turn(ctx context.Context) error {
	wait := time.NewTimer(hashWait)
	defer wait.Stop()
	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-wait.C:
	}
	return fhir.Errorf(fhir.Busy, "Too many passwords are being checked now; try again in a few seconds.")
}

// digest gives the keyed digest of a user, the stored hash and a password. A
// changed hash makes another digest, so that an old password ends at once.
func (p *Passwords) digest(user, stored, password string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, p.key[:])
	for _, s := range []string{user, stored, password} {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(s))) // a hash takes every write
		_, _ = io.WriteString(mac, s)
	}
	mac.Sum(sum[:0])
	return sum
}

// wrongPassword is the answer to a user who does not exist and to a password
// that is not the user's.
func wrongPassword() error {
	return fhir.Errorf(fhir.Unauthenticated, "The user is not known here or the password is wrong.")
}

// throttled is the answer to somebody who guesses.
func throttled() error {
	return fhir.Errorf(fhir.Busy, "Too many wrong passwords; try again in a minute.").Coded(CodeThrottled)
}

// place is whose failures are counted: a user's from an address, or with user ""
// those of an address. An outsider cannot lock out a user who comes from elsewhere.
type place struct{ user, addr string }

// count is the failures of a place in a window.
type count struct {
	since time.Time
	n     int
}

// failures counts wrong passwords.
type failures struct {
	mu     sync.Mutex
	counts *lru.Cache[place, *count]
}

// over says whether a user's or an address's failures are too many.
func (f *failures) over(user, addr string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.in(place{user, addr}, now) >= failuresByUser || f.in(place{"", addr}, now) >= failuresByPlace
}

// in gives the failures of a place in the window that now is in.
func (f *failures) in(p place, now time.Time) int {
	c, ok := f.counts.Get(p)
	if !ok || now.Sub(c.since) >= failureWindow {
		return 0
	}
	return c.n
}

// add counts a failure.
func (f *failures) add(user, addr string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range []place{{user, addr}, {"", addr}} {
		if n := f.in(p, now); n > 0 {
			c, _ := f.counts.Get(p)
			c.n++
			continue
		}
		f.counts.Add(p, &count{since: now, n: 1})
	}
}
