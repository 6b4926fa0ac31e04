package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strconv"

	"slotway/server/internal/store"
)

// Log gives records of a stream. See store.Reader.
func (s *Store) Log(ctx context.Context, stream, after string, limit int) ([]store.LogRecord, error) {
	return snapshot(ctx, s, func(v *view) ([]store.LogRecord, error) { return v.records(stream, after, limit) })
}

// logKey is the key of a record: the stream and its position in it, from 1.
func logKey(stream string, at uint64) []byte {
	return binary.BigEndian.AppendUint64(pairKey(stream, ""), at)
}

func (v *view) records(stream, after string, limit int) ([]store.LogRecord, error) {
	from := uint64(0)
	if after != "" {
		var err error
		if from, err = strconv.ParseUint(after, 10, 63); err != nil {
			return nil, store.BadCursor()
		}
	}
	prefix := pairKey(stream, "")
	c := v.in(logs).Cursor()
	var out []store.LogRecord
	for k, value := c.Seek(logKey(stream, from+1)); len(out) < limit && bytes.HasPrefix(k, prefix); k, value = c.Next() {
		out = append(out, store.LogRecord{At: strconv.FormatUint(lastNumber(k), 10), Data: append([]byte(nil), value...)})
	}
	return out, nil
}

// appendTo adds a record at the end of a stream.
func (t *tx) appendTo(stream string, data []byte) error {
	c := t.in(logs).Cursor()
	last, _ := c.Seek(logKey(stream, math.MaxUint64))
	if last == nil {
		last, _ = c.Last()
	} else {
		last, _ = c.Prev()
	}
	at := uint64(1)
	if bytes.HasPrefix(last, pairKey(stream, "")) {
		at = lastNumber(last) + 1
	}
	return t.insert(logs, logKey(stream, at), append(make([]byte, 0, len(data)), data...))
}
