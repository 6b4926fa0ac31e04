package bolt

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// Chains and _has walk from a resource to what refers to it, so every reference
// must lead a row, and only one.
func TestEveryReferenceLeadsOneRow(t *testing.T) {
	c := storetest.Catalog(t, "UTC")
	p := newPlan(c)
	names := []string{"Basic"}
	for _, typ := range fhir.Types() {
		names = append(names, typ.Name)
	}
	for _, typ := range names {
		for _, param := range c.Params(typ) {
			led := 0
			for _, b := range p.of(typ) {
				if slices.Contains(b.leads, param) {
					led++
				}
			}
			if param.Kind == search.Reference && led != 1 {
				t.Errorf("%s.%s leads %d rows, want 1", typ, param.Name, led)
			}
		}
	}
}

// Every row of the plan is one that some search below needs.
func TestEveryRowIsExercised(t *testing.T) {
	used := map[byte]bool{}
	c := storetest.Catalog(t, "UTC")
	p := newPlan(c)
	for _, tc := range headline {
		q := query(t, c, tc.typ, tc.query)
		for _, sc := range scans(p.of(tc.typ), 1, q.Where) {
			used[sc.begin[4]] = true
		}
		for _, clause := range q.Where {
			for _, next := range clause.Chain {
				for _, sc := range scans(p.of(next.Type), 1, next.Where) {
					used[sc.begin[4]] = true
				}
			}
		}
	}
	for _, r := range rows {
		if !used[r.tag] {
			t.Errorf("row %d of the plan is used by no search of the table", r.tag)
		}
	}
}

// headline are the searches that must read about as many keys as they find.
var headline = []struct{ typ, query string }{
	{"Appointment", "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|P7"},
	{"Appointment", "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|P7&date=2025-10-25&status=pending"},
	{"Appointment", "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|P7&date=ge2025-10-01&date=lt2025-11-01"},
	{"Appointment", "patient=p7&status=booked&date=ge2025-10-01&date=lt2025-11-01"},
	{"Appointment", "date=2025-10-25"},
	{"Appointment", "status=pending&date=2025-10-25"},
	{"Appointment", "status=noshow"},
	{"Appointment", "practitioner=r3&date=2025-10-25"},
	{"Appointment", "identifier=urn:pas|A7"},
	{"Appointment", "identifier=A10&status=booked"},
	{"Appointment", "slot=s7"},
	{"Appointment", "_id=a7,a8"},
	{"Appointment", "patient.name=family7"},
	{"Slot", "schedule=c3&status=free&start=ge2025-10-25&start=lt2025-10-26"},
	{"Slot", "schedule.actor=Practitioner/r3&start=ge2025-10-25&start=lt2025-10-26&status=free"},
	{"Slot", "schedule.actor:Practitioner.identifier=urn:staff|R3&start=ge2025-10-25&start=lt2025-10-26&status=free"},
	{"Slot", "status=free&start=2025-10-25"},
	{"Slot", "start=2025-10-25"},
	{"Patient", "identifier=P7"},
	{"Patient", "identifier=urn:mrn|"},
	{"Patient", "name=family7"},
	{"Patient", "_has:Appointment:patient:identifier=A7"},
	{"Practitioner", "family=staff3"},
	{"Patient", "birthdate=1970-01-08"},
	{"Organization", "name=trust3"},
	{"Location", "name=clinic"},
	{"HealthcareService", "name=physio"},
	{"Schedule", "actor=Practitioner/r3"},
	{"Schedule", "_has:Slot:schedule:identifier=S7"},
}

// TestSearchesAreNarrow counts the candidates of each headline search in a store
// of 2,000 appointments. Its cost must follow its answer.
func TestSearchesAreNarrow(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 2000)
	for _, tc := range headline {
		t.Run(tc.typ+"?"+tc.query, func(t *testing.T) {
			q := query(t, s.catalog, tc.typ, tc.query)
			p, err := s.Search(t.Context(), store.Of("a"), q)
			if err != nil || p.Total == 0 {
				t.Fatalf("Search() finds %d, %v; want some", p.Total, err)
			}
			_, err = snapshot(t.Context(), s, func(v *view) (int, error) {
				numbers, ok := newFinder(t.Context(), v, store.Of("a"), "a", &q).candidates(&q, unbounded)
				if !ok || len(numbers) > p.Total+p.Total/10 {
					t.Errorf("%d candidates (found by keys: %v) for %d matches", len(numbers), ok, p.Total)
				}
				return 0, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A page of a search that is sorted by date costs what it shows, whatever the store
// holds, the first as well as one from the middle on.
func TestSortedPagesAreNarrow(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 2000)
	for _, tc := range []struct{ typ, query string }{
		{"Appointment", "_sort=date"},
		{"Appointment", "_sort=-date"},
		{"Slot", "_sort=start"},
		{"Appointment", "_sort=date&_total=none&status=booked"},
		{"Appointment", "_sort=-date&_total=none&date=lt2025-10-25"},
	} {
		q := query(t, s.catalog, tc.typ, tc.query+"&_count=20")
		q.Explain = true
		for page := range 4 {
			p, err := s.Search(t.Context(), store.Of("a"), q)
			if err != nil || len(p.Records) != 20 || len(p.Plan) != 1 {
				t.Fatalf("page %d of %s has %d records and the plan %v, %v", page, tc.query, len(p.Records), p.Plan, err)
			}
			_, rest, _ := strings.Cut(p.Plan[0], "; ")
			_, rest, _ = strings.Cut(rest, "; ")
			var keys int
			if _, err := fmt.Sscanf(rest, "%d keys read", &keys); err != nil || keys < 20 || keys > 120 {
				t.Errorf("page %d of %s?%s reads %d keys (%v), want about 20: %s", page, tc.typ, tc.query, keys, err, p.Plan[0])
			}
			q.After = p.Next
		}
	}
}

// Design decision 25: at most about 8 keys.
func TestKeysOfAnAppointment(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 1)
	err := s.writer.update(t.Context(), func(tx *tx) error {
		doc := document(t, s.catalog, appointmentText(0))
		keys, err := tx.keysOf("a", doc, 1)
		if len(keys.keys) > 8 {
			t.Errorf("an appointment with 3 identifiers, 3 participants and a slot has %d keys, want at most 8: %q", len(keys.keys), keys.keys)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// openTest opens a store on a new file.
func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "test.db"), Options{Catalog: storetest.Catalog(t, "Europe/London"), Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// loadWorld stores n appointments of n/10 patients over some 60 days, and what
// they refer to.
func loadWorld(t testing.TB, s *Store, n int) {
	t.Helper()
	var texts []string
	for i := range 10 {
		texts = append(texts,
			fmt.Sprintf(`{"resourceType":"Practitioner","id":"r%d","identifier":[{"system":"urn:staff","value":"R%d"}],"name":[{"family":"Staff%d"}]}`, i, i, i),
			fmt.Sprintf(`{"resourceType":"Schedule","id":"c%d","actor":[{"reference":"Practitioner/r%d"}]}`, i, i))
	}
	for i := range 20 {
		texts = append(texts,
			fmt.Sprintf(`{"resourceType":"Organization","id":"o%d","name":"Trust%d"}`, i, i),
			fmt.Sprintf(`{"resourceType":"Location","id":"l%d","name":%q}`, i, []string{"Ward", "Clinic"}[i%2]),
			fmt.Sprintf(`{"resourceType":"HealthcareService","id":"h%d","name":%q}`, i, []string{"Physio", "X-ray"}[i%2]))
	}
	for i := range n/10 + 1 {
		texts = append(texts, patientText(i))
	}
	for i := range n {
		texts = append(texts, appointmentText(i), slotText(i))
	}
	loadTexts(t, s, texts)
}

func patientText(i int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"P%d"},{"system":"urn:mrn","value":"M%d"}],"name":[{"family":"Family%d","given":["Given"]}],"birthDate":%q}`, i, i, i, i, time.Date(1970, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

func loadTexts(t testing.TB, s *Store, texts []string) {
	t.Helper()
	for step := range slices.Chunk(texts, 1000) {
		err := s.Update(context.Background(), func(tx store.Tx) error {
			for _, text := range step {
				r, err := fhir.Parse([]byte(text))
				if err != nil {
					return err
				}
				p := store.Put{Key: store.Key{Customer: "a", Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any}
				if _, err := tx.Put(context.Background(), p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// startOf spreads starts over 61 days from 25 September 2025.
func startOf(i int) time.Time {
	return time.Date(2025, 9, 25, 9, 0, 0, 0, time.UTC).AddDate(0, 0, i%61).Add(time.Duration(i%40) * 12 * time.Minute)
}

// appointmentText is an appointment of about 3 KB. Patient p7 has one a month or
// so that is pending on 25 October.
func appointmentText(i int) string {
	status := []string{"booked", "booked", "fulfilled", "cancelled", "booked"}[i%5]
	start := startOf(i)
	patient := i / 10
	switch {
	case i%200 == 77:
		status, start = "pending", time.Date(2025, 10, 25, 10, 0, 0, 0, time.UTC)
	case i%97 == 5:
		status = "noshow"
	}
	return fmt.Sprintf(`{"resourceType":"Appointment","id":"a%d",`+
		`"identifier":[{"system":"urn:pas","value":"A%d"},{"system":"urn:ref","value":"BR-A%d"},{"system":"https://fhir.nhs.uk/Id/UBRN","value":"%012d"}],`+
		`"status":%q,"start":%q,"end":%q,"minutesDuration":20,"slot":[{"reference":"Slot/s%d"}],`+
		`"participant":[{"actor":{"reference":"Patient/p%d"},"status":"accepted"},{"actor":{"reference":"Practitioner/r%d"},"status":"accepted"},{"actor":{"reference":"Location/l%d"},"status":"accepted"}],`+
		`"comment":"%2400s"}`,
		i, i, i, i, status, start.Format(time.RFC3339), start.Add(20*time.Minute).Format(time.RFC3339), i, patient, i%10, i%3, "Please arrive ten minutes early.")
}

func slotText(i int) string {
	start := startOf(i)
	return fmt.Sprintf(`{"resourceType":"Slot","id":"s%d","identifier":[{"system":"urn:slot","value":"S%d"}],"schedule":{"reference":"Schedule/c%d"},"status":%q,"start":%q,"end":%q}`,
		i, i, i%10, []string{"free", "busy", "free"}[i%3], start.Format(time.RFC3339), start.Add(20*time.Minute).Format(time.RFC3339))
}
