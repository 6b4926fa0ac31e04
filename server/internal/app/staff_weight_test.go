package app

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

var (
	staffLinks = regexp.MustCompile(`href="(/staff/[^"#]*)"`)
	variable   = regexp.MustCompile(`[^/=&?]*\d[^/=&?]*`)
)

// Security-reliability 3.5, of every page that a link leads to, with full lists: a
// first load is at most 60 KB as it is sent, of which the page itself is at most 15 KB.
func TestStaffPageWeight(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{Customers: careful})
	waiting(t, a.store, 60)
	d := &demo{app: a, base: a.cfg.BaseURL, day: time.Now().Truncate(24 * time.Hour)}
	for i := range 55 {
		p, err := d.person(i % 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{
			d.booking(p, fmt.Sprintf("W-%d", i), d.day.AddDate(0, 0, 10), "Booked"),
			strings.Replace(d.booking(p, fmt.Sprintf("W-%d", i), d.day.AddDate(0, 0, 11), "Booked"), "|"+p.born+"|", "|19010101|", 1),
		} {
			if err := d.send(t.Context(), strings.Replace(m, "|booking-", fmt.Sprintf("|weight-%d-", len(m)), 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	week(t, d)
	desk := deskOf(t, a)
	desk.as("jack.brown", "/staff/requests")
	cookies := desk.client.Jar.Cookies(desk.at)
	weight, seen := map[string]int{}, map[string]bool{}
	queue := []string{"/staff/requests", "/staff/requests?state=done", "/staff/health", "/staff/reports?period=day"}
	for len(queue) > 0 && len(seen) < 100 {
		path := queue[0]
		queue = queue[1:]
		shape := variable.ReplaceAllString(path, "…")
		if seen[shape] || strings.HasPrefix(path, "/staff/assets/") {
			continue
		}
		seen[shape] = true
		desk.goTo(path)
		if desk.status != http.StatusOK {
			t.Errorf("%s: %d", path, desk.status)
		}
		for _, link := range staffLinks.FindAllStringSubmatch(desk.body, -1) {
			queue = append(queue, html.UnescapeString(link[1]))
		}
		page := sentBytes(t, a.cfg.BaseURL+path, cookies...)
		total := page
		for _, asset := range loaded(desk.body) {
			if weight[asset] == 0 {
				weight[asset] = sentBytes(t, a.cfg.BaseURL+asset)
			}
			total += weight[asset]
		}
		if page > 15<<10 || total > 60<<10 {
			t.Errorf("%s is %d bytes as it is sent, %d with what it loads; want at most 15 and 60 KiB", shape, page, total)
		}
		t.Logf("%-60s %6d bytes, %6d sent, %6d with what it loads", shape, len(desk.body), page, total)
	}
	for _, want := range []string{"/staff/requests/trustalias/…", "/staff/messages/…/fields", "/staff/review/…", "/staff/access", "/staff/reports", "/staff/calendar/trustalias/…", "/staff/calendar/trustalias/…?view=grid&week=…"} {
		if !seen[want] {
			t.Errorf("no link led to %s", want)
		}
	}
}

// week stores a schedule with its slots.
func week(t *testing.T, d *demo) {
	t.Helper()
	err := d.app.store.Update(t.Context(), func(tx store.Tx) error {
		for _, batch := range d.resources()[3:] {
			for _, r := range batch {
				if id := r["id"].(string); !strings.Contains(id, services[0].id) {
					continue
				}
				text, err := json.Marshal(r)
				if err != nil {
					return err
				}
				resource, err := fhir.Parse(text)
				if err != nil {
					return err
				}
				key := store.Key{Customer: demoTrust, Type: resource.Type(), ID: resource.ID()}
				if _, err := tx.Put(t.Context(), store.Put{Key: key, Resource: resource, IfVersion: store.Any}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
