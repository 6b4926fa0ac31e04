package booking

import (
	"encoding/base64"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// place is where a page of Find begins: behind a slot, in the order of start, id
// and customer. The zero place is the beginning.
type place struct{ start, id, customer, total string }

// placeFormat writes a start so that the order of times is that of the text, to
// the microsecond, as searches sort.
const placeFormat = "2006-01-02T15:04:05.000000Z"

func placeOf(rec store.Record, total int) place {
	return place{startOf(rec).UTC().Format(placeFormat), rec.ID, rec.Customer, strconv.Itoa(total)}
}

// isBefore says whether a slot stands behind the place.
func (p place) isBefore(rec store.Record) bool {
	start := startOf(rec).UTC().Format(placeFormat)
	if start != p.start {
		return start > p.start
	}
	if rec.ID != p.id {
		return rec.ID > p.id
	}
	return rec.Customer > p.customer
}

// String writes the place as a token.
func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{p.start, p.id, p.customer, p.total}, "\x00")))
}

var errPlace = fhir.Errorf(fhir.Invalid, "The paging token is not one of this search; begin again from its first page.")

func parsePlace(text string) (place, error) {
	if text == "" {
		return place{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.Split(string(b), "\x00")
	if err != nil || len(parts) != 4 {
		return place{}, errPlace
	}
	return place{parts[0], parts[1], parts[2], parts[3]}, nil
}
