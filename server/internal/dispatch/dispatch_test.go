package dispatch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const message = "MSH|^~\\&|A|B|C|D|20260512||SIU^S12|m1|P|2.4\r"

func ack(code, control string) string {
	return "MSH|^~\\&|C|D|A|B|20260512||ACK|x|P|2.4\rMSA|" + code + "|" + control + "|text\r"
}

// peer answers over HTTP with one of its replies after the other; the last for ever.
type reply struct {
	status int
	body   string
}

func peer(t *testing.T, replies ...reply) (Link, *atomic.Int64) {
	t.Helper()
	n := new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rep := replies[min(int(n.Add(1)), len(replies))-1]
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			rep = reply{http.StatusUnauthorized, "who are you"}
		}
		if rep.status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(rep.status)
		_, _ = w.Write([]byte(rep.body)) // the client reads it
	}))
	t.Cleanup(srv.Close)
	return HTTP(srv.URL, "u", "p", srv.Client()), n
}

func TestDeliver(t *testing.T) {
	for _, tc := range []struct {
		name    string
		replies []reply
		code    string // of the answer; empty when there is none
		err     string
		sent    int
	}{
		{"taken", []reply{{200, ack("AA", "m1")}}, "AA", "", 1},
		{"refused, which is final", []reply{{200, ack("AR", "m1")}}, "AR", "", 1},
		{"not carried out, then taken", []reply{{200, ack("AE", "m1")}, {200, ack("AA", "m1")}}, "AA", "", 2},
		{"not carried out for ever", []reply{{200, ack("AE", "m1")}}, "AE", "", 3},
		{"no answer, then taken", []reply{{0, ""}, {503, "busy"}, {200, ack("AA", "m1")}}, "AA", "", 3},
		{"no answer for ever", []reply{{0, ""}}, "", "EOF", 3},
		{"the answer to another", []reply{{200, ack("AA", "m0")}, {200, ack("AA", "m1")}}, "AA", "", 2},
		{"no acknowledgement", []reply{{200, "hello"}}, "", "no acknowledgement", 3},
		{"an address that is none", []reply{{404, "not here"}}, "", "404 Not Found: not here", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			link, n := peer(t, tc.replies...)
			var pauses []time.Duration
			p := Patience{Timeout: 10 * time.Second, Tries: 3, Pause: time.Second, Longest: time.Minute, Wait: func(_ context.Context, d time.Duration) error {
				pauses = append(pauses, d)
				return nil
			}}
			answer, err := p.Deliver(t.Context(), link, []byte(message))
			if answer.Code != tc.code || (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got %q, %v; want %q, %q", answer.Code, err, tc.code, tc.err)
			}
			// net/http itself sends again what a kept connection lost.
			if sent := int(n.Load()); sent < tc.sent || tc.err == "" && tc.replies[0].status != 0 && sent != tc.sent {
				t.Errorf("sent %d times, want %d", sent, tc.sent)
			}
			for i, d := range pauses {
				if want := time.Second << i; d != want {
					t.Errorf("pause %d is %v, want %v", i, d, want)
				}
			}
		})
	}
}

// A stop ends the waiting, and a wrong password is not tried again.
func TestDeliverEnds(t *testing.T) {
	link, _ := peer(t, reply{503, ""})
	ctx, cancel := context.WithCancel(t.Context())
	p := Patience{Timeout: 10 * time.Second, Tries: 100, Pause: time.Hour, Wait: func(ctx context.Context, d time.Duration) error {
		cancel()
		return Wait(ctx, d)
	}}
	if _, err := p.Deliver(ctx, link, []byte(message)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	link, n := peer(t, reply{200, ack("AA", "m1")})
	link.(*httpLink).password = "wrong"
	if _, err := p.Deliver(t.Context(), link, []byte(message)); err == nil || !strings.Contains(err.Error(), "401") || n.Load() != 1 {
		t.Errorf("error %v after %d tries, want 401 after one", err, n.Load())
	}
}
