package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// Scenes are played by the test binary as a process of its own, so that one can be
// killed, and several can race.
const (
	envScene    = "SLOTWAY_MONGO_SCENE"
	envDatabase = "SLOTWAY_MONGO_DATABASE" // the URI
	envPoint    = "SLOTWAY_MONGO_POINT"    // where the process dies
)

// play plays a scene and gives the exit code.
func play(name string) int {
	o := Options{
		Catalog: search.NewCatalog([]string{storetest.Base}, time.UTC),
		Now:     storetest.NewClock().Now,
		Tick:    200 * time.Millisecond,
		Away:    10 * time.Second, // three processes on a small server
		Timeout: 20 * time.Second,
	}
	if at := os.Getenv(envPoint); at != "" {
		o.reach = func(p point) {
			if string(p) == at && begun.Load() {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until it is dead
			}
		}
	}
	s, err := Open(context.Background(), os.Getenv(envDatabase), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	scenes := map[string]func(*Store) error{"change": playChange, "race": playRace}
	if err := errors.Join(scenes[name](s), s.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// begun says that the scene has; only from then on the process dies.
var begun atomic.Bool

// scene starts a process that plays a scene on a database.
func scene(t *testing.T, name, uri string, at point) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envScene+"="+name, envDatabase+"="+uri, envPoint+"="+string(at))
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// playChange makes the change of several keys, and then others for as long as it
// lives: marks are set only after many.
func playChange(s *Store) error {
	begun.Store(true)
	ctx := context.Background()
	if err := theChange(ctx, s); err != nil {
		return err
	}
	for i := range 3 * markStep {
		err := s.Update(ctx, func(tx store.Tx) error { return putSlot(ctx, tx, "filler", fmt.Sprint("state-", i)) })
		if err != nil {
			return err
		}
	}
	return errors.New("the process did not die")
}

// before is what the database holds when the change is made.
func before(ctx context.Context, s store.Store) error {
	return s.Update(ctx, func(tx store.Tx) error {
		return errors.Join(
			putSlot(ctx, tx, "taken", "free"), putSlot(ctx, tx, "gone", "free"),
			tx.Claim(ctx, store.Claim{Space: "slot", Key: "a/old", Holder: "one"}),
			tx.Append(ctx, "log", []byte("before")))
	})
}

// theChange is a change of many keys, in every way there is.
func theChange(ctx context.Context, s store.Store) error {
	return s.Update(ctx, func(tx store.Tx) error {
		_, deleted := tx.Delete(ctx, slotKey("gone"), 1)
		return errors.Join(deleted,
			putSlot(ctx, tx, "taken", "busy-tentative"), putSlot(ctx, tx, "taken", "busy"), putSlot(ctx, tx, "new", "busy"),
			tx.Claim(ctx, store.Claim{Space: "slot", Key: "a/taken", Holder: "two", Payload: []byte("payload")}),
			tx.Release(ctx, "slot", "a/old", "one"),
			tx.Append(ctx, "log", []byte("first")), tx.Append(ctx, "log", []byte("second")))
	})
}

func slotKey(id string) store.Key { return store.Key{Customer: "a", Type: "Slot", ID: id} }

func putSlot(ctx context.Context, tx store.Tx, id, status string) error {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Slot","id":%q,"schedule":{"reference":"Schedule/s"},"status":%q,"start":"2025-10-25T09:00:00Z","end":"2025-10-25T09:20:00Z"}`, id, status))
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, store.Put{Key: slotKey(id), Resource: r, IfVersion: store.Any})
	return err
}

// describe shows all that the change and what was before it can touch.
func describe(t *testing.T, s store.Store, c *search.Catalog) string {
	t.Helper()
	ctx, see := t.Context(), store.Of("a")
	var b strings.Builder
	for _, id := range []string{"taken", "gone", "new"} {
		rec, err := s.Read(ctx, see, slotKey(id))
		fmt.Fprintln(&b, id, rec.Version, string(rec.Resource.Raw()), err)
		p, err := s.History(ctx, see, slotKey(id), "", 10)
		fmt.Fprintln(&b, id, p.Total, err)
	}
	for _, query := range []string{"status=free", "status=busy", "status=busy-tentative", "schedule=Schedule/s&start=2025-10-25&status=busy,free"} {
		q, err := search.Parse(c, "Slot", query, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Search(ctx, see, q.Query)
		fmt.Fprint(&b, query, p.Total, err)
		for _, r := range p.Records {
			fmt.Fprint(&b, " ", r.ID, r.Version)
		}
		fmt.Fprintln(&b)
	}
	for _, key := range []string{"a/old", "a/taken"} {
		c, err := s.Claimed(ctx, "slot", key)
		fmt.Fprintln(&b, key, c, err)
	}
	records, err := s.Log(ctx, "log", store.LogRange{Limit: 10})
	for _, r := range records {
		fmt.Fprint(&b, string(r.Data), " ")
	}
	fmt.Fprintln(&b, err)
	return b.String()
}

// The race: every client tries every slot.
const raceProcesses, raceClients, raceSlots = 3, 10, 50

// assemble waits until so many processes have come.
func assemble(ctx context.Context, s *Store, processes int) error {
	if err := s.Update(ctx, func(tx store.Tx) error { return tx.Append(ctx, "ready", nil) }); err != nil {
		return err
	}
	for {
		here, err := s.Log(ctx, "ready", store.LogRange{Limit: processes})
		if err != nil || len(here) == processes {
			return err
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func playRace(s *Store) error {
	ctx := context.Background()
	if err := assemble(ctx, s, raceProcesses); err != nil {
		return err
	}
	var won atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, raceClients)
	for client := range raceClients {
		wg.Go(func() {
			for i := range raceSlots {
				id := fmt.Sprint("s", (i+5*client+os.Getpid())%raceSlots)
				err := s.Update(ctx, func(tx store.Tx) error { return book(ctx, tx, id, fmt.Sprintf("%s-%d-%d", id, os.Getpid(), client)) })
				if _, taken := store.IsTaken(err); err == nil {
					won.Add(1)
				} else if !taken {
					errs[client] = err
				}
			}
		})
	}
	wg.Wait()
	fmt.Println(won.Load())
	return errors.Join(errs...)
}

// book is the shape of a booking: the claim, the slot, the appointment.
func book(ctx context.Context, tx store.Tx, slot, appointment string) error {
	if err := tx.Claim(ctx, store.Claim{Space: "slot", Key: "a/" + slot, Holder: appointment}); err != nil {
		return err
	}
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","id":%q,"status":"booked","slot":[{"reference":"Slot/%s"}],"start":"2025-10-25T09:00:00Z"}`, appointment, slot))
	if err != nil {
		return err
	}
	_, err = tx.Put(ctx, store.Put{Key: store.Key{Customer: "a", Type: "Appointment", ID: appointment}, Resource: r, IfVersion: 0})
	return errors.Join(err, putSlot(ctx, tx, slot, "busy"))
}
