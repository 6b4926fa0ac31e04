package rest

import (
	"context"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// period picks the versions that a history is asked for out of those there are:
// by _since, those that were made from then on, and by _at, those that were
// current at some moment of a time.
type period struct {
	k      *call
	asked  search.History
	key    store.Key // whose versions; without an id those of the type, without a type all
	atOnce int       // how many are read to pick from
}

func (p period) one() bool { return p.key.ID != "" }

// list gives a page of the versions there are, newest first.
func (p period) list(ctx context.Context, after string, limit int) (store.Page, error) {
	if p.one() {
		return p.k.s.Store.History(ctx, p.k.see, p.key, after, limit)
	}
	return p.k.s.Store.Changes(ctx, p.k.see, p.key.Type, p.asked.Since, after, limit)
}

// Bounds on the work for one page of versions that are picked by their time. A
// page may so be short, or empty, and yet have another behind it.
const (
	pickedAtOnce = 500
	pickedRounds = 10
)

// page gives the page behind a cursor. Its total is known when it is all there is.
func (p period) page(ctx context.Context, after string) (page store.Page, err error) {
	count := p.asked.Count
	if count < 0 {
		count = p.k.s.Limits.PageSize
	}
	switch {
	case count == 0:
		page, err = p.list(ctx, "", 1)
		page.Records, page.Next = nil, ""
		if !p.whole() {
			page.Total = -1
		}
		return page, err
	case p.whole():
		page, err = p.list(ctx, after, count)
	default:
		page, err = p.picked(ctx, after, count)
	}
	if page.Total < 0 && after == "" && page.Next == "" {
		page.Total = len(page.Records)
	}
	return page, err
}

// whole says whether all that is listed is asked for.
func (p period) whole() bool {
	return p.asked.To.IsZero() && (p.asked.Since.IsZero() || !p.one())
}

// picked gives a page of versions that are picked by their time.
func (p period) picked(ctx context.Context, after string, count int) (store.Page, error) {
	out := store.Page{Total: -1, Next: after}
	var room store.Room
	for range pickedRounds {
		batch, err := p.list(ctx, out.Next, p.atOnce)
		if err != nil {
			return out, err
		}
		used, end, err := p.pick(ctx, &out, &room, batch.Records, count)
		if err != nil || end {
			out.Next = ""
			return out, err
		}
		if used == 0 && len(batch.Records) > 0 {
			return out, nil // the page is full, and ends before the batch
		}
		full := used < len(batch.Records)
		if full {
			// Where it ends within the batch is the cursor of a shorter one.
			if batch, err = p.list(ctx, out.Next, used); err != nil {
				return out, err
			}
		}
		if out.Next = batch.Next; out.Next == "" || full || len(out.Records) == count {
			break
		}
	}
	return out, nil
}

// pick adds to a page what it should show of a batch, and says how much of the
// batch it looked at, and whether nothing behind that is asked for.
func (p period) pick(ctx context.Context, page *store.Page, room *store.Room, batch []store.Record, count int) (used int, end bool, err error) {
	for i := range batch {
		rec := &batch[i]
		if rec.Updated.Before(p.asked.Since) {
			return i, true, nil
		}
		shown, err := p.shows(ctx, rec)
		if err != nil {
			return i, false, err
		}
		if shown && (len(page.Records) == count || !room.Takes(len(rec.Resource.Raw()))) {
			return i, false, nil
		}
		if shown {
			page.Records = append(page.Records, *rec)
			if err := p.k.spare(room.Used()); err != nil {
				return i, false, err
			}
		}
		if p.one() && !p.asked.To.IsZero() && !rec.Updated.After(p.asked.From) {
			return i, true, nil // it was current when the time began, and no older one was
		}
	}
	return len(batch), false, nil
}

// shows says whether a version was current at some moment of the time asked for.
func (p period) shows(ctx context.Context, rec *store.Record) (bool, error) {
	from, to := p.asked.From, p.asked.To
	switch {
	case to.IsZero():
		return true, nil
	case !rec.Updated.Before(to):
		return false, nil
	case !rec.Updated.Before(from) || p.one():
		return !rec.Deleted || !rec.Updated.Before(from), nil
	case rec.Deleted:
		return false, nil
	}
	next, err := p.successor(ctx, rec)
	return next.IsZero() || next.After(from), err
}

// successor gives when the version after this one was made; zero when there is none.
func (p period) successor(ctx context.Context, rec *store.Record) (time.Time, error) {
	after := ""
	for {
		page, err := p.k.s.Store.History(ctx, p.k.see, rec.Key, after, p.atOnce)
		if err != nil {
			return time.Time{}, err
		}
		for _, other := range page.Records {
			switch other.Version {
			case rec.Version:
				return time.Time{}, nil
			case rec.Version + 1:
				return other.Updated, nil
			}
		}
		if after = page.Next; after == "" {
			return time.Time{}, nil
		}
	}
}
