package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"slotway/fhir"
)

// Hashes are slow to make, so each is made once.
var (
	argonHash  = sync.OnceValue(func() string { return mustKey(HashPassword(rand.Reader, "testing")) })
	secondHash = sync.OnceValue(func() string { return mustKey(HashPassword(rand.Reader, "changed")) })
	bcryptHash = sync.OnceValue(func() string { return string(mustKey(bcrypt.GenerateFromPassword([]byte("testing"), bcrypt.MinCost))) })
)

// users is a register of users that tests change.
type users struct {
	mu     sync.Mutex
	hashes map[string]string
}

func (u *users) lookup(user string) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	h, ok := u.hashes[user]
	return h, ok
}

func (u *users) set(user, hash string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hashes == nil {
		u.hashes = map[string]string{}
	}
	u.hashes[user] = hash
}

func testPasswords(t testing.TB, now func() time.Time) (*Passwords, *users) {
	t.Helper()
	u := new(users)
	u.set("partner_demo", argonHash())
	u.set("old_system", bcryptHash())
	p, err := NewPasswords(PasswordsConfig{Lookup: u.lookup, Random: rand.Reader, Now: now, Hashes: 2})
	if err != nil {
		t.Fatalf("NewPasswords() = %v", err)
	}
	return p, u
}

// TestCheck: requirement S98. Wrong and unknown are the same to the caller.
func TestCheck(t *testing.T) {
	tests := []struct {
		name, user, password string
		good                 bool
	}{
		{"right", "partner_demo", "testing", true},
		{"right, bcrypt", "old_system", "testing", true},
		{"wrong", "partner_demo", "Testing", false},
		{"wrong, bcrypt", "old_system", "Testing", false},
		{"empty", "partner_demo", "", false},
		{"longer", "partner_demo", "testing ", false},
		{"unknown user", "stranger", "testing", false},
		{"unknown user, empty password", "stranger", "", false},
		{"user in other letters", "Partner_Demo", "testing", false},
		{"the hash itself", "partner_demo", argonHash(), false},
		{"very long password", "partner_demo", strings.Repeat("x", 1<<20), false},
		{"very long user", strings.Repeat("x", 1<<20), "testing", false},
	}
	p, _ := testPasswords(t, newClock().Now)
	var texts []string
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for range 2 { // the second is from memory, if any is
				id, err := p.Check(t.Context(), tc.user, tc.password, "192.0.2.1")
				if tc.good {
					if id != tc.user || err != nil {
						t.Fatalf("Check() = %q, %v, want %s", id, err, tc.user)
					}
					continue
				}
				if id != "" || fhir.KindOf(err) != fhir.Unauthenticated {
					t.Fatalf("Check() = %q, %v, want Unauthenticated", id, err)
				}
				texts = append(texts, err.Error())
			}
		})
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("answers %q and %q differ", text, texts[0])
		}
	}
}

// TestUnknownUserIsHashed: requirement S98. A user who does not exist costs a
// hash as one who does, so that the time tells nothing.
func TestUnknownUserIsHashed(t *testing.T) {
	p, _ := testPasswords(t, newClock().Now)
	if h, err := parsePHC(p.dummy); err != nil || h.memory != argonMemory || h.time != argonTime || h.threads != argonThreads {
		t.Errorf("the dummy is %q, want a hash that costs as much as a new one", p.dummy)
	}
	p.turns <- struct{}{}
	p.turns <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Check(ctx, "stranger", "x", ""); fhir.KindOf(err) != fhir.Busy {
		t.Errorf("Check() without a turn to hash = %v, want Busy", err)
	}
}

// TestRemember: a right password is hashed once in five minutes, and forgotten
// at once when it is changed or its user is gone.
func TestRemember(t *testing.T) {
	clock := newClock()
	p, u := testPasswords(t, clock.Now)
	full := func(t *testing.T, password string) error { // with no turn to hash
		t.Helper()
		p.turns <- struct{}{}
		p.turns <- struct{}{}
		defer func() { <-p.turns; <-p.turns }()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.Check(ctx, "partner_demo", password, "192.0.2.1")
		return err
	}
	if err := full(t, "testing"); fhir.KindOf(err) != fhir.Busy {
		t.Fatalf("at first: Check() = %v, want Busy", err)
	}
	if _, err := p.Check(t.Context(), "partner_demo", "testing", "192.0.2.1"); err != nil {
		t.Fatalf("Check() = %v", err)
	}
	clock.Add(rememberFor - time.Second)
	if err := full(t, "testing"); err != nil {
		t.Errorf("remembered: Check() = %v, want nil", err)
	}
	if err := full(t, "Testing"); err == nil {
		t.Error("remembered: another password is accepted")
	}
	clock.Add(time.Second)
	if err := full(t, "testing"); err == nil {
		t.Error("after five minutes the password is still remembered")
	}
	if _, err := p.Check(t.Context(), "partner_demo", "testing", "192.0.2.1"); err != nil {
		t.Fatalf("Check() = %v", err)
	}
	u.set("partner_demo", secondHash())
	if _, err := p.Check(t.Context(), "partner_demo", "testing", "192.0.2.1"); fhir.KindOf(err) != fhir.Unauthenticated {
		t.Errorf("changed: Check() with the old password = %v, want Unauthenticated", err)
	}
	if _, err := p.Check(t.Context(), "partner_demo", "changed", "192.0.2.1"); err != nil {
		t.Errorf("changed: Check() with the new password = %v, want nil", err)
	}
	delete(u.hashes, "partner_demo")
	if _, err := p.Check(t.Context(), "partner_demo", "changed", "192.0.2.1"); fhir.KindOf(err) != fhir.Unauthenticated {
		t.Errorf("gone: Check() = %v, want Unauthenticated", err)
	}
}

// TestThrottle: requirement S76. Ten wrong passwords in a minute stop a user from
// an address, and nobody else.
func TestThrottle(t *testing.T) {
	clock := newClock()
	p, u := testPasswords(t, clock.Now)
	u.set("partner_demo", bcryptHash()) // quick to check
	check := func(user, password, addr string) error {
		_, err := p.Check(t.Context(), user, password, addr)
		return err
	}
	if err := check("partner_demo", "testing", "198.51.100.1"); err != nil {
		t.Fatalf("Check() = %v", err)
	}
	for i := range failuresByUser {
		if err := check("partner_demo", "guess", "198.51.100.1"); fhir.KindOf(err) != fhir.Unauthenticated {
			t.Fatalf("guess %d: Check() = %v, want Unauthenticated", i+1, err)
		}
	}
	throttled := func(err error) bool {
		e := fhir.AsError(err)
		return err != nil && e.Kind == fhir.Busy && e.Code == "throttled"
	}
	if err := check("partner_demo", "guess", "198.51.100.1"); !throttled(err) {
		t.Errorf("guess 11: Check() = %v, want Busy with code throttled", err)
	}
	if err := check("partner_demo", "testing", "198.51.100.1"); err != nil {
		t.Errorf("remembered password: Check() = %v, want nil", err)
	}
	if err := check("partner_demo", "testing", "203.0.113.9"); err != nil {
		t.Errorf("another address: Check() = %v, want nil", err)
	}
	if err := check("old_system", "testing", "198.51.100.1"); err != nil {
		t.Errorf("another user: Check() = %v, want nil", err)
	}
	clock.Add(failureWindow - time.Second)
	if err := check("partner_demo", "guess", "198.51.100.1"); !throttled(err) {
		t.Errorf("59 s later: Check() = %v, want Busy with code throttled", err)
	}
	clock.Add(time.Second)
	if err := check("partner_demo", "guess", "198.51.100.1"); fhir.KindOf(err) != fhir.Unauthenticated {
		t.Errorf("a minute later: Check() = %v, want Unauthenticated", err)
	}
}

// TestThrottleByAddress: guessing at many users from one address is stopped too,
// before it costs hashes, and is counted in bounded memory (S92).
func TestThrottleByAddress(t *testing.T) {
	clock := newClock()
	p, _ := testPasswords(t, clock.Now)
	for i := range failuresByPlace + 1 {
		p.failures.add(fmt.Sprint("user", i), "198.51.100.1", clock.Now())
	}
	if _, err := p.Check(t.Context(), "partner_demo", "testing", "198.51.100.1"); fhir.AsError(err).Code != "throttled" {
		t.Errorf("Check() = %v, want Busy with code throttled", err)
	}
	if _, err := p.Check(t.Context(), "partner_demo", "testing", "198.51.100.2"); err != nil {
		t.Errorf("another address: Check() = %v, want nil", err)
	}
	for i := range 2 * maxFailureCounts {
		p.failures.add("user", fmt.Sprint(i), clock.Now())
	}
	if got := p.failures.counts.Len(); got > maxFailureCounts {
		t.Errorf("%d counts are kept, want %d or fewer", got, maxFailureCounts)
	}
}

// TestHashesAreBounded: requirement S94. Who gets no turn to hash within two
// seconds is Busy; a remembered password needs none.
func TestHashesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := testPasswords(t, time.Now)
		if _, err := p.Check(t.Context(), "old_system", "testing", ""); err != nil {
			t.Fatalf("Check() = %v", err)
		}
		p.turns <- struct{}{}
		p.turns <- struct{}{}
		start := time.Now()
		_, err := p.Check(t.Context(), "partner_demo", "testing", "")
		if e := fhir.AsError(err); e.Kind != fhir.Busy || e.Code != "" || time.Since(start) != hashWait {
			t.Errorf("Check() = %v after %v, want Busy after %v", err, time.Since(start), hashWait)
		}
		if _, err := p.Check(t.Context(), "old_system", "testing", ""); err != nil {
			t.Errorf("remembered: Check() = %v, want nil", err)
		}
	})
}

// TestManyAtOnce: many connections that bring one password for the first time
// all get in, with little hashing.
func TestManyAtOnce(t *testing.T) {
	p, _ := testPasswords(t, newClock().Now)
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			if _, err := p.Check(t.Context(), "partner_demo", "testing", ""); err != nil {
				t.Errorf("Check() = %v, want nil", err)
			}
		})
	}
	wait.Wait()
}

// TestHashPassword: the form at rest, and that no two are alike.
func TestHashPassword(t *testing.T) {
	a, b := argonHash(), mustKey(HashPassword(rand.Reader, "testing"))
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(a, "testing") {
		t.Errorf("HashPassword() = %q and %q", a, b)
	}
	if err := CheckHash(a); err != nil {
		t.Errorf("CheckHash(%q) = %v", a, err)
	}
	if _, err := HashPassword(strings.NewReader("short"), "x"); err == nil {
		t.Error("HashPassword() without enough randomness gives no error")
	}
	if _, err := NewPasswords(PasswordsConfig{Random: strings.NewReader("short")}); err == nil {
		t.Error("NewPasswords() without enough randomness gives no error")
	}
}

// TestKnownHash: a hash that another program made (argon2 of the reference
// implementation, password "password", salt "somesalt").
func TestKnownHash(t *testing.T) {
	const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if err := CheckHash(hash); err != nil {
		t.Fatalf("CheckHash() = %v", err)
	}
	if !matches(hash, "password") || matches(hash, "Password") {
		t.Error("matches() disagrees with the reference implementation")
	}
}

// TestCheckHash: what cannot be a stored hash is refused, without showing it.
func TestCheckHash(t *testing.T) {
	const salt, key = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	argon := func(costs string) string { return "$argon2id$v=19$" + costs + "$" + salt + "$" + key }
	bad := []string{
		"", "testing", "{SHA}x", "$", "$$$$$", "$2", "$2a$", "$2a$10$short", "$2a$31$" + strings.Repeat("a", 53), "$2x$99$" + strings.Repeat("a", 53),
		"$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key, "$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key,
		argon("m=256,t=2"), argon("m=256,t=2,p=0"), argon("m=0,t=2,p=1"), argon("m=256,t=0,p=1"), argon("m=7,t=2,p=1"), argon("m=-1,t=2,p=1"),
		argon("m=4294967296,t=2,p=1"), argon("m=4194304,t=2,p=1"), argon("m=256,t=17,p=1"), argon("m=256,t=2,p=256"), argon("m=256,t=2,p=1,x=1"), argon("m=0256,t=2,p=1"),
		argon("t=2,m=256,p=1"), argon("m=256,t=2,p=1 "), "$argon2id$v=19$m=256,t=2,p=1$" + salt + "=$" + key, "$argon2id$v=19$m=256,t=2,p=1$c2E$" + key,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$c2E", "$argon2id$v=19$m=256,t=2,p=1$" + salt, argon("m=256,t=2,p=1") + "$",
	}
	for _, stored := range bad {
		err := CheckHash(stored)
		if err == nil {
			t.Errorf("CheckHash(%q) = nil, want an error", stored)
		} else if len(stored) > 10 && strings.Contains(err.Error(), stored) {
			t.Errorf("CheckHash(%q) = %v, which shows it", stored, err)
		}
		if matches(stored, "") || matches(stored, stored) {
			t.Errorf("matches(%q) holds", stored)
		}
	}
	if err := CheckHash(bcryptHash()); err != nil {
		t.Errorf("CheckHash(bcrypt) = %v", err)
	}
}
