package bolt

import (
	"context"
	"testing"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// One match leads through no more than some hundred resources once the time of its
// search is up. spec security-reliability S90.
func TestMatchEndsInTime(t *testing.T) {
	s := openTest(t)
	loadWorld(t, s, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := snapshot(t.Context(), s, func(v *view) (int, error) {
		f := newFinder(ctx, v, store.Of("a"), "a", &search.Query{})
		asked := 0
		for ; asked < 1000 && f.err == nil; asked++ {
			f.Document(search.Ref{Type: "Patient", ID: "nobody"})
		}
		if asked > 256 || fhir.KindOf(f.err) != fhir.Busy {
			t.Errorf("it asked %d times, and ended with %v", asked, f.err)
		}
		f.Referring("Appointment", nil, search.Ref{}, func(search.Document) bool {
			t.Error("it went on")
			return false
		})
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
