package faults

import (
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
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/app"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store/mongo/mongotest"
)

// childEnv makes the test binary be the server: its value is the command line.
const childEnv = "SLOTWAY_FAULTS_CHILD"

// runEnv says how much is done: short, or long; nothing skips these tests.
const runEnv = "SLOTWAY_FAULTS"

func TestMain(m *testing.M) {
	if args := os.Getenv(childEnv); args != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		now := time.Now
		if file := os.Getenv(clockEnv); file != "" {
			c, err := openClock(file)
			if err != nil {
				panic(err)
			}
			now = c.now
		}
		code := app.MainAt(ctx, now, strings.Split(args, "\n"), os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	code := m.Run()
	mongotest.Stop()
	_ = os.RemoveAll(theSite().folder)
	os.Exit(code)
}

// size gives how much a test does in this run, or skips it: what is for the short run,
// for the long one, or, as 10%, a share of that.
func size(t *testing.T, short, long int) int {
	t.Helper()
	share, ok := 0, false
	switch run := os.Getenv(runEnv); run {
	case "":
		t.Skip("it starts and kills processes: run .ci/faults")
	case "short":
		return short
	case "long":
		return long
	default:
		_, err := fmt.Sscanf(run, "%d%%", &share)
		ok = err == nil && share > 0
	}
	if !ok {
		t.Fatalf("%s is neither short nor long nor a share such as 10%%", runEnv)
	}
	return max(short, long*share/100)
}

// canaries are of the people whom all messages of these tests are about. No log, no
// metric and no refusal says them, whatever happens to the process.
var canaries = []string{"99900", "19800203", "1980-02-03", "Zyxwvut"}

// private fails the test if something that others read says who the patients are.
func private(t *testing.T, what string, said []byte) {
	t.Helper()
	for _, c := range canaries {
		if bytes.Contains(said, []byte(c)) {
			t.Errorf("%s says %q: %s", what, c, said)
		}
	}
}

// process is a server in a process of its own.
type process struct {
	cmd        *exec.Cmd
	base, mllp string
	watch      string // where its metrics are
	ended      chan struct{}
	err        error         // how it ended
	started    time.Duration // how long it took to be ready
	clock      *clock
}

// start starts a server on a folder, under some other command where that is given,
// and waits until it is ready.
func start(t *testing.T, dir string, under []string, flags ...string) *process {
	t.Helper()
	at, watch := freeAddress(t), freeAddress(t)
	p := &process{base: "http://" + at, mllp: freeAddress(t), watch: "http://" + watch, ended: make(chan struct{}), clock: newClock(t, dir)}
	args := append([]string{"serve", "--config", configOf(t, dir, at, p.mllp, watch)}, flags...)
	line := append(under[:len(under):len(under)], os.Args[0])
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(args, "\n"), clockEnv+"="+filepath.Join(dir, "clock"))
	var said bytes.Buffer
	p.cmd.Stdout, p.cmd.Stderr = &said, &said
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		private(t, "the log", said.Bytes())
		if bytes.Contains(said.Bytes(), []byte("panic")) {
			t.Errorf("it panicked: %s", &said)
		}
	})
	for {
		resp, err := http.Get(p.base + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.started = time.Since(began)
				return p
			}
		}
		select {
		case <-p.ended:
			t.Fatalf("the server ended: %v\n%s", p.err, &said)
		case <-time.After(2 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			p.kill()
			t.Fatalf("the server was not ready in a minute\n%s", &said)
		}
	}
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
	t           *testing.T
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
	c := &client{t: t, base: p.base, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(c.http.CloseIdleConnections)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"load"}, "client_secret": {theSite().secret}}
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
	mllp   string
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
	f.members[i].client, f.members[i].mllp = login(t, f.procs[i]), f.procs[i].mllp
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

// link gives a way to a process for somebody's messages.
func (f *fleet) link(n int) dispatch.Link {
	m := f.members[n%len(f.members)]
	m.RLock()
	defer m.RUnlock()
	return dispatch.MLLP(m.mllp, nil)
}

// watch gives the metrics of a process.
func watch(t *testing.T, p *process) string {
	t.Helper()
	resp, err := http.Get(p.watch + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the metrics are answered %d, %v", resp.StatusCode, err)
	}
	private(t, "the metrics", b)
	return string(b)
}

// numbers are NHS numbers of nobody.
var numbers = func() (all []string) {
	for n := 9990000000; len(all) < 500; n++ {
		if number := fmt.Sprint(n); fhir.ValidNHSNumber(number) {
			all = append(all, number)
		}
	}
	return all
}()
