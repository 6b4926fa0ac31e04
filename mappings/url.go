package mappings

import (
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// maxURL is how long a management URL may be, in bytes.
const maxURL = 2048

// ReservedParameters are the query parameters that are appended to a management
// URL when a patient is sent there, so it must not bring its own.
var ReservedParameters = []string{"pkbCallback", "assertedLoginIdentity", "prompt"}

// CheckURL says whether patients may be sent to a management URL (spec
// hl7-bridge 2.4): absolute, https, characters of RFC 3986 only, a plain host
// name that is one of hosts (none means any), no user name, and no query
// parameter of ReservedParameters, however it is spelt. loopback also allows http
// and https to this machine, for demonstrations.
//
// It reads the text by a grammar of its own. Parsers differ in what they take for
// the host of an odd URL (hex and octal addresses, full-width dots, backslashes),
// and it is a browser that will follow it.
//
// The error is of Kind Unprocessable and quotes nothing of the URL.
func CheckURL(u string, hosts []string, loopback bool) error {
	if u == "" || len(u) > maxURL {
		return badURL("must be a URL of at most 2,048 characters")
	}
	if err := checkCharacters(u); err != nil {
		return err
	}
	scheme, rest, found := strings.Cut(u, "://")
	secure := strings.EqualFold(scheme, "https")
	if !found || !secure && !(loopback && strings.EqualFold(scheme, "http")) {
		return badURL("must begin with https://")
	}
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	if err := checkAuthority(authority, secure, hosts, loopback); err != nil {
		return err
	}
	return checkTail(tail)
}

func badURL(text string) *fhir.Error {
	return fhir.Errorf(fhir.Unprocessable, "The management URL %s.", text)
}

// inURL has the bytes that stand for themselves in a URL.
var inURL = func() (t [256]bool) {
	for i := range t {
		c := byte(i)
		t[i] = isAlphanumeric(c) || strings.IndexByte("-._~:/?#@!$&'()*+,;=[]", c) >= 0
	}
	return t
}()

// checkCharacters admits what RFC 3986, section 2, lets stand in a URL, brackets
// apart: those belong to addresses of IPv6 only, which isLoopback knows.
func checkCharacters(u string) error {
	for i := 0; ; i += len("%2f") {
		for i < len(u) && inURL[u[i]] {
			i++
		}
		switch {
		case i == len(u):
			return nil
		case u[i] != '%':
			return badURL("must hold only the characters of RFC 3986; others are to be percent-encoded")
		case i+2 >= len(u) || !isHex(u[i+1]) || !isHex(u[i+2]):
			return badURL("must not hold a % that begins no percent-escape")
		}
	}
}

// checkAuthority reads host[:port].
func checkAuthority(authority string, secure bool, hosts []string, loopback bool) error {
	if strings.Contains(authority, "@") {
		return badURL("must not hold a user name")
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !isDigits(port) {
			return badURL("must have a port from 1 to 65535, or none")
		}
	}
	local := isLoopback(host)
	switch {
	case host == "":
		return badURL("must name a host")
	case local && loopback:
		return nil
	case local, !isHostName(host):
		return badURL("must name a host by its plain domain name, not by a number")
	case !secure:
		return badURL("must begin with https://")
	case len(hosts) > 0 && !slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) }):
		return badURL("must name a host that is agreed for this sender")
	}
	return nil
}

// isLoopback knows the usual spellings of this machine.
func isLoopback(host string) bool {
	const name = "localhost"
	switch {
	case host == "127.0.0.1", host == "[::1]":
		return true
	case len(host) > len(name) && host[len(host)-len(name)-1] != '.', len(host) < len(name):
		return false
	}
	return strings.EqualFold(host[len(host)-len(name):], name)
}

// isHostName admits labels of ASCII letters, digits and hyphens (RFC 1123,
// section 2.1) whose last begins with a letter: one that does not is read by
// browsers as the end of an IPv4 address.
func isHostName(host string) bool {
	if len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
		last = label
	}
	return !isDigits(last[:1])
}

// checkTail reads path, query and fragment.
func checkTail(tail string) error {
	if strings.IndexByte(tail, '[') >= 0 || strings.IndexByte(tail, ']') >= 0 {
		return badURL("must hold only the characters of RFC 3986; others are to be percent-encoded")
	}
	tail, fragment, _ := strings.Cut(tail, "#")
	if strings.IndexByte(fragment, '#') >= 0 {
		return badURL("must have one fragment at most")
	}
	_, query, _ := strings.Cut(tail, "?")
	for pairs := range strings.SplitSeq(query, "&") {
		for pair := range strings.SplitSeq(pairs, ";") {
			if name, _, _ := strings.Cut(pair, "="); isReserved(name) {
				return badURL("must not hold the query parameters " + strings.Join(ReservedParameters, ", "))
			}
		}
	}
	return nil
}

// isReserved says whether some server may take name for a reserved parameter:
// escaped once or more, in other letter case, after blanks or question marks, as a
// list (prompt[]), or with something behind a zero byte.
func isReserved(name string) bool {
	if !isPlain(name) {
		name = withoutDisguise(name)
	}
	return slices.ContainsFunc(ReservedParameters, func(p string) bool { return strings.EqualFold(p, name) })
}

// isPlain says that a name has nothing but letters and digits.
func isPlain(name string) bool {
	for i := range len(name) {
		if !isAlphanumeric(name[i]) {
			return false
		}
	}
	return true
}

func withoutDisguise(name string) string {
	for plain := unescape(name); plain != name; plain = unescape(name) {
		name = plain
	}
	name, _, _ = strings.Cut(name, "\x00")
	name, _, _ = strings.Cut(name, "[")
	return strings.TrimFunc(name, func(c rune) bool { return c <= ' ' || c == '?' })
}

// unescape takes away one layer of escapes, of a query. What is no escape stays, as
// lenient servers have it.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8) // it is two such digits
			b.WriteByte(byte(n))
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
