package diary

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

type world struct {
	*Service
	t   *testing.T
	now time.Time
}

func newWorld(t *testing.T, now string) *world {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: at}
	catalog := search.NewCatalog([]string{"http://facade.example.test/R4"}, time.UTC)
	clock := func() time.Time { return w.now }
	st := storetest.NewModel(catalog, clock)
	var mu sync.Mutex
	n := 0
	id := func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint("id-", n) }
	b := &booking.Service{Store: st, Catalog: catalog, Bases: []string{"http://facade.example.test/R4"}, Now: clock, NewID: id}
	w.Service = &Service{Store: st, Booking: b, Now: clock}
	return w
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func everyDay(h ...Hours) (week [7][]Hours) {
	for i := range week {
		week[i] = h
	}
	return week
}

func (w *world) make(tp Template, want int) {
	w.t.Helper()
	done, err := w.Make(w.t.Context(), tp)
	if err != nil || done.Slots != want {
		w.t.Errorf("%d slots were made, want %d: %v", done.Slots, want, err)
	}
}

// slots gives the slots of the schedule by their ids.
func (w *world) slots() map[string]store.Record {
	w.t.Helper()
	parsed, err := search.Parse(w.Booking.Catalog, "Slot", "schedule=Schedule/clinic&_count=1000", w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	page, err := w.Store.Search(w.t.Context(), store.Of("trust"), parsed.Query)
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]store.Record{}
	for _, rec := range page.Records {
		all[rec.ID] = rec
	}
	return all
}

// The clocks change: a clinic at nine stays at nine, an hour that is skipped makes
// no slot, and one that comes twice makes each slot once.
func TestClocksChange(t *testing.T) {
	hour := Hours{From: 0, Until: 4 * time.Hour, Every: 30 * time.Minute}
	nine := Hours{From: 9 * time.Hour, Until: 10 * time.Hour, Every: time.Hour}
	tp := Template{Zone: london(t), Week: everyDay(hour, nine)}
	for _, tc := range []struct {
		day   string
		nine  string
		night []string
	}{
		{"2026-03-28", "09:00", []string{"00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "03:30"}},
		{"2026-03-29", "08:00", []string{"00:00", "00:30", "01:00", "01:30", "02:00", "02:30"}},
		{"2026-10-24", "08:00", []string{"23:00", "23:30", "00:00", "00:30", "01:00", "01:30", "02:00", "02:30"}},
		{"2026-10-25", "09:00", []string{"23:00", "23:30", "00:00", "00:30", "02:00", "02:30", "03:00", "03:30"}},
	} {
		day, err := time.ParseInLocation(time.DateOnly, tc.day, tp.Zone)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var last time.Time
		for _, sp := range tp.Spans(day.Add(12 * time.Hour)) {
			if sp.Start.Before(last) {
				t.Errorf("%s: the slot at %s begins before the one before it ends", tc.day, sp.Start)
			}
			last = sp.End
			got = append(got, sp.Start.UTC().Format("15:04"))
		}
		if want := fmt.Sprint(append(tc.night, tc.nine)); fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s (UTC)", tc.day, got, want)
		}
	}
}

// Making slots again makes none twice, frees none, and brings none back; nor do
// several processes at once.
func TestAgain(t *testing.T) {
	w := newWorld(t, "2026-05-12T08:00:00Z")
	tp := Template{
		Customer: "trust", Schedule: "clinic", Zone: london(t), Days: 3, Actors: []string{"HealthcareService/h1"},
		Week:    everyDay(Hours{From: 10 * time.Hour, Until: 11 * time.Hour, Every: 15 * time.Minute, Places: 2}),
		Instead: map[Date][]Hours{"2026-05-13": nil, "2026-05-14": {{From: 9 * time.Hour, Until: 9*time.Hour + 20*time.Minute, Every: 10 * time.Minute}}},
	}
	w.make(tp, 10) // eight, closed, two
	w.make(tp, 0)
	if got := len(w.slots()); got != 10 {
		t.Fatalf("%d slots", got)
	}
	req := booking.Request{Principal: auth.Principal{Client: "c", Customers: []string{"trust"}}, IfVersion: store.Any}
	ids := []string{slotID("trust", "clinic", time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC), 0), slotID("trust", "clinic", time.Date(2026, 5, 12, 9, 15, 0, 0, time.UTC), 1)}
	r, err := fhir.Parse([]byte(`{"resourceType":"Appointment","status":"booked","start":"2026-05-12T10:00:00+01:00","end":"2026-05-12T10:15:00+01:00","slot":[{"reference":"Slot/` + ids[0] + `"}],"participant":[{"actor":{"display":"Ada"},"status":"accepted"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Booking.Create(t.Context(), req, r); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Booking.Delete(t.Context(), req, store.Key{Customer: "trust", Type: "Slot", ID: ids[1]}); err != nil {
		t.Fatal(err)
	}
	w.make(tp, 0)
	if got := w.slots()[ids[0]].Resource.Root().Get("status").Text(); got != "busy" || len(w.slots()) != 9 {
		t.Errorf("the booked slot is %s; %d slots", got, len(w.slots()))
	}
	// Another length beside what stands makes nothing on top of it.
	other := tp
	other.Week = everyDay(Hours{From: 10 * time.Hour, Until: 11 * time.Hour, Every: 20 * time.Minute})
	w.make(other, 0)
	// A day comes nearer.
	w.now = w.now.AddDate(0, 0, 1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for range 4 {
		wg.Go(func() {
			done, err := w.Make(t.Context(), tp)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			sum += done.Slots
			mu.Unlock()
		})
	}
	wg.Wait()
	if sum != 8 || len(w.slots()) != 17 {
		t.Errorf("four at once made %d; %d slots", sum, len(w.slots()))
	}
}

// A clinic is withdrawn: what is free closes, what is booked is listed with what was
// done, nobody can book it, and no slot is made in it again.
func TestWithdraw(t *testing.T) {
	w := newWorld(t, "2026-05-12T08:00:00Z")
	tp := Template{Customer: "trust", Schedule: "clinic", Actors: []string{"HealthcareService/h1"}, Zone: london(t), Days: 2, Week: everyDay(Hours{From: 10 * time.Hour, Until: 11 * time.Hour, Every: 15 * time.Minute})}
	w.make(tp, 8)
	req := booking.Request{Principal: auth.Principal{Client: "c", Customers: []string{"trust"}}, IfVersion: store.Any}
	book := func(minute int) (store.Record, error) {
		start := time.Date(2026, 5, 13, 9, minute, 0, 0, time.UTC)
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","status":"booked","start":%q,"end":%q,"slot":[{"reference":"Slot/%s"}],"participant":[{"actor":{"display":"Ada"},"status":"accepted"}]}`,
			start.Format(time.RFC3339), start.Add(15*time.Minute).Format(time.RFC3339), slotID("trust", "clinic", start, 0)))
		if err != nil {
			t.Fatal(err)
		}
		return w.Booking.Create(t.Context(), req, r)
	}
	booked, err := book(15)
	if err != nil {
		t.Fatal(err)
	}
	clinic := booking.Withdrawal{Customer: "trust", Schedule: "clinic", Start: time.Date(2026, 5, 13, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 5, 15, 0, 0, 0, 0, time.UTC), Reason: "the room is flooded"}
	withdraw := func(cancel, dry bool) map[string]int {
		t.Helper()
		clinic.Cancel, clinic.DryRun = cancel, dry
		list, err := w.Booking.Withdraw(t.Context(), req, clinic)
		if err != nil {
			t.Fatal(err)
		}
		deeds := map[string]int{}
		for _, one := range list {
			deeds[one.Deed]++
			if one.Appointment != "" && one.Appointment != booked.ID {
				t.Errorf("%+v", one)
			}
		}
		return deeds
	}
	for _, tc := range []struct {
		cancel, dry bool
		want        map[string]int
	}{
		{true, true, map[string]int{"closed": 3, "cancelled": 1}},
		{false, false, map[string]int{"closed": 3, "kept": 1}},
		{true, false, map[string]int{"unchanged": 3, "cancelled": 1}},
		{true, false, map[string]int{"unchanged": 4}},
	} {
		if got := withdraw(tc.cancel, tc.dry); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("cancel %v, dry %v: %v, want %v", tc.cancel, tc.dry, got, tc.want)
		}
	}
	rec, err := w.Store.Read(t.Context(), store.Of("trust"), booked.Key)
	if err != nil || rec.Resource.Root().Get("status").Text() != "cancelled" || rec.Resource.Root().Find("cancelationReason", "text").Text() != "the room is flooded" {
		t.Errorf("the booking: %s %v", rec.Resource.Raw(), err)
	}
	count := map[string]int{}
	for _, sl := range w.slots() {
		count[sl.Resource.Root().Get("status").Text()]++
	}
	if count["free"] != 4 || count["busy-unavailable"] != 4 {
		t.Errorf("slots %v", count)
	}
	if _, err := book(30); fhir.KindOf(err) != fhir.SlotTaken {
		t.Errorf("booking in it: %v", err)
	}
	w.now = w.now.AddDate(0, 0, 1)
	w.make(tp, 0) // the 14th is in it too
	w.now = w.now.AddDate(0, 0, 1)
	w.make(tp, 4)
}

// A schedule's planning horizon bounds what can be booked, and what is offered.
func TestHorizon(t *testing.T) {
	w := newWorld(t, "2026-05-12T08:00:00Z")
	tp := Template{Customer: "trust", Schedule: "clinic", Actors: []string{"HealthcareService/h1"}, Zone: london(t), Days: 3, Week: everyDay(Hours{From: 10 * time.Hour, Until: 11 * time.Hour, Every: time.Hour})}
	w.make(tp, 3)
	req := booking.Request{Principal: auth.Principal{Client: "c", Customers: []string{"trust"}}, IfVersion: store.Any}
	put := func(more string) {
		t.Helper()
		r, err := fhir.Parse([]byte(`{"resourceType":"Schedule","id":"clinic","actor":[{"reference":"HealthcareService/h1"}]` + more + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Booking.Update(t.Context(), req, store.Key{Customer: "trust", Type: "Schedule", ID: "clinic"}, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		more    string
		offered int
		books   bool // the slot of the 13th
	}{
		{``, 3, true},
		{`,"planningHorizon":{"start":"2026-05-13","end":"2026-05-13"}`, 1, true},
		{`,"planningHorizon":{"end":"2026-05-12"}`, 1, false},
		{`,"planningHorizon":{"start":"2026-05-14"}`, 1, false},
		{`,"active":false`, 0, false},
	} {
		put(tc.more)
		var page store.Page
		for _, rec := range w.slots() {
			page.Records = append(page.Records, rec)
		}
		page.Total = len(page.Records)
		offered, err := w.Booking.Offered(t.Context(), store.Of("trust"), page)
		if err != nil || len(offered.Records) != tc.offered || offered.Total != tc.offered {
			t.Errorf("%s: %d are offered of a total of %d, want %d: %v", tc.more, len(offered.Records), offered.Total, tc.offered, err)
		}
		start := time.Date(2026, 5, 13, 9, 0, 0, 0, time.UTC)
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","status":"booked","start":%q,"end":%q,"slot":[{"reference":"Slot/%s"}],"participant":[{"actor":{"display":"Ada"},"status":"accepted"}]}`,
			start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), slotID("trust", "clinic", start, 0)))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := w.Booking.Create(t.Context(), req, r)
		if (err == nil) != tc.books || err != nil && fhir.KindOf(err) != fhir.Unprocessable {
			t.Errorf("%s: booking: %v", tc.more, err)
		}
		if err == nil {
			if _, err := w.Booking.Cancel(t.Context(), req, rec.Key, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}
