package request_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// world is requests over bookings, on the engine that is tested.
type world struct {
	*request.Service
	t    testing.TB
	now  time.Time
	asks []request.Kind
}

const base = "http://facade.example.test/R4"

var (
	appointment = store.Key{Customer: "trust", Type: "Appointment", ID: "a1"}
	ada         = store.Key{Customer: "trust", Type: "Patient", ID: "p1"}
	jack        = request.Party{Number: 4096, Name: "Jack Brown"}
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2025, 9, 2, 12, 12, 1, 459e6, time.UTC), asks: []request.Kind{request.Change, request.Cancel}}
	var mu sync.Mutex
	n := 0
	id := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("id-%d", n)
	}
	now := func() time.Time { return w.now }
	catalog := search.NewCatalog([]string{base}, time.UTC)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	s := enginetest.New(t, catalog, now)
	b := &booking.Service{Store: s, Catalog: catalog, Bases: []string{base}, Now: now, NewID: id}
	w.Service = &request.Service{Store: s, Booking: b, Catalog: catalog, Bases: []string{base}, Now: now, NewID: id, Zone: func(string) *time.Location { return london }, Asks: func(string) []request.Kind { return w.asks }}
	b.Tell, b.Said = w.Told, w.Said
	for _, p := range []string{"p1", "p2"} {
		w.put(fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"family":"Sample","given":["Ada"]}]}`, p))
	}
	w.put(booked("2025-09-13T23:00:00Z"))
	return w
}

func booked(start string) string { return status("booked", start) }

func status(status, start string) string {
	return fmt.Sprintf(`{"resourceType":"Appointment","id":"a1","status":%q,"appointmentType":{"coding":[{"display":"Emergency"}]},"start":%q,"_end":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},
		"participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`, status, start)
}

var clerk = booking.Request{Principal: auth.Principal{Client: "clerk", Customers: []string{"trust"}}, IfVersion: store.Any, Create: true}

// put stores a resource as a FHIR client does.
func (w *world) put(text string) {
	w.t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := w.Booking.Update(context.Background(), clerk, store.Key{Customer: "trust", Type: r.Type(), ID: r.ID()}, r); err != nil {
		w.t.Fatalf("put %s: %v", r, err)
	}
}

// feed changes the appointment as a message does; says is its SCH-25.
func (w *world) feed(says string, changes ...fhir.Change) {
	w.t.Helper()
	err := w.Store.Update(context.Background(), func(tx store.Tx) error {
		old, err := tx.Read(context.Background(), store.Of("trust"), appointment)
		if err != nil {
			return err
		}
		next, err := old.Resource.Apply(changes...)
		if err != nil {
			return err
		}
		_, _, err = w.Booking.PutFeed(context.Background(), tx, booking.Feed{Key: old.Key, Old: old, Resource: next, From: "pas", Says: says})
		return err
	})
	if err != nil {
		w.t.Fatalf("feed: %v", err)
	}
}

func change(path, v string) fhir.Change {
	return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: []byte(v)}
}

func (w *world) status() string {
	w.t.Helper()
	rec, err := w.Store.Read(context.Background(), store.Of("trust"), appointment)
	if errors.Is(err, fhir.Gone) {
		return "deleted"
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.Resource.Root().Get("status").Text()
}

func (w *world) ask(kind request.Kind, note string) request.Request {
	w.t.Helper()
	r, err := w.Ask(context.Background(), request.Ask{Appointment: appointment, Patient: ada, Kind: kind, Note: note})
	if err != nil {
		w.t.Fatalf("Ask = %v", err)
	}
	return r
}

func (w *world) read(r request.Request) request.Request {
	w.t.Helper()
	r, err := w.Read(context.Background(), store.Of("trust"), r.Key)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// Seed 002: what the request says, and that pending finds the appointment.
func TestAsk(t *testing.T) {
	w := newWorld(t)
	note := "i would like to change my appointment to another day please. Can you change it to 16th September 2025 if it is possible? "
	r := w.ask(request.Change, note)
	if got, want := r.Subject, "Request to change appointment: Sunday 14 September 2025 12:00am - Emergency"; got != want {
		t.Errorf("subject = %q, want %q", got, want)
	}
	if r.State != request.Requested || r.Before != "booked" || r.After != "" || r.Kind != request.Change || r.Appointment != appointment || r.Patient != ada {
		t.Errorf("request = %+v", r)
	}
	if len(r.Messages) != 1 || r.Messages[0].Text != note || !r.Messages[0].Patient || r.Messages[0].Number != r.Number || !r.Messages[0].Time.Equal(w.now) {
		t.Errorf("messages = %+v, want the note as it was typed", r.Messages)
	}
	if got := w.status(); got != "pending" {
		t.Errorf("status = %s, want pending", got)
	}
	rec, err := w.Store.Read(t.Context(), store.Of("trust"), r.Key)
	if err != nil {
		t.Fatal(err)
	}
	if issues := (r4.Rules{Strict: true}).Validate(rec.Resource); len(issues) > 0 {
		t.Errorf("the Task breaks rules: %+v\n%s", issues, rec.Resource.Raw())
	}
	page, err := w.Search(t.Context(), store.Of("trust"), request.Query{Params: "status=requested&focus=Appointment/a1&patient=Patient/p1&_sort=authored-on", Limit: 10})
	if err != nil || len(page.Requests) != 1 || page.Requests[0].Key != r.Key {
		t.Errorf("Search = %+v, %v", page, err)
	}
	if got, ok, err := w.OpenOf(t.Context(), store.Of("trust"), appointment); err != nil || !ok || cmp.Diff(r, got) != "" {
		t.Errorf("OpenOf = %+v, %v, %v", got, ok, err)
	}
}

// What must not be asked.
func TestAskRefused(t *testing.T) {
	tests := []struct {
		name  string
		begin func(*world)
		ask   request.Ask
		want  error
	}{
		{"nobody's appointment", nil, request.Ask{Appointment: store.Key{Customer: "trust", ID: "a2"}, Patient: ada, Kind: request.Cancel}, fhir.NotFound},
		{"somebody else's", nil, request.Ask{Appointment: appointment, Patient: store.Key{Customer: "trust", ID: "p2"}, Kind: request.Cancel}, fhir.NotFound},
		{"of another customer", nil, request.Ask{Appointment: appointment, Patient: store.Key{Customer: "clinic", ID: "p1"}, Kind: request.Cancel}, fhir.NotFound},
		{"a second one", func(w *world) { w.ask(request.Change, "") }, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Cancel}, fhir.Conflict},
		{"one that was cancelled", func(w *world) { w.put(status("cancelled", "2025-09-13T23:00:00Z")) }, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change}, fhir.Conflict},
		{"one that has begun", func(w *world) { w.now = w.now.AddDate(0, 1, 0) }, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change}, fhir.Conflict},
		{"something else", nil, request.Ask{Appointment: appointment, Patient: ada, Kind: "move"}, fhir.Unprocessable},
		{"a long note", nil, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change, Note: strings.Repeat("x", 4001)}, fhir.Unprocessable},
		{"a control character", nil, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change, Note: "a\x07"}, fhir.Unprocessable},
		{"no text", nil, request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change, Note: "a\xff"}, fhir.Unprocessable},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			if tc.begin != nil {
				tc.begin(w)
			}
			before := w.status()
			if _, err := w.Ask(t.Context(), tc.ask); !errors.Is(err, tc.want) {
				t.Errorf("Ask = %v, want %v", err, tc.want)
			}
			if got := w.status(); got != before {
				t.Errorf("status = %s, want %s: what is refused changes nothing", got, before)
			}
		})
	}
}

// Design decision 22: what answers a request, and what does not.
func TestAnswers(t *testing.T) {
	const soon = "2025-09-13T23:00:00Z"
	tests := []struct {
		name   string
		do     func(*world)
		state  request.State
		status string
		after  string
	}{
		{"only a URL", func(w *world) {
			w.feed("", change("extension.where(url="+fhir.ManagementURL+").valueUrl", `"https://x.example/1"`))
		}, request.Requested, "pending", ""},
		{"still pending", func(w *world) { w.feed("pending", change("start", `"2025-09-16T09:00:00Z"`)) }, request.Requested, "pending", ""},
		{"booked anew", func(w *world) { w.feed("", change("start", `"2025-09-16T09:00:00Z"`), change("status", `"booked"`)) }, request.Completed, "booked", "booked"},
		{"cancelled by the feed", func(w *world) { w.feed("", change("status", `"cancelled"`)) }, request.Completed, "cancelled", "cancelled"},
		{"a FHIR update", func(w *world) { w.put(booked("2025-09-16T09:00:00Z")) }, request.Completed, "booked", "booked"},
		{"a FHIR update that leaves it pending", func(w *world) { w.put(status("pending", "2025-09-16T09:00:00Z")) }, request.Requested, "pending", ""},
		{"a FHIR cancel", func(w *world) {
			if _, err := w.Booking.Cancel(w.t.(*testing.T).Context(), clerk, appointment, nil); err != nil {
				w.t.Fatal(err)
			}
		}, request.Completed, "cancelled", "cancelled"},
		{"deleted", func(w *world) {
			if _, err := w.Booking.Delete(w.t.(*testing.T).Context(), clerk, appointment); err != nil {
				w.t.Fatal(err)
			}
		}, request.Withdrawn, "deleted", ""},
		{"asked, answered, and changed again", func(w *world) { w.put(booked(soon)); w.put(status("arrived", soon)) }, request.Completed, "arrived", "booked"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.ask(request.Change, "")
			w.now = w.now.Add(time.Hour)
			tc.do(w)
			r = w.read(r)
			if r.State != tc.state || r.After != tc.after || w.status() != tc.status {
				t.Errorf("request %s (after %q), appointment %s; want %s (%q), %s", r.State, r.After, w.status(), tc.state, tc.after, tc.status)
			}
			if _, open, err := w.OpenOf(t.Context(), store.Of("trust"), appointment); err != nil || open != tc.state.Open() {
				t.Errorf("OpenOf = %v, %v", open, err)
			}
			if tc.state == request.Completed && tc.status == "booked" {
				w.ask(request.Cancel, "once more") // and another can be made
			}
		})
	}
}

// Who withdraws gets the status of before, unless the feed moved it.
func TestWithdraw(t *testing.T) {
	tests := []struct {
		name string
		do   func(*world)
		want string
		err  error
	}{
		{"at once", func(*world) {}, "booked", nil},
		{"after the feed said pending", func(w *world) { w.feed("pending") }, "pending", nil},
		{"after it was answered", func(w *world) { w.feed("", change("status", `"cancelled"`)) }, "cancelled", fhir.Conflict},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.ask(request.Cancel, "")
			tc.do(w)
			got, err := w.Withdraw(t.Context(), r.Key, store.Any, ada)
			if !errors.Is(err, tc.err) || tc.err == nil && err != nil {
				t.Fatalf("Withdraw = %v, want %v", err, tc.err)
			}
			if w.status() != tc.want {
				t.Errorf("status = %s, want %s", w.status(), tc.want)
			}
			if tc.err == nil && (got.State != request.Withdrawn || len(got.Messages) != 2) {
				t.Errorf("request = %+v, want it withdrawn, with a message that says so", got)
			}
			if _, err := w.Withdraw(t.Context(), r.Key, store.Any, ada); !errors.Is(err, fhir.Conflict) {
				t.Errorf("twice: %v, want a conflict", err)
			}
		})
	}
	w := newWorld(t)
	r := w.ask(request.Cancel, "")
	if _, err := w.Withdraw(t.Context(), r.Key, store.Any, store.Key{Customer: "trust", ID: "p2"}); !errors.Is(err, fhir.NotFound) {
		t.Errorf("somebody else's: %v, want not found", err)
	}
}

// Staff: claim, note, answer, done, each with a version check.
func TestStaff(t *testing.T) {
	w := newWorld(t)
	r := w.ask(request.Change, "Please")
	mine, err := w.Assign(t.Context(), r.Key, r.Version, jack)
	if err != nil || mine.State != request.Claimed || mine.Owner != jack {
		t.Fatalf("Assign = %+v, %v", mine, err)
	}
	if _, err := w.Assign(t.Context(), r.Key, r.Version, request.Party{Name: "Team B"}); !errors.Is(err, fhir.PreconditionFailed) {
		t.Errorf("a stale claim = %v, want it refused", err)
	}
	noted, err := w.Note(t.Context(), r.Key, mine.Version, jack, "no room on the 16th", "Waiting for the clinic")
	if err != nil || len(noted.Notes) != 1 || len(noted.Messages) != 1 || noted.Progress != "Waiting for the clinic" || noted.Notes[0].Author != jack {
		t.Fatalf("Note = %+v, %v", noted, err)
	}
	w.now = w.now.Add(time.Minute)
	said, err := w.Reply(t.Context(), r.Key, noted.Version, jack, "Would the 17th do?")
	if err != nil || len(said.Messages) != 2 || said.Messages[1].Patient || said.Messages[1].Number <= said.Messages[0].Number {
		t.Fatalf("Reply = %+v, %v", said, err)
	}
	if said, err = w.Reply(t.Context(), r.Key, said.Version, request.Party{}, "Yes"); err != nil || !said.Messages[2].Patient {
		t.Fatalf("Reply of the patient = %+v, %v", said, err)
	}
	back, err := w.Assign(t.Context(), r.Key, said.Version, request.Party{})
	if err != nil || back.State != request.Requested || back.Owner != (request.Party{}) {
		t.Fatalf("giving back = %+v, %v", back, err)
	}
	done, err := w.Done(t.Context(), r.Key, back.Version, request.Rejected, "No other day is free.")
	if err != nil || done.State != request.Rejected || done.Why != "No other day is free." || w.status() != "booked" {
		t.Fatalf("Done = %+v, %v; appointment %s", done, err, w.status())
	}
	if _, err := w.Done(t.Context(), r.Key, store.Any, request.Completed, ""); !errors.Is(err, fhir.Conflict) {
		t.Errorf("done twice = %v, want a conflict", err)
	}
}

// Of any number who ask at once, one does.
func TestAskRace(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.Ask(context.Background(), request.Ask{Appointment: appointment, Patient: ada, Kind: request.Change})
		})
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !errors.Is(err, fhir.Conflict) {
			t.Errorf("Ask = %v, want a conflict", err)
		}
	}
	if good != 1 {
		t.Errorf("%d requests were made, want 1", good)
	}
}

// What is said after a time, page by page, in the order of time.
func TestConversations(t *testing.T) {
	w := newWorld(t)
	began := w.now
	r := w.ask(request.Change, "one")
	for i := range 5 {
		w.now = w.now.Add(time.Second)
		if _, err := w.Reply(t.Context(), r.Key, store.Any, request.Party{}, fmt.Sprint("more ", i)); err != nil {
			t.Fatal(err)
		}
	}
	var texts []string
	after := began.Add(-time.Millisecond)
	for range 10 {
		got, more, err := w.Conversations(t.Context(), store.Of("trust"), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got {
			for _, m := range c.Shown {
				texts = append(texts, m.Text)
				after = m.Time
			}
		}
		if !more {
			break
		}
	}
	if diff := cmp.Diff([]string{"one", "more 0", "more 1", "more 2", "more 3", "more 4"}, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, see := range []store.Visibility{store.Of("clinic"), {}} {
		if got, _, err := w.Conversations(t.Context(), see, began.Add(-time.Hour), 10); err != nil || len(got) > 0 {
			t.Errorf("seen by %v: %+v, %v", see, got, err)
		}
	}
}

// Design decision 24.
func TestNumbers(t *testing.T) {
	w := newWorld(t)
	seen := map[request.Number]bool{}
	last := request.Number(0)
	for i := range 600 {
		n, err := w.NumberFor(t.Context(), request.Named{Customer: "trust", Type: "Patient", ID: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		if n <= last || seen[n] || n >= 1<<53 || n&15 != 0 {
			t.Fatalf("number %d after %d", n, last)
		}
		last, seen[n] = n, true
		if i%200 == 0 {
			if got, ok := request.ParseNumber(n.String()); !ok || got != n {
				t.Errorf("ParseNumber(%s) = %d, %v", n, got, ok)
			}
			if again, err := w.NumberFor(t.Context(), request.Named{Customer: "trust", Type: "Patient", ID: fmt.Sprint(i)}); err != nil || again != n {
				t.Errorf("again %d, %v, want %d", again, err, n)
			}
			if what, err := w.ByNumber(t.Context(), n); err != nil || what.ID != fmt.Sprint(i) {
				t.Errorf("ByNumber = %+v, %v", what, err)
			}
		}
	}
	for _, text := range []string{"", "0", "-1", "01", "1e3", "9007199254740992", " 1", "1 "} {
		if n, ok := request.ParseNumber(text); ok {
			t.Errorf("ParseNumber(%q) = %d", text, n)
		}
	}
	if at := time.Date(2089, 1, 1, 0, 0, 0, 0, time.UTC); request.NumbersAt(at) >= 1<<53 || !request.NumbersAt(at).Time().Equal(at) {
		t.Errorf("a number of 2089 is %d", request.NumbersAt(at))
	}
}

// Seed 002, step 1: the organisation says what may be asked for, which is nothing
// unless it does; what was asked before stays, and is answered when sent again.
func TestKinds(t *testing.T) {
	w := newWorld(t)
	ask := func(kind request.Kind, id string) error {
		_, err := w.Ask(t.Context(), request.Ask{Appointment: appointment, Patient: ada, Kind: kind, ID: id})
		return err
	}
	for _, tc := range []struct {
		takes []request.Kind
		kind  request.Kind
	}{{nil, request.Change}, {nil, request.Cancel}, {[]request.Kind{request.Cancel}, request.Change}} {
		w.asks = tc.takes
		if err := ask(tc.kind, "r1"); fhir.KindOf(err) != fhir.Forbidden || fhir.AsError(err).Code != request.CodeOff {
			t.Errorf("%s where %v is taken: %v, want forbidden", tc.kind, tc.takes, err)
		}
	}
	if err := ask(request.Cancel, "r1"); err != nil {
		t.Fatalf("what is taken: %v", err)
	}
	w.asks = nil
	if err := ask(request.Cancel, "r1"); err != nil {
		t.Errorf("the same again: %v", err)
	}
}
