package auth

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"slotway/fhir"
)

// maxForm is the longest body of a token request, in bytes.
const maxForm = 16 << 10

// codeGrant is the error code of RFC 6749 section 5.2 for another grant type.
const codeGrant = "unsupported_grant_type"

// TokenHandler answers token requests (RFC 6749 section 4.4): POST of a form,
// with the client's secret in it or as Basic.
func (i *Issuer) TokenHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Pragma", "no-cache")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			writeOAuthError(w, fhir.Errorf(fhir.MethodNotAllowed, "A token is asked for with POST.").Coded(codeRequest))
			return
		}
		answer, err := i.answer(w, r)
		if err != nil {
			writeOAuthError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	})
}

// tokenAnswer is a good answer (RFC 6749 section 5.1).
type tokenAnswer struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"` // seconds
	Refresh string `json:"refresh_token,omitempty"`
	Scope   string `json:"scope"`
}

// answer reads a token request and gives the token.
func (i *Issuer) answer(w http.ResponseWriter, r *http.Request) (a tokenAnswer, err error) {
	form, err := readForm(w, r)
	if err != nil {
		return a, err
	}
	kind := form.Get("grant_type")
	switch {
	case kind == "client_credentials", i.consented(kind):
	case kind == "":
		return a, badRequest("grant_type is missing; it must be client_credentials.")
	default:
		return a, fhir.Errorf(fhir.Invalid, "The grant type must be client_credentials.").Coded(codeGrant)
	}
	id, err := i.client(r, form)
	if err != nil {
		return a, err
	}
	if i.consented(kind) {
		g, err := i.Grants.Token(r.Context(), id, kind, form)
		return tokenAnswer{Token: g.Token, Type: "Bearer", Expires: int(g.Expires.Seconds()), Refresh: g.Refresh, Scope: g.Scope}, err
	}
	token, life, granted, err := i.Issue(id, form.Get("scope"))
	return tokenAnswer{Token: token, Type: "Bearer", Expires: int(life.Seconds()), Scope: granted}, err
}

// consented says whether a grant type rests on somebody's consent.
func (i *Issuer) consented(kind string) bool {
	return i.Grants != nil && slices.Contains(i.Grants.Grants(), kind)
}

// RevokeHandler ends grants (RFC 7009). A token that is not known is no error.
func (i *Issuer) RevokeHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		err := i.revoke(w, r)
		if err != nil {
			writeOAuthError(w, err)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return fhir.Errorf(fhir.MethodNotAllowed, "A token is revoked with POST.").Coded(codeRequest)
	}
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	id, err := i.client(r, form)
	if err != nil {
		return err
	}
	if form.Get("token") == "" {
		return badRequest("token is missing.")
	}
	return i.Grants.Revoke(r.Context(), id, form.Get("token"))
}

// client gives the client of a request, which has proved who it is in one way.
func (i *Issuer) client(r *http.Request, form url.Values) (id string, err error) {
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		if len(r.Header.Values("Authorization")) > 0 || form.Has("client_secret") {
			return "", badRequest("The client may prove itself in one way: by header, by secret or by assertion.")
		}
		return i.assertedClient(r.Context(), form, i.address(r))
	}
	id, secret, err := clientOf(r, form)
	if err != nil {
		return "", err
	}
	if _, err := i.Secrets.Check(r.Context(), id, secret, i.address(r)); err != nil {
		if fhir.KindOf(err) == fhir.Unauthenticated {
			err = invalidClient()
		}
		return "", err
	}
	return id, nil
}

// readForm reads the form in a body, each name of which may be given once.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return nil, badRequest("The body must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, fhir.Errorf(fhir.TooLarge, "The body must be 16 KiB or less.").Coded(codeRequest)
	}
	if err != nil {
		return nil, badRequest("The body could not be read to its end.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("The body is not a well-formed form.")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, badRequest("Each parameter may be given once.")
		}
	}
	return form, nil
}

// clientOf gives the client and secret of a request, which come in the header or
// in the body, but not in both (RFC 6749 section 2.3).
func clientOf(r *http.Request, form url.Values) (id, secret string, err error) {
	inHeader, inBody := len(r.Header.Values("Authorization")) > 0, form.Has("client_secret")
	switch {
	case inHeader && inBody:
		return "", "", badRequest("The client may prove itself in one way, by header or by body.")
	case inHeader:
		return basicClient(r, form)
	case form.Get("client_id") == "" || !inBody:
		return "", "", invalidClient()
	}
	return form.Get("client_id"), form.Get("client_secret"), nil
}

// basicClient gives the client and secret of the Basic header, which are form
// encoded in it (RFC 6749 section 2.3.1).
func basicClient(r *http.Request, form url.Values) (id, secret string, err error) {
	user, password, err := Basic(r.Header)
	if err != nil && fhir.KindOf(err) == fhir.Invalid {
		return "", "", err
	}
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(password)
	if errors.Join(err, errID, errSecret) != nil {
		return "", "", invalidClient()
	}
	if form.Has("client_id") && form.Get("client_id") != id {
		return "", "", badRequest("client_id must be the client of the Authorization header.")
	}
	return id, secret, nil
}

// badRequest makes an error of a request that is not understood.
func badRequest(text string) *fhir.Error {
	return fhir.Errorf(fhir.Invalid, "%s", text).Coded(codeRequest)
}

// address gives the caller's address without its port.
func (i *Issuer) address(r *http.Request) string {
	if i.Address != nil {
		return i.Address(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// writeOAuthError answers with an error (RFC 6749 section 5.2).
func writeOAuthError(w http.ResponseWriter, err error) {
	e := fhir.AsError(err)
	status, code := e.Kind.Status(fhir.StyleRFC6750), e.Code
	switch {
	case e.Code == CodeThrottled:
		status, code = http.StatusTooManyRequests, "temporarily_unavailable"
		w.Header().Set("Retry-After", strconv.Itoa(int(failureWindow.Seconds())))
	case e.Kind == fhir.Busy:
		code = "temporarily_unavailable"
		w.Header().Set("Retry-After", strconv.Itoa(int(hashWait.Seconds())))
	case e.Kind == fhir.Internal:
		code = "server_error"
	case e.Kind == fhir.Unauthenticated:
		w.Header().Set("WWW-Authenticate", `Basic realm="token", charset="UTF-8"`)
	}
	writeJSON(w, status, map[string]string{"error": code, "error_description": e.Text})
}

// JWKSHandler serves the issuer's public key.
func (i *Issuer) JWKSHandler() http.Handler { return document(i.JWKS()) }

// DiscoveryHandler serves the issuer's metadata, with its paths under base.
func (i *Issuer) DiscoveryHandler(base string) http.Handler { return document(i.Discovery(base)) }

// document serves JSON that does not change.
func document(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "This is read with GET.", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = w.Write(body) // a caller who went away is no concern
	})
}

// writeJSON answers with a document.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller who went away is no concern
}

// mustJSON writes a document made of plain maps and strings.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types that cannot be written get here
	}
	return b
}
