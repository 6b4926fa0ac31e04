package audit

import (
	"context"
	"crypto/sha256"
	"slices"

	"slotway/server/internal/store"
)

const (
	// placeStep is how many records are read at once to find a seal's place, and
	// placeReach how many at most: seals stand close to what they cover.
	placeStep  = 100
	placeReach = 100_000
)

// place gives the position of the last record that a seal covers, or "" for the
// beginning of the stream. The seal itself says it, but in the words of the store that
// it was set in: in one that everything was moved to, positions are others. So it is
// found by the records: behind is a position that the seal's own record stands before,
// or "" for the end. Where the records are not those that the seal covers, which
// Verify will name, it is as the seal says.
func place(ctx context.Context, r store.Reader, s Seal, behind string) (string, error) {
	f := finder{seal: s, known: s.Number == 1}
	for n := 0; n < placeReach; n += placeStep {
		records, err := r.Log(ctx, Stream, store.LogRange{Back: true, After: behind, Limit: placeStep})
		if err != nil {
			return "", err
		}
		for _, rec := range records {
			f.take(rec)
			behind = rec.At
		}
		if at, ok := f.find(); ok {
			return at, nil
		}
		if len(records) < placeStep {
			break
		}
	}
	// What it covers was taken away, up to its end: that is how Trim leaves it.
	if f.met && !f.known && !slices.ContainsFunc(f.queue, func(o open) bool { return o.at == s.To }) {
		return "", nil
	}
	return s.To, nil
}

// finder looks for what a seal covers among the records before it, newest first.
type finder struct {
	seal   Seal
	met    bool   // the seal itself
	known  bool   // the sum before it
	before string // which it is
	queue  []open
	tried  int // how many of the queue were looked at as the last one covered
}

func (f *finder) take(rec store.LogRecord) {
	s, is, err := readSeal(rec.Data)
	is = is && err == nil
	if !f.met {
		f.met = is && s.Note() == f.seal.Note()
		return
	}
	if is && s.Number == f.seal.Number-1 {
		f.before, f.known = s.Sum, true
	}
	f.queue = append(f.queue, open{rec.At, sha256.Sum256(rec.Data)})
}

// find gives the position of the last record covered, if all that are covered have
// been taken.
func (f *finder) find() (at string, ok bool) {
	if !f.known || f.seal.Count < 1 {
		return "", false
	}
	for ; f.tried+f.seal.Count <= len(f.queue); f.tried++ {
		covered := slices.Clone(f.queue[f.tried : f.tried+f.seal.Count])
		slices.Reverse(covered)
		if sum(f.seal.Number, f.before, sums(covered)) == f.seal.Sum {
			return f.queue[f.tried].at, true
		}
	}
	return "", false
}

// sums puts the sums of records one behind the other.
func sums(records []open) []byte {
	out := make([]byte, 0, len(records)*sha256.Size)
	for _, o := range records {
		out = append(out, o.sum[:]...)
	}
	return out
}
