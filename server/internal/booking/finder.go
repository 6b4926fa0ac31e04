package booking

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// findBatch is how many slots are read from the store at once.
const findBatch = 500

// finder carries out one Find: it walks the free slots of the window, in order
// of start, and keeps those that fit.
type finder struct {
	s       *Service
	see     store.Visibility
	c       Criteria
	at      place // behind which the page begins
	query   search.Query
	said    []said
	nobody  bool // the actors asked for are nobody here
	diaries map[store.Key]*diary
	kept    store.Room   // that they take up
	now     store.Reader // that schedules are read from; the store where it is nil

	looked   int
	room     store.Room   // for proposals
	full     bool         // the page holds all that it will
	last     store.Record // the last slot that is on the page, or before it
	more     bool         // there are some behind the page
	complete bool         // all that there are were looked at
	found    Found
}

func (f *finder) reader() store.Reader {
	if f.now != nil {
		return f.now
	}
	return f.s.Store
}

// done says whether enough was looked at: for the first page all that there is,
// since it counts; a later one knows the count.
func (f *finder) done() bool {
	return f.complete || f.looked >= maxFound || f.more && f.at.total != ""
}

// look puts a slot on the page, if it fits and belongs there.
func (f *finder) look(ctx context.Context, rec store.Record) error {
	if !f.at.isBefore(rec) {
		return nil
	}
	f.looked++
	d, err := f.diary(ctx, rec)
	if err != nil {
		return err
	}
	fits, err := f.fits(rec, d)
	if err != nil {
		return err
	}
	if fits {
		f.found.Total++
		if err := f.propose(rec, d); err != nil {
			return err
		}
		f.more = f.more || f.full
	}
	if !f.full {
		f.last = rec
	}
	return nil
}

// propose puts a slot that fits on the page, unless that is full.
func (f *finder) propose(rec store.Record, d *diary) error {
	if f.full = f.full || len(f.found.Proposals) >= f.c.Count; f.full {
		return nil
	}
	id := proposedID + rec.ID
	if !fhir.ValidID(id) {
		id = "" // too long: it is held as it is, or by its slot
	}
	r, err := propose([]store.Record{rec}, d.root, id)
	if err == nil && f.c.Dress != nil {
		r, err = f.c.Dress(r)
	}
	if f.full = !f.room.Takes(len(r.Raw())); err != nil || f.full {
		return err
	}
	f.found.Proposals = append(f.found.Proposals, r)
	return nil
}

// page gives what was found.
func (f *finder) page() Found {
	total := f.found.Total
	if !f.complete {
		total = -1
	}
	if f.at.total != "" {
		total, _ = strconv.Atoi(f.at.total) // it is in a token of ours
	}
	f.found.Total = total
	if f.c.Count > 0 && (f.more || !f.complete) {
		f.found.Next = placeOf(f.last, total).String()
	}
	return f.found
}

// prepare makes the search for slots and what each must meet besides.
func (f *finder) prepare(ctx context.Context) error {
	now := f.s.Now()
	start, end := f.c.Start, f.c.End
	if start.Before(now) {
		start = now
	}
	if end.IsZero() {
		end = start.Add(FindWindow)
	}
	if f.at.start != "" {
		begin, err := time.Parse(placeFormat, f.at.start)
		if err != nil {
			return errPlace
		}
		if begin.After(start) {
			start = begin
		}
	}
	raw := []string{"status=free", "_sort=start", "start=ge" + instantText(start), "-end=le" + instantText(end)}
	for _, list := range f.c.Actors {
		refs, err := f.s.actorsMeant(ctx, f.see, list, f.c.Looks)
		if err != nil {
			return err
		}
		if len(refs) == 0 {
			f.nobody = true
			return nil
		}
		raw = append(raw, "schedule.actor="+url.QueryEscape(strings.Join(refs, ",")))
	}
	parsed, err := search.Parse(f.s.Catalog, "Slot", strings.Join(raw, "&"), now)
	if err != nil {
		return err
	}
	f.query = parsed.Query
	f.query.Count, f.query.Total = findBatch, search.TotalNone
	return f.criteria(now)
}

func instantText(t time.Time) string { return url.QueryEscape(t.UTC().Format(time.RFC3339Nano)) }

// criteria reads the tokens asked for.
func (f *finder) criteria(now time.Time) error {
	for _, row := range []struct {
		name   string // in errors
		tokens []string
		slot   []string // parameters of Slot, any of which may meet it
		diary  []string // of Schedule
	}{
		{"service-type", f.c.ServiceType, []string{"service-type"}, []string{"service-type"}},
		{"service-category", f.c.ServiceCategory, []string{"service-category"}, []string{"service-category"}},
		{"specialty", f.c.Specialty, []string{"specialty"}, []string{"specialty"}},
		{"appointment-type", f.c.AppointmentType, []string{"appointment-type"}, nil},
		{"visit-type", f.c.VisitType, []string{"service-type", "appointment-type"}, []string{"service-type"}},
	} {
		if len(row.tokens) == 0 {
			continue
		}
		var c said
		var err error
		if c.of, err = f.queries("Slot", row.slot, row.tokens, now); err != nil {
			return fhir.Errorf(fhir.Invalid, "%s is one token, as system|code.", row.name).At(row.name)
		}
		if c.by, err = f.queries("Schedule", row.diary, row.tokens, now); err != nil {
			return err
		}
		f.said = append(f.said, c)
	}
	return nil
}

func (f *finder) queries(typ string, names, tokens []string, now time.Time) (all []search.Query, err error) {
	for _, name := range names {
		parsed, err := search.Parse(f.s.Catalog, typ, name+"="+url.QueryEscape(strings.Join(tokens, ",")), now)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed.Query)
	}
	return all, nil
}
