package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Query says which entries are asked for. What is empty asks for all.
type Query struct {
	Customers []string // whose; none gives none
	Unclaimed bool     // and those of no customer

	Partner     string
	Control     string
	Event       string
	Appointment string // SCH-1.1, or the id of the appointment
	States      []State
	Act         *Act
	Since       time.Time // recorded at this time or later
	Until       time.Time // recorded before

	Forward bool // oldest first; else newest first
	After   string
	Limit   int
	// Budget is how many entries are looked at, at most; DefaultBudget when 0.
	Budget int
}

// DefaultBudget is how many entries one page of a search looks at: a fraction of
// a second.
const DefaultBudget = 20_000

// Page is what a search found.
type Page struct {
	Entries []Entry
	Next    string // After of the next page: there is more to look at. Empty: that is all
	Looked  int    // entries looked at
}

// step is how many entries are read at a time.
const step = 1000

// Search gives a page of entries, newest first. It costs what it looks at: a page
// may have few entries, or none, and a Next.
func Search(ctx context.Context, r store.Reader, q Query) (page Page, err error) {
	needles := q.needles()
	budget := q.Budget
	if budget <= 0 {
		budget = DefaultBudget
	}
	at := q.After
	for page.Looked < budget {
		some, err := r.Log(ctx, Stream, store.LogRange{
			Back: !q.Forward, After: at, Since: q.Since, Until: q.Until, Limit: min(step, budget-page.Looked),
		})
		if err != nil {
			return page, err
		}
		if len(some) == 0 {
			return page, nil
		}
		for _, rec := range some {
			at = rec.At
			page.Looked++
			e, ok, err := q.match(rec.Data, needles)
			if err != nil {
				return page, err
			}
			if !ok {
				continue
			}
			if page.Entries = append(page.Entries, e); len(page.Entries) == q.Limit {
				page.Next = at
				return page, nil
			}
		}
	}
	page.Next = at
	return page, nil
}

// needles gives what the bytes of every entry that is asked for hold: most that
// are not asked for need not be decoded.
func (q Query) needles() (all [][]byte) {
	for _, text := range []string{q.Control, q.Partner, q.Event} {
		if text != "" {
			b, _ := json.Marshal(text) // a string always encodes
			all = append(all, b)
		}
	}
	if q.Appointment != "" {
		b, _ := json.Marshal(q.Appointment)
		all = append(all, b[1:len(b)-1])
	}
	return all
}

func (q Query) match(data []byte, needles [][]byte) (e Entry, ok bool, err error) {
	for _, n := range needles {
		if !bytes.Contains(data, n) {
			return e, false, nil
		}
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, false, err
	}
	return e, q.asks(e), nil
}

func (q Query) asks(e Entry) bool {
	return q.Sees(e) &&
		(q.Partner == "" || q.Partner == e.Partner) &&
		(q.Control == "" || q.Control == e.Control) &&
		(q.Event == "" || q.Event == e.Event) &&
		(q.Appointment == "" || q.Appointment == e.Placer || e.about("Appointment", q.Appointment)) &&
		(len(q.States) == 0 || slices.Contains(q.States, e.State)) &&
		(q.Act == nil || *q.Act == e.Act)
}

// Sees says whether an entry is one of those whom the query may show.
func (q Query) Sees(e Entry) bool {
	if e.Controller == "" {
		return q.Unclaimed
	}
	return slices.Contains(q.Customers, e.Controller)
}

func (e Entry) about(typ, id string) bool {
	return strings.HasPrefix(e.Tells, typ+"/"+id+"/") || slices.ContainsFunc(e.Wrote, func(w string) bool { return strings.HasPrefix(w, typ+"/"+id+"/") })
}

// Find gives the entry of an id. fhir.NotFound when there is none.
func Find(ctx context.Context, r store.Reader, id string) (Entry, error) {
	missing := fhir.Errorf(fhir.NotFound, "There is no message with this id in the journal.")
	made, ok := timeOf(id)
	if !ok {
		return Entry{}, missing
	}
	// It was recorded when it was made, or a little later, by the same clock.
	rng := store.LogRange{Since: made.Add(-2 * time.Second), Until: made.Add(time.Hour), Limit: step}
	needle, err := json.Marshal(id)
	if err != nil {
		return Entry{}, err
	}
	for looked := 0; looked < 10*DefaultBudget; {
		some, err := r.Log(ctx, Stream, rng)
		if err != nil || len(some) == 0 {
			return Entry{}, errors.Join(err, missing)
		}
		for _, rec := range some {
			var e Entry
			if !bytes.Contains(rec.Data, needle) {
				continue
			}
			if err := json.Unmarshal(rec.Data, &e); err != nil {
				return e, err
			}
			if e.ID == id {
				return e, nil
			}
		}
		looked += len(some)
		rng.After = some[len(some)-1].At
	}
	return Entry{}, missing
}

// timeOf reads the time off an id.
func timeOf(id string) (t time.Time, ok bool) {
	if len(id) < 13 {
		return t, false
	}
	n := int64(0)
	for i := range 13 {
		d := strings.IndexByte("0123456789abcdef", id[i])
		if d < 0 {
			return t, false
		}
		n = n<<4 | int64(d)
	}
	return time.UnixMicro(n), true
}
