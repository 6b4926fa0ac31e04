package manage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// proofParameter carries the proof of a callback.
const proofParameter = "back"

// Callbacks makes and knows the addresses by which a patient comes back from a
// partner: of the appointment's own page, and the same for an appointment each
// time, as seed 000 asks. Each carries a keyed digest of what it names, so nobody
// else can make one; without a key they are plain, and have no query.
type Callbacks struct {
	base string
	key  []byte
}

// NewCallbacks takes the origin that patients see, such as
// https://facade.example.nhs.uk, and a key of at least 32 bytes; nil makes them plain.
func NewCallbacks(base string, key []byte) Callbacks {
	return Callbacks{base: strings.TrimSuffix(base, "/"), key: key}
}

// Plain says whether callbacks are no more than the addresses of pages.
func (c Callbacks) Plain() bool { return len(c.key) == 0 }

// Path is the page of a patient's appointment.
func Path(patient, appointment string) string {
	return "/patient/" + url.PathEscape(patient) + "/appointment/" + url.PathEscape(appointment)
}

// URL is the callback of a patient's appointment.
func (c Callbacks) URL(patient, appointment string) string {
	if c.Plain() {
		return c.base + Path(patient, appointment)
	}
	return Append(c.base+Path(patient, appointment), Parameter{proofParameter, c.proof(patient, appointment)})
}

// Proven says whether a query is that of the callback of a patient's
// appointment; what else it holds does not matter.
func (c Callbacks) Proven(patient, appointment string, query url.Values) bool {
	if c.Plain() {
		return true
	}
	given := query[proofParameter]
	return len(given) == 1 && hmac.Equal([]byte(given[0]), []byte(c.proof(patient, appointment)))
}

// proof is 128 bits of a digest over both ids; a zero byte stands between them,
// which no id holds.
func (c Callbacks) proof(patient, appointment string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte("callback\x00" + patient + "\x00" + appointment))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
