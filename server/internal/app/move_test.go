package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/move"
	"slotway/server/internal/store/mongo/mongotest"
)

// moving is the address under which the stores of these tests are indexed.
const moving = "http://127.0.0.1:1"

// runMove runs a command that must succeed, and gives the digest that it prints.
func runMove(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := runMain(t.Context(), args...)
	_, digest, ok := strings.Cut(strings.TrimSpace(out), "\ndigest ")
	if code != 0 || !ok {
		t.Fatalf("server %s = %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return digest
}

// livedIn makes a store by a server that is killed afterwards, and gives what a
// search then found.
func livedIn(t *testing.T, dir string) (page string) {
	t.Helper()
	c := startChild(t, dir)
	defer c.kill()
	link := dispatch.MLLP(c.mllp, nil)
	defer link.Close()
	for i := range 12 {
		for _, text := range []string{killMessage(fmt.Sprint("M-", i)), strings.Replace(killMessage(fmt.Sprint("M-", i)), "SIU^S12", "SIU^S13", 1)} {
			ack, err := link.Send(t.Context(), []byte(text))
			if a, _ := dispatch.ReadAnswer(ack); err != nil || a.Code != "AA" {
				t.Fatalf("a message was answered %s %s, %v", a.Code, a.Text, err)
			}
		}
	}
	return pageOf(t, c)
}

// pageOf gives the pages of a search for appointments, without what says where it is.
func pageOf(t *testing.T, c *child) string {
	t.Helper()
	token, err := fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	d := &checker{demo: &demo{base: c.base, out: io.Discard}, consumer: token}
	hits, err := d.search(t.Context(), "/R4/Appointment?_sort=date,_id&_count=7&status=booked")
	if err != nil || len(hits) != 12 {
		t.Fatalf("a search found %d, %v; want 12", len(hits), err)
	}
	var out strings.Builder
	for _, h := range hits {
		fmt.Fprintln(&out, string(h.Raw()))
	}
	return out.String()
}

// An export of a store that a server was killed on, imported, is the same to a
// digest, and to clients.
func TestExportAndImport(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	page := livedIn(t, dir)
	from, to, file := "bolt://"+filepath.Join(dir, "slotway.db"), "bolt://"+filepath.Join(other, "slotway.db"), filepath.Join(dir, "export")
	digest := runMove(t, "export", "--store", from, file)
	for what, got := range map[string]string{
		"the import":    runMove(t, "import", "--store", to, "--base-url", moving, file),
		"the old store": runMove(t, "digest", "--store", from),
		"the new store": runMove(t, "digest", "--store", to),
	} {
		if got != digest {
			t.Errorf("the digest of %s is %s, want %s", what, got, digest)
		}
	}
	key, err := os.ReadFile(filepath.Join(dir, "messages.key")) // moves, too
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "messages.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := startChild(t, other)
	defer c.kill()
	for { // the chain of the audit goes on there: what the search below leaves is sealed
		code, out, errs := runMain(t.Context(), "audit", "verify", "--url", c.base)
		if code != 0 {
			t.Fatalf("after an import the audit does not verify: %s%s", out, errs)
		}
		if strings.Contains(out, "0 not sealed") || strings.Contains(out, "1 not sealed") {
			break
		}
	}
	if got := pageOf(t, c); got != page {
		t.Errorf("moved, a search finds\n%s\nwant\n%s", got, page)
	}
	for _, tc := range []struct{ args, want string }{
		{"export --store " + from + " " + file, "there already"},
		{"export --store " + to + " " + file + "2", "open in another process"},
		{"export --store bolt://" + dir + "/none.db " + file + "3", "there is no store"},
		{"export --store nothing " + file + "4", "store must be"},
		{"import --store " + from + " --base-url " + moving + " " + file, "holds data already"},
		{"import --store " + from + " " + file, "base_url is missing"},
		{"import --store " + from + " --base-url " + moving + " " + filepath.Join(dir, "slotway.db"), "no export"},
	} {
		if code, _, errs := runMain(t.Context(), strings.Fields(tc.args)...); code != 1 || !strings.Contains(errs, tc.want) {
			t.Errorf("server %s = %d %q, want 1 and %q", tc.args, code, errs, tc.want)
		}
	}
}

// A server does not start on a store that an import was cut short in, and says what to
// do; the import goes on.
func TestUnfinishedImport(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	livedIn(t, dir)
	file, to := filepath.Join(dir, "export"), "bolt://"+filepath.Join(other, "slotway.db")
	digest := runMove(t, "export", "--store", "bolt://"+filepath.Join(dir, "slotway.db"), file)
	importSome(t, to, file)
	c := &demoCmd{HTTP: "127.0.0.1:0", MLLP: "127.0.0.1:0", Empty: true}
	if _, err := c.start(other, streams{io.Discard, io.Discard}); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("a server started on a part of an import: %v", err)
	}
	if code, _, errs := runMain(t.Context(), "export", "--store", to, file+"2"); code != 1 || !strings.Contains(errs, "not finished") {
		t.Errorf("export of a part of an import = %d %s", code, errs)
	}
	if got := runMove(t, "import", "--store", to, "--base-url", moving, file); got != digest {
		t.Errorf("gone on with, the import has digest %s, want %s", got, digest)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file+"3", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runMain(t.Context(), "import", "--store", to+"3", "--base-url", moving, file+"3"); code != 1 || !strings.Contains(errs, "not whole") {
		t.Errorf("import of a damaged export = %d %s", code, errs)
	}
}

// From the embedded store to MongoDB and back, all is the same.
func TestMongoMoving(t *testing.T) {
	uri := mongotest.URI(t)
	dir, other := t.TempDir(), t.TempDir()
	page := livedIn(t, dir)
	to, there, back := "bolt://"+filepath.Join(other, "slotway.db"), filepath.Join(dir, "there"), filepath.Join(dir, "back")
	digest := runMove(t, "export", "--store", "bolt://"+filepath.Join(dir, "slotway.db"), there)
	for what, got := range map[string]string{
		"into MongoDB": runMove(t, "import", "--store", uri, "--base-url", moving, there),
		"of MongoDB":   runMove(t, "digest", "--store", uri),
		"from MongoDB": runMove(t, "export", "--store", uri, back),
		"back":         runMove(t, "import", "--store", to, "--base-url", moving, back),
	} {
		if got != digest {
			t.Errorf("the digest %s is %s, want %s", what, got, digest)
		}
	}
	if got := pageOf(t, startShared(t, uri)); got != page {
		t.Errorf("on MongoDB a search finds\n%s\nwant\n%s", got, page)
	}
	c := startChild(t, other)
	defer c.kill()
	if got := pageOf(t, c); got != page {
		t.Errorf("back again a search finds\n%s\nwant\n%s", got, page)
	}
}

// importSome begins an import and ends it after its second step.
func importSome(t *testing.T, to, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := openStore(t.Context(), to, search.NewCatalog(nil, time.UTC), time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	steps := 0
	_, err = move.Import(t.Context(), f, s, func(move.Summary) error {
		if steps++; steps > 1 {
			return errors.New("cut short")
		}
		return nil
	})
	if err == nil || err.Error() != "cut short" {
		t.Fatalf("Import() = %v, want it cut short", err)
	}
}
