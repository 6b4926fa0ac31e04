package storetest

import (
	"fmt"
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Design decision 10: what a caller may not see is not read, searched, chained
// through, counted or told from what is not there.
func testVisibility(t *testing.T, open Open) {
	t.Run("customers", func(t *testing.T) { testCustomers(t, begin(t, open)) })
	t.Run("searches", func(t *testing.T) { testVisibleSearches(t, begin(t, open)) })
	t.Run("labels", func(t *testing.T) { testLabels(t, begin(t, open)) })
	t.Run("multiple matches", func(t *testing.T) { testMultipleMatches(t, begin(t, open)) })
}

func testCustomers(t *testing.T, s *subject) {
	s.put("a", slot("x", "free"))
	s.put("a", slot("x", "busy"))
	s.put("b", slot("x", "free"))
	none, both := store.Visibility{}, store.Visibility{Customers: []string{"a", "b"}}
	for _, tc := range []struct {
		name string
		see  store.Visibility
		key  store.Key
		want int64 // the version read; 0: not found
	}{
		{"own", store.Of("a"), slotKey("a", "x"), 2},
		{"own, unnamed", store.Of("a"), slotKey("", "x"), 2},
		{"the other's", store.Of("a"), slotKey("b", "x"), 0},
		{"both may be seen", both, slotKey("b", "x"), 1},
		{"none may be seen", none, slotKey("a", "x"), 0},
		{"none may be seen, unnamed", none, slotKey("", "x"), 0},
		{"a stranger's", store.Of("c"), slotKey("", "x"), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec, err := s.Read(s.ctx, tc.see, tc.key)
			_, versionErr := s.Version(s.ctx, tc.see, tc.key, 1)
			page, historyErr := s.History(s.ctx, tc.see, tc.key, "", 10)
			if tc.want == 0 {
				wantKind(t, "Read", err, fhir.NotFound)
				wantKind(t, "Version", versionErr, fhir.NotFound)
				wantKind(t, "History", historyErr, fhir.NotFound)
				return
			}
			if err != nil || versionErr != nil || historyErr != nil || rec.Version != tc.want || page.Total != int(tc.want) {
				t.Errorf("Read = version %d (%v), Version = %v, History total %d (%v); want version and total %d", rec.Version, err, versionErr, page.Total, historyErr, tc.want)
			}
		})
	}
}

func patient(id, nhs, more string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":%q}]%s}`, id, nhs, more)
}

func appointment(id, status, start, actor, more string) string {
	return fmt.Sprintf(`{"resourceType":"Appointment","id":%q,"status":%q,"start":%q,"participant":[{"actor":{"reference":%q}}]%s}`, id, status, start, actor, more)
}

func testVisibleSearches(t *testing.T, s *subject) {
	for _, c := range []string{"a", "b"} {
		s.put(c, patient("p", "9990002002", ""))
		s.put(c, appointment("1", "booked", "2025-10-25T09:00:00Z", "Patient/p", ""))
	}
	s.put("a", appointment("2", "booked", "2025-10-25T09:00:00Z", "Patient/only-in-b", ""))
	s.put("b", patient("only-in-b", "9990002010", ""))
	s.put("b", appointment("3", "noshow", "2025-10-26T09:00:00Z", "Patient/only-in-b", ""))

	both := store.Visibility{Customers: []string{"b", "a"}}
	nhs := "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|"
	s.wantFound(store.Of("a"), "Appointment", nhs+"9990002002", "a/1")
	s.wantFound(both, "Appointment", nhs+"9990002002", "a/1", "b/1")
	s.wantFound(both, "Appointment", nhs+"9990002002&date=2025-10-25&status=booked", "a/1", "b/1")
	s.wantFound(both, "Appointment", "status=booked", "a/1", "b/1", "a/2")
	s.wantFound(both, "Appointment", "", "a/1", "b/1", "a/2", "b/3")
	s.wantFound(store.Visibility{Customers: []string{"b", "b"}}, "Appointment", "", "b/1", "b/3")
	s.wantFound(store.Visibility{}, "Appointment", "")
	// A reference does not leave its customer, even for one who sees both.
	s.wantFound(both, "Appointment", nhs+"9990002010", "b/3")
	s.wantFound(both, "Patient", "_has:Appointment:patient:status=booked", "a/p", "b/p")
	s.wantFound(both, "Patient", "_has:Appointment:patient:status=noshow", "b/only-in-b")
	s.wantFound(store.Of("a"), "Patient", "_has:Appointment:patient:status=noshow")
}

func labelled(id, code string) string {
	return fmt.Sprintf(`,"meta":{"security":[{"system":"urn:labels","code":%q},{"system":"urn:other","code":"x"}]}`, code)
}

func testLabels(t *testing.T, s *subject) {
	s.put("a", patient("open", "9990002002", ""))
	s.put("a", patient("shown", "9990002010", labelled("shown", "GREEN")))
	s.put("a", patient("hidden", "9990002029", labelled("hidden", "RED")))
	s.put("a", patient("now-hidden", "9990002037", ""))
	s.put("a", patient("now-hidden", "9990002037", labelled("now-hidden", "RED")))
	s.put("a", patient("once-hidden", "9990002045", labelled("once-hidden", "RED")))
	s.put("a", patient("once-hidden", "9990002045", ""))
	s.put("a", patient("gone", "9990002053", labelled("gone", "RED")))
	s.remove(store.Key{Customer: "a", Type: "Patient", ID: "gone"})
	s.put("a", appointment("of-hidden", "booked", "2025-10-25T09:00:00Z", "Patient/hidden", ""))
	s.put("a", appointment("hidden", "booked", "2025-10-25T09:00:00Z", "Patient/open", labelled("hidden", "RED")))

	all, green := store.Of("a"), store.Visibility{Customers: []string{"a"}, Labels: []string{"urn:labels|GREEN"}}
	s.wantFound(all, "Patient", "", "a/hidden", "a/now-hidden", "a/once-hidden", "a/open", "a/shown")
	s.wantFound(green, "Patient", "", "a/once-hidden", "a/open", "a/shown")
	s.wantFound(store.Visibility{Customers: []string{"a"}, Labels: []string{}}, "Patient", "identifier=9990002029", "a/hidden")
	s.wantFound(green, "Patient", "identifier=9990002029")
	s.wantFound(all, "Appointment", "actor:Patient.identifier=9990002029", "a/of-hidden")
	s.wantFound(green, "Appointment", "actor:Patient.identifier=9990002029")
	s.wantFound(all, "Patient", "_has:Appointment:patient:status=booked", "a/hidden", "a/open")
	s.wantFound(green, "Patient", "_has:Appointment:patient:status=booked")

	for _, id := range []string{"hidden", "now-hidden", "gone"} {
		k := store.Key{Customer: "a", Type: "Patient", ID: id}
		_, err := s.Read(s.ctx, green, k)
		wantKind(t, "Read of "+id, err, fhir.NotFound)
		_, err = s.Version(s.ctx, green, k, 1)
		wantKind(t, "Version 1 of "+id, err, fhir.NotFound)
		_, err = s.History(s.ctx, green, k, "", 10)
		wantKind(t, "History of "+id, err, fhir.NotFound)
	}
	k := store.Key{Customer: "a", Type: "Patient", ID: "once-hidden"}
	_, err := s.Version(s.ctx, green, k, 1)
	wantKind(t, "a hidden version", err, fhir.NotFound)
	if p, err := s.History(s.ctx, green, k, "", 10); err != nil || p.Total != 1 || len(p.Records) != 1 {
		t.Errorf("History with a hidden version = %d records, total %d, %v; want 1 and 1", len(p.Records), p.Total, err)
	}
}

func testMultipleMatches(t *testing.T, s *subject) {
	s.put("a", slot("x", "free"))
	s.put("b", slot("x", "busy"))
	both := store.Visibility{Customers: []string{"a", "b"}}
	unnamed := slotKey("", "x")
	read := func() (store.Record, error) { return s.Read(s.ctx, both, unnamed) }

	_, err := read()
	wantKind(t, "Read of an id that two hold", err, fhir.Conflict)
	if e := fhir.AsError(err); e.Code != "multiple-matches" {
		t.Errorf("its code is %q, want multiple-matches", e.Code)
	}
	_, err = s.Version(s.ctx, both, unnamed, 1)
	wantKind(t, "Version of an id that two hold", err, fhir.Conflict)
	_, err = s.History(s.ctx, both, unnamed, "", 1)
	wantKind(t, "History of an id that two hold", err, fhir.Conflict)

	s.remove(slotKey("a", "x"))
	if rec, err := read(); err != nil || rec.Customer != "b" {
		t.Errorf("Read when one of two is deleted = %+v, %v; want that of b", rec.Key, err)
	}
	if rec, err := s.Read(s.ctx, store.Visibility{Customers: []string{"b", "b"}}, unnamed); err != nil || rec.Customer != "b" {
		t.Errorf("Read with a customer named twice = %+v, %v; want that of b", rec.Key, err)
	}
	s.update(func(tx store.Tx) error {
		if rec, err := tx.Read(s.ctx, both, unnamed); err != nil || rec.Customer != "b" {
			t.Errorf("Read in a Tx = %+v, %v; want that of b", rec.Key, err)
		}
		return nil
	})
	var q search.Query
	q.Type, q.Count = "Slot", 0
	if p, err := s.Search(s.ctx, both, q); err != nil || p.Total != 1 || len(p.Records) != 0 || p.Next != "" {
		t.Errorf("a search for the total only = %+v, %v; want total 1 and nothing else", p, err)
	}
}
