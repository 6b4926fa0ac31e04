package app

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// tallied is a world with appointments and requests whose numbers are known.
type tallied struct {
	*waitingRoom
	want map[string]map[string]int // by day and specialty, then figure
}

// startTallied fills the days from 2 to 31 March 2026, in which the clocks change, with
// four specialties.
func startTallied(t *testing.T, specialties ...string) *tallied {
	t.Helper()
	c := &tallied{&waitingRoom{desk: startDesk(t, Settings{})}, map[string]map[string]int{}}
	london, err := time.LoadLocation("Europe/London")
	c.must(err)
	var all []fhir.Resource
	add := func(format string, args ...any) {
		r, err := fhir.Parse(fmt.Appendf(nil, format, args...))
		c.must(err)
		all = append(all, r)
	}
	note := func(at time.Time, specialty, figure string) {
		if specialty == "" {
			specialty = "No specialty"
		}
		key := at.In(london).Format(time.DateOnly) + " " + specialty
		if c.want[key] == nil {
			c.want[key] = map[string]int{}
		}
		c.want[key][figure]++
	}
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, london)
	for i := range 240 {
		at := begin.AddDate(0, 0, i%30).Add(time.Duration(i*37%1440) * time.Minute)
		specialty := specialties[i%4]
		given := ""
		if specialty != "" {
			given = `"specialty":[{"coding":[{"code":"1","display":` + strconv.Quote(specialty) + `}]}],`
		}
		status := []string{"booked", "cancelled", "fulfilled", "entered-in-error", "pending"}[i%5]
		if status != "entered-in-error" {
			note(at, specialty, "appointments")
			if status == "cancelled" {
				note(at, specialty, "appointments_cancelled")
			}
		}
		add(`{"resourceType":"Appointment","id":"c%d","status":%q,%s"start":%q,"participant":[{"actor":{"reference":"Patient/c"},"status":"accepted"}]}`, i, status, given, at.UTC().Format(time.RFC3339))
		if i%3 != 0 {
			continue
		}
		asked := begin.AddDate(0, 0, i*7%30).Add(time.Duration(i*53%1440) * time.Minute)
		kind, state := []string{"change", "cancel"}[i%2], []string{"requested", "in-progress", "completed", "rejected", "cancelled"}[i/3%5]
		note(asked, specialty, "requests_to_"+kind)
		ended := ""
		if state == "completed" || state == "rejected" {
			note(asked, specialty, "requests_closed")
			ended = `"executionPeriod":{"end":"` + asked.Add(time.Duration(i)*time.Minute).UTC().Format(time.RFC3339) + `"},`
		}
		add(`{"resourceType":"Task","id":"c%d","status":%q,"intent":"order",%s"code":{"coding":[{"system":%q,"code":%q}]},"focus":{"reference":"Appointment/c%d"},"for":{"reference":"Patient/c"},"authoredOn":%q}`,
			i, state, ended, requests.CodeSystem, kind, i, asked.UTC().Format(time.RFC3339))
	}
	c.must(c.app.store.Update(t.Context(), func(tx store.Tx) error {
		for _, r := range all {
			for _, customer := range []string{"trustalias", "alias_123"} { // the second is nobody's who looks
				if _, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: customer, Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return c
}

// E64: the numbers equal a recount of what was stored, day by day over a change of
// the clocks; S73: no cell is a formula.
func TestStaffReportCounts(t *testing.T) {
	c := startTallied(t, "Cardiology", "=SUM(A1:A9)", "", `<b>"Eyes"</b>`)
	c.as("jack.brown", "/staff/reports")
	c.goTo("/staff/reports/csv?by=day&from=2026-03-02&until=2026-03-31")
	if c.status != http.StatusOK || c.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(c.header.Get("Content-Disposition"), "attachment;") {
		t.Fatalf("the file: %d %v", c.status, c.header)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(c.body, "\ufeff"))).ReadAll()
	c.must(err)
	got := 0
	for _, row := range rows[1:] {
		name := strings.TrimPrefix(row[2], "'")
		if strings.HasPrefix(row[2], "=") {
			t.Errorf("%q would be taken for a formula", row[2])
		}
		want := c.want[row[0]+" "+name]
		for i, figure := range rows[0][3:8] {
			n, err := strconv.Atoi(row[3+i])
			c.must(err)
			if got += n; n != want[figure] {
				t.Errorf("%s %s: %d %s, want %d", row[0], name, n, figure, want[figure])
			}
		}
	}
	sum := 0
	for _, cell := range c.want {
		for _, n := range cell {
			sum += n
		}
	}
	if got != sum {
		t.Errorf("%d are in the file, want %d", got, sum)
	}
	total := func(figure string) (n int) {
		for _, cell := range c.want {
			n += cell[figure]
		}
		return n
	}
	for _, by := range []string{"day", "week", "month"} {
		c.goTo("/staff/reports?by=" + by + "&from=2026-03-02&until=2026-03-31")
		c.must(c.shows("/staff/reports", http.StatusOK, "<svg"))
		if by == "month" { // begins with the month
			c.must(c.shows("/staff/reports", http.StatusOK, "1 March 2026 to 31 March 2026"))
		}
		line := fmt.Sprintf(`</span>All</td><td role="cell" class="nhsuk-table__cell nhsuk-table__cell--numeric"><span class="nhsuk-table-responsive__heading" aria-hidden="true">Appointments </span>%d</td>`, total("appointments"))
		if n := strings.Count(c.body, line); by != "month" && n != 2 || n == 0 {
			t.Errorf("%s: %d tables say that there are %d appointments in all, want each of those with more than a line", by, n, total("appointments"))
		}
		if strings.Contains(c.body, "<b>") || !strings.Contains(c.body, "&lt;b&gt;") || strings.Contains(c.body, "style=") {
			t.Errorf("%s: what somebody wrote is not text, or a page has styles within", by)
		}
	}
	c.goTo("/staff/reports?by=day&from=2026-03-02&until=2026-03-31&specialty=Cardiology")
	c.must(c.shows("/staff/reports", http.StatusOK, "Over time: Cardiology"))
}

// E65: in a report that is to be shared no number is smaller than 5, nor can one be
// worked out of the others.
func TestStaffReportShared(t *testing.T) {
	c := startTallied(t, "Cardiology", "Dermatology", "", "Ophthalmology")
	c.as("jack.brown", "/staff/reports")
	c.goTo("/staff/reports/csv?by=day&from=2026-03-02&until=2026-03-31&small=hidden")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(c.body, "\ufeff"))).ReadAll()
	c.must(err)
	hidden := 0
	for _, row := range rows[1:] {
		for i, figure := range rows[0][3:8] {
			if row[3+i] == "<5" {
				hidden++
				continue
			}
			if n, err := strconv.Atoi(row[3+i]); err != nil || n%5 != 0 || n > 0 && n < 5 {
				t.Errorf("%s %s: %s %s is shown", row[0], row[2], row[3+i], figure)
			}
		}
		if row[7] == "<5" && row[8] != "" {
			t.Errorf("%s %s: the time of %s is shown", row[0], row[2], row[7])
		}
	}
	if hidden == 0 {
		t.Error("nothing is hidden")
	}
	c.goTo("/staff/reports?by=day&from=2026-03-02&until=2026-03-31&small=hidden")
	for _, want := range []string{"&lt;5", `id="shared"`, `<option value="hidden" selected>`, "small=hidden"} {
		c.must(c.shows("/staff/reports", http.StatusOK, want))
	}
	for _, small := range []string{">1<", ">2<", ">3<", ">4<"} {
		if strings.Contains(c.body, small) {
			t.Errorf("the page shows %s", small)
		}
	}
}

// There may be more requests than one search may name.
func TestStaffReportMany(t *testing.T) {
	d := startDesk(t, Settings{})
	waiting(t, d.app.store, 350)
	d.as("jack.brown", "/staff/reports")
	for _, by := range []string{"day", "week", "month"} {
		d.goTo("/staff/reports?by=" + by)
		d.must(d.shows("/staff/reports", http.StatusOK, "350 in all"))
	}
}

// What a report cannot be of is said beside the field; and who has no role for them
// sees none, nor another customer's.
func TestStaffReportRefused(t *testing.T) {
	c := startTallied(t, "Cardiology", "=SUM(A1:A9)", "", `<b>"Eyes"</b>`)
	c.goTo("/staff/reports")
	c.chosen("pretend-reports") // of both customers, by a group
	for query, want := range map[string]string{
		"from=x": "The first day must be a date", "until=2026-13-01": "The last day must be a date", "until=9999-01-01": "The last day must be a date",
		"from=2026-03-02&until=2026-03-01&by=day": "must not be after", "from=2001-01-01": "Choose a shorter time", "from=2020-01-01&by=day": "Choose a shorter time", "until=" + url.QueryEscape(scripted): "The last day must be a date",
	} {
		c.goTo("/staff/reports?" + query)
		if c.status != http.StatusUnprocessableEntity || !strings.Contains(c.body, want) || !strings.Contains(c.body, "<title>Error: ") || strings.Contains(c.body, "<script>alert") {
			t.Errorf("%s: %d, want 422 and %q", query, c.status, want)
		}
		if c.goTo("/staff/reports/csv?" + query); c.status != http.StatusBadRequest {
			t.Errorf("%s as a file: %d", query, c.status)
		}
	}
	march := "by=month&from=2026-03-01&until=2026-03-31"
	appointments := func(query string) (n int) {
		t.Helper()
		c.goTo("/staff/reports/csv?" + march + query)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(c.body, "\ufeff"))).ReadAll()
		c.must(err)
		for _, row := range rows[1:] {
			one, err := strconv.Atoi(row[3])
			c.must(err)
			n += one
		}
		return n
	}
	both, one, none := appointments(""), appointments("&customer=trustalias"), appointments("&customer=nobody")
	if one == 0 || both != 2*one || none != 0 {
		t.Errorf("both customers have %d appointments, one %d, and a stranger %d", both, one, none)
	}
	c.goTo("/staff/reports")
	c.leave()
	c.goTo("/staff/reports")
	c.chosen("grace.okafor") // of the other
	if n := appointments("&customer=trustalias"); n != 0 {
		t.Errorf("another customer's appointments are tallied: %d", n)
	}
	if n := appointments(""); n != one {
		t.Errorf("one customer's: %d, want %d", n, one)
	}
}
