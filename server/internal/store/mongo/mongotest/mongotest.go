// Package mongotest finds a server for tests of the MongoDB store: one that the
// environment names, or one that it starts itself, a FerretDB of .ci/ferretdb unless the
// environment names another program. Only tests import it.
package mongotest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// How a server is found; .ci/mongo sets it up.
const (
	EnvURI     = "MONGODB_URI"   // a server that is there already
	EnvServer  = "MONGO_SERVER"  // a program that starts one: .ci/ferretdb and .ci/javamongo make them
	EnvRequire = "REQUIRE_MONGO" // not empty: no server is a failure
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

// Stop ends the server that this run started, if any. It is called after the
// tests.
func Stop() { shared.stop() }

// URI gives a database of its own for a test on the server of this run, or skips
// the test.
func URI(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.uri, shared.why = shared.start() })
	if shared.uri == "" {
		sentence := "there is no MongoDB server for this test (" + shared.why + "): run .ci/mongo, or set " + EnvURI + " to the URI of one, or " + EnvServer + " to a program that .ci/ferretdb/env or .ci/javamongo/env makes"
		if os.Getenv(EnvRequire) != "" {
			t.Fatal(sentence)
		}
		t.Skip(sentence)
	}
	name := fmt.Sprintf("slotway_test_%d_%d", os.Getpid(), names.Add(1))
	base, query, _ := strings.Cut(shared.uri, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	uri := scheme + "://" + hosts + "/" + name
	if query != "" {
		uri += "?" + query
	}
	t.Cleanup(func() { drop(t, uri, name) })
	return uri
}

// drop leaves a server that is not ours as it was.
func drop(t testing.TB, uri, name string) {
	c, err := driver.Connect(options.Client().ApplyURI(uri))
	if err == nil {
		err = c.Database(name).Drop(context.Background())
		_ = c.Disconnect(context.Background()) // it was dropped or not
	}
	if err != nil {
		t.Errorf("dropping the test's database: %v", err)
	}
}

// start finds the server, or starts one.
func (s *server) start() (uri, why string) {
	if uri := os.Getenv(EnvURI); uri != "" {
		return uri, ""
	}
	bin := os.Getenv(EnvServer)
	if bin == "" {
		if os.Getenv(EnvRequire) == "" {
			return "", "none is named"
		}
		bin = filepath.Join(os.TempDir(), "slotway-ferretdb")
		build := exec.Command("go", "build", "-o", bin, ".")
		_, here, _, _ := runtime.Caller(0)
		build.Dir = filepath.Join(filepath.Dir(here), "../../../../../.ci/ferretdb")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Sprintf("building it: %v: %s", err, out)
		}
	}
	uri, stop, err := run(bin)
	if err != nil {
		return "", err.Error()
	}
	s.stop = stop
	return uri, ""
}

// run starts a server of its own: bin with -attached -dir FOLDER/, which prints its URI and
// ends with this process, whatever ends that.
func run(bin string) (uri string, stop func(), err error) {
	const memory = "/dev/shm" // where there is one: on a busy disk each commit may take a second
	base := ""
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		base = memory
	}
	dir, err := os.MkdirTemp(base, "slotway-mongo-")
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
