package audit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/server/internal/audit"
	"slotway/server/internal/store"
)

// edited is a store whose stream somebody has been at.
type edited struct {
	store.Store
	edit func([]store.LogRecord) []store.LogRecord
}

func (e edited) Log(ctx context.Context, stream string, r store.LogRange) (out []store.LogRecord, err error) {
	all, err := e.Store.Log(ctx, stream, store.LogRange{Limit: 1 << 20})
	for _, rec := range e.edit(all) {
		if rec.At > r.After && len(out) < r.Limit {
			out = append(out, rec)
		}
	}
	return out, err
}

// written writes a patient, which the log is told of.
func written(t *testing.T, l *audit.Log, id string) {
	t.Helper()
	ctx := audit.With(t.Context(), &audit.Event{Act: "create"})
	p := record(t, "t", fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id))
	if err := audit.Wrap(l.Store, l).Update(ctx, func(tx store.Tx) error {
		_, err := tx.Put(ctx, store.Put{Key: p.Key, Resource: p.Resource, IfVersion: store.Any})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// chained gives a log with six records and three seals: r r s r r s r r s.
func chained(t *testing.T) *audit.Log {
	t.Helper()
	l := newLog(t, empty(t))
	for i := range 3 {
		for j := range 2 {
			written(t, l, fmt.Sprint("p", 2*i+j))
		}
		flush(t, l)
	}
	return l
}

// busy is a store of which something happens once, when its stream is first read.
type busy struct {
	store.Store
	happens func()
}

func (b *busy) Log(ctx context.Context, stream string, r store.LogRange) ([]store.LogRecord, error) {
	if do := b.happens; do != nil {
		b.happens = nil
		do()
	}
	return b.Store.Log(ctx, stream, r)
}

// A seal that is set while the chain is walked is no break, be it the first there is.
func TestSealedMeanwhile(t *testing.T) {
	for _, before := range []int{0, 2} {
		l := newLog(t, empty(t))
		for i := range before {
			written(t, l, fmt.Sprint("p", i))
			flush(t, l)
		}
		written(t, l, "last")
		meanwhile := &busy{l.Store, func() { flush(t, l) }}
		v, err := audit.Verify(t.Context(), meanwhile, l.Keys, "")
		if err != nil || v.Break != "" || v.Seals != int64(before)+1 {
			t.Errorf("with %d seals before: %+v, %v", before, v, err)
		}
	}
}

// TestVerifyNamesTheFirstBreak is security S100: any edit or gap is found.
func TestVerifyNamesTheFirstBreak(t *testing.T) {
	l := chained(t)
	cut := func(i int) func([]store.LogRecord) []store.LogRecord {
		return func(all []store.LogRecord) []store.LogRecord { return slices.Delete(all, i, i+1) }
	}
	for _, tc := range []struct {
		name string
		edit func([]store.LogRecord) []store.LogRecord
		want string // of the break, and of where it shows
	}{
		{"nothing", func(all []store.LogRecord) []store.LogRecord { return all }, ""},
		{"a record is changed", func(all []store.LogRecord) []store.LogRecord { all[1].Data[9] ^= 1; return all }, "the 2 records up to seal 1"},
		{"a record is gone", cut(3), "seal 2 covers 3 records, of which 2 are here"},
		{"two are exchanged", func(all []store.LogRecord) []store.LogRecord {
			all[3].Data, all[4].Data = all[4].Data, all[3].Data
			return all
		}, "the 3 records up to seal 2"},
		{"one is put in", func(all []store.LogRecord) []store.LogRecord {
			all[4].Data = append([]byte{}, all[3].Data...)
			return all
		}, "the 3 records up to seal 2"},
		{"the first is gone", cut(0), "TRIMMED"},
		{"a seal is gone", cut(5), "after seal 1 comes seal 3"},
		{"a seal is changed", func(all []store.LogRecord) []store.LogRecord {
			all[5].Data = []byte(strings.Replace(string(all[5].Data), `"count":3`, `"count":2`, 1))
			return all
		}, "seal 2 was not made with this key"},
		{"a seal is no JSON", func(all []store.LogRecord) []store.LogRecord { all[5].Data = all[5].Data[:20]; return all }, "a seal cannot be read"},
		{"the end is cut off", func(all []store.LogRecord) []store.LogRecord { return all[:6] }, "the end is cut off: the head is seal 3"},
		{"all of it is gone", func([]store.LogRecord) []store.LogRecord { return nil }, "the end is cut off: the head is seal 3"},
		{"records behind the last seal are cut off", func(all []store.LogRecord) []store.LogRecord { return all[:9] }, ""},
		{"the beginning is gone, as after a trim", func(all []store.LogRecord) []store.LogRecord { return all[2:] }, "TRIMMED"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := audit.Verify(t.Context(), edited{l.Store, tc.edit}, l.Keys, "")
			if got.Trimmed && got.Break == "" {
				got.Break = "TRIMMED"
			}
			if err != nil || !strings.HasPrefix(got.Break, tc.want) || (got.Break == "") != (tc.want == "") {
				t.Errorf("%+v, %v, want %q", got, err, tc.want)
			}
		})
	}
	if got, err := audit.Verify(t.Context(), l.Store, keys("newer,secret"), ""); err != nil || got.Break != "" {
		t.Errorf("with a newer key beside it: %+v, %v", got, err)
	}
	if got, err := audit.Verify(t.Context(), l.Store, keys("another"), ""); err != nil || !strings.HasPrefix(got.Break, "seal 1 was not made with this key") {
		t.Errorf("with another key: %+v, %v", got, err)
	}
}

// TestNotedHead: that a store was put back as a whole shows by a head that was noted.
func TestNotedHead(t *testing.T) {
	l := chained(t)
	whole, err := audit.Verify(t.Context(), l.Store, l.Keys, "")
	if err != nil || whole.Seals != 3 || whole.First.Number != 1 || whole.Records != 8 || whole.Open != 1 {
		t.Fatalf("%+v, %v", whole, err)
	}
	if got, _ := audit.Verify(t.Context(), l.Store, l.Keys, whole.First.Note()); got.Break != "" {
		t.Errorf("a head of the chain: %s", got.Break)
	}
	if got, _ := audit.Verify(t.Context(), l.Store, l.Keys, "7:"+whole.Last.Sum); got.Break == "" {
		t.Error("a head that is not in the chain passed")
	}
}

// TestTrimKeepsTheChain: what is left after a trim verifies, also when it was cut
// short.
func TestTrimKeepsTheChain(t *testing.T) {
	l := chained(t)
	if err := l.Trim(t.Context(), began.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := len(flush(t, l)); got != 6 {
		t.Errorf("nothing is old, and %d of 6 are left", got)
	}
	if err := l.Trim(t.Context(), began.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	left := flush(t, l)
	if len(left) != 1 || left[0].Act != "audit.trim" {
		t.Errorf("left are %+v, want the record of the trim", left)
	}
	for skip := range 8 {
		got, err := audit.Verify(t.Context(), edited{chained(t).Store, func(all []store.LogRecord) []store.LogRecord { return all[skip:] }}, l.Keys, "")
		if err != nil || got.Break != "" || got.Trimmed != (skip > 0) {
			t.Errorf("without the first %d: %+v, %v", skip, got, err)
		}
	}
	if got, err := audit.Verify(t.Context(), l.Store, l.Keys, ""); err != nil || got.Break != "" || got.First.Number != 3 {
		t.Errorf("after the trim: %+v, %v", got, err)
	}
}

// TestOneChainOfManyProcesses: each seal is set by one of them.
func TestOneChainOfManyProcesses(t *testing.T) {
	s := empty(t)
	var logs []*audit.Log
	var all sync.WaitGroup
	for p := range 4 {
		l := newLog(t, s)
		logs = append(logs, l)
		all.Go(func() {
			for i := range 50 {
				l.Add(&audit.Event{Time: began, Act: "read", Client: fmt.Sprint(p), ID: fmt.Sprint(i)})
				if err := l.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := flush(t, logs[0]); len(got) != 200 {
		t.Errorf("%d records, want 200", len(got))
	}
	got, err := audit.Verify(t.Context(), s, keys("secret"), "")
	if err != nil || got.Break != "" || got.Open > 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
