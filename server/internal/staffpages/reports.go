package staffpages

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/server/internal/web"
	"slotway/server/internal/wire"
)

const reportsPath = home + "/reports"

// reportPages are those of what there was over time. They name nobody.
func (s *Server) reportPages() map[string]act {
	return map[string]act{
		"GET " + reportsPath:          s.report,
		"GET " + reportsPath + "/csv": s.reportCSV,
	}
}

// units are what a report is cut into, with how far back it goes unasked.
var units = []struct {
	value, text string
	back        [3]int                             // years, months, days
	floor       func(time.Time) time.Time          // the beginning of the one that a day is in
	next        func(time.Time) time.Time          // the beginning of the next
	name        func(from, until time.Time) string // from a beginning to the next
}{
	{
		"week", "By week",
		[3]int{0, 0, -83},
		func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) },
		func(t time.Time) time.Time { return t.AddDate(0, 0, 7) },
		func(from, _ time.Time) string { return "Week of " + from.Format("2 Jan 2006") },
	},
	{
		"day", "By day",
		[3]int{0, 0, -13},
		func(t time.Time) time.Time { return t },
		func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
		func(from, _ time.Time) string { return from.Format("Mon 2 Jan 2006") },
	},
	{
		"month", "By month",
		[3]int{0, -11, 0},
		func(t time.Time) time.Time { return t.AddDate(0, 0, 1-t.Day()) },
		func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
		func(from, _ time.Time) string { return from.Format("January 2006") },
	},
}

// question is what a report is asked for.
type question struct {
	Unit        int // of units
	From, Until time.Time
	Specialty   string // by its words; empty: all
	Customers   []string
	Customer    string // the one of them that was asked for
	Share       bool   // small numbers are hidden
	zone        *time.Location
}

// maxPeriods is how many periods a report has at the most.
const maxPeriods = 62

// questionOf reads an address. The failure has the field that is wrong.
func (s *Server) questionOf(q url.Values, p Person) (a question, wrong *web.Problem) {
	a = question{Specialty: q.Get("specialty"), Customers: p.Customers, Customer: q.Get("customer"), Share: q.Get("small") == smallHidden, zone: s.zoneOf(p)}
	if a.Customer != "" {
		a.Customers = nil
		if p.See().Sees(a.Customer) {
			a.Customers, a.zone = []string{a.Customer}, s.zone(a.Customer)
		}
	}
	for i, u := range units {
		if u.value == q.Get("by") {
			a.Unit = i
		}
	}
	u := units[a.Unit]
	y, m, d := s.Now().In(a.zone).Date()
	a.Until = time.Date(y, m, d, 0, 0, 0, 0, a.zone)
	var err error
	if text := q.Get("until"); text != "" {
		if a.Until, err = time.ParseInLocation(time.DateOnly, text, a.zone); err != nil || a.Until.Year() < 2000 || a.Until.Year() > 2200 {
			return a, &web.Problem{Field: "until", Text: "The last day must be a date"}
		}
	}
	a.From = u.floor(a.Until.AddDate(u.back[0], u.back[1], u.back[2]))
	if text := q.Get("from"); text != "" {
		if a.From, err = time.ParseInLocation(time.DateOnly, text, a.zone); err != nil || a.From.Year() < 2000 {
			return a, &web.Problem{Field: "from", Text: "The first day must be a date"}
		}
		a.From = u.floor(a.From)
	}
	if a.From.After(a.Until) {
		return a, &web.Problem{Field: "from", Text: "The first day must not be after the last"}
	}
	if len(a.periods()) > maxPeriods {
		return a, &web.Problem{Field: "from", Text: fmt.Sprintf("Choose a shorter time, or longer parts: at most %d are shown", maxPeriods)}
	}
	return a, nil
}

// period is a part of the time of a report.
type period struct {
	Name        string
	From, Until time.Time // the second is the beginning of the next
}

// periods cuts the time into parts; the last ends with the last day.
func (a question) periods() (all []period) {
	u, end := units[a.Unit], a.Until.AddDate(0, 0, 1)
	for from := a.From; from.Before(end) && len(all) <= maxPeriods; {
		next := u.next(from)
		until := next
		if until.After(end) {
			until = end
		}
		all = append(all, period{u.name(from, next), from, until})
		from = next
	}
	return all
}

// errTooMuch is the failure of a report that has more to count than it may.
var errTooMuch = errors.New("there is more than is counted")

// reportData is what the page is filled in with.
type reportData struct {
	Ask                question
	Problem            *web.Problem
	Picks              []pick
	From, Until        string
	Periods            []figures
	Specialties        []figures
	Requests, Took     *chart
	CSV, Zone, Between string
}

// Day gives the field of a day.
func (d reportData) Day(id, label string) area {
	a := area{ID: id, Label: label, Text: d.Until}
	if id == "from" {
		a.Text = d.From
	}
	if d.Problem != nil && d.Problem.Field == id {
		a.Wrong = d.Problem.Text
	}
	return a
}

// table is figures with what their first column is called.
type table struct {
	What, Caption string
	Lines         []*figures
}

// Table gives one, with a last line for all.
func (d reportData) Table(what, caption string, of []figures) table {
	t := table{What: what, Caption: caption}
	for i := range of {
		t.Lines = append(t.Lines, &of[i])
	}
	if len(of) > 1 {
		all := total(of)
		t.Lines = append(t.Lines, &all)
	}
	if d.Ask.Share {
		for i, f := range t.Lines {
			t.Lines[i] = new(f.share())
		}
	}
	return t
}

// total adds figures up.
func total(of []figures) figures {
	all := figures{Name: "All"}
	for i := range of {
		all.add(&of[i])
	}
	return all
}

// smallHidden is the value of the field by which small numbers are hidden.
const smallHidden = "hidden"

// report is the page.
func (s *Server) report(w http.ResponseWriter, r *http.Request, p Person) error {
	q := r.URL.Query()
	ask, wrong := s.questionOf(q, p)
	data := reportData{Ask: ask, Problem: wrong, From: q.Get("from"), Until: q.Get("until"), CSV: reportsPath + "/csv?" + q.Encode(), Zone: ask.zone.String()}
	status := http.StatusOK
	var c *counts
	if wrong == nil {
		var err error
		if c, err = s.count(r.Context(), ask); errors.Is(err, errTooMuch) {
			data.Problem = &web.Problem{Field: "from", Text: "There is more in this time than can be counted at once. Choose a shorter time"}
		} else if err != nil {
			return err
		}
	}
	if data.Problem != nil {
		status = http.StatusUnprocessableEntity
	} else {
		data.Periods, data.Specialties = c.byPeriod(ask.Specialty), c.bySpecialty()
		drawn, made := sharing(data.Periods, ask.Share), total(data.Periods)
		if ask.Share {
			made = made.share()
		}
		data.Requests, data.Took = requestsChart(drawn, made.made), tookChart(drawn)
		data.From, data.Until = ask.From.Format(time.DateOnly), ask.Until.Format(time.DateOnly)
		data.Between = ask.From.Format("2 January 2006") + " to " + ask.Until.Format("2 January 2006")
	}
	data.Picks = s.reportPicks(p, ask, c)
	e := s.event(r, p, "staff.reports.read", status)
	s.Audit.Add(&e)
	return s.show(w, r, p, status, "reports", web.Layout{Title: "Reports", Error: data.Problem != nil, Data: data})
}

func (s *Server) reportPicks(p Person, ask question, c *counts) (all []pick) {
	by, specialty, customer := pick{Name: "by", Label: "In parts"}, pick{Name: "specialty", Label: "Specialty"}, pick{Name: "customer", Label: "Organisation"}
	for i, u := range units {
		by.Options = append(by.Options, choice{u.value, u.text, i == ask.Unit})
	}
	specialty.Options = []choice{{"", "All", ask.Specialty == ""}}
	known := ask.Specialty == ""
	for _, name := range c.names() {
		known = known || name == ask.Specialty
		specialty.Options = append(specialty.Options, choice{name, name, name == ask.Specialty})
	}
	if !known {
		specialty.Options = append(specialty.Options, choice{ask.Specialty, ask.Specialty, true})
	}
	small := pick{Name: "small", Label: "Small numbers", Options: []choice{{"", "Show", !ask.Share}, {smallHidden, "Hide, to share", ask.Share}}}
	all = []pick{by, specialty, small}
	if len(p.Customers) > 1 {
		customer.Options = []choice{{"", "All", ask.Customer == ""}}
		for _, alias := range p.Customers {
			customer.Options = append(customer.Options, choice{alias, cmp.Or(s.Customer(alias).Name, alias), alias == ask.Customer})
		}
		all = append(all, customer)
	}
	return all
}

// reportCSV gives the same numbers as a file: a line for each period and specialty.
func (s *Server) reportCSV(w http.ResponseWriter, r *http.Request, p Person) error {
	ask, wrong := s.questionOf(r.URL.Query(), p)
	if wrong != nil {
		return fhir.Errorf(fhir.Invalid, "%s", wrong.Text)
	}
	c, err := s.count(r.Context(), ask)
	if errors.Is(err, errTooMuch) {
		return fhir.Errorf(fhir.Invalid, "There is more in this time than can be counted at once.")
	}
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("\ufeff") // by which spreadsheets know UTF-8
	lines := csv.NewWriter(&out)
	lines.UseCRLF = true
	_ = lines.Write([]string{"from", "until", "specialty", "appointments", "appointments_cancelled", "requests_to_change", "requests_to_cancel", "requests_closed", "median_hours_to_action"}) // Error tells
	for i, at := range c.periods {
		for _, name := range c.names() {
			cell, there := c.cells[cellKey{i, name}]
			if !there || ask.Specialty != "" && name != ask.Specialty {
				continue
			}
			f, hours := *cell, ""
			if ask.Share {
				f = f.share()
			}
			if median, ok := f.median(); ok {
				hours = strconv.FormatFloat(median.Hours(), 'f', 2, 64)
			}
			_ = lines.Write([]string{
				at.From.Format(time.DateOnly), at.Until.AddDate(0, 0, -1).Format(time.DateOnly), wire.Cell(name), f.Appointments.String(), f.Cancelled.String(),
				f.Change.String(), f.Cancel.String(), f.Closed.String(), hours,
			})
		}
	}
	lines.Flush()
	if err := lines.Error(); err != nil {
		return err
	}
	s.note(r, p, "staff.reports.export", http.StatusOK)
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="slotway-`+ask.From.Format(time.DateOnly)+`.csv"`)
	_, _ = w.Write(out.Bytes()) // the reader has gone
	return nil
}
