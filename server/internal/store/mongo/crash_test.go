package mongo

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
	"slotway/server/internal/store/storetest"
)

// A process is killed between any two steps of a change of several keys. Whoever
// looks next, an instance that was there or a new one, sees all of it or nothing,
// and the same from the collections alone. Design 2.6 and decision 6.
func TestKilledBetweenSteps(t *testing.T) {
	e := storetest.Env{Catalog: storetest.Catalog(t, "UTC"), Now: storetest.NewClock().Now}
	model := storetest.NewModel(e.Catalog, e.Now)
	if err := before(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	nothing := describe(t, model, e.Catalog)
	if err := theChange(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	all := describe(t, model, e.Catalog)
	for _, at := range points {
		t.Run(string(at), func(t *testing.T) {
			uri := mongotest.URI(t)
			there := openAt(t, uri, e, Options{Tick: 3600e9}) // its keeper sleeps
			defer there.Close()
			if err := before(t.Context(), there); err != nil {
				t.Fatal(err)
			}
			if err := scene(t, "change", uri, at).Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the process ended with %v, want it killed", err)
			}
			want := all
			if at == beforeLog {
				want = nothing
			}
			if got := describe(t, there, e.Catalog); got != want {
				t.Errorf("the instance that was there sees\n%s\nwant\n%s", got, want)
			}
			next := openAt(t, uri, e, Options{keep: -1})
			defer next.Close()
			if got := describe(t, next, e.Catalog); got != want {
				t.Errorf("a new instance sees\n%s\nwant\n%s", got, want)
			}
			next.trim()
			if v := next.view.Load(); len(v.records) > 0 {
				t.Errorf("%d records are not applied after Open", len(v.records))
			}
			if got := describe(t, next, e.Catalog); got != want {
				t.Errorf("the collections say\n%s\nwant\n%s", got, want)
			}
			if at == beforeLog {
				if err := theChange(t.Context(), next); err != nil {
					t.Errorf("making the change anew: %v", err)
				}
				if got := describe(t, there, e.Catalog); got != all {
					t.Errorf("after the change was made anew the other sees\n%s\nwant\n%s", got, all)
				}
			}
		})
	}
}

// An instance that runs on finishes what one that died left, without being asked.
func TestKeeperFinishesForOthers(t *testing.T) {
	e := storetest.Env{Catalog: storetest.Catalog(t, "UTC"), Now: storetest.NewClock().Now}
	uri := mongotest.URI(t)
	there := openAt(t, uri, e, Options{keep: -1})
	defer there.Close()
	if err := before(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	_ = scene(t, "change", uri, afterLog).Wait()
	// Its ticks: one meets the record, the next applies it.
	for {
		v := there.view.Load()
		if v.n == 2 && len(v.records) == 0 {
			break
		}
		if !pause(t.Context(), there.o.Tick/10) {
			t.Fatalf("the view is at %d with %d records, want 2 and all applied", v.n, len(v.records))
		}
	}
	found, err := there.idsAmong(t.Context(), there.db.versions, []string{"a/Slot/taken/3", "a/Slot/new/1"})
	if err != nil || len(found) != 2 {
		t.Errorf("the collection has %v, %v; want both versions", found, err)
	}
}

// 10 clients in each of 3 processes try each of 50 slots: 50 bookings.
func TestRaceOfProcesses(t *testing.T) {
	e := storetest.Env{Catalog: storetest.Catalog(t, "UTC"), Now: storetest.NewClock().Now}
	uri := mongotest.URI(t)
	s := openAt(t, uri, e, Options{})
	defer s.Close()
	var racing []*exec.Cmd
	for range raceProcesses {
		racing = append(racing, scene(t, "race", uri, ""))
	}
	won := 0
	for _, cmd := range racing {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("a racing process: %v", err)
		}
		var n int
		if _, err := fmt.Fscan(cmd.Stdout.(*bytes.Buffer), &n); err != nil {
			t.Fatal(err)
		}
		t.Logf("a process won %d slots", n)
		won += n
	}
	if won != raceSlots {
		t.Errorf("%d bookings were confirmed, want %d", won, raceSlots)
	}
	for _, tc := range []struct{ typ, query string }{{"Slot", "status=busy"}, {"Appointment", "status=booked"}} {
		q, err := search.Parse(e.Catalog, tc.typ, tc.query, e.Now())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.Search(t.Context(), store.Of("a"), q.Query); err != nil || p.Total != raceSlots {
			t.Errorf("%s?%s finds %d, %v; want %d", tc.typ, tc.query, p.Total, err, raceSlots)
		}
	}
}
