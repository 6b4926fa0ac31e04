package app

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// hl7-bridge 5.1, 5.2 and requirement 14: each listener has its own bounds; one
// connection too many is closed at once, and those that stand are not disturbed.
func TestListenerLimits(t *testing.T) {
	e := startEngine(t, func(*authority) string {
		return `  - {id: pas, grants: [{connecting: trust, controller: trust}]}
`
	}, func(text string) string {
		text = strings.Replace(text, "serves: [r4]", "serves: [r4], limits: {connections: 2, header: 1s}", 1)
		text = strings.Replace(text, "limits: {mllp: {", "limits: {http: {header: 5m}, mllp: {frame: 5m, ", 1) // of the others
		return strings.Replace(text, "mllp: [", `mllp: [{address: "PLAIN", partner: pas, limits: {connections: 1, frame: 1s}}, `, 1)
	})
	for name, tc := range map[string]struct {
		addr  string
		limit int
		begun string // of a request or message that never ends
	}{
		"HTTP": {e.base, 2, "GET /R4/metadata HTTP/1.1\r\n"},
		"MLLP": {e.plain, 1, "\x0bMSH|^~\\&|"},
	} {
		t.Run(name, func(t *testing.T) {
			var open []net.Conn
			dial := func() net.Conn {
				t.Helper()
				c, err := net.Dial("tcp", tc.addr)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() }) // it may be closed already
				return c
			}
			for range tc.limit {
				open = append(open, dial())
			}
			if !ends(t, dial(), 10*time.Second) {
				t.Error("a connection too many stands")
			}
			if ends(t, open[0], 50*time.Millisecond) {
				t.Error("a connection within the limit is closed")
			}
			if _, err := io.WriteString(open[0], tc.begun); err != nil {
				t.Fatal(err)
			}
			if !ends(t, open[0], time.Minute) {
				t.Error("what never ends is not cut off by the listener's own limit")
			}
			for deadline := time.Now().Add(10 * time.Second); ; {
				if c := dial(); !ends(t, c, 100*time.Millisecond) {
					break // there is room again
				}
				if time.Now().After(deadline) {
					t.Fatal("the room of a closed connection is not used again")
				}
			}
		})
	}
}

// ends says whether the peer closes a connection within a time. What it says first does
// not matter.
func ends(t *testing.T, c net.Conn, within time.Duration) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	_, err := io.Copy(io.Discard, c)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
