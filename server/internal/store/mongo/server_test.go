package mongo

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/server/internal/store/storetest"
)

// How a server is found for these tests; .ci/mongo sets it up.
const (
	envURI     = "MONGODB_URI"   // a server that is there already
	envFerret  = "FERRETDB_BIN"  // the program that .ci/ferretdb makes
	envRequire = "REQUIRE_MONGO" // not empty: no server is a failure
)

// server is the server of this run of the tests.
type server struct {
	once sync.Once
	uri  string // without a database; empty: there is none
	why  string // there is none
	stop func()
}

var (
	shared = server{stop: func() {}}
	names  atomic.Int64
)

func TestMain(m *testing.M) {
	flag.Parse()
	if scene := os.Getenv(envScene); scene != "" {
		os.Exit(play(scene))
	}
	// A database is made for each check, and a question to the test server costs
	// a thousand times one to the model.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	code := m.Run()
	shared.stop()
	os.Exit(code)
}

// serverURI gives a database of its own for a test on the server of this run, or
// skips the test.
func serverURI(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.uri, shared.why = shared.start() })
	if shared.uri == "" {
		sentence := "there is no MongoDB server for this test (" + shared.why + "): run .ci/mongo, or set " + envURI + " to the URI of one, or " + envFerret + " to the program that .ci/ferretdb builds"
		if os.Getenv(envRequire) != "" {
			t.Fatal(sentence)
		}
		t.Skip(sentence)
	}
	name := fmt.Sprintf("slotway_test_%d_%d", os.Getpid(), names.Add(1))
	base, options, _ := strings.Cut(shared.uri, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	uri := scheme + "://" + hosts + "/" + name
	if options != "" {
		uri += "?" + options
	}
	t.Cleanup(func() { dropDatabase(t, uri) })
	return uri
}

// dropDatabase leaves a server that is not ours as it was.
func dropDatabase(t testing.TB, uri string) {
	c := connect(t, uri)
	if err := c.Database(databaseOf(uri)).Drop(context.Background()); err != nil {
		t.Errorf("dropping the test's database: %v", err)
	}
}

// start finds the server, or starts one.
func (s *server) start() (uri, why string) {
	if uri := os.Getenv(envURI); uri != "" {
		return uri, ""
	}
	bin := os.Getenv(envFerret)
	if bin == "" {
		if os.Getenv(envRequire) == "" {
			return "", "none is named"
		}
		bin = filepath.Join(os.TempDir(), "slotway-ferretdb")
		build := exec.Command("go", "build", "-o", bin, ".")
		build.Dir = "../../../../.ci/ferretdb"
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Sprintf("building it: %v: %s", err, out)
		}
	}
	uri, stop, err := startFerret(bin)
	if err != nil {
		return "", err.Error()
	}
	s.stop = stop
	return uri, ""
}

// startFerret runs a FerretDB of its own. It ends with this process, whatever
// ends that.
func startFerret(bin string) (uri string, stop func(), err error) {
	const memory = "/dev/shm" // where there is one: on a busy disk each commit may take a second
	base := ""
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		base = memory
	}
	dir, err := os.MkdirTemp(base, "slotway-ferretdb-")
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(bin, "-attached", "-dir", dir+"/")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("%s ended before it listened: %w", bin, err)
	}
	return strings.TrimSpace(line), stop, nil
}

// openAt opens a store on a database, quick to find what others left.
func openAt(t testing.TB, uri string, e storetest.Env, o Options) *Store {
	t.Helper()
	o.Catalog, o.Now = e.Catalog, e.Now
	if o.Tick == 0 {
		o.Tick = 200 * time.Millisecond
	}
	if o.Away == 0 { // the test server reads all there is for each question
		o.Away, o.Timeout = 10*time.Second, 20*time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	s, err := Open(t.Context(), uri, o)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return s
}
