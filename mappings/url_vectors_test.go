package mappings

import (
	"fmt"
	"strings"
	"testing"
)

// spellings gives a name as those write it who want it taken for a reserved parameter
// by some server, though not by us.
func spellings(name string) (all []string) {
	hex := func(s, form string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, form, s[i])
		}
		return b.String()
	}
	all = append(
		all, name, strings.ToUpper(name), strings.ToLower(name),
		hex(name[:1], "%%%02x")+name[1:], name[:len(name)-1]+hex(name[len(name)-1:], "%%%02X"),
		hex(name, "%%%02x"), hex(name, "%%%02X"), hex(strings.ToUpper(name), "%%%02x"),
		hex(name[:1], "%%25%02x")+name[1:], hex(name, "%%25%02X"), hex(name[:1], "%%2525%02x")+name[1:], hex(name[:1], "%%25%%32%%35%02x")+name[1:],
		strings.NewReplacer("k", "%e2%84%aa", "s", "%c5%bf").Replace(name), // the signs of kelvin and long s
	)
	for _, before := range []string{"+", "%20", "%09", "%0a", "%0D%0A", "%2520", "%3f", "?", "%253F"} {
		all = append(all, before+name)
	}
	for _, after := range []string{"+", "%20", "%00", "%00x", "%2500", "%5b%5d", "%5B0%5D", "%255B%255D", "%5bx", "%20%5b%5d", "%5B%25zz"} {
		all = append(all, name+after)
	}
	return all
}

// S59: a management URL brings no parameter of ours, however it is written, wherever in
// the query it stands.
func TestReservedParameters(t *testing.T) {
	const good = "https://appointments-r-us.co.uk/m"
	n := 0
	for _, name := range ReservedParameters {
		for _, spelt := range spellings(name) {
			for _, query := range []string{"?%s=x", "?%s", "?a=1&%s=x", "?a=1&&%s=x&b", "?a;%s=x", "?&%s=", "??%s=x", "?a=%%26&%s=x#f"} {
				n++
				if u := good + fmt.Sprintf(query, spelt); CheckURL(u, hosts, false) == nil {
					t.Errorf("%q is let through", u)
				}
			}
			// Elsewhere it is a text like any other.
			if strings.ContainsAny(spelt, "?") || strings.Contains(spelt, "%zz") {
				continue
			}
			for _, place := range []string{"/%s", "?a=%s", "?x%s=1", "?%sx=1", "?a=1#%s=x", "#?%s=x"} {
				n++
				u := good + fmt.Sprintf(place, spelt)
				if place == "?%sx=1" && strings.Contains(spelt, "%00") || place == "?%sx=1" && strings.Contains(spelt, "%2500") || place == "?%sx=1" && strings.Contains(strings.ToLower(spelt), "5b") {
					continue // something behind what ends the name
				}
				if err := CheckURL(u, hosts, false); err != nil {
					t.Errorf("%q: %v", u, err)
				}
			}
		}
	}
	if n < 700 {
		t.Errorf("%d vectors, want several hundred", n)
	}
}

// S59, S60: what looks like an agreed host, to people or to some parser, is not one.
func TestLookAlikeHosts(t *testing.T) {
	const host = "appointments-r-us.co.uk"
	var authorities []string
	for _, other := range []string{"evil.example", "127.0.0.1", "[::1]", "localhost", "xn--ppointments-r-us-7kj.co.uk", "0x7f.1", "2130706433"} {
		for _, form := range []string{
			"%[2]s", "%[1]s@%[2]s", "%[1]s:443@%[2]s", "%[1]s%%40%[2]s", "%[1]s%%2f@%[2]s", "%[1]s\\@%[2]s", "%[1]s;@%[2]s", "u:p@%[2]s", "@%[2]s", ":@%[2]s", "%[1]s&@%[2]s",
			"%[1]s,%[2]s", "%[1]s %[2]s", "%[2]s\\.%[1]s", "%[2]s\t.%[1]s", "%[2]s%%00.%[1]s", "%[2]s%%2e%[1]s", "%[2]s%%23.%[1]s", "%[2]s;.%[1]s", "%[2]s!.%[1]s",
			"%[1]s.%[2]s", "%[1]s-%[2]s", "%[2]s.%[1]s",
		} {
			authorities = append(authorities, fmt.Sprintf(form, host, other))
		}
	}
	for i := range len(host) { // a character is another, is missing, or is there twice
		for _, c := range []string{"", host[i:i+1] + host[i:i+1], "%" + fmt.Sprintf("%02x", host[i]), "\u0430", "\uff0e", "\u3002", "\u00ad", "\u200b", "_"} {
			authorities = append(authorities, host[:i]+c+host[i+1:])
		}
	}
	for _, more := range []string{".", "..", ":", ":0", ":65536", ":99999999999", ":-1", ":+443", ":443:443", ":4 43", ":%34%34%33", ":\uff14\uff14\uff13", "%", "%20", "\u3002", "\x00", "\t", "\n", "\r\n", "\\", "\\evil.example"} {
		authorities = append(authorities, host+more, host+more+"/")
	}
	for _, before := range []string{"www.", ".", "-", "/", "//", "\\", "\\\\", "%2f", " ", "\t", "\n", "\x00", "%00", "\u202e", "a@", "@", ":", "\ufeff"} {
		authorities = append(authorities, before+host)
	}
	n := 0
	for _, a := range authorities {
		for _, scheme := range []string{"https://", "HTTPS://"} {
			n++
			if u := scheme + a + "/m"; CheckURL(u, hosts, false) == nil {
				t.Errorf("%q is let through", u)
			}
		}
	}
	for _, scheme := range []string{
		"http://", "https:/", "https:", "https:///", "https:\\\\", "https:/\\", "//", "/", "\\\\", "", "ftp://", "javascript://", "data://", "blob:https://", "view-source:https://",
		"intent://", "https;//", "https%3a//", "https%3A%2F%2F", " https://", "\thttps://", "ht\ttps://", "h\u0442tps://", "http\u017f://", "httpss://", "wss://", "file://", "https://https://",
	} {
		n++
		if u := scheme + host + "/m"; CheckURL(u, hosts, false) == nil {
			t.Errorf("%q is let through", u)
		}
	}
	for c := rune(0); c <= 0x20; c++ { // and what is no character of a URL, anywhere
		for _, form := range []string{"https://%[1]s/%[2]cm", "https://%[1]s%[2]c/m", "%[2]chttps://%[1]s/m", "https://%[1]s/m?a=%[2]cb", "https://%[1]s/m#%[2]c", "https://%[1]s/m%[2]c"} {
			n++
			if u := fmt.Sprintf(form, host, c); CheckURL(u, hosts, false) == nil {
				t.Errorf("%q is let through", u)
			}
		}
	}
	if n < 700 {
		t.Errorf("%d vectors, want several hundred", n)
	}
	for _, same := range []string{host, strings.ToUpper(host), "Appointments-R-Us.co.uk", host + ":443", host + ":8443", host + ":00443"} {
		if err := CheckURL("https://"+same+"/m", hosts, false); err != nil {
			t.Errorf("%s: %v", same, err)
		}
	}
}
