package grant

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Grants names the grant types that Token answers.
func (s *Service) Grants() []string { return []string{"authorization_code", "refresh_token"} }

// Token exchanges a code or a refresh token for a new pair of tokens, for a client
// that has proved who it is. fhir.Invalid with the code invalid_request,
// invalid_grant or invalid_scope.
func (s *Service) Token(ctx context.Context, client, grantType string, form url.Values) (out auth.Granted, err error) {
	if scope := form.Get("scope"); scope != "" && scope != Scope {
		return out, fhir.Errorf(fhir.Invalid, "The scope must be %s.", Scope).Coded("invalid_scope")
	}
	var pair [2]string
	for i := range pair {
		if pair[i], err = s.secret(24); err != nil {
			return out, err
		}
	}
	var bad error // what is wrong with the code or token, where that is to be kept
	err = s.Store.Update(ctx, func(tx store.Tx) (err error) {
		bad = nil
		x := &exchange{s: s, tx: tx, client: client, form: form}
		if grantType == "refresh_token" {
			err = x.refresh(ctx)
		} else {
			err = x.code(ctx)
		}
		if x.reused != "" {
			audit.Note(tx, func(e *audit.Event) { e.Act, e.Client, e.Why = "grant.reuse", client, x.reused })
			bad = err
			return s.revoke(ctx, tx, x.t.Family, x.reused)
		}
		if err != nil {
			return err
		}
		return x.issue(ctx, pair)
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return out, err
	}
	return auth.Granted{Token: pair[0], Refresh: pair[1], Expires: accessLife, Scope: Scope}, nil
}

// exchange is one request for tokens, within an Update.
type exchange struct {
	s      *Service
	tx     store.Tx
	client string
	form   url.Values
	t      ticket // the code or token that was brought
	f      family
	held   bool   // the family is there already
	reused string // why the family is to be revoked
}

// present takes a code or refresh token, which must be known, of this client and not
// used before.
func (x *exchange) present(ctx context.Context, space, name, token string) error {
	if token == "" {
		return fhir.Errorf(fhir.Invalid, "%s is missing.", name).Coded("invalid_request")
	}
	unknown := invalidGrant("The " + name + " is not known, is not this client's, was used, was revoked or has expired. Ask the clinician to grant access again.")
	known, err := read(ctx, x.tx, space, digest(token), &x.t)
	if err != nil {
		return err
	}
	if !known {
		return unknown
	}
	if x.held, err = read(ctx, x.tx, familySpace, x.t.Family, &x.f); err != nil {
		return err
	}
	if cmp.Or(x.t.Client, x.f.Client) != x.client {
		return unknown
	}
	err = keep(ctx, x.tx, usedSpace, token, ticket{Family: x.t.Family, Expires: x.t.Expires})
	if _, again := store.IsTaken(err); again {
		x.reused = "The " + name + " was used twice."
		return invalidGrant("The " + name + " was used before, so the grant was revoked. Ask the clinician to grant access again.")
	}
	if err != nil {
		return err
	}
	var r revocation
	gone, err := read(ctx, x.tx, revokedSpace, x.t.Family, &r)
	if err == nil && (gone || !x.s.Now().Before(x.t.Expires)) {
		err = unknown
	}
	return err
}

// code checks a code (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
func (x *exchange) code(ctx context.Context) error {
	if err := x.present(ctx, codeSpace, "code", x.form.Get("code")); err != nil {
		return err
	}
	switch {
	case x.form.Get("redirect_uri") != x.t.Redirect:
		return invalidGrant("redirect_uri is not the one that the code was asked for with.")
	case !verifierForm.MatchString(x.form.Get("code_verifier")):
		return invalidGrant("code_verifier is missing, or not 43 to 128 letters, digits, -, ., _ and ~.")
	case !verifies(x.form.Get("code_verifier"), x.t.Challenge):
		return invalidGrant("code_verifier does not match the code_challenge.")
	}
	person, ok, err := x.s.People.Person(ctx, x.tx, x.t.Person)
	if err != nil {
		return err
	}
	client, known := x.s.Client(x.client)
	if !ok || !known || !person.Sees {
		return invalidGrant("Whoever granted access is not of the staff any more.")
	}
	now := x.s.Now().UTC()
	x.f = family{ID: x.t.Family, Client: x.client, Person: person.ID, Name: person.Name(), Customers: both(client.Customers, person.Customers), Granted: now}
	return nil
}

// refresh checks a refresh token (RFC 6749 section 6).
func (x *exchange) refresh(ctx context.Context) error {
	if err := x.present(ctx, refreshSpace, "refresh_token", x.form.Get("refresh_token")); err != nil {
		return err
	}
	_, _, err := x.s.parties(ctx, x.tx, x.f)
	return err
}

// issue makes the new pair.
func (x *exchange) issue(ctx context.Context, pair [2]string) error {
	now := x.s.Now().UTC()
	before := strconv.Itoa(x.f.Pairs)
	x.f.Pairs++
	x.f.Refreshed, x.f.Expires = now, now.Add(refreshLife)
	if x.held {
		if err := x.tx.Release(ctx, familySpace, x.f.ID, before); err != nil {
			return err
		}
	}
	if err := claim(ctx, x.tx, familySpace, x.f.ID, strconv.Itoa(x.f.Pairs), x.f); err != nil {
		return err
	}
	audit.Note(x.tx, func(e *audit.Event) {
		e.Act, e.Client, e.Subject, e.Reach = "grant.token", x.f.Client, x.f.Person, x.f.Customers
		e.Of = append(e.Of, x.f.ID)
	})
	if err := keep(ctx, x.tx, accessSpace, pair[0], ticket{Family: x.f.ID, Expires: now.Add(accessLife)}); err != nil {
		return err
	}
	return keep(ctx, x.tx, refreshSpace, pair[1], ticket{Family: x.f.ID, Expires: x.f.Expires})
}

// Revoke ends the grant that a token is of, when it is the client's. A token that is
// not known is no error (RFC 7009 section 2.2).
func (s *Service) Revoke(ctx context.Context, client, token string) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		for _, space := range []string{refreshSpace, accessSpace} {
			var t ticket
			known, err := read(ctx, tx, space, digest(token), &t)
			if err != nil {
				return err
			}
			var f family
			if known {
				if known, err = read(ctx, tx, familySpace, t.Family, &f); err != nil {
					return err
				}
			}
			if known && f.Client == client {
				audit.Note(tx, func(e *audit.Event) { e.Act, e.Client, e.Of = "grant.revoke", client, append(e.Of, f.ID) })
				return s.revoke(ctx, tx, f.ID, "Revoked by the client.")
			}
		}
		return nil
	})
}

var (
	verifierForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// verifies says whether a verifier is that of a challenge, by S256.
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
