package faults

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// What a backup and a restore of 1,000,000 appointments may take.
const (
	backupLimit  = 2 * time.Minute
	restoreLimit = 5 * time.Minute
)

// A server with many appointments gives a backup while it is at work. It is restored,
// and both are the same by their digest; and so is one that was made while nothing
// happened and the store itself (R52, figure "backup").
func TestBackupOfMany(t *testing.T) {
	n := size(t, 3000, 1_000_000)
	dir := t.TempDir()
	file := filepath.Join(dir, "slotway.db")
	began := time.Now()
	appointments(t, file, n)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d appointments, %d MB, stored in %v", n, info.Size()>>20, time.Since(began).Round(time.Second))
	before := digestOf(t, file)
	p := start(t, dir, nil)
	t.Logf("ready after %v", p.started.Round(time.Millisecond))

	quiet := filepath.Join(dir, "quiet")
	run(t, backupLimit, "backup", "--store", "bolt://"+file, quiet)
	if got := digestOf(t, quiet); got != before {
		t.Errorf("the digest of a backup is %s, of the store %s", got, before)
	}
	if err := os.Remove(quiet); err != nil {
		t.Fatal(err)
	}

	c, l := login(t, p), newMixed(t, 2, 1)
	done := make(chan struct{})
	wg := l.run(p, c, 0, 0, done)
	l.wait(20)
	l.mu.Lock()
	acked := l.acked[0]/len(lives) + l.acked[1]/len(lives) + len(l.booked)
	l.mu.Unlock()
	busy, restored := filepath.Join(dir, "busy"), filepath.Join(t.TempDir(), "slotway.db")
	run(t, backupLimit, "backup", "--store", "bolt://"+file, busy)
	close(done)
	wg.Wait()
	p.kill()
	p = start(t, dir, nil)
	t.Logf("ready after a kill after %v, with %v of a processor", p.started.Round(time.Millisecond), p.worked)
	p.kill()
	t.Logf("%d messages were taken meanwhile", l.messages())
	run(t, restoreLimit, "restore", busy, "--store", "bolt://"+restored)
	one, two := digestOf(t, busy), digestOf(t, restored)
	if one != two || one == before {
		t.Errorf("the digest of what was restored is %s, of the backup %s, of the store before %s", two, one, before)
	}
	p = start(t, filepath.Dir(restored), nil)
	if got := totalOf(t, login(t, p).must(t, http.StatusOK, http.MethodGet, "/R4/Appointment?_summary=count", nil).body); got < n+acked {
		t.Errorf("there are %d appointments, of %d that were acknowledged when the backup began", got, n+acked)
	}
}

// appointments makes a store of so many.
func appointments(t *testing.T, file string, n int) {
	t.Helper()
	catalog := search.NewCatalog([]string{origin + "/R4/bars", origin + "/R4", origin + "/STU3/1/booking"}, london(t))
	s, err := bolt.Open(file, bolt.Options{Catalog: catalog, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	const each = 1000
	for first := 0; first < n; first += each {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for i := first; i < min(n, first+each); i++ {
				r, err := fhir.Parse(manyth(i))
				if err != nil {
					return err
				}
				key := store.Key{Customer: "trustalias", Type: "Appointment", ID: fmt.Sprint("a", i)}
				if _, err := tx.Put(t.Context(), store.Put{Key: key, Resource: r, IfVersion: 0}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// manyth is one of many appointments, of about a kilobyte.
func manyth(i int) []byte {
	from, to := slotTime(i)
	return fmt.Appendf(nil, `{"resourceType":"Appointment","id":"a%d","identifier":[{"system":"%s","value":"many-%d"}],"status":"booked",
"serviceCategory":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/service-category","code":"8","display":"Counselling"}],"text":"Counselling"}],
"specialty":[{"coding":[{"system":"http://snomed.info/sct","code":"394579002","display":"Cardiology"}]}],
"description":"A follow-up appointment of a series, in the clinic on the second floor","start":"%s","end":"%s","minutesDuration":15,"created":"2026-01-08T09:00:00+00:00",
"comment":"Please bring a list of the medicines that you take, and come ten minutes before.",
"participant":[{"actor":{"reference":"Patient/p%d","display":"A patient"},"required":"required","status":"accepted"},
{"actor":{"reference":"Practitioner/d%d","display":"A doctor"},"required":"required","status":"accepted"},{"actor":{"reference":"Location/l%d","display":"A place"},"required":"required","status":"accepted"}]}`,
		i, identifierSystem, i, from, to, i/10, i%200, i%50)
}

// run runs a command in a process of its own, gives what it printed, and says how long
// it took.
func run(t *testing.T, limit time.Duration, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(args, "\n"))
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		t.Fatalf("server %v: %v\n%s", args, err, out)
	}
	t.Logf("%s: %v", args[0], took.Round(time.Millisecond))
	if took > limit {
		t.Errorf("%s takes %v, more than %v", args[0], took, limit)
	}
	return string(out)
}

// digestOf gives the digest of a store, or of a backup.
func digestOf(t *testing.T, file string) string {
	t.Helper()
	out := run(t, time.Hour, "digest", "--store", "bolt://"+file)
	_, digest, ok := strings.Cut(out, "\ndigest ")
	if !ok {
		t.Fatalf("there is no digest: %s", out)
	}
	return strings.TrimSpace(digest)
}
