package app

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// What is offered honours the schedule: free slots beyond its planning horizon, and
// those of one that is not in use, are not found on the booking face; busy ones are.
func TestHorizonOnTheFace(t *testing.T) {
	w := newWorld(t)
	schedule := func(id string, more ...any) doc {
		d := doc{"resourceType": "Schedule", "id": id, "actor": []doc{{"reference": "HealthcareService/900000001"}}}
		for i := 0; i < len(more); i += 2 {
			d[more[i].(string)] = more[i+1]
		}
		return d
	}
	slot := func(of, status string, hour int) doc {
		return doc{
			"resourceType": "Slot", "id": fmt.Sprint(of, "-", status), "status": status, "schedule": doc{"reference": "Schedule/" + of},
			"start": fmt.Sprintf("2030-01-08T%02d:00:00Z", hour), "end": fmt.Sprintf("2030-01-08T%02d:15:00Z", hour),
		}
	}
	w.put("feed-a", doc{"resourceType": "HealthcareService", "id": "900000001", "name": "Clinic"},
		schedule("open"), schedule("closed", "active", false), schedule("over", "planningHorizon", doc{"start": "2029-01-01T00:00:00Z", "end": "2030-01-08T00:00:00Z"}))
	for i, of := range []string{"open", "closed", "over"} {
		w.put("feed-a", slot(of, "free", 9+i), slot(of, "busy", 12+i))
	}
	status, body, err := w.call(t.Context(), http.MethodGet, "/STU3/1/booking/Slot?service=900000001&start=ge2030-01-08T00:00:00Z", w.tokens["caller"], nil)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatal(err)
	}
	a := readAnswer(t, body)
	if want := []string{"open-free", "open-busy", "closed-busy", "over-busy"}; !slices.Equal(a.ids, want) || a.total != len(want) {
		t.Errorf("%v of %d are offered, want %v", a.ids, a.total, want)
	}
}
