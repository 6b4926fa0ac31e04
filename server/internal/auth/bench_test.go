package auth

import (
	"net/http"
	"testing"
	"time"
)

// BenchmarkVerify measures a token that was not seen before (the goal is 60 µs
// and 5 KiB) and one that is remembered (2 µs).
func BenchmarkVerify(b *testing.B) {
	tokens := map[string]string{"RS256": forge(), "ES256": forge(signed("ES256", "ec-1", es256(ecKey())))}
	for name, token := range tokens {
		b.Run("first/"+name, func(b *testing.B) {
			v := testVerifier(b, newClock(), nil)
			b.ReportAllocs()
			for b.Loop() {
				v.verified.Purge()
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("library/RS256", func(b *testing.B) { // the signature alone: what is left of first is ours
		parsed := mustKey(parseToken(tokens["RS256"]))
		b.ReportAllocs()
		for b.Loop() {
			if err := algorithms["RS256"].method.Verify(parsed.signed, parsed.signature, &rsaKey().PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		v := testVerifier(b, newClock(), nil)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), tokens["RS256"]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered/parallel", func(b *testing.B) {
		v := testVerifier(b, newClock(), nil)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := v.Verify(b.Context(), tokens["RS256"]); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		v := testVerifier(b, newClock(), nil)
		bad := forge(head("alg", "none"))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(b.Context(), bad); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

// BenchmarkBasic measures reading the header and a password that is remembered
// (the goal is 50 µs), and one that is not (40 ms).
func BenchmarkBasic(b *testing.B) {
	h := http.Header{"Authorization": {"Basic cGFydG5lcl9kZW1vOnRlc3Rpbmc="}}
	check := func(b *testing.B, p *Passwords) {
		user, password, err := Basic(h)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Check(b.Context(), user, password, "192.0.2.1"); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("remembered", func(b *testing.B) {
		p, _ := testPasswords(b, newClock().Now)
		b.ReportAllocs()
		for b.Loop() {
			check(b, p)
		}
	})
	b.Run("first", func(b *testing.B) {
		clock := newClock()
		p, _ := testPasswords(b, clock.Now)
		b.ReportAllocs()
		for b.Loop() {
			clock.Add(rememberFor + time.Second)
			check(b, p)
		}
	})
}

// BenchmarkAllows measures the question every request asks.
func BenchmarkAllows(b *testing.B) {
	s := ParseScopes(seedScopes).Within(ParseScopes(seedScopes + " system/*.rs"))
	b.ReportAllocs()
	for b.Loop() {
		if s.Allows(Book, "Appointment") != Yes {
			b.Fatal("not allowed")
		}
	}
}
