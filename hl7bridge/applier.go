package hl7bridge

import (
	"context"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// Envelope is a message with what the bridge knows of it. Of a message that is
// refused, what comes after the fault is missing: Message is nil when not even
// MSH could be read, and Customer is zero until the sender is known to be allowed.
type Envelope struct {
	Peer       Peer
	Connecting string // MSH-4, the alias before the braces
	Customer   Customer
	SoftMatch  SoftMatch
	Repeats    Repeats
	Control    string    // MSH-10
	Event      string    // such as SIU^S14; empty when MSH-9 is not readable
	Sent       time.Time // MSH-7
	Received   time.Time
	Raw        []byte
	Message    *hl7.Message
}

// Applier carries out what a message asks for. The effect, the entry in the
// message log and the answer become durable in one commit.
//
// What it refuses it says with an error of an application code of the table in
// errors.go, or of a Kind: fhir.Busy is a store that is not available, and an
// error without a Kind is a fault of our own.
type Applier interface {
	// Apply carries out in and gives the answer that is stored with it; for a
	// message that was applied before, the answer stored then. answer makes the
	// answer of an outcome: nil for success.
	Apply(ctx context.Context, env Envelope, in mappings.Intent, answer func(error) Answer) (Answer, error)

	// Refuse records a message that has no effect: it is refused before it means
	// anything, or it is itself a reply, and the answer has no Code.
	Refuse(ctx context.Context, env Envelope, a Answer) error
}

// Answer is the outcome of a message as it is stored: what an acknowledgement is
// made of, but for its own time and id.
type Answer struct {
	Code   string         `json:"code"` // MSA-1: AA, AE or AR
	Text   string         `json:"text,omitempty"`
	App    string         `json:"app,omitempty"` // application code of the table in errors.go
	Errors []hl7.AckError `json:"errors,omitempty"`
	Replay bool           `json:"-"` // it is the stored answer of the same message
	Stale  bool           `json:"-"` // answered AA but not applied: a newer one was (design decision 7)
	Held   bool           `json:"-"` // answered AA and held for review, which the sender must not be told (D17)
}
