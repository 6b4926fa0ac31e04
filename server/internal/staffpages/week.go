package staffpages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// schedule gives the schedule of an address, where it is one of somebody's customers.
func (s *Server) schedule(r *http.Request, p Person) (store.Record, error) {
	customer, id := r.PathValue("customer"), r.PathValue("schedule")
	if !slices.Contains(p.Customers, customer) || !fhir.ValidID(id) {
		return store.Record{}, web.NoPage()
	}
	rec, err := s.Store.Read(r.Context(), store.Of(customer), store.Key{Customer: customer, Type: "Schedule", ID: id})
	if missing(err) {
		return rec, web.NoPage()
	}
	return rec, err
}

// weekView is a week of a schedule.
type weekView struct {
	diary
	Title             string // 11 to 17 May 2026
	Before, Now, Next string
	Tabs              []web.Link
	Grid              bool
	Days              []day
	Rows              []gridRow // of the grid
	Counts            string
	Full              bool // there are more slots than are shown
}

// day is a day of the week.
type day struct {
	Title, Short, Machine string
	Today                 bool
	Slots                 []slot
}

// gridRow is a time of day in the grid, with what each day has at it.
type gridRow struct {
	Time  string
	Cells [][]slot
}

// slot is a slot in words.
type slot struct {
	From, Until, Machine string
	States               []tag
	Bookings             []link
	minute               int // of the day
}

// link is a link.
type link struct{ Path, Text string }

// slotStates say a slot's status in words.
var slotStates = map[string]tag{
	"free":             {"Free", "green"},
	"busy":             {"Booked", "blue"},
	"busy-unavailable": {"Blocked", "grey"},
	"busy-tentative":   {"Held", "yellow"},
}

// mostSlots is how many slots a week may have that is shown.
const mostSlots = 2000

// week is the page of a week of a schedule, as a list or, when asked, as a grid.
func (s *Server) week(w http.ResponseWriter, r *http.Request, p Person) error {
	rec, err := s.schedule(r, p)
	if err != nil {
		return err
	}
	zone := s.zone(rec.Customer)
	today := s.Now().In(zone)
	monday, err := mondayOf(r.URL.Query().Get("week"), today, zone)
	if err != nil {
		return web.NoPage()
	}
	v := weekView{diary: s.diary(r.Context(), rec), Title: weekOf(monday), Grid: r.URL.Query().Get("view") == "grid"}
	to := func(week time.Time, grid bool) string {
		q := url.Values{"week": {week.Format(time.DateOnly)}}
		if grid {
			q.Set("view", "grid")
		}
		return v.Path + "?" + q.Encode()
	}
	v.Before, v.Next = to(monday.AddDate(0, 0, -7), v.Grid), to(monday.AddDate(0, 0, 7), v.Grid)
	if this, _ := mondayOf("", today, zone); !this.Equal(monday) {
		v.Now = to(this, v.Grid)
	}
	v.Tabs = []web.Link{{Path: to(monday, false), Title: "List", Current: !v.Grid}, {Path: to(monday, true), Title: "Week", Current: v.Grid}}
	slots, err := s.find(r.Context(), rec.Customer, "Slot", fmt.Sprintf("schedule=Schedule/%s&start=ge%s&start=lt%s&_sort=start",
		rec.ID, monday.UTC().Format("2006-01-02T15:04:05Z"), monday.AddDate(0, 0, 7).UTC().Format("2006-01-02T15:04:05Z")), mostSlots)
	if err != nil {
		return err
	}
	v.Full = len(slots) == mostSlots
	bookings, err := s.bookings(r.Context(), rec.Customer, slots)
	if err != nil {
		return err
	}
	v.fill(slots, bookings, monday, today)
	var shown []store.Record
	for _, all := range bookings {
		shown = append(shown, all...)
	}
	s.note(r, p, "staff.calendar.week", http.StatusOK, append(shown, rec)...)
	return s.show(w, r, p, http.StatusOK, "week", web.Layout{Title: v.Name + ", " + v.Title, Data: v})
}

// mondayOf gives the first day of the week of a day; empty is today.
func mondayOf(text string, today time.Time, zone *time.Location) (time.Time, error) {
	d := today
	if text != "" {
		var err error
		if d, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return d, err
		}
		if d.Year() < 2000 || d.Year() > 2200 { // there is a week before, and one after
			return d, errors.New("there is nothing in that year")
		}
	}
	back := (int(d.Weekday()) + 6) % 7
	return time.Date(d.Year(), d.Month(), d.Day()-back, 0, 0, 0, 0, zone), nil
}

// weekOf names a week: 11 to 17 May 2026.
func weekOf(monday time.Time) string {
	sunday := monday.AddDate(0, 0, 6)
	switch {
	case monday.Year() != sunday.Year():
		return monday.Format("2 January 2006") + " to " + sunday.Format("2 January 2006")
	case monday.Month() != sunday.Month():
		return monday.Format("2 January") + " to " + sunday.Format("2 January 2006")
	}
	return monday.Format("2") + " to " + sunday.Format("2 January 2006")
}

// slotsAtOnce is how many slots one search for their appointments names.
const slotsAtOnce = 50

// over are the statuses of appointments that hold no slot any more.
var over = []string{"cancelled", "noshow", "entered-in-error"}

// bookings gives the appointments that hold slots, by the id of the slot.
func (s *Server) bookings(ctx context.Context, customer string, slots []store.Record) (map[string][]store.Record, error) {
	all := map[string][]store.Record{}
	var taken []string
	for _, rec := range slots {
		if rec.Resource.Root().Get("status").Text() != "free" {
			taken = append(taken, "Slot/"+rec.ID)
		}
	}
	for some := range slices.Chunk(taken, slotsAtOnce) {
		found, err := s.find(ctx, customer, "Appointment", "slot="+url.QueryEscape(strings.Join(some, ",")), 4*slotsAtOnce)
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			about, err := r4.ReadAppointment(rec.Resource.Root())
			if err != nil {
				return nil, err
			}
			if slices.Contains(over, about.Status) {
				continue
			}
			for _, ref := range about.Slots {
				if to := ref.Parse(s.Bases); to.Type == "Slot" {
					all[to.ID] = append(all[to.ID], rec)
				}
			}
		}
	}
	return all, nil
}

// fill puts the slots into the days and the grid.
func (v *weekView) fill(slots []store.Record, bookings map[string][]store.Record, monday, today time.Time) {
	for i := range 7 {
		d := monday.AddDate(0, 0, i)
		v.Days = append(v.Days, day{
			Title: d.Format("Monday 2 January"), Short: d.Format("Mon 2 Jan"), Machine: d.Format(time.DateOnly), Today: d.Format(time.DateOnly) == today.Format(time.DateOnly),
		})
	}
	counts := map[string]int{}
	for _, rec := range slots {
		about, err := r4.ReadSlot(rec.Resource.Root())
		state, known := slotStates[about.Status]
		if err != nil || !known { // entered in error: it is no slot
			continue
		}
		at := about.Start.Time.In(monday.Location())
		one := slot{From: web.ClockTime(at), Until: web.ClockTime(about.End.Time.In(monday.Location())), Machine: at.Format(time.RFC3339), States: []tag{state}, minute: at.Hour()*60 + at.Minute()}
		counts[state.Text]++
		if rec.Resource.Root().Get("overbooked").Text() == "true" {
			one.States = append(one.States, tag{"Overbooked", "red"})
			counts["Overbooked"]++
		}
		for i, b := range bookings[rec.ID] {
			text := "Appointment"
			if i > 0 {
				text = fmt.Sprint("Appointment ", i+1)
			}
			one.Bookings = append(one.Bookings, link{v.Path + "/appointment/" + url.PathEscape(b.ID), text})
		}
		i := (int(at.Weekday()) + 6) % 7
		v.Days[i].Slots = append(v.Days[i].Slots, one)
	}
	var said []string
	for _, name := range []string{"Free", "Booked", "Held", "Blocked", "Overbooked"} {
		if n := counts[name]; n > 0 {
			said = append(said, fmt.Sprint(n, " ", strings.ToLower(name)))
		}
	}
	v.Counts = strings.Join(said, ", ")
	v.Rows = v.grid()
}

// grid puts the slots of all days in rows by their time.
func (v *weekView) grid() (rows []gridRow) {
	var minutes []int
	for _, d := range v.Days {
		for _, one := range d.Slots {
			minutes = append(minutes, one.minute)
		}
	}
	slices.Sort(minutes)
	for _, m := range slices.Compact(minutes) {
		r := gridRow{Cells: make([][]slot, len(v.Days))}
		for i, d := range v.Days {
			for _, one := range d.Slots {
				if one.minute == m {
					r.Time, r.Cells[i] = one.From, append(r.Cells[i], one)
				}
			}
		}
		rows = append(rows, r)
	}
	return rows
}
