package intake_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge"
	"slotway/hl7bridge/mllp"
)

// TestMLLP sends a message over a socket, as partners do (requirements 9 and 11).
func TestMLLP(t *testing.T) {
	s := stocked(t)
	b := newBridge(t, s)
	l := b.MLLP("partner_demo")
	server := &mllp.Server{Handler: l, Limits: mllp.Limits{MaxFrame: 4096}, OnOversize: l.OnOversize, OnMalformed: l.OnMalformed}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), ln) }()
	defer func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	client, err := mllp.Dial(t.Context(), ln.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, tc := range []struct {
		raw  []byte
		want string
	}{
		{msg("SIU^S12", "1", "20260512100000", book, wren), "AA 1"},
		{msg("SIU^S14", "2", "20260512100000", wren), "AR 2 SEGMENT_MISSING"}, // the connection stays open
		{msg("SIU^S15", "3", "20260512100000", "SCH|A1", wren), "AA 3"},
		{msg("SIU^S14", "4", "20260512100000", "SCH|A1", wren, "NTE|1||"+strings.Repeat("long ", 1000)), "AR 4 TOO_LARGE"}, // R12
	} {
		if err := client.Post(t.Context(), tc.raw); err != nil {
			t.Fatal(err)
		}
		ack, err := client.Receive(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if got := answered(t, ack); got != tc.want {
			t.Errorf("answer = %s, want %s", got, tc.want)
		}
	}
	if got := s.at("A1").Get("status").Text(); got != "cancelled" {
		t.Errorf("status = %s, want cancelled", got)
	}
}

func TestListener_Identify(t *testing.T) {
	h := hl7bridge.Listener{Bridge: newBridge(t, stocked(t)), Identify: func(c mllp.Conn) string {
		if c.Listener == "known" {
			return "partner_demo"
		}
		return ""
	}}
	raw := msg("SIU^S12", "1", "20260512100000", book, wren)
	if got := answered(t, h.ServeMLLP(t.Context(), mllp.Conn{Listener: "other"}, raw)); got != "AR 1 SENDER_NOT_AUTHORISED" {
		t.Errorf("answer to a stranger = %s, want AR", got)
	}
	if got := answered(t, h.ServeMLLP(t.Context(), mllp.Conn{Listener: "known"}, raw)); got != "AA 1" {
		t.Errorf("answer = %s, want AA 1", got)
	}
}

// TestBrokenFrames: hl7-bridge 5.2 and 6.1 R5: what may be cut is refused and changes nothing.
func TestBrokenFrames(t *testing.T) {
	s := stocked(t)
	l := newBridge(t, s).MLLP("partner_demo")
	whole := msg("SIU^S12", "1", "20260512100000", book, wren)
	if got := answered(t, l.OnMalformed(mllp.Conn{}, whole)); got != "AR 1 MSH_MALFORMED" {
		t.Errorf("malformed: %s, want AR 1 MSH_MALFORMED", got)
	}
	if got := answered(t, l.OnOversize(mllp.Conn{}, whole)); got != "AR 1 TOO_LARGE" {
		t.Errorf("too large: %s, want AR 1 TOO_LARGE", got)
	}
	if got := l.OnOversize(mllp.Conn{}, bytes.Repeat([]byte("x"), 100)); got != nil {
		t.Errorf("too large without MSH: %q, want nothing", got)
	}
	if got := l.OnOversize(mllp.Conn{}, msg("ACK", "1", "20260512100000")); got != nil {
		t.Errorf("a reply that is too large: %q, want nothing", got)
	}
	if len(s.stored("Appointment")) != 0 {
		t.Error("a refused message made an appointment")
	}
}
