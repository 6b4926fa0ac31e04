package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/diary"
)

// DiaryConfig says which slots a schedule has: a weekly pattern, and days that are
// otherwise.
type DiaryConfig struct {
	Customer string          `yaml:"customer"`
	Schedule string          `yaml:"schedule"` // id; made with the actors where there is none
	Actors   []string        `yaml:"actors"`
	Service  ServiceConfig   `yaml:"service_type"`
	Zone     string          `yaml:"zone"` // the customer's, or the server's, when empty
	Days     int             `yaml:"days"` // ahead
	From     string          `yaml:"from"` // first and last day; open when empty
	Until    string          `yaml:"until"`
	Week     []HoursConfig   `yaml:"week"`
	Closed   []string        `yaml:"closed"` // days, or from a day to a day with a slash between
	Instead  []InsteadConfig `yaml:"instead"`
}

// ServiceConfig is the service type of slots.
type ServiceConfig struct {
	System  string `yaml:"system"`
	Code    string `yaml:"code"`
	Display string `yaml:"display"`
}

// HoursConfig is a time of some days of the week, with slots one after another.
type HoursConfig struct {
	Days   []string      `yaml:"days"` // mon, tue …
	From   string        `yaml:"from"` // 09:00
	Until  string        `yaml:"until"`
	Every  time.Duration `yaml:"every"`
	Places int           `yaml:"places"`
}

// InsteadConfig is a day with hours of its own.
type InsteadConfig struct {
	Date  string        `yaml:"date"`
	Hours []HoursConfig `yaml:"hours"`
}

// maxAhead is how many days ahead slots are made at most.
const maxAhead = 400

// template reads a diary; zone is that of its customer.
func (d DiaryConfig) template(zone string) (t diary.Template, err error) {
	bad := func(format string, args ...any) (diary.Template, error) {
		return t, fmt.Errorf("diary of schedule %q: "+format, append([]any{d.Schedule}, args...)...)
	}
	t = diary.Template{Customer: d.Customer, Schedule: d.Schedule, Actors: d.Actors, Days: d.Days, From: diary.Date(d.From), Until: diary.Date(d.Until), Instead: map[diary.Date][]diary.Hours{}}
	if d.Zone != "" {
		zone = d.Zone
	}
	if t.Zone, err = time.LoadLocation(zone); err != nil {
		return bad("there is no zone %q", zone)
	}
	switch {
	case !fhir.ValidID(d.Schedule):
		return bad("schedule is the id of a Schedule")
	case len(d.Actors) == 0:
		return bad("actors is empty: name the service, and who or what else the diary is of, such as HealthcareService/1")
	case d.Days < 1 || d.Days > maxAhead:
		return bad("days is how many days ahead slots are made, from 1 to %d, not %d", maxAhead, d.Days)
	case len(d.Week) == 0 && len(d.Instead) == 0:
		return bad("week is empty, so that there would be no slots")
	}
	for _, day := range []string{d.From, d.Until} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
			return bad("from and until are days, such as 2026-01-31, not %q", day)
		}
	}
	for _, h := range d.Week {
		hours, err := h.hours()
		if err != nil {
			return bad("week: %w", err)
		}
		if len(h.Days) == 0 {
			return bad("week: days is empty: name some of mon, tue, wed, thu, fri, sat and sun")
		}
		for _, name := range h.Days {
			n := slices.Index(weekdays, strings.ToLower(name))
			if n < 0 {
				return bad("week: there is no day %q: use mon, tue, wed, thu, fri, sat and sun", name)
			}
			t.Week[n] = append(t.Week[n], hours)
		}
	}
	for _, text := range d.Closed {
		if err := closeDays(t.Instead, text); err != nil {
			return bad("closed: %w", err)
		}
	}
	for _, day := range d.Instead {
		if _, err := time.Parse(time.DateOnly, day.Date); err != nil {
			return bad("instead: date is a day, such as 2026-12-24, not %q", day.Date)
		}
		for _, h := range day.Hours {
			hours, err := h.hours()
			if err != nil {
				return bad("instead of %s: %w", day.Date, err)
			}
			t.Instead[diary.Date(day.Date)] = append(t.Instead[diary.Date(day.Date)], hours)
		}
	}
	if d.Service.Code != "" {
		q := func(s string) string { return string(fhir.Quote(s)) }
		t.ServiceType = []byte(`[{"coding":[{"system":` + q(d.Service.System) + `,"code":` + q(d.Service.Code) + `,"display":` + q(d.Service.Display) + `}]}]`)
		if d.Service.System == "" || d.Service.Display == "" {
			return bad("service_type needs a system, a code and a display")
		}
	}
	return t, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (h HoursConfig) hours() (diary.Hours, error) {
	var at [2]time.Duration
	for i, text := range []string{h.From, h.Until} {
		t, err := time.Parse("15:04", text)
		if err != nil && !(i == 1 && text == "24:00") {
			return diary.Hours{}, fmt.Errorf("from and until are times of the day, such as 09:00, not %q", text)
		}
		at[i] = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
		if text == "24:00" {
			at[i] = 24 * time.Hour
		}
	}
	switch {
	case h.Every < time.Minute || h.Every%time.Minute != 0:
		return diary.Hours{}, fmt.Errorf("every is the length of a slot in whole minutes, such as 15m, not %s", h.Every)
	case at[0]+h.Every > at[1]:
		return diary.Hours{}, fmt.Errorf("from %s until %s there is no room for a slot of %s", h.From, h.Until, h.Every)
	case h.Places < 0 || h.Places > 100:
		return diary.Hours{}, fmt.Errorf("places is how many slots there are at one time, from 1 to 100, not %d", h.Places)
	}
	return diary.Hours{From: at[0], Until: at[1], Every: h.Every, Places: h.Places}, nil
}

// closeDays closes a day, or all from one to another.
func closeDays(days map[diary.Date][]diary.Hours, text string) error {
	first, last, several := strings.Cut(text, "/")
	if !several {
		last = first
	}
	from, err1 := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > maxAhead*24*time.Hour {
		return fmt.Errorf("%q is no day, such as 2026-12-25, and none to another, such as 2026-12-25/2027-01-01", text)
	}
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		days[diary.Date(day.Format(time.DateOnly))] = nil
	}
	return nil
}

// templates reads the diaries.
func (c *Config) templates() (all []diary.Template, errs []error) {
	seen := map[string]bool{}
	for _, d := range c.Diaries {
		zone := c.Zone
		known := false
		for _, k := range c.Customers {
			if k.Alias == d.Customer {
				known = true
				if k.Zone != "" {
					zone = k.Zone
				}
			}
		}
		t, err := d.template(zone)
		switch key := d.Customer + "/" + d.Schedule; {
		case err != nil:
			errs = append(errs, err)
		case !known:
			errs = append(errs, fmt.Errorf("diary of schedule %q: there is no customer %q", d.Schedule, d.Customer))
		case seen[key]:
			errs = append(errs, fmt.Errorf("diary of schedule %q: it is there twice; give one diary several hours", d.Schedule))
		default:
			seen[key] = true
			all = append(all, t)
		}
	}
	return all, errs
}

// diariesEvery is how often slots are made ahead.
const diariesEvery = 15 * time.Minute

// makeSlots makes slots ahead, at once, then now and again and when the configuration
// was reloaded, until ctx ends.
func (a *App) makeSlots(ctx context.Context) {
	s := &diary.Service{Store: a.store, Booking: a.booking, Now: a.now}
	tick := time.NewTicker(diariesEvery)
	defer tick.Stop()
	for {
		for _, t := range a.partners.now().diaries {
			done, err := s.Make(ctx, t)
			if err != nil && ctx.Err() == nil {
				a.log.Warn("slots could not be made; the next round tries again", "customer", t.Customer, "schedule", t.Schedule, "error", err)
			}
			if done.Slots > 0 {
				a.log.Info("slots made", "customer", t.Customer, "schedule", t.Schedule, "count", done.Slots)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.reloads:
		}
	}
}
