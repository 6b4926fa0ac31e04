package intake_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// TestSlotsAgree: whatever a feed and booking systems do in whatever order, a slot
// is busy when a live appointment has it, booked twice when two have, and free
// otherwise, so that nobody is offered a time that is gone, and none is lost
// (design decisions 17 and 21).
func TestSlotsAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := stocked(t)
		b, d := newBridge(t, s), readDirectory(t)
		d.Customers[0].Slots = []hl7bridge.SlotRule{{From: hl7.MustRef("AIP-3.1"), Value: "C1", Schedule: "sc1"}, {From: hl7.MustRef("AIP-3.1"), Value: "C2", Schedule: "sc2"}}
		b.Directory = d
		for _, schedule := range []string{"sc1", "sc2"} {
			s.put("trustalias", fhirtest.Parse(t, `{"resourceType":"Schedule","id":"`+schedule+`","actor":[{"reference":"Practitioner/x"}]}`))
			for i := range 3 {
				s.put("trustalias", slotAt(t, fmt.Sprintf("%s-%d", schedule, i), schedule, i))
			}
		}
		sent := time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)
		var posted []store.Key
		for n := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			sent = sent.Add(time.Minute)
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1, 2, 3:
				event := rapid.SampledFrom([]string{"S12", "S13", "S13", "S14", "S15", "S26"}).Draw(rt, "event")
				placer := rapid.SampledFrom([]string{"F1", "F2", "F3"}).Draw(rt, "placer")
				from := rapid.IntRange(0, 2).Draw(rt, "from")
				to := from + rapid.IntRange(1, 2).Draw(rt, "slots")
				segs := []string{"SCH|" + placer, wren}
				if event != "S14" {
					segs[0] += fmt.Sprintf("||||||||||^^^202606011%d00^202606011%d00", from, to)
				}
				if who := rapid.SampledFrom([]string{"", "C1", "C2", "C9"}).Draw(rt, "who"); who != "" {
					segs = append(segs, "AIP|1||"+who)
				}
				raw := msg("SIU^"+event, fmt.Sprint(n), sent.Format("20060102150405"), segs...)
				if got := answered(t, b.Answer(t.Context(), demo, raw)); got != "AA "+fmt.Sprint(n) && got != "AR "+fmt.Sprint(n)+" APPOINTMENT_NOT_FOUND" {
					rt.Fatalf("%s: %s", raw, got)
				}
			case 4:
				i := rapid.IntRange(0, 2).Draw(rt, "slot")
				id := fmt.Sprintf("sc1-%d", i)
				was := s.slotStatus(id)
				rec, err := s.Booking.Create(t.Context(), booking.Request{Principal: auth.Principal{Client: "111", Customers: []string{"trustalias"}}}, fhirtest.Parse(t, fmt.Sprintf(
					`{"resourceType":"Appointment","status":"booked","slot":[{"reference":"Slot/%s"}],"start":"2026-06-01T%02d:00:00Z","end":"2026-06-01T%02d:00:00Z","participant":[{"actor":{"reference":"Patient/ivo"},"status":"accepted"}]}`, id, 9+i, 10+i)))
				if (err == nil) != (was == "free") || err != nil && !errors.Is(err, fhir.SlotTaken) {
					rt.Fatalf("booking Slot/%s, which was %s: %v", id, was, err)
				}
				if err == nil {
					posted = append(posted, rec.Key)
				}
			case 5:
				if len(posted) > 0 {
					if _, err := s.Booking.Cancel(t.Context(), booking.Request{Principal: auth.Principal{Client: "111", Customers: []string{"trustalias"}}, IfVersion: store.Any}, rapid.SampledFrom(posted).Draw(rt, "cancelled"), nil); err != nil {
						rt.Fatal(err)
					}
				}
			}
			s.checkSlots(rt)
		}
	})
}

func slotAt(t *testing.T, id, schedule string, hour int) fhir.Resource {
	t.Helper()
	return fhirtest.Parse(t, fmt.Sprintf(`{"resourceType":"Slot","id":"%s","schedule":{"reference":"Schedule/%s"},"status":"free","start":"2026-06-01T%02d:00:00Z","end":"2026-06-01T%02d:00:00Z"}`, id, schedule, 9+hour, 10+hour))
}

func (s *shelf) slotStatus(id string) string {
	rec, err := s.Store.Read(s.t.Context(), store.Of("trustalias"), store.Key{Customer: "trustalias", Type: "Slot", ID: id})
	if err != nil {
		s.t.Fatal(err)
	}
	return rec.Resource.Root().Get("status").Text()
}

// checkSlots compares every slot with the appointments that have it.
func (s *shelf) checkSlots(rt *rapid.T) {
	live := map[string]int{}
	all := func(typ string) store.Page {
		page, err := s.Store.Search(s.t.Context(), store.Of("trustalias"), searchAll(typ))
		if err != nil {
			rt.Fatal(err)
		}
		return page
	}
	for _, rec := range all("Appointment").Records {
		a, err := r4.ReadAppointment(rec.Resource.Root())
		if err != nil {
			rt.Fatal(err)
		}
		for _, ref := range a.Slots {
			if to := ref.Parse(nil); r4.TakesSlot(a.Status) {
				live[to.ID]++
			}
		}
	}
	for _, rec := range all("Slot").Records {
		root := rec.Resource.Root()
		status, twice := "free", "false"
		if live[rec.ID] > 0 {
			status = "busy"
		}
		if live[rec.ID] > 1 {
			twice = "true"
		}
		is := root.Get("overbooked").Text()
		if is == "" {
			is = "false"
		}
		if got := root.Get("status").Text(); got != status || is != twice {
			rt.Fatalf("Slot/%s of %d appointments is %s, overbooked %s", rec.ID, live[rec.ID], got, is)
		}
		claim, err := s.Store.Claimed(s.t.Context(), "slot", "trustalias\x00"+rec.ID)
		if (err == nil) != (live[rec.ID] > 0) {
			rt.Fatalf("Slot/%s of %d appointments is held by %q", rec.ID, live[rec.ID], claim.Holder)
		}
	}
}
