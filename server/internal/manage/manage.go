// Package manage takes a patient to the page where a partner lets them manage an
// appointment, and makes the address by which they come back.
//
// It knows addresses and nothing else: who may go, and who has come back, is
// settled by whoever calls it.
package manage

import (
	"net/url"
	"strings"
)

// Parameter is a query parameter to append to an address; neither part is
// encoded yet.
type Parameter struct{ Name, Value string }

// The parameters of a hand-over (seed 000). NHS login knows the assertion as
// asserted_login_identity; between partners it is written as here.
const (
	Callback = "pkbCallback"
	Identity = "assertedLoginIdentity"
	Prompt   = "prompt"
)

// Outbound gives the address to send a patient to: a partner's management URL
// with the callback, the assertion of who they are and the prompt appended. An
// assertion or a prompt that is empty is left out.
func Outbound(managementURL, callback, assertion, prompt string) string {
	return Append(managementURL, Parameter{Callback, callback}, Parameter{Identity, assertion}, Parameter{Prompt, prompt})
}

// Append adds parameters to the query of an address, before its fragment. Every
// byte of the address stays as it is, percent-escapes included; names and values
// are encoded once (RFC 3986, section 3.4). A parameter without value is left
// out.
//
// A query begins at the first question mark; later ones are part of it. So it is
// what stands behind the first that says how to go on: nothing or a final "&"
// needs no separator.
func Append(address string, add ...Parameter) string {
	head, fragment, found := strings.Cut(address, "#")
	var b strings.Builder
	b.Grow(len(address) + 64)
	b.WriteString(head)
	separator := "?"
	if _, query, has := strings.Cut(head, "?"); has {
		separator = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			separator = ""
		}
	}
	for _, p := range add {
		if p.Value == "" {
			continue
		}
		b.WriteString(separator)
		b.WriteString(escape(p.Name))
		b.WriteByte('=')
		b.WriteString(escape(p.Value))
		separator = "&"
	}
	if found {
		b.WriteByte('#')
		b.WriteString(fragment)
	}
	return b.String()
}

// escape writes a blank as %20: a plus is a blank in forms only.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
