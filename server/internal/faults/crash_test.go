package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slotway/fhir/search"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// Power is cut at any moment: what of the store's file was not synced is there in
// parts, or not at all. The file opens, is sound, and has everything that was
// acknowledged before, once (requirement R1, figure "power cut").
func TestCrashImages(t *testing.T) {
	images := size(t, 60, 1000)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not there to record what is written")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	events := recorded(t, max(20, images/10))
	syncs, acks := 0, 0
	for _, e := range events {
		switch e.kind {
		case isSync:
			syncs++
		case isAck:
			acks++
		}
	}
	catalog := search.NewCatalog([]string{origin + "/R4/bars", origin + "/R4", origin + "/STU3/1/booking"}, london(t))
	opened := slices.IndexFunc(events, func(e event) bool { return e.kind == isAck })
	born := slices.IndexFunc(events, func(e event) bool { return e.born })
	for n := range images {
		cut := opened + r.IntN(len(events)-opened+1)
		if n%10 == 0 { // while the file is new
			cut = born + r.IntN(opened-born)
		}
		b, acked := image(events, cut, func() bool { return r.IntN(2) == 0 })
		if err := checkImage(t, b, acked, catalog); err != nil {
			t.Errorf("image %d, cut before event %d of %d, seed %d: %v", n, cut, len(events), seed, err)
		}
	}
	t.Logf("%d images of %d events, %d of them syncs, %d acknowledgements", images, len(events), syncs, acks)
	// The check can fail: a disk that forgets what it said was written.
	failed := false
	for range 40 {
		cut := opened + r.IntN(len(events)-opened+1)
		b, acked := image(liar(events[:cut]), cut, func() bool { return r.IntN(2) == 0 })
		failed = failed || checkImage(t, b, acked, catalog) != nil
	}
	if !failed {
		t.Error("a disk that does not keep what it says does no harm: the check is worth nothing")
	}
}

// liar takes the last syncs out of a history.
func liar(events []event) []event {
	out := slices.Clone(events)
	left := 6
	for i, e := range slices.Backward(out) {
		if e.kind == isSync && left > 0 {
			out[i] = event{kind: isResize}
			left--
		}
	}
	return out
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// recorded runs a server on messages, several senders at once, and gives what it did.
func recorded(t *testing.T, messages int) (events []event) {
	t.Helper()
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	p := start(t, dir, tracing(trace))
	var wg sync.WaitGroup
	const senders = 4
	for s := range senders {
		wg.Go(func() {
			link := dispatch.MLLP(p.mllp, nil)
			defer link.Close()
			for i := range messages / senders {
				ack, err := link.Send(t.Context(), []byte(message(fmt.Sprintf("C-%d-%d", s, i))))
				if a, _ := dispatch.ReadAnswer(ack); err != nil || a.Code != "AA" {
					t.Errorf("a message was answered %s %s, %v", a.Code, a.Text, err)
				}
			}
		})
	}
	wg.Wait()
	stopTraced(t, p)
	events = readTrace(t, trace, filepath.Join(dir, "slotway.db"))
	got := slices.DeleteFunc(slices.Clone(events), func(e event) bool { return e.kind != isAck })
	if len(got) != messages/senders*senders {
		t.Fatalf("the trace has %d acknowledgements, want %d", len(got), messages/senders*senders)
	}
	return events
}

// stopTraced kills the server that strace runs; strace then ends.
func stopTraced(t *testing.T, p *process) {
	t.Helper()
	pid := p.cmd.Process.Pid
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Fields(string(b)) {
		var child int
		if _, err := fmt.Sscan(text, &child); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	<-p.ended
}

// message is an S12 of an appointment of that name.
func message(id string) string {
	return strings.Join([]string{
		`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101||SIU^S12|` + id + `|P|2.4`,
		`SCH|` + id + `||||||||||^^^20300108100000+0000`,
		`PID|||9990000018^^^NHS^NH||Zyxwvut||19800203`,
	}, "\r") + "\r"
}

// checkImage opens a file and says what is wrong with it, or nil.
func checkImage(t *testing.T, b []byte, acked []string, catalog *search.Catalog) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.db")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file)
	if err := sound(file); err != nil {
		return err
	}
	s, err := bolt.Open(file, bolt.Options{Catalog: catalog, Now: time.Now})
	if err != nil {
		return err
	}
	defer s.Close()
	return checkStore(t, s, catalog, acked)
}

// checkStore counts what is in a store: of what was acknowledged one, of the rest one
// or none, with its record in the journal.
func checkStore(t *testing.T, s store.Store, catalog *search.Catalog, acked []string) error {
	q, err := search.Parse(catalog, "Appointment", "_count=1000", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Search(t.Context(), store.Of("trustalias"), q.Query)
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for _, r := range page.Records {
		seen[r.Resource.Root().Get("identifier").First().Get("value").Text()]++
	}
	for _, id := range acked {
		if seen[id] != 1 {
			return fmt.Errorf("%s was acknowledged and is there %d times", id, seen[id])
		}
	}
	log, err := s.Log(t.Context(), "messages", store.LogRange{Limit: 10_000})
	if err != nil {
		return err
	}
	if len(log) != len(seen) || page.Total != len(seen) {
		return fmt.Errorf("there are %d appointments, a total of %d, and %d records in the journal", len(seen), page.Total, len(log))
	}
	return s.Update(t.Context(), func(tx store.Tx) error { return tx.Append(t.Context(), "after", nil) })
}

// sound says whether every page of the file is where it should be.
func sound(file string) (err error) {
	defer func() {
		if p := recover(); p != nil { // bbolt panics on pages that cannot be
			err = fmt.Errorf("the file is not sound: %v", p)
		}
	}()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		var first error
		for fault := range tx.Check() { // to the end: it is a goroutine's channel
			if first == nil {
				first = fault
			}
		}
		return first
	})
}
