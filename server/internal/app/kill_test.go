package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/canary"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store/mongo/mongotest"
)

// childEnv makes the test binary be the server: its value is the command line.
const childEnv = "SLOTWAY_TEST_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(childEnv); args != "" {
		os.Exit(Main(context.Background(), strings.Split(args, "\n"), os.Stdout, os.Stderr))
	}
	// Nothing that a server says to others than who may see a patient says who that is,
	// in no test of this package.
	for _, c := range []*http.Client{http.DefaultClient, demoClient, stays} {
		c.Transport = canary.Transport(c.Transport)
	}
	code := m.Run()
	mongotest.Stop()
	os.Exit(canary.Judge(code))
}

// child is a server in a process of its own.
type child struct {
	cmd        *exec.Cmd
	base, mllp string
}

func startChild(t *testing.T, dir string, flags ...string) *child {
	t.Helper()
	var addr [2]string
	for i := range addr {
		a, err := freePort("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr[i] = a
	}
	c := &child{base: "http://" + addr[0], mllp: addr[1]}
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(append([]string{"demo", "--empty", "--data", dir, "--http", addr[0], "--mllp", addr[1]}, flags...), "\n"))
	c.cmd.Stderr = canary.Writer(t.Output())
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "Ready.") {
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(2 * time.Minute): // the machine may be busy
		_ = c.cmd.Process.Kill() // it is of no use
		t.Fatal("the server was not ready in two minutes")
	}
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill() // SIGKILL: nothing can be flushed
	_ = c.cmd.Wait()         // the error is that it was killed
}

// connections is how many senders there are: each has at most one message that
// was applied and not acknowledged.
const connections = 4

// TestKill sends a stream of messages on several connections, kills the process
// with SIGKILL at a random moment, and looks after a restart: everything that was
// acknowledged is there, once. The senders then go on where they were, and send
// what was not acknowledged again (hl7-bridge 6.4 R96, requirement 83).
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts and kills processes for some seconds")
	}
	const rounds = 5
	dir := t.TempDir()
	var mu sync.Mutex
	acked := map[string]bool{}
	next := make([]int, connections)
	heard := make(chan struct{})
	for round := range rounds + 1 {
		c := startChild(t, dir)
		checkKilled(t, c, acked, round)
		if round == rounds {
			c.kill()
			break
		}
		var senders sync.WaitGroup
		for i := range connections {
			senders.Go(func() {
				link := dispatch.MLLP(c.mllp, nil)
				defer link.Close()
				for {
					id := fmt.Sprintf("K-%d-%d", i, next[i])
					ack, err := link.Send(t.Context(), []byte(killMessage(id)))
					if err != nil {
						return // killed: the message is sent again in the next round
					}
					if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
						t.Errorf("%s was answered %s %s", id, a.Code, a.Text)
						return
					}
					mu.Lock()
					acked[id] = true
					mu.Unlock()
					next[i]++
					select {
					case heard <- struct{}{}:
					default: // nobody counts any more
					}
				}
			})
		}
		gone := make(chan struct{})
		go func() { senders.Wait(); close(gone) }()
		for range 20 + rand.IntN(60) { // however slow the machine is
			select {
			case <-heard:
			case <-gone: // with an answer that was not AA, each of them
			}
		}
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // anywhere in a commit
		c.kill()
		<-gone
	}
}

func killMessage(id string) string {
	return segments(
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101||SIU^S12|`+id+`|P|2.4`,
		segment("SCH", map[int]string{1: id, 11: "^^^20300108100000+0000"}),
		`PID|||9990000018^^^NHS^NH||||19800203`,
	)
}

// checkKilled counts what is there after the kills so far.
func checkKilled(t *testing.T, c *child, acked map[string]bool, round int) {
	t.Helper()
	token, err := fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	d := &checker{demo: &demo{base: c.base, out: io.Discard}, consumer: token}
	hits, err := d.search(t.Context(), "/R4/Appointment?_count=1000")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, h := range hits {
		seen[h.Get("identifier").First().Get("value").Text()]++
	}
	lost := 0
	for id := range acked {
		if seen[id] == 0 {
			lost++
		}
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("round %d: %s is there %d times", round, id, n)
		}
	}
	if lost > 0 {
		t.Errorf("round %d: %d of %d acknowledged messages are lost", round, lost, len(acked))
	}
	if status, _, err := d.call(t.Context(), http.MethodGet, "/readyz", "", nil); err != nil || status != http.StatusOK {
		t.Errorf("round %d: not ready: %d %v", round, status, err)
	}
	if n := len(seen); n > len(acked)+connections {
		t.Errorf("round %d: %d appointments for %d acknowledged messages", round, n, len(acked))
	}
}
