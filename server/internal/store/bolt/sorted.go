package bolt

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"slotway/fhir/search"
)

// A search in the order of its type's date that asks for nothing but a status and a
// date walks the keys that have these in that order, from the cursor on, and stops
// where the page is full: a page costs what it shows. How many matches there are is
// known without a walk where nothing is asked for; else it is for a search that does
// not want to know.

// sorted answers such a search of one customer; done is false for another.
func (w *walk) sorted(f *finder) (done bool, err error) {
	if len(w.q.Sort) == 0 || w.q.Count <= 0 {
		return false, nil
	}
	sc := f.whole(w.q.Type)
	where, ok := w.open(sc)
	if !ok || len(where) > 0 && w.q.Total != search.TotalNone {
		return false, nil
	}
	before, looked := w.page.total, w.looked
	r := w.reader(f, sc, where)
	w.byDate(r, sc)
	if r.err == nil {
		w.v.each(index, append(sc.begin[:4:4], tagOdd), func(key, _ []byte) bool {
			r.odd = append(r.odd, lastNumber(key))
			return true
		})
		r.err = w.match(f, once(r.odd))
	}
	f.keys += r.keys
	if len(where) == 0 {
		w.page.total = before + int(w.v.count(f.customer, w.q.Type))
	}
	if w.q.Explain {
		w.explain(f, &trail{scan: sc, by: -1}, true, w.looked-looked, w.page.total-before)
	}
	return true, r.err
}

// byDate reads keys in the order of the answer until the page is full: those with a
// date and then, last whatever the direction, those without.
func (w *walk) byDate(r *keyReader, sc *scan) {
	from, to, undated := w.dates(sc)
	states := statesOf(w.q.Where, sc.row)
	var rows []*dateRow
	for begin := range w.v.statuses(sc.begin) {
		if states != nil && !slices.ContainsFunc(states, func(s []byte) bool { return bytes.Equal(s, begin[len(sc.begin):]) }) {
			continue
		}
		row := &dateRow{begin: begin, from: from, to: to, cursor: w.v.in(index).Cursor(), back: w.q.Sort[0].Desc}
		if !undated {
			row.first()
		}
		rows = append(rows, row)
	}
	for last := int64(search.NoStart); ; {
		row := nextRow(rows)
		if row == nil {
			break
		}
		if r.kept >= w.page.room && row.at != last {
			return
		}
		last = row.at
		if !r.take(row.key, row.value) {
			return
		}
		row.next()
	}
	if r.kept >= w.page.room {
		return
	}
	for _, row := range rows { // these stand in the order of their ids
		w.v.runAll(instant(row.begin, search.NoStart), &collector{each: r.take, budget: unbounded})
	}
}

// dates gives the first and the last date that the page may have, and whether the
// cursor stands beyond all dates.
func (w *walk) dates(sc *scan) (from, to int64, undated bool) {
	from, to = search.Earliest, math.MaxInt64
	if spans := search.SpansOf(w.q.Where, sc.row.date); spans != nil {
		from, to = 1, 0 // nowhere
		if len(spans) > 0 {
			from, to = spans[0].From, spans[len(spans)-1].To
		}
	}
	if len(w.page.cursor.Key) == 0 {
		return from, to, false
	}
	at, ok := search.SortedDate(w.q, w.page.cursor.Key)
	if w.q.Sort[0].Desc {
		to = min(to, at)
	} else {
		from = max(from, at)
	}
	return from, to, !ok
}

// dateRow walks the keys of one status by date, either way.
type dateRow struct {
	begin    []byte // of its keys
	from, to int64  // the dates of the walk
	back     bool
	cursor   *bbolt.Cursor

	key, value []byte // where it stands; no key: at its end
	at         int64
}

func (r *dateRow) first() {
	begin := r.begin[:len(r.begin):len(r.begin)]
	switch {
	case r.from > r.to:
	case !r.back:
		r.stand(r.cursor.Seek(instant(begin, r.from)))
	case r.to == math.MaxInt64:
		r.stand(before(r.cursor, append(begin[:len(begin)-1:len(begin)-1], 1)))
	default:
		r.stand(before(r.cursor, instant(begin, r.to+1)))
	}
}

func (r *dateRow) next() {
	if r.back {
		r.stand(r.cursor.Prev())
	} else {
		r.stand(r.cursor.Next())
	}
}

// stand notes where the cursor stands, if that is still of the walk.
func (r *dateRow) stand(key, value []byte) {
	r.key = nil
	if !bytes.HasPrefix(key, r.begin) {
		return
	}
	r.at = int64(binary.BigEndian.Uint64(key[len(r.begin):]) ^ 1<<63)
	if r.at >= r.from && r.at <= r.to {
		r.key, r.value = key, value
	}
}

// nextRow gives the row that stands at the next date; nil at the end of all.
func nextRow(rows []*dateRow) (next *dateRow) {
	for _, r := range rows {
		if r.key != nil && (next == nil || r.at != next.at && r.at < next.at != r.back) {
			next = r
		}
	}
	return next
}
