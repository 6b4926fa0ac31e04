package booking

import (
	"context"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// said is a criterion that a slot meets itself or, saying nothing, by its schedule.
type said struct {
	of []search.Query // alternatives of a Slot
	by []search.Query // of its Schedule
}

// diary is a schedule, looked at.
type diary struct {
	root     fhir.Node
	document search.Document
	from, to time.Time // its planning horizon; zero where it has none
	open     bool
	hidden   bool // the policy does not show it to who asks
}

// fits says whether a free slot is one that is looked for.
func (f *finder) fits(rec store.Record, d *diary) (bool, error) {
	if !d.open || d.hidden {
		return false, nil
	}
	if !d.offers(startOf(rec), endOf(rec)) {
		return false, nil
	}
	if len(f.said) == 0 {
		return true, nil
	}
	document, err := search.Extract(f.s.Catalog, rec.Resource)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(f.said, func(c said) bool { return !c.meets(document, d.document) }), nil
}

// offers says whether a time of the schedule can be booked: it is in use, and the
// time lies within its planning horizon.
func (d *diary) offers(start, end time.Time) bool {
	return d.open && (d.from.IsZero() || !start.Before(d.from)) && (d.to.IsZero() || !end.After(d.to))
}

// meets says whether a slot meets a criterion, by itself or by its schedule.
func (c said) meets(slot, schedule search.Document) bool {
	matches := func(d search.Document) func(search.Query) bool {
		return func(q search.Query) bool { return search.Match(q, d, nil) }
	}
	if slices.ContainsFunc(c.of, matches(slot)) {
		return true
	}
	says := slices.ContainsFunc(slot.Entries, func(e search.Entry) bool {
		return slices.ContainsFunc(c.by, func(q search.Query) bool { return e.Param.Name == q.Where[0].Param.Name })
	})
	return !says && slices.ContainsFunc(c.by, matches(schedule))
}

// diary looks at the schedule of a slot, once.
func (f *finder) diary(ctx context.Context, slot store.Record) (*diary, error) {
	to := fhir.ParseReference(slot.Resource.Root().Find("schedule", "reference").Text(), f.s.Bases)
	key := store.Key{Customer: slot.Customer, Type: to.Type, ID: to.ID}
	if d := f.diaries[key]; d != nil {
		return d, nil
	}
	root, err := f.s.scheduleOf(ctx, f.reader(), f.see, slot)
	if err != nil {
		return nil, err
	}
	shown, err := f.s.shows(ctx, f.reader(), f.see, f.c.For, slot)
	if err != nil {
		return nil, err
	}
	d := &diary{root: root, open: root.Get("active").Text() != "false", hidden: !shown}
	if root.Exists() {
		r, err := fhir.Parse(root.Raw())
		if err != nil {
			return nil, err
		}
		if d.document, err = search.Extract(f.s.Catalog, r); err != nil {
			return nil, err
		}
	}
	for _, e := range d.document.Entries {
		if e.Param.Name == "date" {
			d.from, d.to = bound(e.Lo), bound(e.Hi)
		}
	}
	if size := len(root.Raw()); !f.kept.Takes(size) {
		clear(f.diaries)
		f.kept = store.Room{}
		f.kept.Takes(size)
	}
	f.diaries[key] = d
	return d, nil
}

// bound gives the moment of an end of an interval; zero for one that is open.
func bound(micros int64) time.Time {
	if micros == search.NoStart || micros == search.NoEnd {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}
