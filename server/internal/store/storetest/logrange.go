package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// fillStream appends n records, two in each Update and a minute between these, to
// a stream that stands between two others.
func fillStream(s *subject, n int) {
	for i := range n {
		s.update(func(tx store.Tx) error {
			for _, stream := range []string{"inbox", "in", "i", "in x"} {
				if err := tx.Append(s.ctx, stream, fmt.Append(nil, i)); err != nil {
					return err
				}
			}
			return nil
		})
		if i%2 == 1 {
			s.clock.Advance(time.Minute)
		}
	}
}

// stream gives the records of a range as one text.
func (s *subject) stream(r store.LogRange) string {
	s.tb.Helper()
	records, err := s.Log(s.ctx, "in", r)
	if err != nil {
		s.tb.Fatalf("Log(%+v) = %v", r, err)
	}
	var out []string
	for _, one := range records {
		out = append(out, string(one.Data))
	}
	return strings.Join(out, " ")
}

func testLogRanges(t *testing.T, s *subject) {
	start := s.clock.Now()
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	fillStream(s, 8)
	all, err := s.Log(s.ctx, "in", store.LogRange{Limit: 100})
	if err != nil || len(all) != 8 {
		t.Fatalf("Log() = %d records, %v; want 8", len(all), err)
	}
	for i, r := range all {
		if !r.Time.Equal(minute(i / 2)) {
			t.Errorf("record %d is of %v, want %v", i, r.Time, minute(i/2))
		}
	}
	if !slices.IsSortedFunc(all, func(a, b store.LogRecord) int { return strings.Compare(a.At, b.At) }) || all[0].At == all[1].At {
		t.Error("positions do not sort as the stream does")
	}
	for _, tc := range []struct {
		name string
		r    store.LogRange
		want string
	}{
		{"none", store.LogRange{}, ""},
		{"the first", store.LogRange{Limit: 3}, "0 1 2"},
		{"the last", store.LogRange{Back: true, Limit: 3}, "7 6 5"},
		{"all backwards", store.LogRange{Back: true, Limit: 100}, "7 6 5 4 3 2 1 0"},
		{"after one", store.LogRange{After: all[5].At, Limit: 100}, "6 7"},
		{"after the last", store.LogRange{After: all[7].At, Limit: 100}, ""},
		{"back from one", store.LogRange{Back: true, After: all[2].At, Limit: 100}, "1 0"},
		{"back from the first", store.LogRange{Back: true, After: all[0].At, Limit: 100}, ""},
		{"from a time", store.LogRange{Since: minute(2), Limit: 3}, "4 5 6"},
		{"from a time between", store.LogRange{Since: minute(2).Add(1), Limit: 100}, "6 7"},
		{"to a time", store.LogRange{Until: minute(1), Limit: 100}, "0 1"},
		{"to a time between", store.LogRange{Until: minute(1).Add(1), Limit: 100}, "0 1 2 3"},
		{"within times", store.LogRange{Since: minute(1), Until: minute(3), Limit: 100}, "2 3 4 5"},
		{"back within times", store.LogRange{Back: true, Since: minute(1), Until: minute(3), Limit: 3}, "5 4 3"},
		{"after one, from a time later", store.LogRange{After: all[0].At, Since: minute(3), Limit: 100}, "6 7"},
		{"after one, from a time before", store.LogRange{After: all[6].At, Since: minute(1), Limit: 100}, "7"},
		{"back from one, to a time before", store.LogRange{Back: true, After: all[6].At, Until: minute(1), Limit: 100}, "1 0"},
		{"back from one, to a time later", store.LogRange{Back: true, After: all[2].At, Until: minute(3), Limit: 100}, "1 0"},
		{"times that hold nothing", store.LogRange{Since: minute(3), Until: minute(1), Limit: 100}, ""},
		{"later than all", store.LogRange{Since: minute(9), Limit: 100}, ""},
		{"before all", store.LogRange{Until: start, Back: true, Limit: 100}, ""},
	} {
		if got := s.stream(tc.r); got != tc.want {
			t.Errorf("%s: the stream has %q, want %q", tc.name, got, tc.want)
		}
	}
	s.clock.Advance(-time.Hour)
	fillStream(s, 1)
	last, err := s.Log(s.ctx, "in", store.LogRange{Back: true, Limit: 2})
	if err != nil || len(last) != 2 || string(last[0].Data) != "0" || !last[0].Time.Equal(minute(3)) || last[0].At <= last[1].At {
		t.Errorf("after the clock ran back the last records are %v, %v; want the new one last, of the time before", last, err)
	}
}

func testTrim(t *testing.T, s *subject) {
	fillStream(s, 8)
	all, err := s.Log(s.ctx, "in", store.LogRange{Limit: 100})
	if err != nil || len(all) != 8 {
		t.Fatalf("Log() = %d records, %v; want 8", len(all), err)
	}
	for _, tc := range []struct{ before, want string }{
		{all[0].At, "0 1 2 3 4 5 6 7"},
		{all[3].At, "3 4 5 6 7"},
		{all[3].At, "3 4 5 6 7"},
		{all[1].At, "3 4 5 6 7"},
		{all[7].At, "7"},
	} {
		if err := s.Trim(s.ctx, "in", tc.before); err != nil {
			t.Errorf("Trim(before %s) = %v", tc.before, err)
		}
		if got := s.stream(store.LogRange{Limit: 100}); got != tc.want {
			t.Errorf("after Trim(before %s) the stream has %q, want %q", tc.before, got, tc.want)
		}
	}
	if got := s.stream(store.LogRange{After: all[2].At, Limit: 100}); got != "7" {
		t.Errorf("from a position that was taken away the stream goes on with %q, want what is left", got)
	}
	for _, stream := range []string{"inbox", "i", "in x"} {
		if records, err := s.Log(s.ctx, stream, store.LogRange{Limit: 100}); err != nil || len(records) != 8 {
			t.Errorf("the stream %q beside it has %d records, %v; want 8", stream, len(records), err)
		}
	}
	for _, bad := range []string{"", "no position"} {
		wantKind(t, "Trim before nonsense", s.Trim(s.ctx, "in", bad), fhir.Invalid)
	}
	if err := s.Trim(s.ctx, "nothing", all[3].At); err != nil {
		t.Errorf("Trim of an empty stream = %v", err)
	}
	s.clock.Advance(-time.Hour)
	fillStream(s, 1)
	if last, err := s.Log(s.ctx, "in", store.LogRange{After: all[7].At, Limit: 2}); err != nil || len(last) != 1 || string(last[0].Data) != "0" {
		t.Errorf("behind the last position stands %v, %v; want what was appended after Trim", last, err)
	}
}
