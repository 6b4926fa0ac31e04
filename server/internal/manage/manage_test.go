package manage

import (
	"net/url"
	"strings"
	"testing"
)

// Seed 000: "appended with either ? or &", existing encoding preserved, new
// values encoded once; security-reliability S61.
func TestOutbound(t *testing.T) {
	const back = "https://my.example/patient/1/appointment/2?a=b&c=d%20e"
	const coded = "https%3A%2F%2Fmy.example%2Fpatient%2F1%2Fappointment%2F2%3Fa%3Db%26c%3Dd%2520e"
	tests := []struct{ name, url, identity, prompt, want string }{
		{"seed: path", "https://appointments-r-us.co.uk/manage/123", "Y", "none", "https://appointments-r-us.co.uk/manage/123?pkbCallback=" + coded + "&assertedLoginIdentity=Y&prompt=none"},
		{"seed: query", "https://appointments-r-us.co.uk/manage?123", "", "", "https://appointments-r-us.co.uk/manage?123&pkbCallback=" + coded},
		{"no prompt", "https://p.example/m", "Y", "", "https://p.example/m?pkbCallback=" + coded + "&assertedLoginIdentity=Y"},
		{"empty query", "https://p.example/m?", "", "", "https://p.example/m?pkbCallback=" + coded},
		{"query that ends in &", "https://p.example/m?a=1&", "", "", "https://p.example/m?a=1&pkbCallback=" + coded},
		{"two question marks", "https://p.example/m??", "", "", "https://p.example/m??&pkbCallback=" + coded},
		{"a question mark at the end of a value", "https://p.example/m?a=b?", "", "", "https://p.example/m?a=b?&pkbCallback=" + coded},
		{"fragment", "https://p.example/m#part", "", "", "https://p.example/m?pkbCallback=" + coded + "#part"},
		{"fragment with a question mark", "https://p.example/m#a?b", "", "", "https://p.example/m?pkbCallback=" + coded + "#a?b"},
		{"query and fragment", "https://p.example/m?x=%2520#", "", "", "https://p.example/m?x=%2520&pkbCallback=" + coded + "#"},
		{"escapes stay as they are", "https://p.example/a%2fb?u=https%3A%2F%2Fx%3Fq%3D1&v=a+b&w=%7e", "", "", "https://p.example/a%2fb?u=https%3A%2F%2Fx%3Fq%3D1&v=a+b&w=%7e&pkbCallback=" + coded},
		{"no path", "https://p.example", "", "", "https://p.example?pkbCallback=" + coded},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := Outbound(tc.url, back, tc.identity, tc.prompt); got != tc.want {
				t.Errorf("Outbound(%q) =\n%s, want\n%s", tc.url, got, tc.want)
			}
		})
	}
}

// Design 3 (d): what stands before the fragment stays in front, the fragment
// stays last, and a reader of the query finds exactly the new values.
func FuzzAppend(f *testing.F) {
	for _, u := range []string{"https://a/b", "https://a/b?", "https://a/b??", "https://a?b#c?d", "https://a/?x=1&&", "#", "?", "", "https://a/%zz?%zz"} {
		f.Add(u, "https://my.example/?a=b&c=d#e", "a.b.c")
	}
	f.Fuzz(func(t *testing.T, address, back, identity string) {
		got := Outbound(address, back, identity, "")
		head, fragment, found := strings.Cut(address, "#")
		grown, end, kept := strings.Cut(got, "#")
		if !strings.HasPrefix(grown, head) || end != fragment || kept != found {
			t.Fatalf("Outbound(%q) = %q: what was there has changed", address, got)
		}
		added := grown[len(head):]
		want := url.Values{}
		if back != "" {
			want.Set(Callback, back)
		}
		if identity != "" {
			want.Set(Identity, identity)
		}
		values, err := url.ParseQuery(strings.TrimLeft(added, "?&"))
		if err != nil || values.Encode() != want.Encode() {
			t.Fatalf("Outbound(%q) adds %q, want the values %q (%v)", address, added, want.Encode(), err)
		}
		if _, query, has := strings.Cut(grown, "?"); len(want) > 0 && (!has || !readable(query, want)) {
			t.Fatalf("Outbound(%q) = %q: a reader of the query does not find what was added", address, got)
		}
	})
}

// readable says whether the last pairs of a query, split as every reader splits
// it, are those wanted.
func readable(query string, want url.Values) bool {
	pairs := strings.Split(query, "&")
	if len(pairs) < len(want) {
		return false
	}
	last, err := url.ParseQuery(strings.Join(pairs[len(pairs)-len(want):], "&"))
	return err == nil && last.Encode() == want.Encode()
}

func TestCallbacks(t *testing.T) {
	c := NewCallbacks("https://my.example/", []byte(strings.Repeat("k", 32)))
	address := c.URL("p 1", "a1")
	if address != c.URL("p 1", "a1") {
		t.Error("a callback is not the same each time")
	}
	u, err := url.Parse(address)
	if err != nil || u.EscapedPath() != "/patient/p%201/appointment/a1" || u.Host != "my.example" {
		t.Fatalf("URL = %q (%v)", address, err)
	}
	query := u.Query()
	query.Set(Identity, "x.y.z")
	if !c.Proven("p 1", "a1", query) {
		t.Error("a callback with an assertion appended is not known")
	}
	other := NewCallbacks("https://my.example", []byte(strings.Repeat("l", 32)))
	for _, tc := range []struct {
		name                 string
		by                   Callbacks
		patient, appointment string
		query                url.Values
	}{
		{"another patient", c, "p 2", "a1", u.Query()},
		{"another appointment", c, "p 1", "a2", u.Query()},
		{"ids that join alike", c, "p", " 1a1", u.Query()},
		{"another key", other, "p 1", "a1", u.Query()},
		{"no proof", c, "p 1", "a1", url.Values{}},
		{"two proofs", c, "p 1", "a1", url.Values{proofParameter: {query.Get(proofParameter), query.Get(proofParameter)}}},
	} {
		if tc.by.Proven(tc.patient, tc.appointment, tc.query) {
			t.Errorf("%s: taken for a callback", tc.name)
		}
	}
}
