package audit

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Reader shows the records as AuditEvents, to callers who may see some customers:
// of a record, what is of those.
type Reader struct {
	Log     *Log
	Catalog *search.Catalog
	// Source is the address of the server, which made the records.
	Source string
	// Customers gives all there are: a record of no customer, such as that of a
	// token that did not hold, is for those who may see them all.
	Customers func() []string
}

// Bounds of what a page looks at: behind them, a page has less than it could, and the
// next goes on.
const (
	pageRecords = 50_000
	pageTime    = 4 * time.Second
)

// Read gives one event. fhir.NotFound.
func (r *Reader) Read(ctx context.Context, see store.Visibility, k store.Key) (rec store.Record, err error) {
	missing := fhir.Errorf(fhir.NotFound, "There is no AuditEvent with this id.")
	if position(k.ID) == "" {
		return rec, missing
	}
	records, err := r.Log.at(ctx, k.ID)
	if err != nil || len(records) == 0 {
		return rec, cmpError(err, missing)
	}
	lines, err := r.Log.Keys.lines(records[0].Data, nil)
	if err != nil {
		return rec, err
	}
	found, err := span{}.events(records[0], lines)
	if err != nil {
		return rec, err
	}
	for i := range found {
		if found[i].ID == k.ID && r.narrow(&found[i], see) {
			return r.record(&found[i])
		}
	}
	return rec, missing
}

func cmpError(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// Search gives a page of events, the newest first unless _sort=date. The total is
// known where one page holds all.
//
// fhir.Invalid for another order, fhir.TooLarge for a count of more than can be
// looked at.
func (r *Reader) Search(ctx context.Context, see store.Visibility, q search.Query) (page store.Page, err error) {
	page.Total = -1
	s := span{back: true, after: q.After}
	for i, o := range q.Sort {
		if i > 0 || o.Param.Name != "date" && o.Param.Name != "_lastUpdated" {
			return page, fhir.Errorf(fhir.Invalid, "AuditEvents are sorted by date or -date.").At("_sort")
		}
		s.back = o.Desc
	}
	if q.After != "" && position(q.After) == "" {
		return page, store.BadCursor()
	}
	found, err := r.resolve(ctx, see, &q)
	if err != nil || !found {
		page.Total = 0
		return page, err
	}
	r.bound(&s, q.Where)
	b := budget{records: pageRecords, until: r.Log.Now().Add(pageTime)}
	seen, last := 0, ""
	var failed error
	var room store.Room
	timely := b.timely(r.Log.Now)
	next, err := r.Log.walk(ctx, s, b, func(f *Found) bool {
		if f.cannot(q.Where) || !r.narrow(f, see) {
			return timely(1)
		}
		rec, err := r.record(f)
		var doc search.Document
		if err == nil {
			doc, err = search.Extract(r.Catalog, rec.Resource)
		}
		if failed = err; err != nil {
			return false
		}
		if !search.Match(q, doc, nothing{}) {
			return timely(20)
		}
		if seen++; q.Count == 0 {
			return timely(20)
		}
		if len(page.Records) == q.Count || !room.Takes(len(rec.Resource.Raw())) { // there is more
			return false
		}
		page.Records, last = append(page.Records, rec), f.ID
		return timely(20)
	})
	switch {
	case err != nil || failed != nil:
		return store.Page{}, cmpError(err, failed)
	case q.Count == 0 && next != "":
		return page, fhir.Errorf(fhir.TooLarge, "There is too much to count; give a shorter time, with date.").Coded("too-costly").At("date")
	case next != "" && seen > len(page.Records):
		page.Next = last
	case next != "":
		page.Next = next
	case q.After == "" && q.Total != search.TotalNone:
		page.Total = seen
	}
	return page, nil
}

// nothing resolves no reference: chains are resolved before.
type nothing struct{}

func (nothing) Document(search.Ref) (search.Document, bool) { return search.Document{}, false }

func (nothing) Referring(string, *search.Param, search.Ref, func(search.Document) bool) {}

// maxChained is how many resources a chain may lead to.
const maxChained = 1000

// resolve makes references of chains: patient.identifier=… of the patients that the
// caller may see who have it. found is false where there are none.
func (r *Reader) resolve(ctx context.Context, see store.Visibility, q *search.Query) (found bool, err error) {
	q.Where = slices.Clone(q.Where)
	for i, c := range q.Where {
		if c.Has {
			return false, fhir.Errorf(fhir.Invalid, "Nothing refers to AuditEvents.").At("_has")
		}
		if len(c.Chain) == 0 {
			continue
		}
		var to []search.Test
		for _, inner := range c.Chain {
			inner.Count, inner.Total = maxChained+1, search.TotalNone
			records, err := store.Every(ctx, r.Log.Store, see, inner)
			if err != nil {
				return false, err
			}
			for _, rec := range records {
				to = append(to, search.Test{Ref: search.Ref{Type: rec.Type, ID: rec.ID}})
			}
		}
		if len(to) == 0 {
			return false, nil
		}
		if len(to) > maxChained {
			return false, fhir.Errorf(fhir.TooLarge, "The chain leads to more than %d resources.", maxChained).Coded("too-costly").At(c.Param.Name)
		}
		q.Where[i] = search.Clause{Param: c.Param, Any: to}
	}
	return true, nil
}

// bound takes off the clauses what lets most records be passed by: the time, and
// one clause of ids.
func (r *Reader) bound(s *span, where []search.Clause) {
	for _, c := range where {
		switch {
		case c.Param.Name == "date" && c.Modifier == search.ModNone && len(c.Any) == 1:
			s.within(c.Any[0])
		case s.words == nil && (c.Modifier == search.ModNone || c.Modifier == search.ModType):
			r.needs(s, c)
		}
	}
}

// within narrows a span to the time of a test.
func (s *span) within(t search.Test) {
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	switch t.Prefix {
	case search.EQ, search.AP:
		from, to = t.Lo, t.Hi
	case search.GE, search.GT, search.SA:
		from = t.Lo
	case search.LE, search.LT, search.EB:
		to = t.Hi
	}
	if at := time.UnixMicro(from); from > search.NoStart && at.After(s.since) {
		s.since = at
	}
	if at := time.UnixMicro(to).Add(time.Microsecond); to < search.NoEnd && (s.until.IsZero() || at.Before(s.until)) {
		s.until = at
	}
}

// needs says which ids a clause asks for: what has none of them need not be read.
func (r *Reader) needs(s *span, c search.Clause) {
	var wanted []uint32
	var words [][]byte
	salts := r.Log.Keys.salts()
	digests := func(kind, id string) {
		for _, salt := range salts {
			wanted = append(wanted, digest(salt, kind, id))
		}
	}
	for _, t := range c.Any {
		switch {
		case c.Param.Kind == search.Reference && t.Ref.ID != "" && t.Ref.Type != "":
			digests(t.Ref.Type, t.Ref.ID)
			words = append(words, []byte(t.Ref.ID))
		case c.Param.Name == "altid" && t.Code != "" && !strings.ContainsAny(t.Code, `"\`):
			digests("client", t.Code)
			words = append(words, []byte(t.Code))
		default:
			return
		}
	}
	if len(words) > 0 {
		s.wanted, s.words = wanted, words
	}
}

// narrow leaves of an event what the caller may see, and says whether they may see
// it at all.
func (r *Reader) narrow(f *Found, see store.Visibility) bool {
	visible := func(alias string) bool { return see.Sees(alias) }
	mine := slices.ContainsFunc(f.Reach, visible)
	if len(f.Reach) == 0 && len(f.Touched) == 0 {
		mine = !slices.ContainsFunc(r.Customers(), func(alias string) bool { return !see.Sees(alias) })
	}
	all := f.Touched
	f.Touched = nil
	for _, ref := range all {
		if k, _ := readRef(ref); see.Sees(k.Customer) {
			f.Touched, mine = append(f.Touched, ref), true
		}
	}
	if !mine {
		return false
	}
	f.Reach = slices.DeleteFunc(slices.Clone(f.Reach), func(alias string) bool { return !see.Sees(alias) })
	return true
}

// record gives an event as a record of a store.
func (r *Reader) record(f *Found) (store.Record, error) {
	res, err := r.resource(f)
	k := store.Key{Type: eventType, ID: f.ID}
	if len(f.Reach) > 0 {
		k.Customer = f.Reach[0]
	}
	return store.Record{Key: k, Version: 1, Updated: f.Time, Created: true, Resource: res}, err
}
