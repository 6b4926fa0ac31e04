package pretend

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// token trades a code for tokens (section 3.5). A code is good once.
func (n *NHSLogin) token(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	code := r.PostFormValue("code")
	g, ok := n.codes[code]
	delete(n.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !n.proven(r):
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case !ok || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("client_id") != g.client ||
		r.PostFormValue("redirect_uri") != g.redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge || n.Now().After(g.until):
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		n.issue(w, g)
	}
}

// proven says whether the client proved by its key who it is (RFC 7523 section 3).
func (n *NHSLogin) proven(r *http.Request) bool {
	c, known := n.clients[r.PostFormValue("client_id")]
	if !known || r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return false
	}
	var a struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		ID       string `json:"jti"`
		Expires  int64  `json:"exp"`
	}
	if c.signer.Check(r.PostFormValue("client_assertion"), &a) != nil {
		return false
	}
	now, id := n.Now().Unix(), a.Issuer+" "+a.ID
	if a.Issuer != r.PostFormValue("client_id") || a.Subject != a.Issuer || a.Audience != n.Issuer+"/token" || now >= a.Expires || a.Expires > now+300 || n.used[id] {
		return false
	}
	n.used[id] = true
	return true
}

func (n *NHSLogin) issue(w http.ResponseWriter, g grant) {
	now, id, access := n.Now(), newID(), newID()
	token, err := n.Signer.Sign(map[string]any{
		"iss": n.Issuer, "sub": g.who.Subject, "aud": g.client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": id,
		"nonce": g.nonce, "auth_time": now.Unix(), "vot": g.who.Trust, "vtm": n.Issuer + "/trustmark", "nhs_number": g.who.NHSNumber,
		"birthdate": g.who.BirthDate, "family_name": g.who.FamilyName, "identity_proofing_level": g.who.Proof,
		"groups": g.who.Groups,
	})
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	n.tokens[access], n.issued[g.client+" "+id] = g.who, g.who
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "bearer", "expires_in": 3600, "scope": "openid profile", "id_token": token})
}

func (n *NHSLogin) userInfo(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	who, ok := n.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, map[string]string{
		"sub": who.Subject, "nhs_number": who.NHSNumber, "birthdate": who.BirthDate, "family_name": who.FamilyName,
		"given_name": who.GivenName, "identity_proofing_level": who.Proof,
	})
}
