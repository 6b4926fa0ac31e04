package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

// The key of a record is its stream and its place: the time of its appending in
// microseconds and its number in the stream, from 1. Neither runs back, so a
// stream is walked from a place or from a time alike.
const placeSize = 16

// logKey is the key of a record, or of where one of that time would stand.
func logKey(stream string, at int64, n uint64) []byte {
	return binary.BigEndian.AppendUint64(instant(pairKey(stream, ""), at), n)
}

// placeOf gives the place that a position names.
func placeOf(at string) ([]byte, error) {
	place, err := hex.DecodeString(at)
	if err != nil || len(place) != placeSize {
		return nil, store.BadCursor()
	}
	return place, nil
}

// timeOf reads the time off the key of a record.
func timeOf(key []byte) time.Time {
	at := key[len(key)-placeSize:]
	return time.UnixMicro(int64(binary.BigEndian.Uint64(at) ^ 1<<63)).UTC()
}

// Log gives records of a stream. See store.Reader.
func (s *Store) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	return snapshot(ctx, s, func(v *view) ([]store.LogRecord, error) { return v.records(stream, r) })
}

// records walks the keys of a range of a stream.
func (v *view) records(stream string, r store.LogRange) ([]store.LogRecord, error) {
	from, to, err := boundsOf(stream, r)
	if err != nil {
		return nil, err
	}
	c := v.in(logs).Cursor()
	key, value := c.Seek(from)
	step := c.Next
	if r.Back {
		key, value = before(c, to)
		step = c.Prev
	}
	var out []store.LogRecord
	var room store.Room
	for ; len(out) < r.Limit && key != nil; key, value = step() {
		if bytes.Compare(key, from) < 0 || bytes.Compare(key, to) >= 0 || !room.Takes(len(value)) {
			break
		}
		at := hex.EncodeToString(key[len(key)-placeSize:])
		out = append(out, store.LogRecord{At: at, Time: timeOf(key), Data: append([]byte(nil), value...)})
	}
	return out, nil
}

// boundsOf gives the keys that a range lies between: from the first on, before the
// second.
func boundsOf(stream string, r store.LogRange) (from, to []byte, err error) {
	from, to = pairKey(stream, ""), append([]byte(stream), 1)
	if !r.Since.IsZero() {
		from = logKey(stream, store.Micros(r.Since), 0)
	}
	if !r.Until.IsZero() {
		to = logKey(stream, store.Micros(r.Until), 0)
	}
	if r.After == "" {
		return from, to, nil
	}
	place, err := placeOf(r.After)
	if err != nil {
		return nil, nil, err
	}
	after := append(pairKey(stream, ""), place...)
	if r.Back {
		if bytes.Compare(after, to) < 0 {
			to = after
		}
	} else if after = append(after, 0); bytes.Compare(after, from) > 0 {
		from = after
	}
	return from, to, nil
}

// before gives the last key that stands before one.
func before(c *bbolt.Cursor, to []byte) (key, value []byte) {
	if key, _ = c.Seek(to); key == nil {
		return c.Last()
	}
	return c.Prev()
}

// end is the time, in microseconds, and the number of a stream's last record.
type end struct {
	at int64
	n  uint64
}

// appendTo adds a record at the end of a stream.
func (t *tx) appendTo(stream string, now time.Time, data []byte) error {
	last, known := t.ends[stream]
	if !known {
		last = t.endOf(stream)
	}
	next := end{max(last.at, now.Truncate(time.Millisecond).UnixMicro()), last.n + 1}
	if err := t.insert(logs, logKey(stream, next.at, next.n), append(make([]byte, 0, len(data)), data...)); err != nil {
		return err
	}
	t.ends[stream] = next
	return nil
}

// endOf looks for the end of a stream; the number is 0 where it has no record.
func (t *tx) endOf(stream string) end {
	last, _ := before(t.in(logs).Cursor(), append([]byte(stream), 1))
	if !bytes.HasPrefix(last, pairKey(stream, "")) {
		return end{at: math.MinInt64}
	}
	return end{timeOf(last).UnixMicro(), lastNumber(last)}
}

// trimStep is how many records one commit of a Trim takes away at most.
const trimStep = 2000

// Trim takes away the oldest records of a stream. See store.Store.
func (s *Store) Trim(ctx context.Context, stream, until string) error {
	place, err := placeOf(until)
	if err != nil {
		return err
	}
	for n := trimStep; err == nil && n == trimStep; {
		err = s.writer.update(ctx, func(t *tx) (err error) {
			n, err = t.trim(stream, append(pairKey(stream, ""), place...))
			return err
		})
	}
	return err
}

// trim takes away some of the records before a key, but never the last of a
// stream: it is where the next one's number comes from.
func (t *tx) trim(stream string, to []byte) (n int, err error) {
	if last, _ := before(t.in(logs).Cursor(), append([]byte(stream), 1)); bytes.Compare(last, to) < 0 {
		to = last
	}
	type pair struct{ key, value []byte }
	var old []pair
	c := t.in(logs).Cursor()
	for key, value := c.Seek(pairKey(stream, "")); key != nil && len(old) < trimStep && bytes.Compare(key, to) < 0; key, value = c.Next() {
		old = append(old, pair{bytes.Clone(key), value})
	}
	for _, p := range old {
		if err := t.remove(logs, p.key, p.value); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
