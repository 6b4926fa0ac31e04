package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// client speaks to a server for a user who may do everything.
type client struct {
	t    *testing.T
	base string
	http *http.Client

	mu    sync.Mutex
	token string
}

type doc = map[string]any

// reply is how a request ended; status is 0 where there was no whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	err    error
	took   time.Duration
}

// login gives a client of a process.
func login(t *testing.T, p *process) *client {
	t.Helper()
	c := &client{t: t, base: p.base, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(c.http.CloseIdleConnections)
	if err := c.renew(""); err != nil {
		t.Fatal(err)
	}
	return c
}

// renew gets a token in place of one that is good no more.
func (c *client) renew(old string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != old { // another goroutine did
		return nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"load"}, "client_secret": {theSite().secret}}
	resp, err := c.http.PostForm(c.base+"/oauth2/token", form)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		return fmt.Errorf("no token: %w, status %d", err, resp.StatusCode)
	}
	c.token = got.Token
	return nil
}

func (c *client) bearer() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// do makes a request, with a new token where that it has is good no more.
func (c *client) do(ctx context.Context, method, path string, body any, header ...string) (r reply) {
	for range 5 {
		token := c.bearer()
		if r = c.once(ctx, token, method, path, body, header); r.err != nil || r.status != http.StatusUnauthorized {
			break
		}
		if err := c.renew(token); err != nil {
			return reply{err: err}
		}
	}
	return r
}

// once makes a request.
func (c *client) once(ctx context.Context, token, method, path string, body any, header []string) reply {
	began := time.Now()
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{err: err}
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, send)
	if err != nil {
		return reply{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{err: err, took: time.Since(began)}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{err: fmt.Errorf("in the middle of an answer: %w", err), took: time.Since(began)}
	}
	if resp.StatusCode >= 400 {
		private(c.t, path, b)
	}
	return reply{resp.StatusCode, resp.Header, b, nil, time.Since(began)}
}

// must makes a request that must be answered so.
func (c *client) must(t *testing.T, status int, method, path string, body any) reply {
	t.Helper()
	r := c.do(t.Context(), method, path, body)
	if r.err != nil || r.status != status {
		t.Fatalf("%s %s: %d %v, want %d: %s", method, path, r.status, r.err, status, r.body)
	}
	return r
}

// diary makes a schedule and free slots, one behind another.
func (c *client) diary(t *testing.T, slots int) {
	t.Helper()
	c.must(t, http.StatusCreated, http.MethodPut, "/R4/Schedule/diary", doc{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"display": "A clinic"}}})
	for n := range slots {
		from, to := slotTime(n)
		id := fmt.Sprint("slot-", n)
		c.must(t, http.StatusCreated, http.MethodPut, "/R4/Slot/"+id, doc{"resourceType": "Slot", "id": id, "status": "free", "schedule": doc{"reference": "Schedule/diary"}, "start": from, "end": to})
	}
}

func slotTime(n int) (from, to string) {
	at := time.Date(2030, 1, 8, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 15 * time.Minute)
	return at.Format(time.RFC3339), at.Add(15 * time.Minute).Format(time.RFC3339)
}

// identifiers are of this system, so that what was booked can be found.
const identifierSystem = "urn:faults"

// booking is a booking of a slot that can be told from others.
func booking(slot int, name string) doc {
	from, to := slotTime(slot)
	return doc{
		"resourceType": "Appointment", "status": "booked", "start": from, "end": to,
		"identifier":  []doc{{"system": identifierSystem, "value": name}},
		"slot":        []doc{{"reference": fmt.Sprint("Slot/slot-", slot)}},
		"participant": []doc{{"actor": doc{"display": "Zyxwvut"}, "status": "accepted"}},
	}
}

// ready waits until readiness is true, which it is to be within 5 seconds: the audit
// writes what it could not.
func (c *client) ready(t *testing.T) {
	t.Helper()
	began := time.Now()
	r := c.do(t.Context(), http.MethodGet, "/readyz", nil)
	why := r.body
	for r.status != http.StatusOK && time.Since(began) < time.Minute {
		time.Sleep(50 * time.Millisecond)
		r = c.do(t.Context(), http.MethodGet, "/readyz", nil)
	}
	if took := time.Since(began); r.status != http.StatusOK || took > 5*time.Second {
		t.Errorf("readiness is %d after %v: %s", r.status, took, why)
	}
}
