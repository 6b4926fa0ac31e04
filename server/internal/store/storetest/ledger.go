package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/store"
)

// The model's claims and streams.

func (s *state) claimed(space, key string) (store.Claim, error) {
	if c, ok := s.claims[[2]string{space, key}]; ok {
		c.Payload = bytes.Clone(c.Payload)
		return c, nil
	}
	return store.Claim{}, store.NoClaim(space)
}

// held gives the claims of a space, in order.
func (s *state) held(space, prefix, after string, limit int) []store.Claim {
	var out []store.Claim
	for _, c := range s.claims {
		if c.Space == space && strings.HasPrefix(c.Key, prefix) && (after == "" || c.Key > after) {
			c.Payload = bytes.Clone(c.Payload)
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b store.Claim) int { return strings.Compare(a.Key, b.Key) })
	return out[:min(len(out), max(limit, 0))]
}

// positionForm is that of a number from 1 that a record of a stream keeps.
const positionForm = "%016d"

func isPosition(at string) bool {
	var n uint64
	_, err := fmt.Sscanf(at, positionForm, &n)
	return err == nil && fmt.Sprintf(positionForm, n) == at
}

func (s *state) append(stream string, now time.Time, data []byte) {
	all := s.logs[stream]
	r := store.LogRecord{At: fmt.Sprintf(positionForm, 1), Time: now.UTC().Truncate(time.Millisecond), Data: bytes.Clone(data)}
	if len(all) > 0 {
		last := all[len(all)-1]
		var n uint64
		_, _ = fmt.Sscanf(last.At, positionForm, &n) // it is one
		r.At = fmt.Sprintf(positionForm, n+1)
		if r.Time.Before(last.Time) {
			r.Time = last.Time
		}
	}
	s.logs[stream] = append(slices.Clip(all), r)
}

func (s *state) log(stream string, r store.LogRange) ([]store.LogRecord, error) {
	if r.After != "" && !isPosition(r.After) {
		return nil, store.BadCursor()
	}
	all := slices.Clone(s.logs[stream])
	if r.Back {
		slices.Reverse(all)
	}
	var out []store.LogRecord
	var room store.Room
	for _, one := range all {
		switch {
		case len(out) >= r.Limit:
		case r.After != "" && !r.Back && one.At <= r.After:
		case r.After != "" && r.Back && one.At >= r.After:
		case !r.Since.IsZero() && one.Time.Before(r.Since):
		case !r.Until.IsZero() && !one.Time.Before(r.Until):
		case !room.Takes(len(one.Data)):
			return out, nil
		default:
			one.Data = bytes.Clone(one.Data)
			out = append(out, one)
		}
	}
	return out, nil
}

func (s *state) trim(stream, before string) error {
	if !isPosition(before) {
		return store.BadCursor()
	}
	all := s.logs[stream]
	n := 0
	for n < len(all)-1 && all[n].At < before {
		n++
	}
	s.logs[stream] = all[n:]
	return nil
}
