package audit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"slotway/server/internal/store"
)

// Verdict is what a walk of the chain found.
type Verdict struct {
	Records int64 `json:"records"` // that are sealed
	Seals   int64 `json:"seals"`
	First   Seal  `json:"first"`
	// Trimmed says that the chain does not begin with the first record there ever
	// was: what the first seal covers was taken away, by retention or by somebody.
	Trimmed bool `json:"trimmed,omitempty"`
	Last    Seal `json:"last"`
	// Open are records that no seal covers yet.
	Open int `json:"open"`
	// Break says what is wrong, first of all; empty where nothing is.
	Break string `json:"break,omitempty"`
	// At is the position of the record where that shows, and Time its time.
	At   string    `json:"at,omitempty"`
	Time time.Time `json:"time,omitzero"`
}

// verifyStep is how many records are read at once.
const verifyStep = 1000

// Verify walks the chain from its beginning and tells the first break in it. Noted,
// when not empty, is a head that was noted before, as Seal.Note gives it: it must
// be in the chain.
func Verify(ctx context.Context, r store.Reader, k Keys, noted string) (Verdict, error) {
	w := walker{keys: k, noted: noted}
	var err error
	if w.top, err = head(ctx, r); err != nil {
		return w.Verdict, err
	}
	after := ""
	for {
		records, err := r.Log(ctx, Stream, store.LogRange{After: after, Limit: verifyStep})
		if err != nil {
			return w.Verdict, err
		}
		for _, rec := range records {
			after = rec.At
			if w.record(rec); w.Break != "" {
				w.At, w.Time = rec.At, rec.Time
				return w.Verdict, nil
			}
		}
		if len(records) == 0 {
			break
		}
	}
	if w.top.Number == 0 && w.Seals > 0 { // the first may have been set since: then there is a head now, and for good
		switch now, err := head(ctx, r); {
		case err != nil:
			return w.Verdict, err
		case now.Number > 0:
			return Verify(ctx, r, k, noted)
		}
	}
	w.finish()
	return w.Verdict, nil
}

// Note is what to note of a seal elsewhere.
func (s Seal) Note() string { return fmt.Sprintf("%d:%s", s.Number, s.Sum) }

// walker goes along the chain.
type walker struct {
	Verdict
	keys  Keys
	noted string
	met   bool // the noted head
	top   Seal // the head
	risen bool // it was met
	loose bool // the queue begins with what seals cover that were taken away
	queue []open
}

// open is a record that no seal has covered yet.
type open struct {
	at  string
	sum [sha256.Size]byte
}

func (w *walker) broken(format string, args ...any) {
	if w.Break == "" {
		w.Break = fmt.Sprintf(format, args...)
	}
}

func (w *walker) record(rec store.LogRecord) {
	s, is, err := readSeal(rec.Data)
	switch {
	case err != nil:
		w.broken("a seal cannot be read")
		return
	case is:
		w.seal(s)
	}
	w.queue = append(w.queue, open{rec.At, sha256.Sum256(rec.Data)})
}

// seal checks one against the records that it covers.
func (w *walker) seal(s Seal) {
	if !slices.Contains(s.codes(w.keys), s.Code) {
		w.broken("seal %d was not made with this key, or was changed", s.Number)
		return
	}
	switch {
	case w.Seals > 0 && s.Number != w.Last.Number+1:
		w.broken("after seal %d comes seal %d", w.Last.Number, s.Number)
		return
	case w.Seals > 0 || s.Number == 1 && !w.shortened(s):
		w.cover(s)
	default:
		w.Trimmed, w.loose = true, true
	}
	if w.Seals++; w.Seals == 1 {
		w.First = s
	}
	w.Last = s
	w.met = w.met || s.Note() == w.noted
	w.risen = w.risen || s.Note() == w.top.Note()
}

// shortened says whether a part of what the first seal covers was taken away, as a trim
// that was cut short does.
func (w *walker) shortened(s Seal) bool {
	return len(w.queue) < s.Count || slices.IndexFunc(w.queue[:max(0, s.Count-1)], func(o open) bool { return o.at == s.To }) >= 0 && !w.covers(s, 0)
}

// covers says whether a seal covers the records of the queue from one on.
func (w *walker) covers(s Seal, from int) bool {
	return from+s.Count <= len(w.queue) && sum(s.Number, w.Last.Sum, sums(w.queue[from:from+s.Count])) == s.Sum
}

// cover takes what a seal covers off the queue. Positions say nothing here: they are
// others in a store that everything was moved to.
func (w *walker) cover(s Seal) {
	from := 0
	for w.loose && from+s.Count < len(w.queue) && !w.covers(s, from) {
		from++
	}
	switch {
	case len(w.queue) < s.Count:
		w.broken("seal %d covers %d records, of which %d are here", s.Number, s.Count, len(w.queue))
	case !w.covers(s, from):
		w.broken("the %d records up to seal %d are not those that it was made of", s.Count, s.Number)
	default:
		w.queue, w.loose = w.queue[from+s.Count:], false
		w.Records += int64(s.Count)
	}
}

// finish checks the end. Seals may have been set since the walk began.
func (w *walker) finish() {
	if w.loose { // what the only seal covers, or a part of it, may be here
		w.queue = w.queue[1+slices.IndexFunc(w.queue, func(o open) bool { return o.at == w.Last.To }):]
	}
	w.Open = len(w.queue)
	switch {
	case w.top.Number == 0 && w.Seals > 0:
		w.broken("there are seals up to %d, but no head", w.Last.Number)
	case w.top.Number > 0 && !w.risen:
		w.broken("the end is cut off: the head is seal %d of %s, and not in the chain, whose last is seal %d", w.top.Number, w.top.Time.UTC().Format(time.RFC3339), w.Last.Number)
	case w.noted != "" && !w.met:
		w.broken("the head that was noted is not in the chain")
	}
}
