package hl7bridge

import (
	"context"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/hl7bridge/mllp"
)

// MLLP gives a handler for a listener whose every connection is a partner's:
// MLLP has no login, so a listener stands for one partner.
func (b *Bridge) MLLP(partner string) mllp.Handler {
	return b.MLLPBy(func(mllp.Conn) string { return partner })
}

// MLLPBy gives a handler for a listener that knows partners by something of the
// connection, such as a client certificate. identify gives a partner's id; for
// one that is not known every message is refused like any other of a sender who
// is not authorised.
func (b *Bridge) MLLPBy(identify func(mllp.Conn) (partner string)) mllp.Handler {
	return handler{b, identify}
}

type handler struct {
	b        *Bridge
	identify func(mllp.Conn) string
}

// ServeMLLP answers one frame.
func (h handler) ServeMLLP(ctx context.Context, conn mllp.Conn, frame []byte) []byte {
	from := Peer{Partner: h.identify(conn), Transport: "mllp"}
	if conn.RemoteAddr != nil {
		from.Address = conn.RemoteAddr.String()
	}
	return h.b.Answer(ctx, from, frame)
}

// OnOversize gives what a server of a partner's listener says of a message that
// is too long, of which only the beginning is there. It is refused if as much of
// it as MSH is readable.
func (b *Bridge) OnOversize(partner string) func(partial []byte) []byte {
	return func(partial []byte) []byte {
		if m, _ := hl7.Parse(partial); m == nil {
			return nil
		}
		return b.answer(context.Background(), Peer{Partner: partner, Transport: "mllp"}, partial,
			fhir.Errorf(fhir.TooLarge, "the message is too large").Coded(hl7.CodeTooLarge))
	}
}

// OnMalformed gives what a server of a partner's listener says of a frame that
// goes on behind its end. Whether it is whole cannot be known, so it is refused.
func (b *Bridge) OnMalformed(partner string) func(frame []byte) []byte {
	return func(frame []byte) []byte {
		return b.answer(context.Background(), Peer{Partner: partner, Transport: "mllp"}, frame,
			fhir.Errorf(fhir.Invalid, "the end of the block must be FS and CR, with nothing behind it").
				At("MSH").Coded(hl7.CodeMSHMalformed))
	}
}
