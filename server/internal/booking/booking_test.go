package booking_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/store/enginetest"
)

// world is a service on the model store with what bookings need in it.
type world struct {
	*booking.Service
	t   *testing.T
	now time.Time
}

const base = "http://facade.example.test/R4"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)}
	var mu sync.Mutex
	n := 0
	catalog := search.NewCatalog([]string{base}, time.UTC)
	now := func() time.Time { return w.now }
	w.Service = &booking.Service{
		Store: enginetest.New(t, catalog, now), Catalog: catalog, Bases: []string{base}, Now: now,
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("id-%d", n)
		},
	}
	w.put("trust", `{"resourceType":"Schedule","id":"sc1","actor":[{"reference":"HealthcareService/h1"}]}`)
	w.put("trust", `{"resourceType":"Schedule","id":"sc2","actor":[{"reference":"HealthcareService/h1"}]}`)
	for i, at := range []string{"10:00", "10:15", "10:30", "11:00"} {
		w.put("trust", slotJSON(fmt.Sprintf("s%d", i+1), "sc1", at))
	}
	w.put("trust", slotJSON("other", "sc2", "10:15"))
	w.put("trust", `{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"family":"Sample","given":["Ada"]}],"birthDate":"1980-02-03"}`)
	return w
}

func slotJSON(id, schedule, at string) string {
	start, err := time.Parse("2006-01-02 15:04", "2030-01-08 "+at)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"resourceType":"Slot","id":%q,"schedule":{"reference":"Schedule/%s"},"status":"free","start":%q,"end":%q}`,
		id, schedule, start.Format(time.RFC3339), start.Add(15*time.Minute).Format(time.RFC3339))
}

var feed = auth.Principal{Client: "feed", Customers: []string{"trust"}}

func caller(organisation string) booking.Request {
	return booking.Request{Principal: auth.Principal{Client: "c-" + organisation, Organisation: organisation, Customers: []string{"trust", "clinic"}}, IfVersion: store.Any}
}

func parse(t *testing.T, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return r
}

// put stores a resource as a feed does.
func (w *world) put(customer, text string) store.Record {
	w.t.Helper()
	r := parse(w.t, text)
	rec, _, err := w.Update(w.t.Context(), booking.Request{Principal: feed, IfVersion: store.Any, Create: true},
		store.Key{Customer: customer, Type: r.Type(), ID: r.ID()}, r)
	if err != nil {
		w.t.Fatalf("put %s: %v", r, err)
	}
	return rec
}

func (w *world) read(typ, id string) store.Record {
	w.t.Helper()
	rec, err := w.Store.Read(w.t.Context(), store.Of("trust"), store.Key{Customer: "trust", Type: typ, ID: id})
	if err != nil {
		w.t.Fatalf("read %s/%s: %v", typ, id, err)
	}
	return rec
}

func (w *world) status(id string) string {
	return w.read("Slot", id).Resource.Root().Get("status").Text()
}

func (w *world) count(typ string) int {
	page, err := w.Store.Search(w.t.Context(), store.Of("trust"), search.Query{Type: typ, Count: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Total
}

// appointment writes a booking of slots from one minute to another.
func appointment(status, start, end string, slots ...string) string {
	var refs []string
	for _, s := range slots {
		refs = append(refs, `{"reference":"`+s+`"}`)
	}
	return fmt.Sprintf(`{"resourceType":"Appointment","status":%q,"start":"2030-01-08T%s:00Z","end":"2030-01-08T%s:00Z","slot":[%s],
		"participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`, status, start, end, strings.Join(refs, ","))
}

// Design decision 17: which POSTs take a slot, and which are refused. Whatever is
// refused leaves nothing behind.
func TestCreateTakesSlots(t *testing.T) {
	tests := []struct {
		name, body string
		want       error // nil: stored
		taken      []string
	}{
		{"one slot", appointment("booked", "10:00", "10:15", "Slot/s1"), nil, []string{"s1"}},
		{"under an absolute reference", appointment("booked", "10:00", "10:15", base+"/Slot/s1"), nil, []string{"s1"}},
		{"pending takes it too", appointment("pending", "10:00", "10:15", "Slot/s1"), nil, []string{"s1"}},
		{"it may end before the slot does", appointment("booked", "10:00", "10:10", "Slot/s1"), nil, []string{"s1"}},
		{"two that follow one another, in any order", appointment("booked", "10:00", "10:30", "Slot/s2", "Slot/s1"), nil, []string{"s1", "s2"}},
		{"proposed takes none", appointment("proposed", "10:00", "10:15", "Slot/s1"), nil, nil},
		{"cancelled takes none", appointment("cancelled", "10:00", "10:15", "Slot/s1"), nil, nil},
		{"with a gap", appointment("booked", "10:00", "10:45", "Slot/s1", "Slot/s3"), fhir.Unprocessable, nil},
		{"of two schedules", appointment("booked", "10:00", "10:30", "Slot/s1", "Slot/other"), fhir.Unprocessable, nil},
		{"the same slot twice", appointment("booked", "10:00", "10:15", "Slot/s1", "Slot/s1"), fhir.Unprocessable, nil},
		{"beginning before it", appointment("booked", "09:55", "10:15", "Slot/s1"), fhir.Unprocessable, nil},
		{"ending after it", appointment("booked", "10:00", "10:20", "Slot/s1"), fhir.Unprocessable, nil},
		{"beginning when it ends", appointment("booked", "10:15", "10:15", "Slot/s1"), fhir.Unprocessable, nil},
		{"of no length", appointment("booked", "10:05", "10:05", "Slot/s1"), fhir.Unprocessable, nil},
		{"no such slot", appointment("booked", "10:00", "10:15", "Slot/none"), fhir.Unprocessable, nil},
		{"one of two does not exist", appointment("booked", "10:00", "10:30", "Slot/s1", "Slot/none"), fhir.Unprocessable, nil},
		{"not a slot", appointment("booked", "10:00", "10:15", "Schedule/sc1"), fhir.Unprocessable, nil},
		{"no such patient", strings.Replace(appointment("booked", "10:00", "10:15", "Slot/s1"), "Patient/p1", "Patient/p9", 1), fhir.Unprocessable, nil},
		{"no status", `{"resourceType":"Appointment","participant":[{"actor":{"display":"x"},"status":"accepted"}]}`, fhir.Unprocessable, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			rec, err := w.Create(t.Context(), caller("X1"), parse(t, tc.body))
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Create = %v, want %v", err, tc.want)
			}
			var taken []string
			for _, id := range []string{"s1", "s2", "s3", "s4", "other"} {
				if w.status(id) == "busy" {
					taken = append(taken, id)
				}
			}
			if fmt.Sprint(taken) != fmt.Sprint(tc.taken) {
				t.Errorf("slots taken: %v, want %v", taken, tc.taken)
			}
			if tc.want != nil && w.count("Appointment") != 0 {
				t.Error("a refused booking was stored")
			}
			if tc.want == nil && rec.Version != 1 {
				t.Errorf("version %d, want 1", rec.Version)
			}
		})
	}
}

// The second booking of a slot is refused, names the slot and leaves neither an appointment nor a patient.
func TestSecondBooking(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1"))); err != nil {
		t.Fatal(err)
	}
	_, err := w.Create(t.Context(), caller("X2"), parse(t, appointment("booked", "10:00", "10:30", "Slot/s2", "Slot/s1")))
	if !errors.Is(err, fhir.SlotTaken) || fhir.AsError(err).Text != "Slot/s1 is no longer available." {
		t.Fatalf("second booking: %v", err)
	}
	if w.status("s2") != "free" {
		t.Error("the other slot of the refused booking is not free any more")
	}
	if n := w.count("Appointment"); n != 1 {
		t.Errorf("%d appointments, want 1", n)
	}
}

// A slot is booked once, however many clients race (64 for each of 4 slots).
func TestRace(t *testing.T) {
	w := newWorld(t)
	for _, s := range []struct{ id, start, end string }{{"s1", "10:00", "10:15"}, {"s2", "10:15", "10:30"}, {"s3", "10:30", "10:45"}, {"s4", "11:00", "11:15"}} {
		body := parse(t, appointment("booked", s.start, s.end, "Slot/"+s.id))
		var wg sync.WaitGroup
		results := make(chan error, 64)
		for i := range 64 {
			wg.Go(func() {
				_, err := w.Create(context.Background(), caller(fmt.Sprint(i)), body)
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, fhir.SlotTaken) {
				t.Errorf("a loser got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d won slot %s, want 1", won, s.id)
		}
	}
}

// NHS booking standard: a contained patient and slot stay as sent, the stored
// ones are linked (design decision 18).
func TestContained(t *testing.T) {
	body := func(slot, schedule, nhs string) string {
		id := ""
		if nhs != "" {
			id = `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + nhs + `"}],`
		}
		return `{"resourceType":"Appointment","contained":[
			{"resourceType":"Slot","id":"` + slot + `","schedule":{"reference":"Schedule/` + schedule + `"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"},
			{"resourceType":"Patient","id":"pat",` + id + `"name":[{"family":"New","given":["Person"]}]}],
			"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"#` + slot + `"}],
			"participant":[{"actor":{"reference":"#pat"},"status":"accepted"}]}`
	}
	tests := []struct {
		name, body string
		want       error
		patients   int    // stored afterwards
		by         string // an NHS number that finds the booking
	}{
		{"a known patient is linked", body("s1", "sc1", "9990000018"), nil, 1, "9990000018"},
		{"an unknown one is made", body("s1", "sc1", "9990000026"), nil, 2, "9990000026"},
		{"without an NHS number one is made", body("s1", "sc1", ""), nil, 2, ""},
		{"an NHS number that fails its check", body("s1", "sc1", "9990000027"), fhir.Unprocessable, 1, ""},
		{"another schedule than the slot's", body("s1", "sc2", "9990000018"), fhir.Unprocessable, 1, ""},
		{"a slot that does not exist", body("s9", "sc1", "9990000018"), fhir.Unprocessable, 1, ""},
		{"a dangling reference", strings.Replace(body("s1", "sc1", ""), `"#pat"`, `"#nobody"`, 1), fhir.Unprocessable, 1, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			rec, err := w.Create(t.Context(), caller("X1"), parse(t, tc.body))
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Create = %v, want %v", err, tc.want)
			}
			if n := w.count("Patient"); n != tc.patients {
				t.Errorf("%d patients, want %d", n, tc.patients)
			}
			if err != nil {
				return
			}
			root := rec.Resource.Root()
			if got := root.One(fhir.MustPath("contained.where(resourceType=Slot).status")).Text(); got != "busy" {
				t.Errorf("the contained slot is shown %s, want busy", got)
			}
			if got := root.Get("slot").First().Get("reference").Text(); got != "#s1" {
				t.Errorf("the slot reference is %s, want it as sent", got)
			}
			for _, query := range []string{"slot=Slot/s1", "actor:Patient.identifier=" + tc.by, "patient.identifier=" + tc.by} {
				if strings.HasSuffix(query, "=") {
					continue
				}
				parsed, err := search.Parse(w.Catalog, "Appointment", query, w.now)
				if err != nil {
					t.Fatal(err)
				}
				page, err := w.Store.Search(t.Context(), store.Of("trust"), parsed.Query)
				if err != nil || page.Total != 1 {
					t.Errorf("%s finds %d (%v), want the booking", query, page.Total, err)
				}
			}
		})
	}
}

// NHS booking standard 2.7: a booking is for one patient, under one NHS number.
func TestTwoNHSNumbers(t *testing.T) {
	const id = `{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"%s"}`
	body := func(contained, actor string) string {
		return `{"resourceType":"Appointment","contained":[{"resourceType":"Patient","id":"pat","identifier":[` + contained + `],"name":[{"family":"New"}]}],
			"status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"Slot/s1"}],
			"participant":[{"actor":{"reference":"#pat"` + actor + `},"status":"accepted"}]}`
	}
	a, b := fmt.Sprintf(id, "9990000026"), fmt.Sprintf(id, "9990000018")
	for name, text := range map[string]string{"both on the patient": body(a+","+b, ""), "one on the participant": body(a, `,"identifier":`+b)} {
		w := newWorld(t)
		if _, err := w.Create(t.Context(), caller("X1"), parse(t, text)); !errors.Is(err, fhir.Unprocessable) {
			t.Errorf("%s: %v, want unprocessable", name, err)
		}
		if w.status("s1") != "free" || w.count("Patient") != 1 {
			t.Errorf("%s: a refused booking left something", name)
		}
	}
}

func TestUnique(t *testing.T) {
	w := newWorld(t)
	second := `{"resourceType":"Patient","id":"p2","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}`
	key := store.Key{Customer: "trust", Type: "Patient", ID: "p2"}
	req := booking.Request{Principal: feed, IfVersion: store.Any, Create: true}
	if _, _, err := w.Update(t.Context(), req, key, parse(t, second)); !errors.Is(err, fhir.Duplicate) {
		t.Errorf("a second patient of that NHS number: %v, want duplicate", err)
	}
	w.put("clinic", second) // another customer's namespace
	w.put("trust", `{"resourceType":"Patient","id":"p1","name":[{"family":"Sample"}]}`)
	if _, _, err := w.Update(t.Context(), req, key, parse(t, second)); err != nil {
		t.Errorf("after the first gave its number up: %v", err)
	}
}

// NHS booking standard, requirements 73, 74 and 76: an X-Request-ID succeeds once,
// and a failure does not use it up.
func TestRequestID(t *testing.T) {
	w := newWorld(t)
	req := caller("X1")
	req.RequestID = "0f0f0f0f-1111-4222-8333-444444444444"
	if _, err := w.Create(t.Context(), req, parse(t, appointment("booked", "10:00", "10:15", "Slot/none"))); !errors.Is(err, fhir.Unprocessable) {
		t.Fatalf("a bad booking: %v", err)
	}
	if _, err := w.Create(t.Context(), req, parse(t, appointment("booked", "10:00", "10:15", "Slot/s1"))); err != nil {
		t.Fatalf("the same request id after a failure: %v", err)
	}
	if _, err := w.Create(t.Context(), req, parse(t, appointment("booked", "10:00", "10:15", "Slot/s1"))); !errors.Is(err, fhir.Duplicate) {
		t.Errorf("a replay: %v, want duplicate and not slot-taken", err)
	}
	other := caller("X2")
	other.RequestID = req.RequestID
	if _, err := w.Create(t.Context(), other, parse(t, appointment("booked", "10:15", "10:30", "Slot/s2"))); err != nil {
		t.Errorf("another client's request of the same id: %v", err)
	}
}

// Design decision 10: where a resource goes that names no slot.
func TestHome(t *testing.T) {
	loose := `{"resourceType":"Patient","name":[{"family":"X"}]`
	label := `,"meta":{"security":[{"system":"http://fhir.patientsknowbest.com/codesystem/source-organization","code":"%s"}]}}`
	tests := []struct {
		name      string
		customers []string
		body      string
		want      string
		err       error
	}{
		{"of one customer, there", []string{"trust"}, loose + "}", "trust", nil},
		{"of one customer, whatever the label says", []string{"trust"}, loose + fmt.Sprintf(label, "clinic"), "trust", nil},
		{"of several, where the label says", []string{"trust", "clinic"}, loose + fmt.Sprintf(label, "clinic"), "clinic", nil},
		{"of several, without a label", []string{"trust", "clinic"}, loose + "}", "", fhir.Unprocessable},
		{"of several, with a stranger's label", []string{"trust", "clinic"}, loose + fmt.Sprintf(label, "else"), "", fhir.Unprocessable},
		{"of none", nil, loose + "}", "", fhir.Forbidden},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			rec, err := w.Create(t.Context(), booking.Request{Principal: auth.Principal{Client: "c", Customers: tc.customers}}, parse(t, tc.body))
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) || rec.Customer != tc.want {
				t.Errorf("Create = %q, %v; want %q, %v", rec.Customer, err, tc.want, tc.err)
			}
		})
	}
}

// What an organisation booked is its own; another's is not.
func TestOwned(t *testing.T) {
	w := newWorld(t)
	rec, err := w.Create(t.Context(), caller("X1"), parse(t, appointment("booked", "10:00", "10:15", "Slot/s1")))
	if err != nil {
		t.Fatal(err)
	}
	anywhere := store.Key{Type: rec.Type, ID: rec.ID}
	if key, err := w.Owned(t.Context(), caller("X1").Principal, anywhere); key != rec.Key || err != nil {
		t.Errorf("Owned = %v, %v, want %v", key, err, rec.Key)
	}
	for _, key := range []store.Key{rec.Key, anywhere, {Type: rec.Type, ID: "none"}} {
		if _, err := w.Owned(t.Context(), caller("X2").Principal, key); !errors.Is(err, fhir.NotFound) || err.Error() != store.NotFound(key).Error() {
			t.Errorf("of another's %v: %v, want what is said of one that is not there", key, err)
		}
	}
}
