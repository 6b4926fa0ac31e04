package request

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Number is a numeric id of the JSON look-ups (design decision 24): 53 bits, so
// that every reader of JSON can hold it, ordered by time, and unique. It is
//
//	milliseconds since 2020 (41 bits) . count within them (8 bits) . part (4 bits)
//
// and parts of what it names, such as the contacts of a person, have it with
// another part.
type Number int64

const (
	partBits  = 4
	countBits = 8
)

var numbersBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// NumbersAt gives the least number of a time, to the millisecond.
func NumbersAt(t time.Time) Number {
	return Number(max(0, t.UnixMilli()-numbersBegin) << (countBits + partBits))
}

// Time is when the number was given.
func (n Number) Time() time.Time {
	return time.UnixMilli(int64(n)>>(countBits+partBits) + numbersBegin).UTC()
}

// Part gives the number of a part of what n names, from 1 to 15.
func (n Number) Part(i int) Number { return n + Number(i) }

// String writes the number as an id.
func (n Number) String() string { return strconv.FormatInt(int64(n), 10) }

// ParseNumber reads an id; ok is false for what is none.
func ParseNumber(text string) (n Number, ok bool) {
	v, err := strconv.ParseInt(text, 10, 64)
	n = Number(v)
	return n, err == nil && v > 0 && v < 1<<53 && n.String() == text
}

// sorted writes a number so that the order of bytes is that of numbers.
func (n Number) sorted() string { return fmt.Sprintf("%016d", int64(n)) }

// counter gives numbers, each greater than the one before.
type counter struct {
	mu   sync.Mutex
	last Number
}

func (c *counter) next(now time.Time) Number {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(NumbersAt(now), c.last+1<<partBits)
	return c.last
}

// The spaces of numbers: what a number names, by number, and the number of what is
// named, by its name. Payloads of both are Named.
const (
	numberSpace = "number"
	namedSpace  = "numbered"
)

// Named is what a number is the id of: a resource, or somebody of the staff.
type Named struct {
	Customer string `json:"customer,omitempty"`
	Type     string `json:"type"` // a resource type, Staff or Team
	ID       string `json:"id"`
	Number   Number `json:"number"`
}

// The Types of those who work on requests.
const (
	Staff = "Staff" // somebody of the staff
	Team  = "Team"  // a team, whose ID is its name
)

func (n Named) key() string { return n.Customer + "\x00" + n.Type + "/" + n.ID }

// ByNumber gives what a number is the id of. fhir.NotFound when nothing is.
func (s *Service) ByNumber(ctx context.Context, n Number) (what Named, err error) {
	c, err := s.Store.Claimed(ctx, numberSpace, n.sorted())
	if absent(err) {
		return what, fhir.Errorf(fhir.NotFound, "There is nobody with this id.")
	}
	if err != nil {
		return what, err
	}
	return what, json.Unmarshal(c.Payload, &what)
}

// NumberOf gives the number of what is named, and gives it one when it has none.
func (s *Service) NumberOf(ctx context.Context, tx store.Tx, what Named) (Number, error) {
	c, err := tx.Claimed(ctx, namedSpace, what.key())
	if err == nil {
		err = json.Unmarshal(c.Payload, &what)
		return what.Number, err
	}
	if !absent(err) {
		return 0, err
	}
	n, err := s.number(ctx, tx, what)
	if err != nil {
		return 0, err
	}
	what.Number = n
	payload, err := json.Marshal(what)
	if err != nil {
		return 0, err
	}
	return n, tx.Claim(ctx, store.Claim{Space: namedSpace, Key: what.key(), Holder: what.ID, Payload: payload})
}

// number gives a number to something new: the next that nobody has.
func (s *Service) number(ctx context.Context, tx store.Tx, what Named) (Number, error) {
	for {
		what.Number = s.numbers.next(s.Now())
		payload, err := json.Marshal(what)
		if err != nil {
			return 0, err
		}
		err = tx.Claim(ctx, store.Claim{Space: numberSpace, Key: what.Number.sorted(), Holder: what.ID, Payload: payload})
		if _, taken := store.IsTaken(err); !taken {
			return what.Number, err
		}
	}
}

// NumberFor gives the number of what is named, as NumberOf, in an Update of its own
// where it has none yet.
func (s *Service) NumberFor(ctx context.Context, what Named) (n Number, err error) {
	c, err := s.Store.Claimed(ctx, namedSpace, what.key())
	if err == nil {
		err = json.Unmarshal(c.Payload, &what)
		return what.Number, err
	}
	if !absent(err) {
		return 0, err
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		n, err = s.NumberOf(ctx, tx, what)
		return err
	})
	return n, err
}
