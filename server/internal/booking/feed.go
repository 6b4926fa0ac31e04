package booking

import (
	"context"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Feed is the next version of a resource as a feed states it: the system of
// record of a hospital, whose word is not refused for want of a free slot.
type Feed struct {
	Key store.Key
	Old store.Record // the current version; zero when there is none
	// Resource, where it says the same as Old but for meta, makes no new version: meta
	// also says where content comes from.
	Resource fhir.Resource
	From     string // the partner whose message it is
	// Says is the status that the feed itself says an appointment has; empty where
	// it says nothing of it.
	Says string

	// Follow makes an appointment take the slots of its time: those of Schedules,
	// or of the schedules whose slots it has where Schedules is nil (design
	// decision 21).
	Follow    bool
	Schedules []string // ids
	// Note is kept with every slot that is booked twice thereby, and given back by
	// Service.Cleared.
	Note string
}

// Clash is a slot that is booked twice: for an appointment that holds it, and for
// another of a feed.
type Clash struct {
	Customer, Slot string
	Appointment    string // of the feed
	Holder         string // the one that holds the slot
	Note           string
}

// PutFeed stores what a feed states, within an Update that is at work. What must
// be unique stays so, and an appointment that holds no slot any more frees what it
// held. It gives the slots that are booked twice now, and were not before.
//
// fhir.PreconditionFailed when Old is not current, fhir.Duplicate;
// fhir.Conflict for a slot that another booking holds, where it does not follow.
func (s *Service) PutFeed(ctx context.Context, tx store.Tx, f Feed) (store.Record, []Clash, error) {
	w := write{key: f.Key, resource: f.Resource, ifVersion: f.Old.Version, old: f.Old, links: f.Old.Links, posted: f.Old.Version == 0, from: f.From}
	under := &work{Tx: tx}
	if f.Says != "" && f.Old.Version > 0 && s.Said != nil {
		if err := s.Said(ctx, tx, f.Key, f.Says); err != nil {
			return store.Record{}, nil, err
		}
	}
	var clashes []Clash
	if f.Key.Type == "Appointment" {
		var err error
		if w.links, err = s.relink(ctx, tx, w); err != nil {
			return store.Record{}, nil, err
		}
		if f.Follow {
			if clashes, err = s.follow(ctx, under, f, &w); err != nil {
				return store.Record{}, nil, err
			}
		}
	}
	if f.Old.Version > 0 && fhir.Same(f.Old.Resource, w.resource, "meta", "id") {
		return f.Old, clashes, nil
	}
	rec, err := s.put(ctx, under, w)
	return rec, clashes, err
}

// follow makes an appointment name the slots of its time, and takes them. One that
// another booking holds is booked twice: both stand.
func (s *Service) follow(ctx context.Context, tx *work, f Feed, w *write) (clashes []Clash, err error) {
	a, err := r4.ReadTiming(w.resource.Root())
	if err != nil || !r4.TakesSlot(a.Status) || !a.Start.Given() {
		return nil, err
	}
	if f.Schedules == nil && sameTime(f.Old, a) {
		return nil, nil
	}
	schedules := f.Schedules
	if schedules == nil {
		if schedules, err = s.schedulesOf(ctx, tx, w.key.Customer, f.Old); err != nil || len(schedules) == 0 {
			return nil, err
		}
	}
	var ids []string
	for _, schedule := range schedules {
		found, err := s.slotsAt(ctx, tx, w.key.Customer, schedule, a.Start.Time, a.End.Time)
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			if slices.Contains(ids, rec.ID) {
				continue
			}
			ids = append(ids, rec.ID)
			clash, err := s.sit(ctx, tx, rec, w.key, f.Note)
			if err != nil {
				return nil, err
			}
			if clash != nil {
				clashes = append(clashes, *clash)
			}
		}
	}
	return clashes, w.name(s, ids)
}

// sameTime says whether an appointment had the slots of the same time before.
func sameTime(old store.Record, a r4.Timing) bool {
	before, err := r4.ReadTiming(old.Resource.Root())
	return err == nil && old.Version > 0 && r4.TakesSlot(before.Status) && before.Start.Time.Equal(a.Start.Time) && before.End.Time.Equal(a.End.Time)
}

var pathSlot = fhir.MustPath("slot")

// name makes the appointment name slots, and no others; slots that it names so
// already stay as they are written.
func (w *write) name(s *Service, ids []string) error {
	if had, _ := s.slotsOf(w.resource, w.links); sameSet(had, ids) {
		return nil
	}
	w.links = slices.DeleteFunc(slices.Clone(w.links), func(l store.Link) bool { return l.To.Type == "Slot" })
	change := fhir.Change{Path: pathSlot, Op: fhir.Remove}
	if len(ids) > 0 {
		refs := []byte{'['}
		for i, id := range ids {
			if i > 0 {
				refs = append(refs, ',')
			}
			refs = append(append(append(refs, `{"reference":`...), fhir.Quote("Slot/"+id)...), '}')
		}
		change = fhir.Change{Path: pathSlot, Op: fhir.Set, Value: append(refs, ']')}
	}
	var err error
	w.resource, err = w.resource.Apply(change)
	return err
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// schedulesOf gives the schedules of the slots that an appointment has.
func (s *Service) schedulesOf(ctx context.Context, r store.Reader, customer string, rec store.Record) (ids []string, err error) {
	had, _ := s.slotsOf(rec.Resource, rec.Links)
	for _, id := range had {
		slot, err := r.Read(ctx, store.Of(customer), store.Key{Customer: customer, Type: "Slot", ID: id})
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		to := fhir.ParseReference(slot.Resource.Root().Find("schedule", "reference").Text(), s.Bases)
		if to.Type == "Schedule" && !slices.Contains(ids, to.ID) {
			ids = append(ids, to.ID)
		}
	}
	return ids, nil
}

// longestSlot is how long a slot may be, to be found by its time.
const longestSlot = 24 * time.Hour

// slotsAt gives the slots of a schedule that a time from start to end takes up, or
// the one that start is in where end is not known.
func (s *Service) slotsAt(ctx context.Context, r store.Reader, customer, schedule string, start, end time.Time) (found []store.Record, err error) {
	if !end.After(start) {
		end = start.Add(time.Nanosecond)
	}
	const form = "2006-01-02T15:04:05.000Z"
	query := "schedule=Schedule/" + schedule + "&start=ge" + start.Add(-longestSlot).UTC().Format(form) + "&start=lt" + end.Add(time.Millisecond).UTC().Format(form) + "&_count=500&_sort=start"
	parsed, err := search.Parse(s.Catalog, "Slot", query, s.Now())
	if err != nil {
		return nil, fhir.Errorf(fhir.Internal, "looking for slots").Because(err)
	}
	records, err := store.Every(ctx, r, store.Of(customer), parsed.Query)
	if err != nil {
		return nil, err
	}
	for _, rec := range records {
		slot, err := r4.ReadSlot(rec.Resource.Root())
		if err != nil || !slot.Start.Time.Before(end) || !slot.End.Time.After(start) {
			continue // it cannot be read, or is at another time
		}
		now, err := r.Read(ctx, store.Of(customer), rec.Key) // as this Update has made it
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, now)
	}
	return found, nil
}
