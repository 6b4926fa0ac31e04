package app

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// A patient with many appointments sees all of them, 50 to a page: those to come, the
// next first, and then the others.
func TestManyAppointments(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	patient := strings.Split(j.page, "/")[2]
	const over = 620
	for begin := 0; begin < over; begin += 100 {
		j.must(j.app.store.Update(ctx, func(tx store.Tx) error {
			for i := begin; i < min(over, begin+100); i++ {
				start := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format(time.RFC3339)
				r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Appointment","id":"many-%d","status":"fulfilled","description":"Visit %d.","start":%q,"participant":[{"actor":{"reference":"Patient/%s"},"status":"accepted"}]}`, i, i, start, patient))
				if err != nil {
					return err
				}
				if _, err := tx.Put(ctx, store.Put{Key: store.Key{Customer: "trustalias", Type: "Appointment", ID: r.ID()}, Resource: r, IfVersion: 0}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	j.signIn(j.page)
	j.must(j.open(ctx, j.app.cfg.BaseURL+"/patient"))
	visits := regexp.MustCompile(`>(Visit \d+\.|Follow-up clinic)<span`)
	var all []string
	for pages := 1; ; pages++ {
		j.must(j.shows("/patient", http.StatusOK, fmt.Sprintf("(page %d of 13)", pages)))
		found := visits.FindAllStringSubmatch(j.body, -1)
		if len(found) > 50 {
			t.Errorf("page %d has %d", pages, len(found))
		}
		for _, f := range found {
			all = append(all, f[1])
		}
		if coming := strings.Contains(j.body, `id="coming"`); coming != (pages == 1) {
			t.Errorf("page %d has what is to come: %t", pages, coming)
		}
		if !strings.Contains(j.body, `id="next"`) {
			break
		}
		j.must(j.follow(ctx, `id="next"`))
	}
	if len(all) != over+1 || all[0] != "Follow-up clinic" {
		t.Fatalf("%d appointments, the first %q; want %d", len(all), all[0], over+1)
	}
	for i, got := range all[1:] {
		if want := fmt.Sprintf("Visit %d.", over-1-i); got != want {
			t.Fatalf("appointment %d is %s, want %s", i, got, want)
		}
	}
	for _, query := range []string{"?page=0", "?page=14", "?page=x", "?page=-1"} {
		j.must(j.open(ctx, j.app.cfg.BaseURL+"/patient"+query))
		j.must(j.shows("/patient", http.StatusOK, "(page 1 of 13)"))
	}
}
