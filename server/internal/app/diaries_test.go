package app

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
)

// A diary is read whole, or refused in a sentence that says what is wrong.
func TestDiaryConfig(t *testing.T) {
	whole := func() DiaryConfig {
		return DiaryConfig{
			Customer: "trust", Schedule: "clinic", Actors: []string{"HealthcareService/1"}, Days: 28,
			Week:   []HoursConfig{{Days: []string{"mon", "Fri"}, From: "09:00", Until: "24:00", Every: 15 * time.Minute, Places: 2}},
			Closed: []string{"2026-12-25", "2026-12-28/2027-01-01"}, Instead: []InsteadConfig{{Date: "2026-12-24", Hours: []HoursConfig{{From: "09:00", Until: "10:00", Every: 30 * time.Minute}}}},
		}
	}
	tp, err := whole().template("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	if len(tp.Instead) != 7 || len(tp.Week[time.Friday]) != 1 || len(tp.Week[time.Sunday]) != 0 || tp.Week[time.Monday][0].Until != 24*time.Hour {
		t.Errorf("%+v", tp)
	}
	for _, tc := range []struct {
		change func(*DiaryConfig)
		want   string
	}{
		{func(d *DiaryConfig) { d.Schedule = "a b" }, "id of a Schedule"},
		{func(d *DiaryConfig) { d.Actors = nil }, "actors is empty"},
		{func(d *DiaryConfig) { d.Days = 0 }, "days is how many"},
		{func(d *DiaryConfig) { d.Zone = "Nowhere" }, "no zone"},
		{func(d *DiaryConfig) { d.Week, d.Instead = nil, nil }, "week is empty"},
		{func(d *DiaryConfig) { d.Week[0].Days = []string{"someday"} }, "no day"},
		{func(d *DiaryConfig) { d.Week[0].Days = nil }, "days is empty"},
		{func(d *DiaryConfig) { d.Week[0].From = "nine" }, "times of the day"},
		{func(d *DiaryConfig) { d.Week[0].Until = "09:10" }, "no room"},
		{func(d *DiaryConfig) { d.Week[0].Every = 90 * time.Second }, "whole minutes"},
		{func(d *DiaryConfig) { d.Week[0].Places = -1 }, "places"},
		{func(d *DiaryConfig) { d.Closed = []string{"2027-01-02/2027-01-01"} }, "no day"},
		{func(d *DiaryConfig) { d.Instead[0].Date = "tomorrow" }, "date is a day"},
		{func(d *DiaryConfig) { d.From = "soon" }, "are days"},
		{func(d *DiaryConfig) { d.Service.Code = "x" }, "service_type needs"},
	} {
		d := whole()
		tc.change(&d)
		if _, err := d.template("Europe/London"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
	}
	cfg := Config{Zone: "Europe/London", Customers: []CustomerConfig{{Alias: "trust"}}, Diaries: []DiaryConfig{whole(), whole()}}
	if _, errs := cfg.templates(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "twice") {
		t.Errorf("%v", errs)
	}
}

// A diary of the configuration has its slots soon after the start, a clinic of it is
// withdrawn by the command line, and its bookings are listed.
func TestDiaryOverTheWire(t *testing.T) {
	c := newClinic(t, Settings{Diaries: Text(`[{customer: trustalias, schedule: made, actors: [Practitioner/dr], days: 2, week: [{days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", until: "24:00", every: 2h}]}]`)})
	var slots []string
	for deadline := time.Now().Add(10 * time.Second); len(slots) < 6 && time.Now().Before(deadline); {
		_, r, _ := c.ask(http.MethodGet, "/R4/Slot?schedule=Schedule/made&_count=100&_sort=-start", c.admin, nil)
		slots = texts(r, "entry.resource.id")
	}
	if len(slots) < 6 {
		t.Fatalf("slots %v", slots)
	}
	_, last, _ := c.ask(http.MethodGet, "/R4/Slot/"+slots[0], c.admin, nil)
	start, end := last.Root().Get("start").Text(), last.Root().Get("end").Text()
	status, booked, _ := c.ask(http.MethodPost, "/R4/Appointment", c.consumer, r4Booking(slots[0], start, end))
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, booked.Raw())
	}
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := Main(t.Context(), append([]string{"clinic", "withdraw", "--url", c.base, "--schedule", "made", "--start", start, "--end", end}, args...), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, text := run("--dry-run", "--cancel"); code != 0 || !strings.Contains(text, "1 slots: 0 closed, 1 bookings cancelled") || c.slot(slots[0]) != "busy" {
		t.Errorf("%d %s", code, text)
	}
	if code, text := run(); code != 0 || !strings.Contains(text, "kept") || !strings.Contains(text, booked.ID()) {
		t.Errorf("%d %s", code, text)
	}
	if code, text := run("--cancel", "--reason", "strike"); code != 0 || !strings.Contains(text, "1 bookings cancelled") || c.slot(slots[0]) != "busy-unavailable" {
		t.Errorf("%d %s, slot %s", code, text, c.slot(slots[0]))
	}
	// Who may not change slots may not withdraw a clinic; a time that is none is refused.
	for _, tc := range []struct {
		token, body string
		want        int
	}{
		{c.consumer, `{"schedule":"made","start":"2030-01-01T00:00:00Z","end":"2030-01-02T00:00:00Z"}`, 403},
		{c.admin, `{"schedule":"made","start":"2030-01-02T00:00:00Z","end":"2030-01-01T00:00:00Z"}`, 400},
		{c.admin, `{"schedule":"nowhere","start":"2030-01-01T00:00:00Z","end":"2030-01-02T00:00:00Z"}`, 404},
		{c.admin, `{"schedule":"made","day":"x"}`, 400},
	} {
		if status, answer, _ := c.call(t.Context(), http.MethodPost, "/clinics/withdraw", tc.token, []byte(tc.body)); status != tc.want {
			t.Errorf("%s: %d %s, want %d", tc.body, status, answer, tc.want)
		}
	}
}

// A load that is cut short goes on where it was, and one that is done again changes
// nothing.
func TestLoad(t *testing.T) {
	c := newClinic(t, Settings{})
	dir := t.TempDir()
	line := func(i int) string {
		at := time.Date(2030, 3, 1, 0, i, 0, 0, time.UTC)
		return fmt.Sprintf(`{"resourceType":"Slot","id":"load-%d","status":"free","schedule":{"reference":"Schedule/diary"},"start":%q,"end":%q}`, i, at.Format(time.RFC3339), at.Add(time.Minute).Format(time.RFC3339))
	}
	var lines []string
	for i := range 1200 {
		lines = append(lines, line(i))
	}
	bad := append([]string{}, lines...)
	bad[1100] = strings.Replace(bad[1100], `"free"`, `"nonsense"`, 1)
	file := filepath.Join(dir, "slots.ndjson")
	write := func(name string, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := Main(t.Context(), append([]string{"load", "--url", c.base}, args...), &out, &errs)
		return code, out.String() + errs.String()
	}
	count := func() string {
		_, r, _ := c.ask(http.MethodGet, "/R4/Slot?_summary=count&start=ge2030-03-01&start=lt2030-03-02", c.admin, nil)
		return r.Root().Get("total").Text()
	}
	write(file, strings.Join(bad, "\n"))
	if code, text := run(file); code != 1 || !strings.Contains(text, "resource 1101") || !strings.Contains(text, "Slot/load-1100") {
		t.Fatalf("%d %s", code, text)
	}
	// Mended to the same size, it goes on behind what was noted.
	mended := append([]string{}, bad...)
	mended[1100] = strings.Replace(mended[1100], `"nonsense"`, `"free"    `, 1)
	write(file, strings.Join(mended, "\n"))
	if code, text := run(file); code != 0 || !strings.Contains(text, "1200 resources: 200 loaded") || !strings.Contains(text, "1000 loaded before") || count() != "1200" {
		t.Errorf("%d %s; %s slots", code, text, count())
	}
	// A Bundle; what is there is left alone, booked or not.
	if status, r, _ := c.ask(http.MethodPost, "/R4/Appointment", c.consumer, r4Booking("load-0", "2030-03-01T00:00:00Z", "2030-03-01T00:01:00Z")); status != 201 {
		t.Fatal(status, r)
	}
	bundle := filepath.Join(dir, "bundle.json")
	write(bundle, `{"resourceType":"Bundle","type":"collection","entry":[{"resource":`+lines[0]+`},{"resource":`+line(1300)+`}]}`)
	if code, text := run("--new", bundle); code != 0 || !strings.Contains(text, "1 loaded in") || !strings.Contains(text, "1 were there") || c.slot("load-0") != "busy" {
		t.Errorf("%d %s, slot %s", code, text, c.slot("load-0"))
	}
	write(bundle, `{"resourceType":"Slot","status":"free"}`)
	if code, text := run(bundle); code != 1 || !strings.Contains(text, "has no id") {
		t.Errorf("%d %s", code, text)
	}
	_, r, _ := c.ask(http.MethodGet, "/R4/Slot/load-7", c.admin, nil)
	if !fhir.ValidID(r.ID()) || r.Root().Find("meta", "versionId").Text() != "1" {
		t.Errorf("%s", r.Raw())
	}
}
