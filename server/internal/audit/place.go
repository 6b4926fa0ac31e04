package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"slotway/server/internal/store"
)

// placeStep is how many records are read at once to find a seal's place: seals stand
// close to what they cover, unless much was waiting for them.
const placeStep = 100

// place gives the position of the last record that a seal covers, or "" for the
// beginning of the stream. The seal itself says it, but in the words of the store that
// it was set in: in one that everything was moved to, positions are others. So it is
// found by what the record says, however far back it stands: behind is a position that
// the seal's own record stands before, or "" for the end. Where there is no such record,
// but one where the seal says, it was changed, which Verify will name, and its place
// counts; where there is neither, what the seal covers was taken away up to its end:
// that is how Trim leaves it.
func place(ctx context.Context, r store.Reader, s Seal, behind string) (string, error) {
	there := ""
	for {
		records, err := r.Log(ctx, Stream, store.LogRange{Back: true, After: behind, Limit: placeStep})
		if err != nil {
			return "", err
		}
		for _, rec := range records {
			if sumOf(rec) == s.Last {
				return rec.At, nil
			}
			if behind = rec.At; rec.At == s.To {
				there = s.To
			}
		}
		if len(records) == 0 {
			return there, nil
		}
	}
}

// sumOf is the SHA-256 of a record, in hexadecimal digits.
func sumOf(r store.LogRecord) string {
	one := sha256.Sum256(r.Data)
	return hex.EncodeToString(one[:])
}

// sums puts the sums of records one behind the other.
func sums(records []open) []byte {
	out := make([]byte, 0, len(records)*sha256.Size)
	for _, o := range records {
		out = append(out, o.sum[:]...)
	}
	return out
}
