package storetest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

func testSearch(t *testing.T, open Open) {
	t.Run("what was written is found at once", func(t *testing.T) {
		s := begin(t, open)
		see := store.Of("a")
		s.put("a", appointment("1", "pending", "2025-10-25T09:00:00Z", "Patient/p", ""))
		s.wantFound(see, "Appointment", "status=pending&date=2025-10-25", "a/1")
		s.wantFound(see, "Appointment", "actor=Patient/p&date=2025-10-25", "a/1")
		s.put("a", appointment("1", "booked", "2025-10-26T09:00:00Z", "Patient/q", ""))
		s.wantFound(see, "Appointment", "status=pending")
		s.wantFound(see, "Appointment", "date=2025-10-25")
		s.wantFound(see, "Appointment", "actor=Patient/p")
		s.wantFound(see, "Appointment", "patient=q&status=booked&date=ge2025-10-26&date=lt2025-10-27", "a/1")
		s.remove(store.Key{Customer: "a", Type: "Appointment", ID: "1"})
		s.wantFound(see, "Appointment", "patient=q")
		s.wantFound(see, "Appointment", "")
	})
	t.Run("identifiers of a system", func(t *testing.T) { testSystems(t, begin(t, open)) })
	t.Run("links", func(t *testing.T) { testLinks(t, begin(t, open)) })
	t.Run("values that keys cannot hold", func(t *testing.T) { testOddValues(t, begin(t, open)) })
	t.Run("plans", func(t *testing.T) { testPlans(t, begin(t, open)) })
	t.Run("a bad cursor", func(t *testing.T) {
		s := begin(t, open)
		for _, after := range []string{"\x00", "\xff\xff\xff"} {
			q := s.query("Slot", "")
			q.After = after
			_, err := s.Search(s.ctx, store.Of("a"), q)
			wantKind(t, "Search after nonsense", err, fhir.Invalid)
		}
	})
}

// An identifier is found by its system, by its value, and by both.
func testSystems(t *testing.T, s *subject) {
	person := func(id, identifiers string) {
		s.put("a", fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[%s]}`, id, identifiers))
	}
	person("none", `{"value":"X1"}`)
	person("one", `{"system":"urn:one","value":"X1"},{"system":"urn:two","value":"Y2"}`)
	person("two", `{"system":"urn:two","value":"X1"},{"system":"urn:one","value":"Z3"}`)
	person("other", `{"system":"urn:one/more","value":"Y2"}`)
	person("bare", `{"system":"urn:one"}`)
	see := store.Of("a")
	for _, tc := range []struct {
		query string
		want  []string
	}{
		{"identifier=X1", []string{"a/none", "a/one", "a/two"}},
		{"identifier=|X1", []string{"a/none"}},
		{"identifier=urn:one|X1", []string{"a/one"}},
		{"identifier=urn:one|", []string{"a/bare", "a/one", "a/two"}},
		{"identifier=urn:two|", []string{"a/one", "a/two"}},
		{"identifier=urn:on|", nil},
		{"identifier=urn:one|X1,urn:two|", []string{"a/one", "a/two"}},
		{"identifier=urn:one|Z3,Y2", []string{"a/one", "a/other", "a/two"}},
		{"identifier=urn:one/more|,X1", []string{"a/none", "a/one", "a/other", "a/two"}},
		{"identifier=urn:one|&identifier=urn:two|Y2", []string{"a/one"}},
	} {
		found, total := s.find(see, "Patient", tc.query)
		if !slices.Equal(found, tc.want) || total != len(tc.want) {
			t.Errorf("%s finds %v, total %d; want %v", tc.query, found, total, tc.want)
		}
	}
	s.put("a", `{"resourceType":"Appointment","id":"x","status":"booked","participant":[{"actor":{"reference":"Patient/two"}}]}`)
	s.wantFound(see, "Appointment", "patient.identifier=urn:one|", "a/x")
	s.wantFound(see, "Appointment", "patient.identifier=urn:other|")
}

// A plan is there when it is asked for, for each customer searched, and says
// nothing of what is stored or sought.
func testPlans(t *testing.T, s *subject) {
	const secret = "9990002002"
	s.put("a", patient("p", secret, `,"name":[{"family":"Secretary"}]`))
	s.put("a", appointment("1", "booked", "2025-10-25T09:00:00Z", "Patient/p", ""))
	see := store.Visibility{Customers: []string{"a", "b"}}
	for _, tc := range []struct{ typ, query string }{
		{"Patient", "identifier=" + secret},
		{"Patient", "family=secretary&birthdate=1990"},
		{"Patient", "_has:Appointment:patient:status=booked"},
		{"Patient", "gender:missing=true"},
		{"Appointment", "actor:Patient.identifier=" + secret + "&date=2025-10-25&status=booked"},
		{"Appointment", "status=booked&_sort=date"},
		{"Appointment", "_id=1"},
		{"Appointment", "patient=Patient/p"},
		{"Appointment", ""},
		{"Slot", "status=free"},
	} {
		q := s.query(tc.typ, tc.query)
		if p, err := s.Search(s.ctx, see, q); err != nil || p.Plan != nil {
			t.Errorf("%s?%s has the plan %q, %v, which nobody asked for", tc.typ, tc.query, p.Plan, err)
		}
		q.Explain = true
		p, err := s.Search(s.ctx, see, q)
		if err != nil || len(p.Plan) == 0 {
			t.Errorf("%s?%s has no plan, %v", tc.typ, tc.query, err)
		}
		for _, line := range p.Plan {
			for _, value := range []string{secret, "ecretary", "/p", "1990", "2025"} {
				if strings.Contains(line, value) {
					t.Errorf("the plan of %s?%s says %q", tc.typ, tc.query, line)
				}
			}
		}
	}
}

// Design decision 18: the links of a booking are found as if they were references.
func testLinks(t *testing.T, s *subject) {
	see := store.Of("a")
	s.put("a", patient("p", "9990002002", `,"name":[{"family":"Test"}]`))
	s.put("a", slot("x", "busy"))
	booking := appointment("1", "booked", "2025-10-25T09:00:00Z", "#pat", `,"contained":[{"resourceType":"Patient","id":"pat","identifier":[{"value":"9990002002"}]}]`)
	s.put("a", booking,
		store.Link{Param: "actor", To: search.Ref{Type: "Patient", ID: "p"}},
		store.Link{Param: "slot", To: search.Ref{Type: "Slot", ID: "x"}})
	for _, query := range []string{"actor=Patient/p", "patient=p", "slot=Slot/x", "slot.status=busy", "actor:Patient.family=test", "patient.identifier=9990002002", "actor:Patient.name=test&date=2025-10-25"} {
		s.wantFound(see, "Appointment", query, "a/1")
	}
	s.wantFound(see, "Patient", "_has:Appointment:patient:status=booked", "a/p")
	s.put("a", booking)
	s.wantFound(see, "Appointment", "actor=Patient/p")
	s.wantFound(see, "Appointment", "patient.identifier=9990002002", "a/1")
	err := s.Update(s.ctx, func(tx store.Tx) error {
		_, err := tx.Put(s.ctx, putOf(t, "a", booking, store.Link{Param: "date"}))
		return err
	})
	if err == nil {
		t.Error("a link of a parameter that is no reference is stored")
	}
}

// An engine's keys may be shorter than values and of other types; what is found
// may not depend on it.
func testOddValues(t *testing.T, s *subject) {
	see := store.Of("a")
	long := make([]byte, 20_000)
	for i := range long {
		long[i] = 'a' + byte(i%26)
	}
	text := string(long)
	s.put("a", `{"resourceType":"Appointment","id":"long","status":"booked","identifier":[{"system":"urn:x","value":"`+text+`"}],"participant":[{"actor":{"reference":"https://other.example/`+text+`"}}]}`)
	s.put("a", `{"resourceType":"Appointment","id":"shorter","status":"booked","identifier":[{"system":"urn:x","value":"`+text[:19_999]+`"}]}`)
	s.put("a", `{"resourceType":"Appointment","id":"zero","status":"boo\u0000ked","identifier":[{"value":"a\u0000b"},{"value":"a\u0001c"}]}`)
	s.put("a", `{"resourceType":"Appointment","id":"two-dates","start":["2025-10-25T09:00:00Z","2027-01-01T00:00:00Z"],"status":["booked","pending"]}`)
	s.put("a", `{"resourceType":"Appointment","id":"two-states","start":"2028-01-01T00:00:00Z","status":["arrived","waitlist"]}`)
	s.put("a", `{"resourceType":"Appointment","id":"no-date","status":"booked"}`)
	s.put("a", `{"resourceType":"Appointment","id":"nothing"}`)
	s.put("a", `{"resourceType":"Appointment","id":"day","start":"2025-10-25"}`)
	for _, tc := range []struct {
		query string
		want  []string
	}{
		{"identifier=" + text[:19_999], []string{"a/shorter"}},
		{"identifier=urn:x|" + text, []string{"a/long"}},
		{"actor=https://other.example/" + text, []string{"a/long"}},
		{"identifier=a%01b", nil},
		{"identifier=a%01c", []string{"a/zero"}},
		{"date=2025-10-25", []string{"a/day", "a/two-dates"}},
		{"date=gt2026&date=lt2025-10-26", []string{"a/two-dates"}},
		{"status=booked&status=pending", []string{"a/two-dates"}},
		{"status=pending&date=2027-01-01", []string{"a/two-dates"}},
		{"status=booked&date:missing=true", []string{"a/long", "a/no-date", "a/shorter"}},
		{"status=arrived&date=2028-01-01", []string{"a/two-states"}},
		{"status=waitlist", []string{"a/two-states"}},
		{"date=lt2030", []string{"a/day", "a/two-dates", "a/two-states"}},
		{"status:missing=true", []string{"a/day", "a/nothing"}},
	} {
		if len(tc.query) > 100 {
			p, err := s.Search(s.ctx, see, s.query("Appointment", tc.query))
			if got := names(p.Records); err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%.30s… finds %v, %v; want %v", tc.query, got, err, tc.want)
			}
			continue
		}
		s.wantFound(see, "Appointment", tc.query, tc.want...)
	}
}

// testCases runs the worked examples of spec fhir-search 10.2 on their fixture.
func testCases(t *testing.T, open Open) {
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	var cases []struct {
		Type, Query, TZ, Why string
		Expect               []string
	}
	readTestdata(t, "fixture.json", &bundle)
	readTestdata(t, "cases.json", &cases)
	for _, zone := range []string{"UTC", "Europe/London"} {
		t.Run(zone, func(t *testing.T) {
			clock := NewClock()
			s := &subject{tb: t, ctx: t.Context(), clock: clock, catalog: Catalog(t, zone)}
			s.Store = open(t, Env{s.catalog, clock.Now})
			defer s.Close()
			for _, e := range bundle.Entry {
				r := parse(t, string(e.Resource))
				d, err := search.Extract(s.catalog, r)
				if err != nil {
					t.Fatal(err)
				}
				clock.Set(d.Updated) // so that _lastUpdated is the fixture's
				s.put("a", string(e.Resource))
			}
			for _, tc := range cases {
				if tc.TZ != "any" && tc.TZ != zone {
					continue
				}
				var want []string
				for _, id := range slices.Sorted(slices.Values(tc.Expect)) {
					want = append(want, "a/"+id)
				}
				if got, total := s.find(store.Of("a"), tc.Type, tc.Query); !slices.Equal(got, want) || total != len(want) {
					t.Errorf("%s?%s (%s) finds %v, total %d; want %v", tc.Type, tc.Query, tc.Why, got, total, want)
				}
			}
		})
	}
}

// readTestdata reads a file of the module's testdata/search.
func readTestdata(t *testing.T, name string, into any) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../../../testdata/search", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
