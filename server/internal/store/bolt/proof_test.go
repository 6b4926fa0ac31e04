package bolt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// The headline searches are answered from keys and bodies: their totals, orders
// and pages are right when nothing can be read of the heads of what is found.
func TestCountedByKeys(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 2000)
	const chain = "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|P7"
	queries := []struct{ typ, query string }{
		{"Appointment", "date=2025-10-25"},
		{"Appointment", "date=2025-10-25&_sort=date"},
		{"Appointment", "date=2025-10-25&_sort=-date"},
		{"Appointment", "status=pending,noshow"},
		{"Appointment", "status:not=booked&date=ge2025-10-25"},
		{"Appointment", "date=ne2025-10-25&_sort=date"},
		{"Appointment", "_sort=date"},
		{"Appointment", "patient=p7&status=booked&date=ge2025-10-01&date=lt2025-11-01"},
		{"Appointment", "actor=Patient/p7,Practitioner/r7&date:missing=false"},
		{"Appointment", chain},
		{"Appointment", chain + "&status=booked&date=ge2025-10-01&date=lt2025-11-01"},
		{"Slot", "schedule=c3&status=free&start=ge2025-10-25&start=lt2025-10-26"},
		{"Slot", "schedule.actor=Practitioner/r3&start=ge2025-10-25&start=lt2025-10-26&status=free"},
	}
	ask := func(i int) any {
		text := queries[i].query + "&_count=20"
		p, err := s.Search(t.Context(), store.Of("a"), query(t, s.catalog, queries[i].typ, text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return plainPage(p)
	}
	want := make([]any, len(queries))
	for i := range queries {
		want[i] = ask(i)
	}
	err := s.db.Update(func(btx *bbolt.Tx) error {
		ids := btx.Bucket(bucketNames[ids])
		for _, typ := range []string{"Appointment", "Slot"} {
			for i := range 2000 {
				id := fmt.Sprint(strings.ToLower(typ[:1]), i)
				n := ids.Get(idKey(store.Key{Customer: "a", Type: typ, ID: id}))
				if err := btx.Bucket(bucketNames[heads]).Put(n, []byte("no head")); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range queries {
		if diff := cmp.Diff(want[i], ask(i)); diff != "" {
			t.Errorf("%s?%s without heads (-before +after)\n%s", q.typ, q.query, diff)
		}
	}
}

// plainPage gives the total of a page, whether there is another, and what is on it.
func plainPage(p store.Page) any {
	out := []string{fmt.Sprint(p.Total, p.Next != "")}
	for _, r := range p.Records {
		out = append(out, fmt.Sprint(r.Customer, "/", r.ID, " ", r.Version))
	}
	return out
}

// What is told from keys is what looking into every candidate tells. The way by
// keys is not taken for a caller with labels, even such as hide nothing.
func TestKeysTellTheSame(t *testing.T) {
	statuses := []string{`"booked"`, `"Booked"`, `"pending"`, `"free"`, `"boo\u0001ked"`, `"` + strings.Repeat("x", textLimit) + `"`, `"` + strings.Repeat("x", textLimit+1) + `"`, `null`}
	starts := []string{`"2025-10-25T09:00:00Z"`, `"2025-10-25T09:00:00.000001Z"`, `"2025-10-25T09:00Z"`, `"2025-10-25"`, `"2025-10-26T00:30:00+01:00"`, `"2025-11"`, `null`, `"never"`}
	actors := []string{"Patient/p1", "Patient/p2", "Practitioner/p1", "Patient/p1/_history/2", "#in", "http://elsewhere.test/Patient/p1", "Patient/gone"}
	clauses := []string{
		"status=booked", "status=Booked", "status=booked,pending", "status:not=booked", "status:missing=true", "status=|booked",
		"status=http://hl7.org/fhir/appointmentstatus|booked", "status=" + strings.Repeat("x", textLimit), "status=boo%01ked",
		"date=2025-10-25", "date=ge2025-10-25T09:00:00Z", "date=gt2025-10-25T09:00:00Z", "date=lt2025-10-26", "date=ne2025-10-25", "date=ap2025-10-25", "date:missing=true", "date=2025",
		"actor=Patient/p1", "actor=p1", "actor=Patient/p1,Patient/p2", "patient=p1", "patient=p1,p2", "practitioner=p1", "actor:Patient=p1", "actor=Patient/p1/_history/2", "actor=http://elsewhere.test/Patient/p1",
		"patient.identifier=one", "actor:Patient.identifier=one,two", "patient.family=test", "slot=s1", "identifier=A",
	}
	sorts := []string{"", "", "date", "-date", "date,status", "-status"}
	c := storetest.Catalog(t, "Europe/London")
	byKeys := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := openTest(t)
		defer s.Close()
		pick := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(rt, label) }
		write := func(n int) {
			texts := []string{
				`{"resourceType":"Patient","id":"p1","identifier":[{"value":"one"}],"name":[{"family":"Test"}]}`,
				`{"resourceType":"Patient","id":"p2","identifier":[{"value":"two"}],"name":[{"family":"Test"}]}`,
			}
			for range n {
				contained := ""
				if rapid.Bool().Draw(rt, "contained") {
					contained = `"contained":[{"resourceType":"Patient","id":"in","identifier":[{"value":"one"}]},{"resourceType":"Slot","id":"slot","status":"free","start":"2025-10-25T09:00:00Z"}],`
				}
				text := fmt.Sprintf(`{"resourceType":"Appointment","id":"a%d",%s"status":%s,"start":%s,"participant":[{"actor":{"reference":%q}},{"actor":{"reference":%q}}]}`,
					rapid.IntRange(0, 20).Draw(rt, "id"), contained, pick(statuses, "status"), pick(starts, "start"), pick(actors, "actor"), pick(actors, "another"))
				texts = append(texts, strings.NewReplacer(`"status":null,`, "", `"start":null,`, "").Replace(text))
			}
			loadTexts(t, s, texts)
		}
		write(30)
		for range 6 {
			var parts []string
			for range rapid.IntRange(0, 3).Draw(rt, "clauses") {
				parts = append(parts, pick(clauses, "clause"))
			}
			parts = append(parts, fmt.Sprint("_count=", rapid.SampledFrom([]int{0, 1, 3, 50}).Draw(rt, "count")))
			if by := pick(sorts, "sort"); by != "" {
				parts = append(parts, "_sort="+by)
			}
			text := strings.Join(parts, "&")
			q := query(rt, c, "Appointment", text)
			for {
				see := store.Visibility{Customers: []string{"a", "b"}}
				got, err := s.Search(t.Context(), see, q)
				if err != nil {
					rt.Fatalf("%s: %v", text, err)
				}
				see.Labels = []string{}
				want, err := s.Search(t.Context(), see, q)
				if err != nil {
					rt.Fatalf("%s: %v", text, err)
				}
				if diff := cmp.Diff(plainPage(want), plainPage(got)); diff != "" || want.Next != got.Next {
					rt.Fatalf("%s (-looking into each +as searched)\n%s", text, diff)
				}
				if got.Next == "" {
					break
				}
				q.After = got.Next
				if rapid.Bool().Draw(rt, "write") {
					write(2)
				}
			}
			_, err := snapshot(t.Context(), s, func(v *view) (int, error) {
				f := newFinder(t.Context(), v, store.Of("a"), "a", &q)
				w := walk{v: v, q: &q}
				if tr, ok := f.trail(&q, unbounded); ok {
					if _, ok := w.open(tr.scan); ok {
						byKeys++
					}
				}
				return 0, nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
	})
	if byKeys < 100 {
		t.Errorf("only %d searches were answered from keys: too few to show anything", byKeys)
	}
}

// A resource that turns odd, or ceases to be, is found as before and after.
func TestOddness(t *testing.T) {
	s := openTest(t)
	const text = `{"resourceType":"Appointment","id":"x","status":%q,"start":%q,"participant":[{"actor":{"reference":"Patient/p1"}}]}`
	for _, tc := range []struct {
		status, start string
		odd           bool
	}{
		{"booked", "2025-10-25T09:00:00Z", false},
		{strings.Repeat("x", textLimit), "2025-10-25T09:00:00Z", true},
		{"Booked", "2025-10-25T09:00:00Z", true},
		{"booked", "2025-10-25T09:00:00Z", false},
		{"pending", "2025-10-25T09:00:00Z", false},
	} {
		loadTexts(t, s, []string{fmt.Sprintf(text, tc.status, tc.start)})
		for _, q := range []string{"patient=p1", "date=2025-10-25", "status=" + tc.status, "patient=p1&_sort=date", "_sort=-date"} {
			p, err := s.Search(t.Context(), store.Of("a"), query(t, s.catalog, "Appointment", q))
			if err != nil || p.Total != 1 || len(p.Records) != 1 {
				t.Errorf("%s %s: %s finds %d, %v; want it", tc.status, tc.start, q, p.Total, err)
			}
		}
		var values []string
		err := s.db.View(func(btx *bbolt.Tx) error {
			return btx.Bucket(bucketNames[index]).ForEach(func(k, v []byte) error {
				if dated[k[4]] {
					values = append(values, string(v))
				}
				return nil
			})
		})
		want := []string{"x", "x"}
		if tc.odd {
			want = []string{"", ""}
		}
		if err != nil || !slices.Equal(values, want) {
			t.Errorf("%s %s: the keys have the values %q, %v; want %q", tc.status, tc.start, values, err, want)
		}
	}
}

// aging is a context that ends after it was asked so many times.
type aging struct {
	context.Context
	asked, lives int
}

func (a *aging) Err() error {
	if a.asked++; a.asked > a.lives {
		return context.DeadlineExceeded
	}
	return nil
}

// A search that takes too long says so, wherever it is.
func TestLateSearch(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 5000)
	for _, text := range []string{"status:not=x", "identifier:not=x", "_sort=status"} {
		q := query(t, s.catalog, "Appointment", text+"&_count=20")
		_, err := s.Search(&aging{Context: t.Context(), lives: 1}, store.Of("a"), q)
		if e := fhir.AsError(err); fhir.KindOf(err) != fhir.Busy || !strings.HasPrefix(e.Text, "The answer was not ready") {
			t.Errorf("%s that takes too long = %v, want it to say that its answer was not ready", text, err)
		}
	}
}
