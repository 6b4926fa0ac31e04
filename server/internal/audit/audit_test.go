package audit_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/audit"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

var began = time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)

// keys turn every byte round, which is enough to tell sealed from plain.
func keys(secret string) audit.Keys {
	turn := func(b []byte) []byte {
		out := slices.Clone(b)
		for i := range out {
			out[i] ^= 0x55
		}
		return out
	}
	return audit.Keys{
		Seal: func(plain []byte) []byte { return append([]byte("sealed"), turn(plain)...) },
		Open: func(b []byte) ([]byte, error) {
			if !strings.HasPrefix(string(b), "sealed") {
				return nil, errors.New("not sealed")
			}
			return turn(b[len("sealed"):]), nil
		},
		Codes: func(b []byte) (all [][]byte) {
			for _, s := range strings.Split(secret, ",") {
				h := hmac.New(sha256.New, []byte(s))
				h.Write(b)
				all = append(all, h.Sum(nil))
			}
			return all
		},
	}
}

func newLog(t testing.TB, s store.Store) *audit.Log {
	return &audit.Log{Store: s, Keys: keys("secret"), Now: func() time.Time { return began }, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func TestMain(m *testing.M) { enginetest.Main(m) }

// empty gives a store of the engine that the environment names.
func empty(t testing.TB) store.Store {
	return enginetest.New(t, search.NewCatalog(nil, time.UTC), func() time.Time { return began })
}

func record(t testing.TB, customer, json string, links ...store.Link) store.Record {
	t.Helper()
	r, err := fhir.Parse([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return store.Record{Key: store.Key{Customer: customer, Type: r.Type(), ID: r.ID()}, Version: 3, Resource: r, Links: links}
}

// flush writes what waits, and gives all that there is.
func flush(t testing.TB, l *audit.Log) []audit.Found {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := l.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPatientsOfWhatIsShown: whoever a resource is about is in the record, and can be
// found by it, without the resource being read.
func TestPatientsOfWhatIsShown(t *testing.T) {
	for _, tc := range []struct{ name, json, want string }{
		{"a reference", `{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"Patient/p1"}}]}`, "t|Appointment/a/3 t|Patient/p1"},
		{"an absolute one, of a version", `{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"https://x.test/R4/Patient/p.1-A/_history/2"}}]}`, "t|Appointment/a/3 t|Patient/p.1-A"},
		{"escaped", `{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"Patient\/p1"}}]}`, "t|Appointment/a/3 t|Patient/p1"},
		{"escaped twice", `{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"https:\/\/x.test\/Patient\/p1\/_history\/1"}}]}`, "t|Appointment/a/3 t|Patient/p1"},
		{"twice the same", `{"resourceType":"Appointment","id":"a","x":["Patient/p1","Patient/p2","Patient/p1"]}`, "t|Appointment/a/3 t|Patient/p1 t|Patient/p2"},
		{"itself", `{"resourceType":"Patient","id":"p1","link":[{"other":{"reference":"Patient/p2"}}]}`, "t|Patient/p1/3"},
		{"words", `{"resourceType":"Slot","id":"s","comment":"Patient Patient/ Patient/p SomePatient/p2 Patient/é"}`, "t|Slot/s/3"},
		{"contained", `{"resourceType":"Appointment","id":"a","contained":[{"resourceType":"Patient","id":"c"}]}`, "t|Appointment/a/3 t|Patient/stored"},
		{"at the very end", `{"resourceType":"Slot","id":"Patient"}`, "t|Slot/Patient/3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLog(t, empty(t))
			var links []store.Link
			if tc.name == "contained" {
				links = []store.Link{{Param: "patient", To: search.Ref{Type: "Patient", ID: "stored"}}}
			}
			l.Add(&audit.Event{Time: began, Act: "read"}, []store.Record{record(t, "t", tc.json, links...)})
			if got := strings.Join(flush(t, l)[0].Touched, " "); got != tc.want {
				t.Errorf("touched %q, want %q", got, tc.want)
			}
		})
	}
}

// TestEventsAreKeptAsTheyAre: any event comes back as it was, whatever its texts.
func TestEventsAreKeptAsTheyAre(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOf(rapid.Rune())
		texts := rapid.SliceOfN(text, 1, 4)
		want := audit.Event{
			Time: time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(r, "time")).UTC(), Act: text.Draw(r, "act"), Face: text.Draw(r, "face"),
			Status: rapid.IntRange(0, 599).Draw(r, "status"), Code: text.Draw(r, "code"), Client: text.Draw(r, "client"),
			Organisation: text.Draw(r, "organisation"), Subject: text.Draw(r, "subject"), Issuer: text.Draw(r, "issuer"), Claims: text.Draw(r, "claims"),
			ASID: text.Draw(r, "asid"), Address: text.Draw(r, "address"), Request: text.Draw(r, "request"), Sent: text.Draw(r, "sent"),
			Correlation: text.Draw(r, "correlation"), Trace: text.Draw(r, "trace"), Type: text.Draw(r, "type"), ID: text.Draw(r, "id"),
			Query: text.Draw(r, "query"), Reach: texts.Draw(r, "reach"), Touched: texts.Draw(r, "touched"), Of: texts.Draw(r, "of"), Why: text.Draw(r, "why"),
		}
		b, err := json.Marshal(&want)
		if err != nil {
			r.Fatal(err)
		}
		var got audit.Event
		if err := json.Unmarshal(b, &got); err != nil {
			r.Fatalf("%v: %s", err, b)
		}
		if d := cmp.Diff(want, got); d != "" {
			r.Errorf("%s", d)
		}
	})
}

// TestWritesAreRecordedInTheirCommit: with the write or not at all, once, however
// often it ran.
func TestWritesAreRecordedInTheirCommit(t *testing.T) {
	l := newLog(t, empty(t))
	s := audit.Wrap(l.Store, l)
	visit := record(t, "t", `{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"Patient/p1"}}]}`)
	put := func(ctx context.Context, fail error) error {
		return s.Update(ctx, func(tx store.Tx) error {
			if _, err := tx.Put(ctx, store.Put{Key: visit.Key, Resource: visit.Resource, IfVersion: store.Any}); err != nil {
				return err
			}
			return fail
		})
	}
	nope := errors.New("no")
	refused := audit.With(t.Context(), &audit.Event{Act: "update"})
	if err := put(refused, nope); !errors.Is(err, nope) || audit.Committed(refused) || len(flush(t, l)) != 0 {
		t.Errorf("a write that failed: %v, and it left a record", err)
	}
	done := audit.With(t.Context(), &audit.Event{Act: "update", Client: "c"})
	if err := put(done, nil); err != nil || !audit.Committed(done) {
		t.Errorf("a write: %v, committed %t", err, audit.Committed(done))
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error { _, err := tx.Delete(t.Context(), visit.Key, store.Any); return err }); err != nil {
		t.Error(err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		return tx.Claim(t.Context(), store.Claim{Space: "x", Key: "y"})
	}); err != nil {
		t.Error(err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		audit.Note(tx, func(e *audit.Event) { e.Act, e.Of = "review.view", []string{"1"} })
		return nil
	}); err != nil {
		t.Error(err)
	}
	var got []string
	for _, e := range flush(t, l) {
		got = append(got, fmt.Sprintf("%s %s %v %v", e.Act, e.Client, e.Touched, e.Of))
	}
	want := []string{"update c [t|Appointment/a/1 t|Patient/p1] []", "system  [t|Appointment/a/2] []", "review.view  [] [1]"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
}

// TestNothingIsReadable: the store shows no id and no search (spec security 1.8, S99).
func TestNothingIsReadable(t *testing.T) {
	l := newLog(t, empty(t))
	l.Add(&audit.Event{Time: began, Act: "search-type", Client: "heron", Query: "family=Wren", Touched: []string{"t|Patient/p1"}})
	flush(t, l)
	records, err := l.Store.Log(t.Context(), audit.Stream, store.LogRange{Limit: 10})
	if err != nil || len(records) < 2 {
		t.Fatal(len(records), err)
	}
	for _, r := range records {
		for _, word := range []string{"heron", "Wren", "p1"} {
			if strings.Contains(string(r.Data), word) {
				t.Errorf("a record shows %s", word)
			}
		}
	}
}

// failing is a store that cannot write while down is set.
type failing struct {
	store.Store
	mu   sync.Mutex
	down bool
}

func (f *failing) set(down bool) { f.mu.Lock(); f.down = down; f.mu.Unlock() }

func (f *failing) Update(ctx context.Context, fn func(store.Tx) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return fhir.Errorf(fhir.Busy, "full")
	}
	return f.Store.Update(ctx, fn)
}

// TestNothingIsAnsweredUnrecorded is security S101: the gate shuts when records
// cannot be written, opens when they can, and none is lost in between.
func TestNothingIsAnsweredUnrecorded(t *testing.T) {
	f := &failing{Store: empty(t)}
	l := newLog(t, f)
	add := func() { l.Add(&audit.Event{Time: began, Act: "read"}) }
	add()
	if err := l.Gate(); err != nil {
		t.Errorf("before anything failed: %v", err)
	}
	f.set(true)
	if err := l.Flush(t.Context()); err == nil || fhir.KindOf(l.Gate()) != fhir.Busy {
		t.Errorf("the store is full: flush %v, gate %v", err, l.Gate())
	}
	for range 20 { // those that were under way, over more rounds than there are buffers
		add()
		_ = l.Flush(t.Context())
	}
	l.Continue = true
	if err := l.Gate(); err != nil {
		t.Errorf("reads are to go on: %v", err)
	}
	l.Continue = false
	f.set(false)
	if got := flush(t, l); len(got) != 21 || l.Gate() != nil || l.Stats().Waiting != 0 {
		t.Errorf("%d records, gate %v, %+v", len(got), l.Gate(), l.Stats())
	}
}

// TestMemoryIsBounded: without a store that takes them, records do not pile up.
func TestMemoryIsBounded(t *testing.T) {
	f := &failing{Store: empty(t), down: true}
	l := newLog(t, f)
	l.Continue = true
	e := audit.Event{Time: began, Act: "read", Query: strings.Repeat("q", 1<<20)}
	for range 80 {
		l.Add(&e)
	}
	if s := l.Stats(); s.Waiting > 70<<20 || s.Lost == 0 || s.Lost+s.Written != 80 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkAdd(b *testing.B) {
	words := strings.Repeat("as was agreed by telephone ", 90)
	var page []store.Record
	for i := range 10 {
		page = append(page, record(b, "trustalias", fmt.Sprintf(`{"resourceType":"Appointment","id":"a%d","comment":%q,"participant":[{"actor":{"reference":"Patient/p%d"}},{"actor":{"reference":"Practitioner/r1"}}]}`, i, words, i)))
	}
	for _, n := range []int{1, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := newLog(b, empty(b))
			e := audit.Event{
				Time: began, Act: "read", Face: "r4", Status: 200, Client: "demo-admin", Organisation: "RX1", Issuer: "http://127.0.0.1:8080",
				Address: "127.0.0.1", Request: "3c1af5ae-6d5f-4bd3-8e9a-5642a4e814b9", Type: "Appointment", ID: "a1", Reach: []string{"trustalias"},
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				l.Add(&e, page[:n])
				if i%5000 == 0 {
					b.StopTimer()
					if err := l.Flush(b.Context()); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			}
		})
	}
}
