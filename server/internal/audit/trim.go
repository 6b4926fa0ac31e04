package audit

import (
	"context"
	"time"

	"slotway/server/internal/store"
)

// Trim takes away the records that were written before a time, up to where a seal
// ends, and records that it did.
func (l *Log) Trim(ctx context.Context, before time.Time) error {
	after := ""
	for {
		records, err := l.Store.Log(ctx, Stream, store.LogRange{Back: true, After: after, Until: before, Limit: verifyStep})
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			if s, is, err := readSeal(r.Data); is && err == nil {
				return l.cut(ctx, s, r.At)
			}
			after = r.At
		}
	}
}

// cut takes away what a seal covers, whose record is at a position.
func (l *Log) cut(ctx context.Context, s Seal, at string) error {
	behind := ""
	if next, err := l.Store.Log(ctx, Stream, store.LogRange{After: at, Limit: 1}); err != nil {
		return err
	} else if len(next) > 0 {
		behind = next[0].At
	}
	to, err := place(ctx, l.Store, s, behind)
	if err != nil {
		return err
	}
	old, err := l.Store.Log(ctx, Stream, store.LogRange{Limit: 1})
	if err != nil || len(old) == 0 || old[0].At > to {
		return err // it is done already
	}
	next, err := l.Store.Log(ctx, Stream, store.LogRange{After: to, Limit: 1})
	if err != nil || len(next) == 0 {
		return err
	}
	e := Event{Time: l.Now(), Act: "audit.trim", Why: "up to seal " + s.Note()}
	l.Add(&e)
	return l.Store.Trim(ctx, Stream, next[0].At)
}
