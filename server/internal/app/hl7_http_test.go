package app

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/dispatch"
	"slotway/server/internal/journal"
)

// dialHL7 opens a connection and writes the head of a request to /hl7.
func dialHL7(t *testing.T, addr string, length int64, body string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST /hl7 HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Type: application/hl7-v2\r\nContent-Length: %d\r\n\r\n%s",
		base64.StdEncoding.EncodeToString([]byte("partner_demo:"+demoPassword)), length, body)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestHL7Limits: hl7-bridge 5.1 and 6.1 R12 and R13, requirement 7: what is declared
// or sent beyond the limit is refused, the one without reading it.
func TestHL7Limits(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	addr := strings.TrimPrefix(a.cfg.BaseURL, "http://")
	for name, conn := range map[string]net.Conn{
		"2 GiB declared":   dialHL7(t, addr, 2<<30, "MSH|"),
		"a byte too much":  dialHL7(t, addr, 1<<20+1, "MSH|^~\\&|"+strings.Repeat("x", 1<<20-8)),
		"nothing declared": dialHL7(t, addr, 0, ""),
	} {
		want := http.StatusRequestEntityTooLarge
		if name == "nothing declared" {
			want = http.StatusBadRequest
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, want)
		}
		_ = resp.Body.Close() // it was all there is
	}
}

// TestSenderGoesAway: hl7-bridge 6.1 R20: the message has its effect though its
// sender does not wait for the answer, and gets that answer when it asks again.
func TestSenderGoesAway(t *testing.T) {
	w := newWard(t)
	raw := segments(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|202605121000||ADT^A28|gone|P|2.5.1`, wardPID)
	conn := dialHL7(t, strings.TrimPrefix(w.d.base, "http://"), int64(len(raw)), raw)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	applied := func(state journal.State) bool {
		return strings.Contains(w.must("messages", "list", "--control", "gone"), " "+string(state)+" ")
	}
	for until := time.Now().Add(10 * time.Second); !applied(journal.Applied); {
		if time.Now().After(until) {
			t.Fatal("the message had no effect")
		}
	}
	ack, err := dispatch.HTTP(w.d.base+"/hl7", "partner_demo", demoPassword, nil).Send(t.Context(), []byte(raw))
	if got, _ := dispatch.ReadAnswer(ack); err != nil || got.Code != "AA" || !applied(journal.Repeated) {
		t.Errorf("sent again: %s, %v, want AA as before", got.Code, err)
	}
}
