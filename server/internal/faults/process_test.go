package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
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
	"slotway/server/internal/canary"
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
	if os.Getenv(runEnv) != "" { // else there is none
		_ = os.RemoveAll(theSite().folder)
	}
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

// private fails the test if something that others read says who the patients are.
func private(t *testing.T, what string, said []byte) {
	t.Helper()
	if who := canary.Find(said); who != "" {
		t.Errorf("%s says %q: %s", what, who, said)
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
	worked     time.Duration // of a processor, until then
	clock      *clock
}

// start starts a server on a folder, under some other command where that is given,
// and waits until it is ready.
func start(t *testing.T, dir string, under []string, flags ...string) *process {
	t.Helper()
	free := freeAddresses(t, 3)
	at, watch := free[0], free[1]
	p := &process{base: "http://" + at, mllp: free[2], watch: "http://" + watch, ended: make(chan struct{}), clock: newClock(t, dir)}
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
		if t.Failed() {
			t.Logf("the end of the log: %s", said.Bytes()[max(0, said.Len()-4000):])
		}
		if bytes.Contains(said.Bytes(), []byte("panic")) {
			t.Errorf("it panicked: %s", &said)
		}
	})
	for {
		resp, err := http.Get(p.base + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.started, p.worked = time.Since(began), processorTime(p.cmd.Process.Pid)
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

// processorTime gives what a process took so far; 0 where that is not known.
func processorTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	var user, system time.Duration
	if f := strings.Fields(rest); len(f) > 12 {
		_, _ = fmt.Sscan(f[11]+" "+f[12], (*int64)(&user), (*int64)(&system))
	}
	return (user + system) * 10 * time.Millisecond // ticks, of which Linux has 100 a second
}

// kill ends the process as a crash does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// freeAddresses gives some that nobody listens on, below those that Linux gives to
// clients: one of theirs may be taken before the server has it.
func freeAddresses(t *testing.T, n int) (all []string) {
	t.Helper()
	for try := 0; len(all) < n; try++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		switch {
		case err == nil:
			defer l.Close() // all are held until there are enough
			all = append(all, l.Addr().String())
		case try > 100:
			t.Fatal(err)
		}
	}
	return all
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
