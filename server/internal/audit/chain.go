package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Seal covers the records of the stream behind those that the seal before covers,
// oldest first, the seal before among them.
type Seal struct {
	Number int64     `json:"n"` // from 1
	Count  int       `json:"count"`
	To     string    `json:"to"`   // position of the last record that it covers, in the store where it was set
	Last   string    `json:"last"` // SHA-256 of that record
	Time   time.Time `json:"time"`
	Sum    string    `json:"sum"`  // SHA-256 of the number, the sum before, and the SHA-256 of each record
	Code   string    `json:"code"` // made of all that, with a key
}

// The claim of the head is the last seal: who sets the next takes it over.
const (
	headSpace = "audit"
	headKey   = "head"
)

// sum is that of a seal over records, by their own sums.
func sum(number int64, before string, records []byte) string {
	h := sha256.New()
	h.Write([]byte("slotway audit 1\n" + strconv.FormatInt(number, 10) + "\n" + before + "\n"))
	h.Write(records)
	return hex.EncodeToString(h.Sum(nil))
}

// codes are those of a seal, by the key in use and by older ones.
func (s Seal) codes(k Keys) (all []string) {
	for _, c := range k.Codes(fmt.Appendf(nil, "seal %d %d %s %s", s.Number, s.Count, s.Time.UTC().Format(time.RFC3339Nano), s.Sum)) {
		all = append(all, hex.EncodeToString(c))
	}
	return all
}

func (s Seal) record() ([]byte, error) {
	b, err := json.Marshal(s)
	return append([]byte{layoutSeal}, b...), err
}

// readSeal reads a record that is one; ok is false for others.
func readSeal(data []byte) (s Seal, ok bool, err error) {
	if len(data) == 0 || data[0] != layoutSeal {
		return s, false, nil
	}
	d := json.NewDecoder(bytes.NewReader(data[1:]))
	d.DisallowUnknownFields()
	return s, true, d.Decode(&s)
}

// head gives the last seal; the zero Seal where there is none yet.
func head(ctx context.Context, r store.Reader) (s Seal, err error) {
	c, err := r.Claimed(ctx, headSpace, headKey)
	if errors.Is(err, fhir.NotFound) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(c.Payload, &s)
	}
	return s, err
}

// chain sets seals.
type chain struct {
	dirty  atomic.Bool // something was appended here since the last look
	idle   int         // rounds without a look
	number atomic.Int64
	noted  time.Time // when the head was last written to the log
	top    Seal      // the head that was found first, with its place in this store
}

// behind gives where what a head does not cover begins. Only that which is there at
// the start may be from another store.
func (c *chain) behind(ctx context.Context, r store.Reader, top Seal) (string, error) {
	if top.Number == 0 || c.top.Number > 0 && top.Note() != c.top.Note() {
		return top.To, nil
	}
	if c.top.Number == 0 {
		to, err := place(ctx, r, top, "")
		if err != nil {
			return "", err
		}
		c.top, c.top.To = top, to
	}
	return c.top.To, nil
}

// note writes the head to the log, which other people keep than the store, once in
// a while.
func (c *chain) note(l *Log, s Seal) {
	if now := l.Now(); s.Number > 0 && now.Sub(c.noted) >= noteEvery {
		c.noted = now
		l.Log.Info("head of the audit", "head", s.Note())
	}
}

const (
	// sealStep is how many records one seal covers at most.
	sealStep  = 2000
	noteEvery = time.Hour
	// idleRounds is how many rounds a process that appends nothing leaves to others.
	idleRounds = 25
)

// seal covers what has been appended. Where another process is faster, it is for
// that one to do, and the next round looks again.
func (c *chain) seal(ctx context.Context, l *Log) error {
	if c.idle++; !c.dirty.Swap(false) && c.idle < idleRounds && c.number.Load() > 0 {
		return nil
	}
	c.idle = 0
	for {
		more, err := c.one(ctx, l)
		if _, taken := store.IsTaken(err); taken {
			c.dirty.Store(true)
			return nil
		}
		if err != nil || !more {
			if err != nil {
				c.dirty.Store(true)
			}
			return err
		}
	}
}

// one sets one seal, if there is something to cover.
func (c *chain) one(ctx context.Context, l *Log) (more bool, err error) {
	before, err := head(ctx, l.Store)
	if err != nil {
		return false, err
	}
	c.number.Store(before.Number)
	from, err := c.behind(ctx, l.Store, before)
	if err != nil {
		return false, err
	}
	records, err := l.Store.Log(ctx, Stream, store.LogRange{After: from, Limit: sealStep})
	if err != nil {
		return false, err
	}
	next := Seal{Number: before.Number + 1, Count: len(records), Time: l.Now().UTC()}
	var sums []byte
	worth := false
	for _, r := range records {
		one := sha256.Sum256(r.Data)
		sums = append(sums, one[:]...)
		worth = worth || r.Data[0] != layoutSeal
	}
	if !worth {
		return false, nil
	}
	last := records[len(records)-1]
	next.To, next.Last = last.At, sumOf(last)
	next.Sum = sum(next.Number, before.Sum, sums)
	next.Code = next.codes(l.Keys)[0]
	if err := c.set(ctx, l.Store, before, next); err != nil {
		return false, err
	}
	c.number.Store(next.Number)
	c.note(l, next)
	return true, nil
}

// set puts a seal in place of the head.
func (c *chain) set(ctx context.Context, s store.Store, before, next Seal) error {
	data, err := next.record()
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx store.Tx) error {
		if err := tx.Release(ctx, headSpace, headKey, before.Sum); err != nil {
			return err
		}
		if err := tx.Claim(ctx, store.Claim{Space: headSpace, Key: headKey, Holder: next.Sum, Payload: data[1:]}); err != nil {
			return err
		}
		return tx.Append(ctx, Stream, data)
	})
}
