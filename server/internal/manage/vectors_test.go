package manage

import (
	"net/url"
	"strings"
	"testing"
)

// Security-reliability S58: what is appended, byte by byte, to every shape of address
// that the policy lets through and to some that it does not.
func TestAppendVectors(t *testing.T) {
	heads := []string{
		"https://appointments-r-us.co.uk", "https://appointments-r-us.co.uk/", "https://appointments-r-us.co.uk/manage/123", "HTTPS://Appointments-R-Us.CO.UK:443/m",
		"https://appointments-r-us.co.uk:8443//a//b/../c/./", "https://appointments-r-us.co.uk/%2e%2E/%2f%5c%23%3f", "https://appointments-r-us.co.uk/a;b=c,d:e@f!$'()*",
		"https://appointments-r-us.co.uk/%e2%82%ac/%E2%82%AC/~%7e", "http://127.0.0.1:8080/m", "https://appointments-r-us.co.uk/a+b%20c", "/relative", "",
	}
	queries := []struct{ query, separator string }{
		{"", "?"},
		{"?", ""},
		{"??", "&"},
		{"???", "&"},
		{"?123", "&"},
		{"?a", "&"},
		{"?a=", "&"},
		{"?=", "&"},
		{"?a=1", "&"},
		{"?a=1&", ""},
		{"?&", ""},
		{"?&&", ""},
		{"?a=1&b=2", "&"},
		{"?a=1;b=2", "&"},
		{"?a=1;", "&"},
		{"?a=b?c", "&"},
		{"?a=b?", "&"},
		{"?a=%26", "&"},
		{"?a=%26&", ""},
		{"?a=%3F", "&"},
		{"?%3f", "&"},
		{"?a=%2520", "&"},
		{"?a=b+c%20d", "&"},
		{"?u=https%3A%2F%2Fx.example%3Fq%3D1%26r%3D2", "&"},
		{"?u=https://x.example/?q=1", "&"},
		{"?a=%c3%a9&A=%C3%A9", "&"},
		{"?a=1&a=1&a=1", "&"},
		{"?a[]=1", "&"},
		{"?a=%zz", "&"},
		{"?a=%", "&"},
		{"?x=\u00e9", "&"},
		{"?promptly=1", "&"},
	}
	fragments := []string{"", "#", "#part", "#a?b", "#?", "#a&b=c", "#/route?pkbCallback=x", "##", "#%23"}
	callbacks := []struct{ plain, coded string }{
		{"https://my.example/patient/1/appointment/2", "https%3A%2F%2Fmy.example%2Fpatient%2F1%2Fappointment%2F2"},
		{"https://my.example/p?a=b&c=d%20e#f +\u00e9", "https%3A%2F%2Fmy.example%2Fp%3Fa%3Db%26c%3Dd%2520e%23f%20%2B%C3%A9"},
	}
	n := 0
	for _, head := range heads {
		for _, q := range queries {
			for _, fragment := range fragments {
				for _, c := range callbacks {
					for _, sso := range []struct{ identity, prompt, added string }{{"", "", ""}, {"a.b_c.d-e", "", "&assertedLoginIdentity=a.b_c.d-e"}, {"a.b.c", "none", "&assertedLoginIdentity=a.b.c&prompt=none"}} {
						n++
						want := head + q.query + q.separator + "pkbCallback=" + c.coded + sso.added + fragment
						if got := Outbound(head+q.query+fragment, c.plain, sso.identity, sso.prompt); got != want {
							t.Fatalf("Outbound(%q) =\n%s, want\n%s", head+q.query+fragment, got, want)
						}
					}
				}
			}
		}
	}
	if n < 10_000 {
		t.Errorf("%d vectors, want thousands", n)
	}
}

// Whatever a callback holds comes out as it went in, and adds nothing to the address.
func TestAppendHostileValues(t *testing.T) {
	for _, value := range []string{
		"x&prompt=login", "x#y", "x?y", "x%26prompt=login", "\r\nSet-Cookie: a=b", "a\x00b", "\"><script>", "a;b", "+", " ", "%", "%2", "\u202e", "\\", "'", "\xff",
	} {
		got := Append("https://p.example/m?a=1#f", Parameter{Callback, value}, Parameter{"n&m=" + value, "v"})
		u, err := url.Parse(got)
		if err != nil || strings.ContainsAny(got, "\r\n\x00\"<> \\") {
			t.Errorf("Append(%q) = %q (%v)", value, got, err)
			continue
		}
		if q := u.Query(); len(q) != 3 || q.Get(Callback) != value || q.Get("n&m="+value) != "v" || u.Fragment != "f" {
			t.Errorf("Append(%q) = %q", value, got)
		}
	}
}
