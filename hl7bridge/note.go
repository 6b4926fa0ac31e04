package hl7bridge

import (
	"context"
	"errors"
	"log/slog"
)

// errPanic has no Kind, so it is answered as a fault of our own.
var errPanic = errors.New("the message could not be processed")

// note tells the log and the metrics how a message went. Nothing of its content
// is in it but MSH-10, by which it can be found.
func (x *exchange) note(a Answer, silent bool) {
	code := a.App
	switch {
	case silent:
		code = "REPLY"
	case a.Replay:
		code = "REPEATED"
	case a.Stale:
		code = "STALE"
	case a.Held:
		code = "HELD"
	case code == "":
		code = a.Code
	}
	took := x.b.Now().Sub(x.env.Received)
	if x.b.Observe != nil {
		x.b.Observe(x.env.Peer.Partner, x.event, code, took)
	}
	level, outcome := slog.LevelInfo, "a message was carried out"
	switch {
	case silent:
		level, outcome = slog.LevelWarn, "a reply came in and was dropped"
	case a.Code == "AR":
		level, outcome = slog.LevelWarn, "a message was refused"
	case a.Code == "AE":
		level, outcome = slog.LevelError, "a message could not be carried out"
	}
	attrs := []slog.Attr{slog.String("code", code), slog.Bool("replay", a.Replay), slog.Bool("stale", a.Stale), slog.Bool("held", a.Held), slog.Duration("dur", took)}
	if x.err != nil {
		attrs = append(attrs, slog.Any("err", x.err))
	}
	x.log(level, outcome, attrs...)
}

func (x *exchange) log(level slog.Level, text string, attrs ...slog.Attr) {
	if x.b.Log == nil {
		return
	}
	control := x.env.Control
	if len(control) > maxControlID {
		control = control[:maxControlID]
	}
	x.b.Log.LogAttrs(context.Background(), level, text, append([]slog.Attr{
		slog.String("partner", x.env.Peer.Partner), slog.String("transport", x.env.Peer.Transport),
		slog.String("customer", x.env.Customer.Alias), slog.String("control", control), slog.String("event", x.event),
	}, attrs...)...)
}
