package audit

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/server/internal/store"
)

// Found is an event with where it stands. IDs sort as the stream does.
type Found struct {
	ID string // of the AuditEvent
	Event
}

// late is how long after an act its record may be written and still be found by the
// time of the act. A store that cannot be written for longer is a server that is
// refusing requests.
const late = 10 * time.Minute

// All gives all events, oldest first: those that are written.
func (l *Log) All(ctx context.Context) (all []Found, err error) {
	_, err = l.walk(ctx, span{}, budget{records: 1 << 30}, func(f *Found) bool { all = append(all, *f); return true })
	return all, err
}

// span is a part of the stream.
type span struct {
	since, until time.Time // of acts; zero: no bound
	back         bool      // newest first
	after        string    // an ID: go on behind it
	// Records that hold none of these are passed by unopened, lines that contain
	// none of words unread. Nil passes nothing by.
	wanted []uint32
	words  [][]byte
}

// budget bounds one walk.
type budget struct {
	records int
	until   time.Time
}

// timely gives a function that says whether time is left. It is told how much was done,
// in events that were only passed by, and looks at the clock now and then.
func (b budget) timely(now func() time.Time) func(done int) bool {
	done := 0
	return func(more int) bool {
		if done += more; done < 1000 || b.until.IsZero() {
			return true
		}
		done = 0
		return !now().After(b.until)
	}
}

// walk gives the events of a span, until yield returns false. At the end of the
// budget it stops; next is then where to go on, and empty at the end of the span.
func (l *Log) walk(ctx context.Context, s span, b budget, yield func(*Found) bool) (next string, err error) {
	r := store.LogRange{Back: s.back, Since: s.since, Limit: walkStep}
	if !s.until.IsZero() {
		r.Until = s.until.Add(late)
	}
	r.After, next = position(s.after), s.after
	if s.after != "" { // the rest of the record that it is in
		again, err := l.at(ctx, s.after)
		if err != nil {
			return "", err
		}
		if stopped, err := l.visit(again, s, &next, yield); stopped || err != nil {
			return next, err
		}
	}
	for seen := 0; ; {
		records, err := l.Store.Log(ctx, Stream, r)
		if err != nil {
			return "", err
		}
		if stopped, err := l.visit(records, s, &next, yield); stopped || err != nil {
			return next, err
		}
		if len(records) == 0 {
			return "", nil
		}
		r.After = records[len(records)-1].At
		next = idOf(records[len(records)-1], -1, s.back)
		if seen += len(records); seen >= b.records || !b.until.IsZero() && l.Now().After(b.until) {
			return next, nil
		}
	}
}

// walkStep is how many records are read at once.
const walkStep = 200

// visit yields the events of records that the span asks for.
func (l *Log) visit(records []store.LogRecord, s span, next *string, yield func(*Found) bool) (stopped bool, err error) {
	for _, rec := range records {
		lines, err := l.Keys.lines(rec.Data, s.wanted)
		if err != nil {
			return true, err
		}
		found, err := s.events(rec, lines)
		if err != nil {
			return true, err
		}
		for i := range found {
			if !yield(&found[i]) {
				*next = found[i].ID
				return true, nil
			}
		}
	}
	return false, nil
}

// events reads those of a record's lines that are asked for, in the order asked for.
func (s span) events(rec store.LogRecord, lines []byte) (found []Found, err error) {
	i := -1
	for line := range bytes.Lines(lines) {
		i++
		if s.words != nil && !slices.ContainsFunc(s.words, func(w []byte) bool { return bytes.Contains(line, w) }) {
			continue
		}
		f := Found{ID: idOf(rec, i, s.back)}
		if err := f.UnmarshalJSON(line); err != nil {
			return nil, errRecord
		}
		if f.Time.Before(s.since) && !s.since.IsZero() || !s.until.IsZero() && !f.Time.Before(s.until) {
			continue
		}
		if s.after != "" && position(s.after) == rec.At && (s.back && f.ID >= s.after || !s.back && f.ID <= s.after) {
			continue
		}
		found = append(found, f)
	}
	if s.back {
		slices.Reverse(found)
	}
	return found, nil
}

// at gives the record that an ID is in; none where it is not there any more.
func (l *Log) at(ctx context.Context, id string) ([]store.LogRecord, error) {
	ms, err := strconv.ParseInt(id[:strings.IndexByte(id, '-')], 36, 64)
	if err != nil {
		return nil, nil
	}
	t := time.UnixMilli(ms)
	r := store.LogRange{Since: t, Until: t.Add(time.Millisecond), Limit: walkStep}
	for {
		records, err := l.Store.Log(ctx, Stream, r)
		if err != nil {
			return nil, err
		}
		for i := range records {
			if records[i].At == position(id) {
				return records[i : i+1], nil
			}
			r.After = records[i].At
		}
		if len(records) == 0 {
			return nil, nil
		}
	}
}

// indexDigits is how many digits an event's place within its record has: a record
// has less than a million lines.
const indexDigits = 6

// idOf makes the ID of an event: the time of its record, the record's position, and
// the event's place in it. A negative place stands behind all of the record, in the
// direction of reading.
func idOf(rec store.LogRecord, i int, back bool) string {
	place := strconv.Itoa(1e6 + i)[1:]
	if i < 0 {
		if place = "zzzzzz"; back {
			place = "------"
		}
	}
	return strconv.FormatInt(rec.Time.UnixMilli(), 36) + "-" + rec.At + "-" + place
}

// position gives the position of the record that an ID is in; empty for what is none.
func position(id string) string {
	begin := strings.IndexByte(id, '-') + 1
	if end := len(id) - indexDigits - 1; begin > 0 && end > begin {
		return id[begin:end]
	}
	return ""
}
