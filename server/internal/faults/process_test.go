package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slotway/server/internal/app"
	"slotway/server/internal/store/mongo/mongotest"
)

// childEnv makes the test binary be the server: its value is the command line.
const childEnv = "SLOTWAY_FAULTS_CHILD"

// runEnv says how much is done: short, or long; nothing skips these tests.
const runEnv = "SLOTWAY_FAULTS"

func TestMain(m *testing.M) {
	if args := os.Getenv(childEnv); args != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := app.Main(ctx, strings.Split(args, "\n"), os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	code := m.Run()
	mongotest.Stop()
	os.Exit(code)
}

// size gives how much a test does in this run, or skips it.
func size(t *testing.T, short, long int) int {
	t.Helper()
	switch os.Getenv(runEnv) {
	case "":
		t.Skip("it starts and kills processes: run .ci/faults")
	case "long":
		return long
	}
	return short
}

// canaries are of the person whom all messages of these tests are about. No log says
// them, whatever happens to the process.
var canaries = []string{"9990000018", "19800203", "1980-02-03", "Zyxwvut"}

// process is a server in a process of its own.
type process struct {
	cmd        *exec.Cmd
	base, mllp string
	ended      chan struct{}
	err        error         // how it ended
	started    time.Duration // how long it took to be ready
}

// start starts a server on a folder, under some other command where that is given,
// and waits until it is ready.
func start(t *testing.T, dir string, under []string, flags ...string) *process {
	t.Helper()
	p := &process{base: "http://" + freeAddress(t), mllp: freeAddress(t), ended: make(chan struct{})}
	args := append([]string{"demo", "--empty", "--data", dir, "--http", strings.TrimPrefix(p.base, "http://"), "--mllp", p.mllp}, flags...)
	line := append(under[:len(under):len(under)], os.Args[0])
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(args, "\n"))
	var said bytes.Buffer
	p.cmd.Stderr = &said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "Ready.") {
				close(ready)
			}
		}
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		for _, c := range canaries {
			if strings.Contains(said.String(), c) {
				t.Errorf("the log says %q:\n%s", c, &said)
			}
		}
	})
	select {
	case <-ready:
		p.started = time.Since(began)
	case <-p.ended:
		t.Fatalf("the server ended: %v\n%s", p.err, &said)
	case <-time.After(60 * time.Second):
		p.kill()
		t.Fatalf("the server was not ready in a minute\n%s", &said)
	}
	return p
}

// kill ends the process as a crash does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// client speaks to a server for a user who may do everything.
type client struct {
	base, token string
	http        *http.Client
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
	c := &client{base: p.base, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(c.http.CloseIdleConnections)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"demo-admin"}, "client_secret": {"demo-secret"}, "scope": {"system/*.cruds"}}
	resp, err := c.http.PostForm(p.base+"/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("no token: %v, status %d", err, resp.StatusCode)
	}
	c.token = got.Token
	return c
}

// do makes a request.
func (c *client) do(ctx context.Context, method, path string, body any, header ...string) reply {
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
	req.Header.Set("Authorization", "Bearer "+c.token)
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

// fleet is the processes of a test, some of which are killed and started again.
type fleet struct {
	members []*member
	procs   []*process
	dirs    []string
	flags   []string
}

// member is the place of a process in a fleet; while it is started again who wants to
// speak to it waits.
type member struct {
	sync.RWMutex
	client *client
}

// startFleet starts some processes, on one folder of one or on a shared store.
func startFleet(t *testing.T, n int, flags ...string) *fleet {
	f := &fleet{flags: flags}
	for i := range n {
		f.dirs = append(f.dirs, t.TempDir())
		f.procs = append(f.procs, nil)
		f.members = append(f.members, new(member))
		f.start(t, i)
	}
	return f
}

func (f *fleet) start(t *testing.T, i int) {
	f.procs[i] = start(t, f.dirs[i], nil, f.flags...)
	f.members[i].client = login(t, f.procs[i])
}

// restart kills a process and starts it again.
func (f *fleet) restart(t *testing.T, i int) {
	f.members[i].Lock()
	defer f.members[i].Unlock()
	f.procs[i].kill()
	f.start(t, i)
}

// client gives one of a process for somebody.
func (f *fleet) client(n int) *client {
	m := f.members[n%len(f.members)]
	m.RLock()
	defer m.RUnlock()
	return m.client
}

// nextOf gives the path of the next page of a bundle; none on the last.
func nextOf(t *testing.T, c *client, bundle []byte) string {
	t.Helper()
	var b struct {
		Link []struct{ Relation, URL string }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			return strings.TrimPrefix(l.URL, c.base)
		}
	}
	return ""
}
