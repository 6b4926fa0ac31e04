package nhslogin

import (
	"time"

	"slotway/server/internal/auth"
)

// assertionLife is how long an asserted login identity may be used.
const assertionLife = time.Minute

// asserted is the claims of an asserted login identity,
// https://nhsconnect.github.io/nhslogin/single-sign-on/: no more and no fewer.
type asserted struct {
	Code    string `json:"code"` // jti of the ID token that the first service was given
	Issuer  string `json:"iss"`  // its client id
	ID      string `json:"jti"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

// Assert says to another service, through the browser, who is signed in here: the
// person whom an ID token was about. It is good once, for a minute.
func (c *Client) Assert(tokenID string) (string, error) {
	now := c.Now()
	return c.Signer.Sign(asserted{
		Code: tokenID, Issuer: c.ClientID, ID: c.NewID(), Issued: now.Unix(), Expires: now.Add(assertionLife).Unix(),
	})
}

// maxAssertion is the longest asserted login identity that is passed on, in bytes.
const maxAssertion = 4 << 10

// AssertionID gives the jti of another service's asserted login identity; ok is
// false for what has not the form of one. Whether it holds is NHS login's to say.
func AssertionID(text string) (id string, ok bool) {
	if len(text) > maxAssertion {
		return "", false
	}
	var a asserted
	if auth.Payload(text, &a) != nil || a.Code == "" || a.Issuer == "" || a.ID == "" || a.Expires == 0 {
		return "", false
	}
	return a.Issuer + "\x00" + a.ID, true
}
