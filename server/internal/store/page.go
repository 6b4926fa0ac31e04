package store

import (
	"context"

	"slotway/fhir/search"
)

// PageBytes bounds the resources of a page, the data of records of a stream, and the
// payloads of claims, in bytes: what one answer holds must not grow with what others have stored. A page that
// would hold more ends before that, with a Next; one alone that is larger is a page.
const PageBytes = 8 << 20

// Room is what is left of a page. The zero Room is that of an empty one.
type Room struct{ used, held int }

// Takes says whether something of so many bytes still belongs on the page, and takes
// up its room.
func (r *Room) Takes(size int) bool {
	if r.held > 0 && r.used+size > PageBytes {
		return false
	}
	r.used += size
	r.held++
	return true
}

// Used gives how many bytes it has taken.
func (r *Room) Used() int { return r.used }

type sparing struct{}

// Sparing gives a context for reading a page of which ask is asked first, with its
// bytes: the error that it gives is that of the reading.
func Sparing(ctx context.Context, ask func(bytes int) error) context.Context {
	return context.WithValue(ctx, sparing{}, ask)
}

// Spare asks whether a page of so many bytes may be held. Engines call it before they
// make room for one, and read nothing more after an error.
func Spare(ctx context.Context, bytes int) error {
	if ask, ok := ctx.Value(sparing{}).(func(int) error); ok {
		return ask(bytes)
	}
	return nil
}

// Fitting says how many of the first records make a page.
func Fitting(records []Record) int {
	var room Room
	for i := range records {
		if !room.Takes(len(records[i].Resource.Raw())) {
			return i
		}
	}
	return len(records)
}

// FittingClaims gives the first claims that make a page.
func FittingClaims(claims []Claim) []Claim {
	var room Room
	for i := range claims {
		if !room.Takes(len(claims[i].Payload)) {
			return claims[:i]
		}
	}
	return claims
}

// Every gives all matches of a query up to its Count, however many pages hold them:
// for a caller to whom some of them are of no use.
func Every(ctx context.Context, r Reader, see Visibility, q search.Query) (all []Record, err error) {
	for {
		page, err := r.Search(ctx, see, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Records...)
		if q.After = page.Next; q.After == "" {
			return all, nil
		}
		if q.Count >= 0 {
			if q.Count -= len(page.Records); q.Count <= 0 {
				return all, nil
			}
		}
	}
}
