package booking_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// clinics is a world of several diaries:
//
//	derm   Dr D's role at the north site, dermatology, one slot says otherwise
//	eyes   Dr E herself, no specialty; until noon only by its planning horizon
//	shut   not active
//	desk   a location alone
func clinics(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, id := range []string{"s1", "s2", "s3", "s4", "other"} {
		if _, err := w.Delete(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, w.read("Slot", id).Key); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []string{
		`{"resourceType":"Practitioner","id":"d","identifier":[{"system":"https://fhir.hl7.org.uk/Id/gmc-number","value":"D,1"}],"name":[{"family":"D"}]}`,
		`{"resourceType":"Practitioner","id":"e","name":[{"family":"E"}]}`,
		`{"resourceType":"Organization","id":"o","name":"O"}`,
		`{"resourceType":"Location","id":"north","name":"North","address":{"line":["1 High Street"],"city":"Norwich","postalCode":"NR1 1AA"}}`,
		`{"resourceType":"Location","id":"desk","name":"Desk","address":{"city":"Exeter"}}`,
		`{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":"Practitioner/d"},"organization":{"reference":"Organization/o"},"location":[{"reference":"Location/north"}]}`,
		`{"resourceType":"Schedule","id":"derm","specialty":[{"coding":[{"system":"http://s","code":"derm"}]}],"serviceType":[{"coding":[{"system":"http://t","code":"first"}]}],"actor":[{"reference":"PractitionerRole/role","display":"Dr D"},{"reference":"Location/north"}]}`,
		`{"resourceType":"Schedule","id":"eyes","planningHorizon":{"start":"2030-01-01","end":"2030-01-08T12:00:00Z"},"actor":[{"reference":"Practitioner/e"}]}`,
		`{"resourceType":"Schedule","id":"shut","active":false,"actor":[{"reference":"Practitioner/e"}]}`,
		`{"resourceType":"Schedule","id":"deskdiary","actor":[{"reference":"Location/desk"}]}`,
		slotJSON("d1", "derm", "09:00"),
		strings.Replace(slotJSON("d2", "derm", "10:00"), `"status"`, `"specialty":[{"coding":[{"system":"http://s","code":"warts"}]}],"appointmentType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0276","code":"WALKIN"}]},"status"`, 1),
		slotJSON("e1", "eyes", "11:30"), slotJSON("e2", "eyes", "11:50"), slotJSON("e3", "eyes", "13:00"),
		slotJSON("x1", "shut", "09:00"), slotJSON("k1", "deskdiary", "09:00"),
		strings.Replace(slotJSON("b1", "derm", "08:00"), `"free"`, `"busy"`, 1),
		strings.Replace(strings.ReplaceAll(slotJSON("p1", "derm", "08:00"), "2030-", "2020-"), `"d0"`, `"p1"`, 1),
	} {
		w.put("trust", r)
	}
	return w
}

// refs writes References as a caller does.
func refs(t *testing.T, texts ...string) (all []fhir.Node) {
	t.Helper()
	for _, text := range texts {
		if !strings.HasPrefix(text, "{") {
			text = fmt.Sprintf(`{"reference":%q}`, text)
		}
		n, err := fhir.ParseValue([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// found gives the ids of the slots proposed.
func found(f booking.Found) (ids []string) {
	for _, p := range f.Proposals {
		ids = append(ids, strings.TrimPrefix(p.Root().Find("slot").First().Get("reference").Text(), "Slot/"))
	}
	return ids
}

// TestFind is what IHE ITI-115 asks of the criteria, and what users of other
// servers missed (fhir-search 11: planning horizons, any actor, several types).
func TestFind(t *testing.T) {
	w := clinics(t)
	actors := func(typ string, texts ...string) []booking.Actors {
		return []booking.Actors{{Type: typ, References: refs(t, texts...), Where: "p"}}
	}
	day := func(hour, minute int) time.Time { return time.Date(2030, 1, 8, hour, minute, 0, 0, time.UTC) }
	whole := day(0, 0)
	end := whole.AddDate(0, 0, 1)
	tests := []struct {
		name string
		c    booking.Criteria
		want string
	}{
		{"a day", booking.Criteria{Start: whole, End: end}, "d1 k1 d2 e1"},
		{"from a start alone", booking.Criteria{Start: day(10, 0)}, "d2 e1"},
		{"from an hour", booking.Criteria{Start: day(9, 1), End: end}, "d2 e1"},
		{"to an hour: it must end within", booking.Criteria{Start: whole, End: day(10, 14)}, "d1 k1"},
		{"to the minute it ends", booking.Criteria{Start: whole, End: day(10, 15)}, "d1 k1 d2"},
		{"never the past", booking.Criteria{Start: day(0, 0).AddDate(-20, 0, 0), End: w.now}, ""},
		{"without a window: soon", booking.Criteria{}, ""},
		{"a specialty that the schedule says", booking.Criteria{Start: whole, Specialty: []string{"http://s|derm"}}, "d1"},
		{"a specialty that the slot says", booking.Criteria{Start: whole, Specialty: []string{"warts"}}, "d2"},
		{"either", booking.Criteria{Start: whole, Specialty: []string{"http://s|derm", "http://s|warts"}}, "d1 d2"},
		{"of another system", booking.Criteria{Start: whole, Specialty: []string{"http://other|derm"}}, ""},
		{"a service type", booking.Criteria{Start: whole, ServiceType: []string{"first"}}, "d1 d2"},
		{"a service type and a specialty", booking.Criteria{Start: whole, ServiceType: []string{"first"}, Specialty: []string{"warts"}}, "d2"},
		{"a visit type that is a service type", booking.Criteria{Start: whole, VisitType: []string{"http://t|first"}}, "d1 d2"},
		{"a visit type that is an appointment type", booking.Criteria{Start: whole, VisitType: []string{"WALKIN"}}, "d2"},
		{"an appointment type", booking.Criteria{Start: whole, AppointmentType: []string{"WALKIN"}}, "d2"},
		{"a category that nobody says", booking.Criteria{Start: whole, ServiceCategory: []string{"1"}}, ""},
		{"a practitioner", booking.Criteria{Start: whole, Actors: actors("Practitioner", "Practitioner/e")}, "e1"},
		{"a practitioner by role", booking.Criteria{Start: whole, Actors: actors("Practitioner", base+"/Practitioner/d")}, "d1 d2"},
		{"a practitioner by id alone", booking.Criteria{Start: whole, Actors: actors("Practitioner", "d")}, "d1 d2"},
		{"a practitioner by identifier", booking.Criteria{Start: whole, Actors: actors("Practitioner", `{"identifier":{"system":"https://fhir.hl7.org.uk/Id/gmc-number","value":"D,1"}}`)}, "d1 d2"},
		{"one of two practitioners", booking.Criteria{Start: whole, Actors: actors("Practitioner", "Practitioner/d", "Practitioner/e")}, "d1 d2 e1"},
		{"a practitioner who is not here", booking.Criteria{Start: whole, Actors: actors("Practitioner", `{"identifier":{"value":"?"}}`)}, ""},
		{"a location", booking.Criteria{Start: whole, Actors: actors("Location", "Location/north")}, "d1 d2"},
		{"an organization, by its roles", booking.Criteria{Start: whole, Actors: actors("Organization", "Organization/o")}, "d1 d2"},
		{"an actor of any type", booking.Criteria{Start: whole, Actors: actors("", "Location/desk")}, "k1"},
		{"part of an address", booking.Criteria{Start: whole, Actors: []booking.Actors{{Type: "Location", Addresses: []string{"norw"}}}}, "d1 d2"},
		{"a practitioner and a place", booking.Criteria{Start: whole, Actors: append(actors("Practitioner", "Practitioner/e"), actors("Location", "Location/north")...)}, ""},
		{"a practitioner and her place", booking.Criteria{Start: whole, Actors: append(actors("Practitioner", "Practitioner/d"), actors("Location", "Location/north")...)}, "d1 d2"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.c.Count = 100
			if tc.c.End.IsZero() && !tc.c.Start.IsZero() {
				tc.c.End = end
			}
			got, err := w.Find(t.Context(), store.Of("trust"), tc.c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(tc.want), found(got), cmp.Transformer("none", func(s []string) []string { return append([]string{}, s...) })); diff != "" || got.Total != len(got.Proposals) || got.Next != "" {
				t.Errorf("total %d, next %q, (-want +got):\n%s", got.Total, got.Next, diff)
			}
		})
	}
	for _, bad := range []booking.Criteria{
		{Actors: actors("Practitioner", "Location/north")},
		{Actors: actors("Practitioner", "http://elsewhere.example/Practitioner/1")},
		{Actors: actors("", `{"display":"Dr D"}`)},
		{Specialty: []string{`a\b`}},
		{After: "nonsense"},
	} {
		if _, err := w.Find(t.Context(), store.Of("trust"), bad); !errors.Is(err, fhir.Invalid) {
			t.Errorf("%+v: %v, want invalid", bad, err)
		}
	}
	if got, err := w.Find(t.Context(), store.Of("clinic"), booking.Criteria{Start: whole, End: end, Count: 100}); err != nil || got.Total != 0 {
		t.Errorf("another customer sees %d (%v)", got.Total, err)
	}
}

// A proposal says what the slot and its schedule say, and is sound.
func TestProposal(t *testing.T) {
	w := clinics(t)
	start := time.Date(2030, 1, 8, 9, 0, 0, 0, time.UTC)
	got, err := w.Find(t.Context(), store.Of("trust"), booking.Criteria{Start: start, End: start.AddDate(0, 0, 1), Specialty: []string{"derm"}, Count: 1})
	if err != nil || len(got.Proposals) != 1 {
		t.Fatalf("%v: %d proposals", err, len(got.Proposals))
	}
	want := `{"resourceType":"Appointment","id":"find.d1","status":"proposed","serviceType":[{"coding":[{"system":"http://t","code":"first"}]}],"specialty":[{"coding":[{"system":"http://s","code":"derm"}]}],"start":"2030-01-08T09:00:00Z","end":"2030-01-08T09:15:00Z","minutesDuration":15,"slot":[{"reference":"Slot/d1"}],"participant":[{"actor":{"reference":"PractitionerRole/role","display":"Dr D"},"required":"required","status":"needs-action"},{"actor":{"reference":"Location/north"},"required":"required","status":"needs-action"}]}`
	if diff := cmp.Diff(want, string(got.Proposals[0].Raw())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rec, err := w.Book(t.Context(), caller("X1"), booking.Wish{Appointment: "Appointment/find.d1", Patient: []byte(`{"reference":"Patient/p1"}`)})
	if err != nil || w.status("d1") != "busy" || rec.ID == "find.d1" {
		t.Errorf("booking the proposal by its id: %v, slot %s, stored as %s", err, w.status("d1"), rec.ID)
	}
	if _, err := w.Book(t.Context(), caller("X2"), booking.Wish{Resource: got.Proposals[0]}); !errors.Is(err, fhir.SlotTaken) {
		t.Errorf("booking it again as it is: %v, want slot-taken", err)
	}
}

// What is held is not offered, until the moment the hold is over.
func TestFindAndHolds(t *testing.T) {
	w := clinics(t)
	c := booking.Criteria{Start: time.Date(2030, 1, 8, 0, 0, 0, 0, time.UTC), End: time.Date(2030, 1, 9, 0, 0, 0, 0, time.UTC), Count: 9}
	look := func() string {
		t.Helper()
		got, err := w.Find(t.Context(), store.Of("trust"), c)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(found(got), " ")
	}
	w.hold(slots("d2"))
	if got := look(); got != "d1 k1 e1" {
		t.Errorf("while d2 is held: %s", got)
	}
	w.now = w.now.Add(booking.DefaultHold)
	if got := look(); got != "d1 k1 d2 e1" {
		t.Errorf("when the hold is over: %s", got)
	}
}

// Pages repeat nothing, skip nothing and say the same total, though many slots
// start at once and others are taken meanwhile.
func TestFindPages(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.put("trust", slotJSON(fmt.Sprintf("p%02d", i), "sc1", fmt.Sprintf("1%d:00", i/15)))
	}
	c := booking.Criteria{Start: time.Date(2030, 1, 8, 0, 0, 0, 0, time.UTC), End: time.Date(2030, 1, 9, 0, 0, 0, 0, time.UTC)}
	c.Count = 100
	all, err := w.Find(t.Context(), store.Of("trust"), c)
	if err != nil || all.Total != 35 {
		t.Fatalf("%d in all (%v), want 35", all.Total, err)
	}
	for _, size := range []int{1, 7, 34, 35, 36} {
		c.Count, c.After = size, ""
		var got []string
		for page := 0; page == 0 || c.After != ""; page++ {
			p, err := w.Find(t.Context(), store.Of("trust"), c)
			if err != nil || p.Total != 35 || len(p.Proposals) > size {
				t.Fatalf("page %d of %d: %d of %d (%v)", page, size, len(p.Proposals), p.Total, err)
			}
			got = append(got, found(p)...)
			c.After = p.Next
		}
		if !slices.Equal(got, found(all)) {
			t.Errorf("pages of %d: %v\nwant %v", size, got, found(all))
		}
	}
	c.Count, c.After = 0, ""
	if p, err := w.Find(t.Context(), store.Of("trust"), c); err != nil || p.Total != 35 || len(p.Proposals) != 0 || p.Next != "" {
		t.Errorf("the total alone: %+v (%v)", p, err)
	}
}

// Where there are more than are looked at for a page, the total is not said, and
// the pages go on behind.
func TestFindMany(t *testing.T) {
	w := newWorld(t)
	start := time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC)
	err := w.Store.Update(t.Context(), func(tx store.Tx) error {
		for i := range 10_500 {
			at := start.Add(time.Duration(i) * time.Minute)
			r := parse(t, fmt.Sprintf(`{"resourceType":"Slot","id":"m%05d","schedule":{"reference":"Schedule/sc1"},"status":"free","start":%q,"end":%q}`, i, at.Format(time.RFC3339), at.Add(time.Minute).Format(time.RFC3339)))
			if _, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: "trust", Type: "Slot", ID: r.ID()}, Resource: r}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := booking.Criteria{Start: start, End: start.AddDate(0, 0, 30), Count: 2}
	first, err := w.Find(t.Context(), store.Of("trust"), c)
	if err != nil || first.Total != -1 || strings.Join(found(first), " ") != "m00000 m00001" || first.Next == "" {
		t.Fatalf("total %d, %v, next %q (%v)", first.Total, found(first), first.Next, err)
	}
	c.After = first.Next
	second, err := w.Find(t.Context(), store.Of("trust"), c)
	if err != nil || second.Total != -1 || strings.Join(found(second), " ") != "m00002 m00003" {
		t.Errorf("total %d, %v (%v)", second.Total, found(second), err)
	}
	// Nothing on the page fits: the walk says where it got to.
	c.After, c.Specialty = "", []string{"nothing"}
	none, err := w.Find(t.Context(), store.Of("trust"), c)
	if err != nil || none.Total != -1 || len(none.Proposals) != 0 || none.Next == "" {
		t.Fatalf("total %d, %d proposals, next %q (%v)", none.Total, len(none.Proposals), none.Next, err)
	}
	c.After = none.Next
	last, err := w.Find(t.Context(), store.Of("trust"), c)
	if err != nil || last.Next != "" || len(last.Proposals) != 0 {
		t.Errorf("%d proposals, next %q (%v)", len(last.Proposals), last.Next, err)
	}
}

// TestFindByPolicy: a consumer is offered what the policy shows its organisation, on
// each page and in the total; who writes appointments in general is asked nothing.
func TestFindByPolicy(t *testing.T) {
	w := clinics(t)
	w.Offers = func() []booking.Offer {
		return []booking.Offer{{Service: "1", Schedules: []string{"derm"}, See: []string{"X1"}}, {Service: "2", Schedules: []string{"deskdiary"}}}
	}
	for _, tc := range []struct {
		name         string
		consumer     bool
		organisation string
		want         int
	}{
		{"one that may see it", true, "X1", 4},
		{"another", true, "X2", 2},
		{"one without organisation", true, "", 2},
		{"no consumer", false, "X2", 4},
	} {
		c := booking.Criteria{Count: 1, For: booking.Request{Consumer: tc.consumer}}
		c.For.Principal.Organisation = tc.organisation
		c.Start, c.End = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC)
		pages := 0
		for {
			found, err := w.Find(t.Context(), store.Of("trust"), c)
			if err != nil {
				t.Fatal(err)
			}
			if found.Total != tc.want {
				t.Errorf("%s: a total of %d, want %d", tc.name, found.Total, tc.want)
			}
			pages += len(found.Proposals)
			if c.After = found.Next; c.After == "" {
				break
			}
		}
		if pages != tc.want {
			t.Errorf("%s: %d proposals, want %d", tc.name, pages, tc.want)
		}
	}
}
