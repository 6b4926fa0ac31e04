package hl7bridge

import (
	"context"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/hl7bridge/mllp"
)

// Listener is the bridge as MLLP listeners meet it. MLLP has no log-in: Identify gives
// the id of the partner at the other end of a connection by what the connection
// proves, such as a client certificate. It is asked anew for each message, so that a
// change takes effect on an open connection; for "" every message is refused like any
// other of a sender who is not authorised.
type Listener struct {
	Bridge   *Bridge
	Identify func(mllp.Conn) (partner string)
}

// MLLP gives the bridge for a listener whose every connection is one partner's.
func (b *Bridge) MLLP(partner string) Listener {
	return Listener{b, func(mllp.Conn) string { return partner }}
}

func (l Listener) peer(conn mllp.Conn) Peer {
	from := Peer{Partner: l.Identify(conn), Transport: "mllp"}
	if conn.RemoteAddr != nil {
		from.Address = conn.RemoteAddr.String()
	}
	return from
}

// ServeMLLP answers one frame.
func (l Listener) ServeMLLP(ctx context.Context, conn mllp.Conn, frame []byte) []byte {
	return l.Bridge.Answer(ctx, l.peer(conn), frame)
}

// OnOversize gives what is said of a message that is too long, of which only the
// beginning is there. It is refused if as much of it as MSH is readable.
func (l Listener) OnOversize(conn mllp.Conn, partial []byte) []byte {
	if m, _ := hl7.Parse(partial); m == nil {
		return nil
	}
	return l.Bridge.answer(context.Background(), l.peer(conn), partial,
		fhir.Errorf(fhir.TooLarge, "the message is too large").Coded(hl7.CodeTooLarge))
}

// OnMalformed gives what is said of a frame that goes on behind its end. Whether it
// is whole cannot be known, so it is refused.
func (l Listener) OnMalformed(conn mllp.Conn, frame []byte) []byte {
	return l.Bridge.answer(context.Background(), l.peer(conn), frame,
		fhir.Errorf(fhir.Invalid, "the end of the block must be FS and CR, with nothing behind it").
			At("MSH").Coded(hl7.CodeMSHMalformed))
}
