package staffpages

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// boardSize is how many requests are on a page of the board.
const boardSize = 50

// ranking is an order of the board: by a time, and those of the same time by id. It is
// the same order that searches have.
type ranking struct {
	param  string // by which it is searched
	newest bool   // comes first
	at     func(request.Request) time.Time
}

var (
	oldestFirst = ranking{"authored-on", false, func(q request.Request) time.Time { return q.Asked }}
	lastFirst   = ranking{"modified", true, func(q request.Request) time.Time { return q.Changed }}
)

// place is where a request stands in the order, whether it is there any more or not.
type place struct {
	at  time.Time
	key store.Key
}

func (r ranking) placeOf(q request.Request) place { return place{r.at(q), q.Key} }

// compare says which of two places comes first on the board.
func (r ranking) compare(a, b place) int {
	at := a.at.Compare(b.at)
	if r.newest {
		at = -at
	}
	return cmp.Or(at, cmp.Compare(a.key.ID, b.key.ID), cmp.Compare(a.key.Customer, b.key.Customer))
}

func (p place) String() string {
	return p.at.UTC().Format(time.RFC3339Nano) + "~" + p.key.Customer + "~" + p.key.ID
}

// placeFrom reads what String wrote. fhir.Invalid.
func placeFrom(text string) (p place, err error) {
	at, rest, _ := strings.Cut(text, "~")
	customer, id, found := strings.Cut(rest, "~")
	if p.at, err = time.Parse(time.RFC3339Nano, at); err != nil || !found || !fhir.ValidID(id) {
		return p, fhir.Errorf(fhir.Invalid, "The address names no place of the board.")
	}
	p.key = store.Key{Customer: customer, Type: "Task", ID: id}
	return p, nil
}

// page is a page of the board.
type page struct {
	requests    []request.Request
	from, total int // the number of the first, and how many there are on all pages
	more        bool
}

// page reads the page that a filter names. Where there is nothing on it any more, or
// less than a page before it, that is the first.
func (s *Server) page(ctx context.Context, p Person, f filter) (page, error) {
	query, by, possible, err := s.query(ctx, p, f)
	if err != nil || !possible {
		return page{}, err
	}
	b := &board{s.Requests, p.See(), query, by}
	if f.After+f.Before == "" {
		return b.first(ctx)
	}
	from, err := placeFrom(f.After + f.Before)
	if err != nil {
		return page{}, err
	}
	some, err := b.stretch(ctx, from, f.Before != "")
	if err != nil || len(some.requests) == 0 || f.Before != "" && !some.more {
		if err != nil {
			return page{}, err
		}
		return b.first(ctx)
	}
	all, err := b.requests.Search(ctx, b.see, request.Query{Params: query})
	if err != nil {
		return page{}, err
	}
	out := page{requests: some.requests, total: all.Total, more: some.more, from: all.Total - some.beyond + 1}
	if f.Before != "" {
		out.more, out.from = true, some.beyond-len(some.requests)+1
	}
	return out, nil
}

// board is a search of the board.
type board struct {
	requests *request.Service
	see      store.Visibility
	query    string
	by       ranking
}

func (b *board) first(ctx context.Context) (page, error) {
	some, err := b.stretch(ctx, place{}, false)
	return page{some.requests, 1, some.beyond, some.more}, err
}

// stretch is what stands behind a place, or before it, as far as a page goes.
type stretch struct {
	requests []request.Request // in the order of the board
	beyond   int               // how many there are in that direction
	more     bool              // of them than are here
}

// stretch reads what is behind a place, or before it; the zero place is before all.
// Going back, those of one time come in the order of the board and not in its reverse,
// so that they are read whole before they are put right.
func (b *board) stretch(ctx context.Context, from place, back bool) (out stretch, err error) {
	sort, bound := b.by.param, "ge"
	if b.by.newest != back {
		sort, bound = "-"+sort, "le"
	}
	q := request.Query{Params: b.query + "&_sort=" + sort, Limit: boardSize + 1}
	if !from.at.IsZero() {
		q.Params += "&" + b.by.param + "=" + bound + url.QueryEscape(from.at.UTC().Format(time.RFC3339Nano))
	}
	for first := true; first || q.After != "" && !b.whole(out.requests, back); first = false {
		page, err := b.requests.Search(ctx, b.see, q)
		if err != nil {
			return out, err
		}
		if first {
			out.beyond = page.Total
		}
		q.After = page.Next
		for _, r := range page.Requests {
			if side := b.by.compare(b.by.placeOf(r), from); from.at.IsZero() || !back && side > 0 || back && side < 0 {
				out.requests = append(out.requests, r)
			} else {
				out.beyond--
			}
		}
	}
	slices.SortFunc(out.requests, func(x, y request.Request) int { return b.by.compare(b.by.placeOf(x), b.by.placeOf(y)) })
	if out.more = len(out.requests) > boardSize; out.more && back {
		out.requests = out.requests[len(out.requests)-boardSize:]
	} else if out.more {
		out.requests = out.requests[:boardSize]
	}
	return out, nil
}

// whole says whether enough was read for a page: one more than is on it, and going
// back all of the time of the last.
func (b *board) whole(read []request.Request, back bool) bool {
	n := len(read)
	return n > boardSize && (!back || !b.by.at(read[n-1]).Equal(b.by.at(read[boardSize-1])))
}
