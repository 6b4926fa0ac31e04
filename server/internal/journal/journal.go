// Package journal keeps what became of each HL7 message: who sent it, when, what
// it was, how it was answered, how long that took, and which versions of which
// resources it made. An entry is small and holds no patient data; the message
// itself is kept apart, encrypted, under the entry's id.
//
// It knows nothing of HL7: intake fills the entries in.
package journal

import (
	"context"
	"encoding/json"
	"time"

	"slotway/server/internal/store"
)

// State is what became of a message.
type State string

// The states.
const (
	Applied   State = "applied"   // it had an effect
	Unchanged State = "unchanged" // what it says was so already
	Stale     State = "stale"     // answered AA, and passed over: a newer one was applied before
	Repeated  State = "repeated"  // the same message again: it was given the answer of then
	Held      State = "held"      // answered AA, and held for review
	Dropped   State = "dropped"   // answered AA, and not applied: its data point was rejected in review
	Refused   State = "refused"   // answered AR
	Failed    State = "failed"    // answered AE
	Reply     State = "reply"     // itself a reply, and not answered
	Delivered State = "delivered" // sent to a partner, who took it
	GivenUp   State = "given-up"  // sent to a partner, who did not take it
)

// States gives the states, for those who ask by them.
func States() []State {
	return []State{Applied, Unchanged, Stale, Repeated, Held, Dropped, Refused, Failed, Reply, Delivered, GivenUp}
}

// Act says what an entry is the record of.
type Act string

// The acts. Empty is Receipt: a message came in.
const (
	Receipt Act = ""
	Review  Act = "review"  // a message that was held is carried out, or is not
	Sending Act = "sending" // a message of ours was sent to a partner, and answered
)

// Entry is the record of a message.
type Entry struct {
	ID       string    `json:"id"` // sorts by time
	Act      Act       `json:"act,omitempty"`
	Received time.Time `json:"received"`
	Took     int64     `json:"took,omitempty"` // microseconds, up to the commit

	Partner    string    `json:"partner"`
	Transport  string    `json:"transport"`
	Address    string    `json:"address,omitempty"`
	Charset    string    `json:"charset,omitempty"` // that the transport named
	Connecting string    `json:"connecting,omitempty"`
	Controller string    `json:"controller,omitempty"` // empty while nobody is known to be responsible
	Control    string    `json:"control"`              // MSH-10
	Event      string    `json:"event"`
	Sent       time.Time `json:"sent,omitzero"` // MSH-7
	Placer     string    `json:"placer,omitempty"`

	State  State  `json:"state"`
	Answer string `json:"answer,omitempty"` // MSA-1
	App    string `json:"app,omitempty"`    // application code of a refusal
	Text   string `json:"text,omitempty"`   // MSA-3
	// Errors are what the answer of a refusal says besides: its ERR segments, as
	// whoever fills the entry in writes them.
	Errors   json.RawMessage `json:"errors,omitempty"`
	Wrote    []string        `json:"wrote,omitempty"` // Type/id/version
	Warnings []string        `json:"warnings,omitempty"`
	Tells    string          `json:"tells,omitempty"` // Type/id/version that a message of ours told of
	Tries    int             `json:"tries,omitempty"` // how often it was sent

	Of     string `json:"of,omitempty"`     // id of the entry of the message that this is about
	Review string `json:"review,omitempty"` // id of the item in the review queue
	By     string `json:"by,omitempty"`     // who decided, or had it sent again
	Sum    string `json:"sum,omitempty"`    // SHA-256 of the message, part of the key of its stored answer
}

// Stream is the stream of entries, and rawSpace the claims with the messages
// themselves, by the id of their entry. Ids sort by time, so these keys are
// written one after another.
const (
	Stream   = "messages"
	rawSpace = "raw"
)

// NewID makes the id of an entry of a time, with something random.
func NewID(at time.Time, random string) string {
	const digits = "0123456789abcdef"
	var b [13]byte
	n := at.UnixMicro()
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[n&15]
		n >>= 4
	}
	return string(b[:]) + random[max(len(random)-8, 0):]
}

// Append adds an entry, and the sealed message where there is one.
func Append(ctx context.Context, tx store.Tx, e Entry, sealed []byte) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := tx.Append(ctx, Stream, b); err != nil || sealed == nil {
		return err
	}
	return tx.Claim(ctx, store.Claim{Space: rawSpace, Key: e.ID, Holder: e.Partner, Payload: sealed})
}

// Forget takes the message of an entry away.
func Forget(ctx context.Context, tx store.Tx, e Entry) error {
	return tx.Release(ctx, rawSpace, e.ID, e.Partner)
}

// Sealed gives the message of an entry, sealed as it was. fhir.NotFound when it
// was not kept, or not so long.
func Sealed(ctx context.Context, r store.Reader, id string) ([]byte, error) {
	c, err := r.Claimed(ctx, rawSpace, id)
	return c.Payload, err
}

// Reseal gives the messages that are kept other sealed forms; again answers nil for
// those that stay as they are. It gives how many it changed.
func Reseal(ctx context.Context, s store.Store, again func(sealed []byte) []byte) (int, error) {
	return store.Rewrite(ctx, s, rawSpace, func(sealed []byte) ([]byte, error) { return again(sealed), nil })
}
