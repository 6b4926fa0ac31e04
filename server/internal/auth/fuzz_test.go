package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// FuzzVerify: whatever a token is, the verifier gives a principal of a signed
// token or a refusal with a code; it never panics.
func FuzzVerify(f *testing.F) {
	for _, rows := range [][]attack{controls(), headerAttacks(), shapeAttacks(), timeAttacks()} {
		for _, tc := range rows {
			if token := forge(tc.edits...); len(token) < 4096 {
				f.Add(token)
			}
		}
	}
	v := testVerifier(f, newClock(), nil)
	f.Fuzz(func(t *testing.T, token string) {
		p, err := v.Verify(t.Context(), token)
		if err == nil {
			if p.Client != testClient || strings.Count(token, ".") != 2 {
				t.Fatalf("Verify(%q) = %v", token, p)
			}
			return
		}
		if e := fhir.AsError(err); e.Kind != fhir.Unauthenticated || e.Code != "invalid_token" {
			t.Fatalf("Verify(%q) = %v, want Unauthenticated", token, err)
		}
	})
}

// FuzzClaims: whatever claims a trusted key signs, reading them gives claims of
// the right types or a refusal. An accepted object is one that every JSON reader
// reads alike.
func FuzzClaims(f *testing.F) {
	for _, tc := range append(claimAttacks(), timeAttacks()...) {
		if parsed, err := parseToken(forge(tc.edits...)); err == nil {
			f.Add(mustKey(json.Marshal(asMap(parsed.claims))))
		}
	}
	f.Add([]byte(`{"a":{"b":[1,{"c":2}]},"a":1}`))
	f.Add([]byte(`{"iss":"\ud800","iss":"\ud801"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseObject(b)
		if err != nil {
			return
		}
		var other map[string]any
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		if err := dec.Decode(&other); err != nil || len(other) != len(o) {
			t.Fatalf("parseObject(%q) has %d members, another reader %d (%v)", b, len(o), len(other), err)
		}
		for p := range numProfiles {
			c, err := readClaims(o, p, "")
			if err == nil && (c.client == "" && p != NHSUnsigned || c.expires.IsZero() || c.expires.Unix() > maxInstant) {
				t.Fatalf("readClaims(%q) = %+v", b, c)
			}
			if err == nil {
				_ = c.inTime(testNow, p)
				_ = isAccessToken(header{}, o, c, p)
			}
		}
	})
}

// FuzzKeySet: whatever a key set is, only keys that may verify come out of it.
func FuzzKeySet(f *testing.F) {
	f.Add(testKeys())
	f.Add(setOf(jwkOf("a", &ecKey().PublicKey, "d", "AAAA")))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"","y":""}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := parseKeySet(b, false)
		if err != nil {
			return
		}
		for id, k := range set.keys {
			usable := 0
			for _, alg := range Algorithms() {
				if k.suits(alg) {
					usable++
				}
			}
			if usable == 0 || id != k.id || strings.HasPrefix(id, devKeyPrefix) {
				t.Fatalf("parseKeySet(%q) has the key %+v", b, k)
			}
		}
	})
}

// FuzzBearer: a token comes back only from a header that is Bearer, one blank or
// more, and the token.
func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer abc", "bearer a.b.c==", "Basic YTpi", "", "Bearer", "Bearer  x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		token, err := Bearer(http.Header{"Authorization": {value}})
		if err != nil {
			return
		}
		scheme, rest, _ := strings.Cut(strings.Trim(value, " \t"), " ")
		if !strings.EqualFold(scheme, "bearer") || strings.Trim(rest, " ") != token || token == "" {
			t.Fatalf("Bearer(%q) = %q", value, token)
		}
	})
}

// FuzzBasic: what is read is what was written.
func FuzzBasic(f *testing.F) {
	f.Add("partner_demo", "testing", "Basic YTpi")
	f.Add("käthe", "a:b:", "basic  YTpi")
	f.Add("", ":", "Basic =")
	f.Fuzz(func(t *testing.T, user, password, value string) {
		if u, p, err := Basic(http.Header{"Authorization": {value}}); err == nil && (u == "" || strings.Contains(u, ":") || strings.ContainsFunc(u+p, isControl)) {
			t.Fatalf("Basic(%q) = %q, %q", value, u, p)
		}
		written := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
		u, p, err := Basic(http.Header{"Authorization": {written}})
		if err == nil && u+":"+p != user+":"+password {
			t.Fatalf("Basic(%q) = %q, %q, want %q, %q", written, u, p, user, password)
		}
	})
}

// FuzzScopes: a list of scopes never allows more than its scopes do one by one,
// but for those that count together, and Known and covers agree with it.
func FuzzScopes(f *testing.F) {
	for _, tc := range scopeCases {
		f.Add(tc.scope)
	}
	for _, s := range refusedScopes {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		s := ParseScopes(list)
		for _, act := range every {
			for _, typ := range []string{"Appointment", "Slot", "Patient", "*"} {
				var single Grant
				for _, name := range s.names {
					single = max(single, ParseScopes(name).Allows(act, typ))
				}
				if got := s.Allows(act, typ); got != single {
					t.Fatalf("%q: Allows(%v, %s) = %v, one by one %v", list, act, typ, got, single)
				}
			}
		}
		for _, name := range s.names {
			if !s.covers(name) {
				t.Fatalf("%q does not cover its own %q", list, name)
			}
		}
	})
}
