// Package hl7bridge answers each HL7 v2 message with an acknowledgement, whatever
// happens. It checks who sends it and whether they may, reads by the tables of
// package mappings what it asks for, and gives that to an Applier; every outcome
// becomes an answer by the one table in errors.go.
//
//	bytes -> hl7.Parse -> header -> sender and grant -> mappings.Map -> Applier -> acknowledgement
//
// It knows nothing of stores, and of transports only that there is a Peer.
package hl7bridge

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// Bridge answers messages. Its fields are set once, before first use; it may
// then be used by many at the same time.
type Bridge struct {
	Applier   Applier
	Directory Directory
	Now       func() time.Time
	NewID     func() string // unique, for MSH-10 of acknowledgements
	Log       *slog.Logger  // nil: nothing is logged

	App, Facility string // MSH-3 and MSH-4 of acknowledgements; App is HL7API when empty
	Strict        bool   // refuse a MSH-12 that is no version from 2.1 to 2.9

	// Began, when not nil, is told of every message that comes in, and from whom;
	// Observe is told of each of them once.
	Began func(partner string)
	// Observe is told of every message: who sent it, its event ("other" for one
	// not in the event table), what came of it (AA, REPEATED, STALE, HELD, REPLY, or
	// the application code of a refusal), and the time it took.
	Observe func(partner, event, code string, took time.Duration)
}

// Answer carries out a message and gives the acknowledgement, one whole message
// to be written at once. It is nil when there is nothing to say: the message is
// itself a reply, or its sender wants no acknowledgement (MSH-15, MSH-16).
//
// An answer that is not AE is given only after the effect, or the record of the
// refusal, is durable.
//
// From a partner who sends batches, a file of messages is taken as well, and answered
// with one of acknowledgements.
func (b *Bridge) Answer(ctx context.Context, from Peer, raw []byte) (ack []byte) {
	if b.takesFiles(from, raw) {
		return b.answerFile(ctx, from, raw)
	}
	return b.answer(ctx, from, raw, nil)
}

// answer is Answer; a message with a fault of its transport is refused for it.
func (b *Bridge) answer(ctx context.Context, from Peer, raw []byte, fault error) []byte {
	if b.Began != nil {
		b.Began(from.Partner)
	}
	x := &exchange{b: b, env: Envelope{Peer: from, Received: b.Now(), Raw: raw}, event: "other"}
	a, silent := x.contained(ctx, fault)
	x.note(a, silent)
	code := ackCode(x.env.Message, a)
	if silent || code == "" {
		return nil
	}
	return b.ack(a, code).Reply(x.env.Message)
}

// ack gives an answer as an acknowledgement of a code.
func (b *Bridge) ack(a Answer, code string) hl7.Ack {
	return hl7.Ack{
		Code: code, Text: a.Text, Errors: a.Errors,
		App: b.app(), Facility: b.Facility, Time: b.Now(), ID: b.NewID(),
	}
}

func (b *Bridge) app() string { return cmp.Or(b.App, "HL7API") }

// exchange is one message on its way to an answer.
type exchange struct {
	b     *Bridge
	env   Envelope
	event string // for Observe: of a bounded set
	err   error  // why it is refused, for the log
}

// contained is run; a panic becomes an answer like any other fault of ours. What
// is logged of it is where it happened: its value may quote the message.
func (x *exchange) contained(ctx context.Context, fault error) (a Answer, silent bool) {
	defer func() {
		if p := recover(); p != nil {
			x.log(slog.LevelError, "a message caused a panic", slog.String("stack", string(debug.Stack())))
			a, silent = x.afterPanic(ctx), false
		}
	}()
	return x.run(ctx, fault)
}

// afterPanic records a message that caused a panic, unless that is what panics.
func (x *exchange) afterPanic(ctx context.Context) (a Answer) {
	defer func() {
		if recover() != nil {
			a = AnswerTo(errPanic)
		}
	}()
	return x.refuse(ctx, errPanic)
}

// run takes the steps in order. Until the sender is known to be allowed, nothing
// is looked at but the header.
func (x *exchange) run(ctx context.Context, fault error) (a Answer, silent bool) {
	m, err := hl7.ParseAs(x.env.Raw, x.env.Peer.Charset)
	x.env.Message = m
	if m != nil {
		x.env.Control = string(m.ControlID())
		if event, err := mappings.EventOf(m); err == nil {
			x.event, x.env.Event = event.String(), event.String()
		}
	}
	if hl7.IsReply(m) {
		x.record(ctx, Answer{})
		return Answer{}, true
	}
	if fault != nil {
		err = fault
	}
	var in mappings.Intent
	if err == nil {
		in, err = x.understand(x.env.Received)
	}
	if err != nil {
		return x.refuse(ctx, err), false
	}
	if a, err = x.b.Applier.Apply(ctx, x.env, in, x.answerTo); err != nil {
		x.err = err
		return ours(err), false
	}
	return a, false
}

// understand finds out what the message asks for that was received then.
func (x *exchange) understand(received time.Time) (mappings.Intent, error) {
	if err := x.checkHeader(); err != nil {
		return mappings.Intent{}, err
	}
	s, err := x.authorise()
	if err != nil {
		return mappings.Intent{}, err
	}
	x.env.Connecting, x.env.Customer, x.env.Repeats = s.connecting, s.customer, s.partner.Repeats
	if err := x.checkProcessing(s.customer); err != nil {
		return mappings.Intent{}, err
	}
	event, err := mappings.EventOf(x.env.Message)
	if err != nil {
		return mappings.Intent{}, err
	}
	grant, err := s.grantFor(event)
	if err != nil {
		return mappings.Intent{}, err
	}
	if x.env.Sent, err = x.sent(s); err != nil {
		return mappings.Intent{}, err
	}
	in, err := mappings.Map(x.env.Message, options(s, grant))
	if err != nil {
		return in, err
	}
	x.env.SoftMatch = s.customer.SoftMatch
	if grant.SoftMatch != nil {
		x.env.SoftMatch = *grant.SoftMatch
	}
	in.Provenance = mappings.Provenance(x.provenance(s, received))
	return in, nil
}

func options(s sender, g Grant) mappings.Options {
	return mappings.Options{
		Zone:            s.customer.Zone,
		URLHosts:        s.partner.URLHosts,
		LoopbackURLs:    s.partner.Loopback,
		OnlyURL:         g.OnlyURL,
		RequireLocation: s.customer.RequireLocation,
		LocalIDs:        s.customer.LocalIDs,
		Habits:          s.partner.Habits,
		PartnerCodes:    s.partner.Codes,
		CustomerCodes:   s.customer.Codes,
	}
}

func (x *exchange) provenance(s sender, received time.Time) mappings.ProvenanceInput {
	connecting, _ := x.b.Directory.Customer(s.connecting)
	return mappings.ProvenanceInput{
		Control: x.env.Message.Field("MSH", 10).Text().Text, Received: received,
		Sent: x.env.Sent, Partner: s.partner.ID,
		Controller: s.customer.Alias, ControllerName: s.customer.Name,
		Connecting: s.connecting, ConnectingName: connecting.Name,
	}
}

// Give carries a message out that was kept, and gives what it is answered. It is
// Answer without an acknowledgement.
func (b *Bridge) Give(ctx context.Context, from Peer, raw []byte) Answer {
	if b.Began != nil {
		b.Began(from.Partner)
	}
	x := &exchange{b: b, env: Envelope{Peer: from, Received: b.Now(), Raw: raw}, event: "other"}
	a, silent := x.contained(ctx, nil)
	x.note(a, silent)
	return a
}

// Read says what a message that was received before asks for, as partners and
// customers are now. It has no effect.
func (b *Bridge) Read(from Peer, received time.Time, raw []byte) (Envelope, mappings.Intent, error) {
	x := &exchange{b: b, env: Envelope{Peer: from, Received: b.Now(), Raw: raw}}
	m, err := hl7.ParseAs(raw, from.Charset)
	x.env.Message = m
	if err != nil {
		return x.env, mappings.Intent{}, err
	}
	x.env.Control = string(m.ControlID())
	if event, err := mappings.EventOf(m); err == nil {
		x.env.Event = event.String()
	}
	in, err := x.understand(received)
	x.env.Received = received
	return x.env, in, err
}

// answerTo is AnswerTo that notes the error for the log.
func (x *exchange) answerTo(err error) Answer {
	x.err = err
	return AnswerTo(err)
}

// record notes a message that is not answered. That it cannot be noted is for the
// log only: there is nobody to tell.
func (x *exchange) record(ctx context.Context, a Answer) {
	if err := x.b.Applier.Refuse(ctx, x.env, a); err != nil {
		x.err = err
	}
}

// refuse records a refusal. A refusal that cannot be recorded is not given: the
// sender must not be told no and find no trace of it.
func (x *exchange) refuse(ctx context.Context, err error) Answer {
	a := x.answerTo(err)
	if err := x.b.Applier.Refuse(ctx, x.env, a); err != nil {
		x.err = err
		return ours(err)
	}
	return a
}

// ours is the answer to an error that is not of the message.
func ours(err error) Answer {
	if a := AnswerTo(err); a.Code == "AE" {
		return a
	}
	return AnswerTo(errPanic)
}
