package request_test

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// Whatever comes in whatever order, an appointment is pending if a request about it
// is open, or if the last to say so, a feed or a FHIR client, said pending; and at
// most one request is open.
func TestPendingMeansAsked(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		ctx := context.Background()
		said := "booked" // the status as the last system of record stated it
		open := ""       // the Task that must be open
		var all []request.Request
		close := func() { open = "" }
		steps := map[string]func(*rapid.T){
			"ask": func(rt *rapid.T) {
				r, err := w.Ask(ctx, request.Ask{Appointment: appointment, Patient: ada, Kind: rapid.SampledFrom([]request.Kind{request.Change, request.Cancel}).Draw(rt, "kind")})
				can := open == "" && (said == "booked" || said == "pending")
				if (err == nil) != can {
					rt.Fatalf("Ask = %v with %q open and %s said", err, open, said)
				}
				if err == nil {
					open, all = r.Key.ID, append(all, r)
				}
			},
			"withdraw": func(rt *rapid.T) {
				if len(all) == 0 {
					rt.Skip("nothing was asked")
				}
				r := rapid.SampledFrom(all).Draw(rt, "which")
				_, err := w.Withdraw(ctx, r.Key, store.Any, ada)
				if (err == nil) != (open == r.Key.ID) {
					rt.Fatalf("Withdraw = %v, open %q", err, open)
				}
				if err == nil {
					close()
				}
			},
			"done": func(rt *rapid.T) {
				if open == "" {
					rt.Skip("nothing is open")
				}
				key := store.Key{Customer: "trust", Type: "Task", ID: open}
				if _, err := w.Done(ctx, key, store.Any, rapid.SampledFrom([]request.State{request.Completed, request.Rejected}).Draw(rt, "as"), ""); err != nil {
					rt.Fatal(err)
				}
				close()
			},
			"assign": func(rt *rapid.T) {
				if open != "" {
					if _, err := w.Assign(ctx, store.Key{Customer: "trust", Type: "Task", ID: open}, store.Any, jack); err != nil {
						rt.Fatal(err)
					}
				}
			},
			"reply": func(rt *rapid.T) {
				if len(all) > 0 {
					if _, err := w.Reply(ctx, rapid.SampledFrom(all).Draw(rt, "which").Key, store.Any, jack, "hello"); err != nil {
						rt.Fatal(err)
					}
				}
			},
			"url": func(rt *rapid.T) {
				w.feed("", change("extension.where(url="+fhir.ManagementURL+").valueUrl", `"https://x.example/`+rapid.StringMatching(`[a-z]{3}`).Draw(rt, "path")+`"`))
			},
			"message": func(rt *rapid.T) {
				status := rapid.SampledFrom([]string{"booked", "pending", "cancelled"}).Draw(rt, "SCH-25")
				w.feed(status, change("status", `"`+status+`"`), change("comment", `"`+rapid.StringMatching(`[a-z]{3}`).Draw(rt, "comment")+`"`))
				if said = status; status != "pending" {
					close()
				}
			},
			"put": func(rt *rapid.T) {
				status := rapid.SampledFrom([]string{"booked", "cancelled", "arrived"}).Draw(rt, "status")
				w.put(asStatus(status))
				said = status
				close()
			},
			"cancel": func(rt *rapid.T) {
				if _, err := w.Booking.Cancel(ctx, clerk, appointment, nil); err == nil {
					said = "cancelled"
					close()
				}
			},
			"": func(rt *rapid.T) { check(rt, w, said, open, all) },
		}
		rt.Repeat(steps)
	})
}

func asStatus(s string) string { return status(s, "2025-09-13T23:00:00Z") }

// check holds the world to the invariant.
func check(rt *rapid.T, w *world, said, open string, all []request.Request) {
	want := said
	if open != "" {
		want = "pending"
	}
	if got := w.status(); got != want {
		rt.Fatalf("status %s, want %s (said %s, open %q)", got, want, said, open)
	}
	for _, r := range all {
		now, err := w.Read(context.Background(), store.Of("trust"), r.Key)
		if err != nil {
			rt.Fatal(err)
		}
		if now.State.Open() != (r.Key.ID == open) {
			rt.Fatalf("request %s is %s, open is %q", r.Key.ID, now.State, open)
		}
	}
	now, ok, err := w.OpenOf(context.Background(), store.Of("trust"), appointment)
	if err != nil || ok != (open != "") || ok && now.Key.ID != open {
		rt.Fatalf("OpenOf = %s, %v, %v; want %q", now.Key.ID, ok, err, open)
	}
}

// A hold is no booking yet, so nothing is asked about it.
func TestHoldIsNotAsked(t *testing.T) {
	w := newWorld(t)
	w.feed("", change("status", `"pending"`), change("extension.where(url="+fhir.HoldExpires+").valueInstant", `"2025-09-02T13:00:00Z"`))
	if _, err := w.Ask(t.Context(), request.Ask{Appointment: appointment, Patient: ada, Kind: request.Cancel}); !errors.Is(err, fhir.Conflict) {
		t.Errorf("Ask = %v, want a conflict", err)
	}
}
