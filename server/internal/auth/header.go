package auth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"slotway/fhir"
)

// Bearer gives the access token of a request (RFC 6750 section 2.1). It is looked
// for in the Authorization header and nowhere else. Without one the error is
// Unauthenticated and has no code, so that Challenge invites rather than
// complains; two headers are Invalid.
func Bearer(h http.Header) (token string, err error) {
	credentials, err := authorization(h, "Bearer")
	if err != nil {
		return "", err
	}
	if !isToken(credentials) {
		return "", refuse("header", "Authorization must be Bearer, one blank, and the token")
	}
	return credentials, nil
}

// tokenBytes are those of a b64token (RFC 6750 section 2.1), but for the = at its end.
var tokenBytes = func() (is [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/") {
		is[c] = true
	}
	return is
}()

func isToken(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if !tokenBytes[body[i]] {
			return false
		}
	}
	return s != ""
}

// Basic gives the user and the password of a request (RFC 7617), which are read
// as UTF-8. The password may hold colons. A header that is absent or not in this
// form is Unauthenticated; two headers are Invalid.
func Basic(h http.Header) (user, password string, err error) {
	credentials, err := authorization(h, "Basic")
	if err != nil {
		return "", "", err
	}
	malformed := fhir.Errorf(fhir.Unauthenticated, "Authorization must be Basic, one blank, and user:password in UTF-8 as base64 (RFC 7617).")
	if strings.ContainsAny(credentials, "\r\n") {
		return "", "", malformed
	}
	b, err := base64.StdEncoding.Strict().DecodeString(credentials)
	if err != nil || !utf8.Valid(b) || strings.ContainsFunc(string(b), isControl) {
		return "", "", malformed
	}
	user, password, ok := strings.Cut(string(b), ":")
	if !ok || user == "" {
		return "", "", malformed
	}
	return user, password, nil
}

// isControl says whether a rune is a control character.
func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// authorization gives what follows a scheme in the one Authorization header.
func authorization(h http.Header, scheme string) (string, error) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", fhir.Errorf(fhir.Invalid, "There must be one Authorization header, not several.").Coded(codeRequest).At("Authorization")
	}
	var got, credentials string
	if len(values) == 1 {
		got, credentials, _ = strings.Cut(strings.Trim(values[0], " \t"), " ")
	}
	if !strings.EqualFold(got, scheme) {
		return "", fhir.Errorf(fhir.Unauthenticated, "This needs an Authorization header with the scheme %s.", scheme)
	}
	return strings.Trim(credentials, " "), nil
}

// Challenge gives the value of WWW-Authenticate for an error of Bearer, Verify or
// Demand (RFC 6750 section 3). An error without one of the RFC's codes gets no
// error attribute.
func Challenge(realm string, err error) string {
	e := fhir.AsError(err)
	s := "Bearer realm=" + quoted(realm)
	switch e.Code {
	case codeRequest, codeToken, codeScope:
		s += ", error=" + quoted(e.Code) + ", error_description=" + quoted(e.Text)
	}
	if scope, ok := e.Cause.(missingScope); ok {
		s += ", scope=" + quoted(string(scope))
	}
	return s
}

// quoted writes a quoted-string of the characters RFC 6750 section 3 allows.
func quoted(s string) string {
	return `"` + strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s) + `"`
}
