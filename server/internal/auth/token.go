package auth

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"slotway/fhir"
)

// maxToken is the longest access token that is looked at, in bytes.
const maxToken = 16 << 10

// The error codes of RFC 6750 section 3.1.
const (
	codeRequest = "invalid_request"
	codeToken   = "invalid_token"
	codeScope   = "insufficient_scope"
)

// refuse makes the error for a token that does not hold. check names the check
// that failed; why is a fixed sentence that holds nothing of the token.
func refuse(check, why string) *fhir.Error {
	return fhir.Errorf(fhir.Unauthenticated, "Access token refused (%s): %s.", check, why).Coded(codeToken)
}

// token is a JWT in compact form, read and not yet believed:
//
//	BASE64URL(header) . BASE64URL(claims) . BASE64URL(signature)
type token struct {
	header    header
	claims    object
	signed    string // what the signature is over
	signature []byte
}

// header is what the protected header of a token says that matters here. Keys
// and addresses of keys in it (jwk, jku, x5c, x5u) are never looked at: the key
// comes from the issuer's set alone (RFC 8725 section 3.10).
type header struct {
	alg, kid, typ string // typ in lower case, without application/
	hasKid        bool
}

// parseToken reads a token, strictly.
func parseToken(s string) (token, error) {
	if len(s) > maxToken {
		return token{}, refuse("size", "it is longer than 16 KiB")
	}
	if strings.Count(s, ".") != 2 {
		return token{}, refuse("shape", "it is not a signed JWT of three parts with dots between")
	}
	var parts [3][]byte
	i := 0
	for text := range strings.SplitSeq(s, ".") {
		part, err := decodeBase64(text)
		if err != nil || len(part) == 0 && i < 2 {
			return token{}, refuse("shape", "its parts must be base64url, without padding, and not empty")
		}
		parts[i] = part
		i++
	}
	h, err := parseHeader(parts[0])
	if err != nil {
		return token{}, err
	}
	if len(parts[2]) == 0 && !h.isUnsigned() {
		return token{}, refuse("shape", "its signature is empty")
	}
	claims, err := parseObjectOf(parts[1], 16)
	if err != nil {
		return token{}, refuse("claims", "the payload "+err.Error())
	}
	return token{header: h, claims: claims, signed: s[:strings.LastIndexByte(s, '.')], signature: parts[2]}, nil
}

// refusedHeaders are the header members that change how a token is to be read, and
// that nothing here reads so (RFC 7515 section 4.1.11,
// RFC 7797, RFC 7516).
var refusedHeaders = []string{"crit", "b64", "zip", "enc"}

// parseHeader reads the protected header.
func parseHeader(b []byte) (h header, err error) {
	o, err := parseObject(b)
	if err != nil {
		return h, refuse("header", "the header "+err.Error())
	}
	if slices.ContainsFunc(refusedHeaders, o.has) {
		return h, refuse("header", "crit, b64, zip and enc are not supported")
	}
	var errs [3]error
	h.alg, errs[0] = o.text("alg")
	h.kid, errs[1] = o.text("kid")
	h.typ, errs[2] = o.text("typ")
	if err := errors.Join(errs[:]...); err != nil {
		return h, refuse("header", "alg, kid and typ must be strings")
	}
	h.hasKid = o.has("kid")
	if o.has("typ") && h.typ == "" {
		return h, refuse("type", "typ is empty")
	}
	h.typ = strings.TrimPrefix(strings.ToLower(h.typ), "application/")
	return h, nil
}

// decodeBase64 reads base64url as RFC 7515 section 2 writes it: no padding, no
// other alphabet, no line breaks, no stray bits.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") { // which the decoder would skip
		return nil, errors.New("a line break")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
