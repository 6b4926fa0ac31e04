package staffpages

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// figures are what is counted of a period, a specialty, or both.
type figures struct {
	Name         string
	Appointments tally // that begin in it, cancelled ones included
	Cancelled    tally
	Change       tally // requests that were made in it
	Cancel       tally
	Closed       tally           // of them, those that have ended, withdrawn ones apart
	made         tally           // requests of both kinds
	took         []time.Duration // from the request to its end, of those that have ended
}

// median gives the median time to action; ok is false where nothing has ended.
func (f *figures) median() (d time.Duration, ok bool) {
	n := len(f.took)
	if n == 0 {
		return 0, false
	}
	slices.Sort(f.took)
	return (f.took[(n-1)/2] + f.took[n/2]) / 2, true
}

// Took says the median time to action.
func (f *figures) Took() string {
	d, ok := f.median()
	if !ok {
		return "–"
	}
	return exactly(d)
}

// exactly says how long something takes, in its two largest units.
func exactly(d time.Duration) string {
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%d d %d hr", days, hours)
	case days > 0:
		return fmt.Sprintf("%d d", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d hr %d min", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d hr", hours)
	}
	return fmt.Sprintf("%d min", minutes)
}

func (f *figures) add(g *figures) {
	f.Appointments, f.Cancelled, f.Change, f.Cancel = f.Appointments+g.Appointments, f.Cancelled+g.Cancelled, f.Change+g.Change, f.Cancel+g.Cancel
	f.Closed, f.made = f.Closed+g.Closed, f.made+g.made
	f.took = append(f.took, g.took...)
}

// cellKey is a period, by its number, and a specialty.
type cellKey struct {
	period    int
	specialty string
}

// counts are the figures of a report.
type counts struct {
	periods []period
	cells   map[cellKey]*figures
}

// unknown is the specialty of what names none.
const unknown = "No specialty"

// specialtyOf gives the specialty under which an appointment is counted: the first
// that it names.
func specialtyOf(appointment fhir.Resource) string {
	if all := web.ConceptsOf(appointment.Root(), "specialty"); len(all) > 0 {
		return all[0]
	}
	return unknown
}

// at gives the figures of a time and specialty; nil outside the report.
func (c *counts) at(t time.Time, specialty string) *figures {
	i, _ := slices.BinarySearchFunc(c.periods, t, func(p period, t time.Time) int {
		if p.Until.After(t) {
			return 1
		}
		return -1
	})
	if i == len(c.periods) || t.Before(c.periods[i].From) {
		return nil
	}
	key := cellKey{i, specialty}
	if c.cells[key] == nil {
		c.cells[key] = &figures{Name: specialty}
	}
	return c.cells[key]
}

// names are the specialties that were counted, in the order of the alphabet.
func (c *counts) names() (all []string) {
	if c == nil {
		return nil
	}
	for key := range c.cells {
		if !slices.Contains(all, key.specialty) {
			all = append(all, key.specialty)
		}
	}
	slices.Sort(all)
	return all
}

func (c *counts) sum(name string, of func(cellKey) bool) figures {
	f := figures{Name: name}
	for key, cell := range c.cells {
		if of(key) {
			f.add(cell)
		}
	}
	return f
}

func (c *counts) byPeriod(specialty string) (all []figures) {
	for i, p := range c.periods {
		all = append(all, c.sum(p.Name, func(k cellKey) bool { return k.period == i && (specialty == "" || k.specialty == specialty) }))
	}
	return all
}

func (c *counts) bySpecialty() (all []figures) {
	for _, name := range c.names() {
		all = append(all, c.sum(name, func(k cellKey) bool { return k.specialty == name }))
	}
	return all
}

// What a report counts at the most of appointments, and of requests; how many at a
// time; and how long it may take.
const (
	maxCounted  = 250_000
	countAtOnce = 5000
	maxCounting = 20 * time.Second
)

// counting is the counting of a report.
type counting struct {
	*counts
	s     *Server
	see   store.Visibility
	room  int // for how many more
	until time.Time
}

// count counts. errTooMuch where there is more than may be counted.
func (s *Server) count(ctx context.Context, a question) (*counts, error) {
	c := &counting{counts: &counts{periods: a.periods(), cells: map[cellKey]*figures{}}, s: s, see: store.Visibility{Customers: a.Customers}}
	if len(a.Customers) == 0 {
		return c.counts, nil
	}
	select { // one at a time: each may keep a processor busy for seconds
	case s.counting <- struct{}{}:
		defer func() { <-s.counting }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.until = s.Now().Add(maxCounting)
	for _, of := range []struct {
		param string
		count func(context.Context, string) error
	}{{"date", c.appointments}, {"authored-on", c.requests}} {
		c.room = maxCounted
		for _, p := range c.periods { // a search of a part looks at that part only
			between := "%s=ge%s&%[1]s=lt%[3]s&_sort=%[1]s&_total=none"
			err := of.count(ctx, fmt.Sprintf(between, of.param, url.QueryEscape(p.From.Format(time.RFC3339)), url.QueryEscape(p.Until.Format(time.RFC3339))))
			if err != nil {
				return nil, err
			}
		}
	}
	return c.counts, nil
}

// seen takes n off what may be counted.
func (c *counting) seen(n int) error {
	if c.room -= n; c.room < 0 || c.s.Now().After(c.until) {
		return errTooMuch
	}
	return nil
}

// appointments counts those that a query finds.
func (c *counting) appointments(ctx context.Context, query string) error {
	parsed, err := search.Parse(c.s.Catalog, "Appointment", query, c.s.Now())
	if err != nil {
		return fhir.Errorf(fhir.Internal, "counting appointments").Because(err)
	}
	for parsed.Query.Count = countAtOnce; ; {
		page, err := c.s.Store.Search(ctx, c.see, parsed.Query)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			a, err := r4.ReadAppointment(rec.Resource.Root())
			if err != nil || a.Status == "entered-in-error" {
				continue
			}
			if f := c.at(a.Start.Time, specialtyOf(rec.Resource)); f != nil {
				f.Appointments++
				if a.Status == "cancelled" {
					f.Cancelled++
				}
			}
		}
		if err := c.seen(len(page.Records)); err != nil || page.Next == "" {
			return err
		}
		parsed.Query.After = page.Next
	}
}

// requests counts those that a query finds.
func (c *counting) requests(ctx context.Context, query string) error {
	for after := ""; ; {
		page, err := c.s.Requests.Search(ctx, c.see, request.Query{Params: query, After: after, Limit: countAtOnce})
		if err != nil {
			return err
		}
		var about []store.Key
		for _, q := range page.Requests {
			about = append(about, q.Appointment)
		}
		appointments, err := c.s.found(ctx, "Appointment", about)
		if err != nil {
			return err
		}
		for _, q := range page.Requests {
			specialty := unknown
			if rec, there := appointments[q.Appointment]; there {
				specialty = specialtyOf(rec.Resource)
			}
			if f := c.at(q.Asked, specialty); f != nil {
				f.request(q)
			}
		}
		if err := c.seen(len(page.Requests)); err != nil || page.Next == "" {
			return err
		}
		after = page.Next
	}
}

// request counts one.
func (f *figures) request(q request.Request) {
	f.made++
	if q.Kind == request.Cancel {
		f.Cancel++
	} else {
		f.Change++
	}
	if (q.State == request.Completed || q.State == request.Rejected) && !q.Ended.IsZero() {
		f.Closed++
		f.took = append(f.took, max(0, q.Ended.Sub(q.Asked)))
	}
}
