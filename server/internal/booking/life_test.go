package booking_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

// steps is how many random steps TestLongLife takes; a million take some minutes.
var steps = flag.Int("steps", 3000, "random steps of booking, moving and cancelling")

// life is a diary with bookings, and what must be so of it by design decision 17.
type life struct {
	*world
	pick   func(n int, what string) int
	slots  []string
	status map[string]string // of a slot
	holder map[string]string // of a slot, the booking that has it
	named  map[string][]string
	live   []string // bookings that are not deleted
}

// dayStart is when the first slot of a life begins.
var dayStart = time.Date(2030, 1, 9, 8, 0, 0, 0, time.UTC)

func (l *life) begin(n int) {
	l.status, l.holder, l.named = map[string]string{}, map[string]string{}, map[string][]string{}
	l.put("trust", `{"resourceType":"Schedule","id":"life","actor":[{"display":"A"}]}`)
	for i := range n {
		id := fmt.Sprintf("l%d", i)
		l.put("trust", l.slotText(i, "free"))
		l.slots = append(l.slots, id)
		l.status[id] = "free"
	}
}

func (l *life) slotText(i int, status string) string {
	at := dayStart.Add(time.Duration(i) * 15 * time.Minute)
	return fmt.Sprintf(`{"resourceType":"Slot","id":"l%d","schedule":{"reference":"Schedule/life"},"status":%q,"start":%q,"end":%q}`,
		i, status, at.Format(time.RFC3339), at.Add(15*time.Minute).Format(time.RFC3339))
}

// draw chooses slots that follow one another, and writes a booking of them.
func (l *life) draw() (names []string, text string) {
	n := 1 + l.pick(3, "slots")
	first := l.pick(len(l.slots)-n+1, "first")
	names = slices.Clone(l.slots[first : first+n])
	start := dayStart.Add(time.Duration(first) * 15 * time.Minute)
	end := start.Add(time.Duration(n) * 15 * time.Minute)
	if l.pick(2, "order") == 1 {
		slices.Reverse(names)
	}
	prefix, contained := []string{"Slot/", base + "/Slot/", "#"}[l.pick(3, "form")], ""
	var refs, within []string
	for _, id := range names {
		refs = append(refs, `{"reference":"`+prefix+id+`"}`)
		within = append(within, l.slotText(slices.Index(l.slots, id), "free"))
	}
	if prefix == "#" {
		contained = `"contained":[` + strings.Join(within, ",") + `],`
	}
	return names, fmt.Sprintf(`{"resourceType":"Appointment",%s"status":"booked","start":%q,"end":%q,"slot":[%s],"participant":[{"actor":{"display":"A"},"status":"accepted"}]}`,
		contained, start.Format(time.RFC3339), end.Format(time.RFC3339), strings.Join(refs, ","))
}

// takes says whether a booking would get slots, and gives them to it.
func (l *life) takes(id string, names []string) bool {
	for _, n := range names {
		if l.status[n] != "free" || l.holder[n] != "" {
			return false
		}
	}
	for _, n := range names {
		l.status[n], l.holder[n] = "busy", id
	}
	l.named[id], l.live = names, append(l.live, id)
	return true
}

func (l *life) frees(id string) {
	for _, n := range l.slots {
		if l.holder[n] == id {
			delete(l.holder, n)
			if l.status[n] == "busy" {
				l.status[n] = "free"
			}
		}
	}
}

// some chooses a booking that is not deleted.
func (l *life) some() (store.Key, bool) {
	if len(l.live) == 0 {
		return store.Key{}, false
	}
	return store.Key{Customer: "trust", Type: "Appointment", ID: l.live[l.pick(len(l.live), "booking")]}, true
}

// want holds an outcome against what must be.
func (l *life) want(what string, err error, kinds ...error) {
	l.t.Helper()
	if len(kinds) == 0 && err == nil {
		return
	}
	for _, k := range kinds {
		if errors.Is(err, k) {
			return
		}
	}
	l.t.Fatalf("%s: %v, want %v", what, err, kinds)
}

func (l *life) book() {
	names, text := l.draw()
	rec, err := l.Create(l.t.Context(), caller("X1"), parse(l.t, text))
	if err == nil && l.takes(rec.ID, names) {
		return
	}
	l.want("book", err, fhir.SlotTaken)
}

// bookOnce books unless something names the slot.
func (l *life) bookOnce() {
	names, text := l.draw()
	n := 0
	for _, id := range l.live {
		if slices.Contains(l.named[id], names[0]) {
			n++
		}
	}
	c := create(caller("X1"), parse(l.t, text))
	c.If = l.meets("Appointment", "slot=Slot/"+names[0])
	out, err := l.Do(l.t.Context(), c)
	switch {
	case n > 1:
		l.want("book once", err, fhir.PreconditionFailed)
	case n == 1 && (err != nil || out[0].Created):
		l.t.Fatalf("book once: %+v, %v; want the one there is", out, err)
	case n == 0 && (err != nil || !l.takes(out[0].Record.ID, names)):
		l.want("book once", err, fhir.SlotTaken)
	}
}

func (l *life) cancel() {
	key, ok := l.some()
	if !ok {
		return
	}
	_, err := l.Do(l.t.Context(), cancel(caller("X1"), key))
	l.want("cancel", err)
	l.frees(key.ID)
}

func (l *life) delete() {
	key, ok := l.some()
	if !ok {
		return
	}
	_, err := l.Delete(l.t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, key)
	l.want("delete", err)
	l.frees(key.ID)
	l.live = slices.DeleteFunc(l.live, func(id string) bool { return id == key.ID })
}

// rebook cancels one booking and makes another, together or not at all.
func (l *life) rebook() {
	key, ok := l.some()
	if !ok {
		return
	}
	names, text := l.draw()
	out, err := l.Do(l.t.Context(), cancel(caller("X1"), key), create(caller("X1"), parse(l.t, text)))
	if err == nil {
		l.frees(key.ID)
		if l.takes(out[1].Record.ID, names) {
			return
		}
	}
	l.want("rebook", err, fhir.SlotTaken)
	for _, n := range names {
		own := l.holder[n] == key.ID && l.status[n] == "busy"
		if !own && (l.status[n] != "free" || l.holder[n] != "") {
			return
		}
	}
	l.t.Fatal("rebook: refused, though the slots were free or its own")
}

// restate puts a booking in another status, as a feed does.
func (l *life) restate() {
	key, ok := l.some()
	if !ok {
		return
	}
	status := []string{"booked", "arrived", "fulfilled", "noshow", "cancelled", "proposed"}[l.pick(6, "status")]
	others := slices.ContainsFunc(l.named[key.ID], func(n string) bool { return l.holder[n] != "" && l.holder[n] != key.ID })
	_, err := l.Do(l.t.Context(), booking.Change{Request: booking.Request{Principal: feed, IfVersion: store.Any}, Op: booking.Update, Key: key, Edit: func(now store.Record) (fhir.Resource, error) {
		return now.Resource.Apply(fhir.Change{Path: fhir.MustPath("status"), Op: fhir.Set, Value: fhir.Quote(status)})
	}})
	over := status == "noshow" || status == "cancelled" || status == "proposed"
	if !over && others {
		l.want("restate", err, fhir.Conflict)
		return
	}
	l.want("restate "+status, err)
	if over {
		l.frees(key.ID)
	}
}

// stateSlot puts a slot in another status, as a feed does.
func (l *life) stateSlot() {
	i := l.pick(len(l.slots), "slot")
	status := []string{"free", "busy", "busy-unavailable"}[l.pick(3, "status")]
	_, _, err := l.Update(l.t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, store.Key{Customer: "trust", Type: "Slot", ID: l.slots[i]}, parse(l.t, l.slotText(i, status)))
	if status == "free" && l.holder[l.slots[i]] != "" {
		l.want("state a slot", err, fhir.Conflict)
		return
	}
	l.want("state a slot", err)
	l.status[l.slots[i]] = status
}

// bookWithSlot books and puts the slot busy by its version, as a transaction does.
func (l *life) bookWithSlot() {
	names, text := l.draw()
	i := slices.Index(l.slots, names[0])
	stale := l.pick(2, "stale") == 1
	version := l.read("Slot", names[0]).Version
	if stale {
		version--
	}
	put := booking.Change{
		Request: booking.Request{Principal: feed, IfVersion: version},
		Op:      booking.Update, Key: store.Key{Customer: "trust", Type: "Slot", ID: names[0]}, Resource: parse(l.t, l.slotText(i, "busy")),
	}
	out, err := l.Do(l.t.Context(), create(caller("X1"), parse(l.t, text)), put)
	if err == nil && !stale && l.takes(out[0].Record.ID, names) {
		return
	}
	l.want("book with its slot", err, fhir.SlotTaken, fhir.PreconditionFailed)
	if !stale && !slices.ContainsFunc(names, func(n string) bool { return l.status[n] != "free" || l.holder[n] != "" }) {
		l.t.Fatalf("book with its slot: %v, though all was free", err)
	}
}

// check holds the diary against what must be so of it.
func (l *life) check() {
	for _, id := range l.slots {
		if got := l.world.status(id); got != l.status[id] {
			l.t.Fatalf("slot %s is %s, want %s", id, got, l.status[id])
		}
		c, err := l.Store.Claimed(context.Background(), "slot", "trust\x00"+id)
		if err != nil && !errors.Is(err, fhir.NotFound) || c.Holder != l.holder[id] {
			l.t.Fatalf("slot %s is held by %q (%v), want %q", id, c.Holder, err, l.holder[id])
		}
	}
}

func (l *life) step() {
	all := []func(){l.book, l.book, l.book, l.bookOnce, l.cancel, l.cancel, l.delete, l.rebook, l.restate, l.stateSlot, l.bookWithSlot}
	all[l.pick(len(all), "step")]()
	l.check()
}

// Whatever is booked, moved, cancelled and stated, in whatever order, each slot has
// one booking, and is free again when that lets go of it.
func TestLife(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{world: newWorld(t), pick: func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(rt, what) }}
		l.begin(5)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			l.step()
		}
	})
}

// TestLongLife is TestLife for -steps steps, with new diaries now and then.
func TestLongLife(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for done := 0; done < *steps; {
		l := &life{world: newWorld(t), pick: func(n int, _ string) int { return random.IntN(n) }}
		l.begin(8)
		for range 300 {
			l.step()
			done++
		}
	}
}

// Many at once on the embedded store: what is free and what is booked stay as
// many as there were slots, and each booking that lives has its own.
func TestLifeAtOnce(t *testing.T) {
	w := newWorld(t)
	engine, err := bolt.Open(t.TempDir()+"/life.db", bolt.Options{Catalog: w.Catalog, Now: w.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() }) // the folder goes with it
	w.Store = engine
	whole := &life{world: w}
	whole.begin(24)
	var wg sync.WaitGroup
	for n := range 16 {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		l := &life{world: w, slots: whole.slots, pick: func(n int, _ string) int { return random.IntN(n) }}
		wg.Go(func() {
			var mine []store.Key
			for range 40 {
				_, text := l.draw()
				changes := []booking.Change{create(caller("X1"), parse(t, text))}
				if len(mine) > 0 && random.IntN(2) == 0 {
					changes = append([]booking.Change{cancel(caller("X1"), mine[0])}, changes[:random.IntN(2)]...)
				}
				out, err := w.Do(t.Context(), changes...)
				if err != nil {
					if !errors.Is(err, fhir.SlotTaken) {
						t.Error(err)
					}
					continue
				}
				if !out[0].Created {
					mine = mine[1:]
				}
				if last := out[len(out)-1]; last.Created {
					mine = append(mine, last.Record.Key)
				}
			}
		})
	}
	wg.Wait()
	held := map[string]string{}
	free := 0
	for _, id := range whole.slots {
		c, err := w.Store.Claimed(t.Context(), "slot", "trust\x00"+id)
		switch status := w.status(id); {
		case status == "free" && errors.Is(err, fhir.NotFound):
			free++
		case status == "busy" && err == nil && w.appointment(c.Holder) == "booked":
			held[id] = c.Holder
		default:
			t.Errorf("slot %s is %s and held by %q (%v)", id, status, c.Holder, err)
		}
	}
	if free+len(held) != len(whole.slots) {
		t.Errorf("%d free and %d booked of %d", free, len(held), len(whole.slots))
	}
	page, err := w.Store.Search(t.Context(), store.Of("trust"), w.meets("Appointment", "status=booked").Query)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range page.Records {
		var names []string
		for n := range rec.Resource.At(fhir.MustPath("slot.reference")) {
			names = append(names, n.Text())
		}
		for _, text := range names {
			id := text[strings.LastIndexAny(text, "/#")+1:]
			if held[id] != rec.ID {
				t.Errorf("booking %s names slot %s, which %q holds", rec.ID, id, held[id])
			}
		}
	}
}
