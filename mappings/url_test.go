package mappings

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

var hosts = []string{"appointments-r-us.co.uk"}

// TestCheckURLAccepts: hl7-bridge 9, requirements 61 and 62; security 9, S59.
func TestCheckURLAccepts(t *testing.T) {
	for _, u := range []string{
		"https://appointments-r-us.co.uk/manage/123", // both as seed 000 prints them
		"https://appointments-r-us.co.uk/manage?123",
		"https://appointments-r-us.co.uk",
		"https://appointments-r-us.co.uk?",
		"HTTPS://Appointments-R-Us.CO.UK/m",
		"https://appointments-r-us.co.uk:8443/m",
		"https://appointments-r-us.co.uk/a%2Fb?x=%26&y=1;z=2#frag/ment?",
		"https://appointments-r-us.co.uk/m?next=https://other.example/",
		"https://appointments-r-us.co.uk//evil.example/",
		"https://appointments-r-us.co.uk/m?promptly=1&prompt_=2&xprompt=3",
		"https://appointments-r-us.co.uk/m?x=pkbCallback",
		"https://appointments-r-us.co.uk/@user",
		"https://appointments-r-us.co.uk/(a)!$'*+,;=:~_-.",
		"https://appointments-r-us.co.uk/" + strings.Repeat("a", maxURL-len("https://appointments-r-us.co.uk/")),
	} {
		if err := CheckURL(u, hosts, false); err != nil {
			t.Errorf("CheckURL(%q) = %v, want nil", u, err)
		}
	}
	for _, u := range []string{"https://h/m?a=1&b=2", "https://xn--bcher-kva.example/", "https://a1.b2.example/"} {
		if err := CheckURL(u, nil, false); err != nil {
			t.Errorf("CheckURL(%q) without agreed hosts = %v, want nil", u, err)
		}
	}
}

// TestCheckURLRefuses: hl7-bridge 6.3, R53 to R55; security-reliability D6.
func TestCheckURLRefuses(t *testing.T) {
	const good = "https://appointments-r-us.co.uk/"
	for _, u := range []string{
		good + strings.Repeat("a", maxURL+1-len(good)),
		"", " ", "x", "//appointments-r-us.co.uk/", "/manage", "manage?x",
		"javascript:alert(1)", "javascript://appointments-r-us.co.uk/%0aalert(1)", "data:text/html,x", "ftp://appointments-r-us.co.uk/",
		"http://appointments-r-us.co.uk/", "https:/appointments-r-us.co.uk/", "https:appointments-r-us.co.uk",
		"https:///appointments-r-us.co.uk/", "https://", "https:///", "https://?x", " " + good, good + " ", "\t" + good,
		"https://u:p@appointments-r-us.co.uk/", "https://appointments-r-us.co.uk@evil.example/", "https://appointments-r-us.co.uk:443@evil.example/",
		"https://evil.example/", "https://evil.example/?https://appointments-r-us.co.uk/", "https://evil.example#appointments-r-us.co.uk",
		"https://sub.appointments-r-us.co.uk/", "https://appointments-r-us.co.uk.evil.example/", "https://appointments-r-us.co.uk./",
		"https://appointments-r-us.co.uk\\@evil.example/", "https://evil.example\\.appointments-r-us.co.uk/", "https:\\\\evil.example/",
		"https://appointments-r-us.co.uk:/", "https://appointments-r-us.co.uk:0/", "https://appointments-r-us.co.uk:65536/",
		"https://appointments-r-us.co.uk:+1/", "https://appointments-r-us.co.uk:1:2/", "https://appointments-r-us.co.uk:x/",
		"https://appointments%2dr-us.co.uk/", "https://appointments-r-us。co.uk/", "https://ａppointments-r-us.co.uk/", "https://appointments-r-us.co.uK\u212a/",
		good + "a b", good + "a\nb", good + "a\r\nSet-Cookie:x", good + "\x00", good + "\x7f", good + "é", good + "\u202e",
		good + "<script>", good + `"`, good + "^", good + "`", good + "{x}", good + "|", good + `\`, good + "[x]", good + "?a[]=1",
		good + "%", good + "%2", good + "%zz", good + "%2g", good + "#a#b",
		good + "?pkbCallback=x", good + "?a=1&assertedLoginIdentity=x", good + "?prompt", good + "?a;prompt=none", good + "?PROMPT=none",
		good + "?%70rompt=x", good + "?%2570rompt=x", good + "?prompt%5B%5D=x", good + "?%20prompt=x", good + "?+prompt=x", good + "?pkb%43allback",
		good + strings.Repeat("a", maxURL),
	} {
		err := CheckURL(u, hosts, false)
		if fhir.KindOf(err) != fhir.Unprocessable {
			t.Errorf("CheckURL(%q) = %v, want a fault", u, err)
			continue
		}
		if rest := strings.TrimPrefix(u, good); len(rest) > 3 && !strings.Contains(rest, "prompt") && !strings.Contains(rest, "assertedLogin") &&
			!strings.Contains(rest, "pkb") && strings.Contains(err.Error(), rest) {
			t.Errorf("CheckURL(%q) quotes it: %v", u, err)
		}
	}
}

// TestCheckURLNumbers: a host that is a number in any spelling, or this machine.
func TestCheckURLNumbers(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "1.2.3.4", "1.2.3.0x4", "a.1", "a.0x1",
		"[::1]", "[::ffff:127.0.0.1]", "[1::2]", "localhost", "LOCALHOST", "a.localhost", "-a.example", "a-.example", "a..b", ".a", "a_b.example",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "example",
	} {
		if err := CheckURL("https://"+host+"/", nil, false); err == nil {
			t.Errorf("CheckURL with host %q = nil, want a fault", host)
		}
	}
}

func TestCheckURLLoopback(t *testing.T) {
	for _, u := range []string{"http://127.0.0.1:9000/m?x", "http://localhost:9000", "https://localhost/", "http://[::1]:9000/m", "http://app.localhost/"} {
		if err := CheckURL(u, hosts, true); err != nil {
			t.Errorf("CheckURL(%q) with loopback = %v, want nil", u, err)
		}
	}
	for _, u := range []string{
		"http://appointments-r-us.co.uk/", "http://evil.example/", "http://localhost.evil.example/", "http://127.0.0.1@evil.example/",
		"http://127.0.0.1.evil.example/", "http://[::1", "http://[::1]x/", "http://u@localhost/", "http://localhost/?prompt=1", "ftp://localhost/",
	} {
		if err := CheckURL(u, hosts, true); err == nil {
			t.Errorf("CheckURL(%q) with loopback = nil, want a fault", u)
		}
	}
}

// FuzzCheckURL: what is accepted is read the same way by net/url, names an agreed
// host and brings no reserved parameter.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://appointments-r-us.co.uk/manage?123", "https://a@b/", "https://[::1]/", "https://appointments-r-us.co.uk/?%70rompt",
		"https://appointments-r-us.co.uk:99/#x", "https://appointments-r-us.co.uk\\/", "http://127.0.0.1/",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, u string, loopback bool) {
		if CheckURL(u, hosts, loopback) != nil {
			return
		}
		parsed, err := url.Parse(u)
		if err != nil {
			t.Fatalf("CheckURL(%q) = nil, but url.Parse says %v", u, err)
		}
		host := strings.ToLower(parsed.Hostname())
		local := loopback && (host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1")
		if !local && (!slices.Contains(hosts, host) || parsed.Scheme != "https") {
			t.Errorf("CheckURL(%q) = nil, and it leads to %s://%s", u, parsed.Scheme, host)
		}
		if parsed.User != nil {
			t.Errorf("CheckURL(%q) = nil, and it has a user name", u)
		}
		for name := range parsed.Query() {
			if slices.Contains(ReservedParameters, name) {
				t.Errorf("CheckURL(%q) = nil, and it has the parameter %s", u, name)
			}
		}
		if i := strings.IndexFunc(u, func(c rune) bool { return c <= ' ' || c >= 0x7f }); i >= 0 {
			t.Errorf("CheckURL(%q) = nil, and it holds %q", u, u[i])
		}
	})
}
