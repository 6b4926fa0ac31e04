package bolt

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store/storetest"
)

var testNow = time.Date(2025, 10, 20, 12, 0, 0, 0, time.UTC)

// query parses a query, which must be a good one.
func query(tb interface{ Fatalf(string, ...any) }, c *search.Catalog, typ, text string) search.Query {
	p, err := search.Parse(c, typ, text, testNow)
	if err != nil || len(p.Warnings) > 0 {
		tb.Fatalf("Parse(%s, %q) = %v, warnings %v", typ, text, err, p.Warnings)
	}
	return p.Query
}

// Whatever matches date clauses lies in the spans that they lead to, at every
// edge of the table in search's date.go.
func TestSpansHoldWhatMatches(t *testing.T) {
	c := storetest.Catalog(t, "Europe/London")
	date, _ := c.Lookup("Appointment", "date")
	near := func(rt *rapid.T) time.Time {
		day := rapid.SampledFrom([]string{"2025-10-24T23:00:00Z", "2025-10-25T09:00:00Z", "2025-10-26T00:00:00Z", "2026-01-01T00:00:00Z"}).Draw(rt, "day")
		at, _ := time.Parse(time.RFC3339, day)
		return at.Add(time.Duration(rapid.IntRange(-3, 3).Draw(rt, "step")) * rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, time.Hour}).Draw(rt, "unit"))
	}
	hits, misses := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		text := ""
		for range rapid.IntRange(1, 3).Draw(rt, "clauses") {
			text += "&date="
			for i := range rapid.IntRange(1, 2).Draw(rt, "tests") {
				if i > 0 {
					text += ","
				}
				layout := rapid.SampledFrom([]string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z"}).Draw(rt, "layout")
				prefix := rapid.SampledFrom([]string{"", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}).Draw(rt, "prefix")
				text += prefix + near(rt).Format(layout)
			}
		}
		q := query(rt, c, "Appointment", text)
		start := near(rt).UnixMicro()
		entry := search.Entry{Param: date, Lo: start, Hi: start + 1}
		spans := search.SpansOf(q.Where, date)
		inside := spans == nil
		for _, s := range spans {
			inside = inside || s.From <= start && start <= s.To
		}
		matches := search.Match(q, search.Document{Entries: []search.Entry{entry}}, nil)
		if matches && !inside {
			rt.Fatalf("%s matches %v, which is not in %v", text, time.UnixMicro(start).UTC(), spans)
		}
		if inside && !matches {
			misses++
		}
		hits++
	})
	// They need not be exact, but must be of use.
	if misses > hits/2 {
		t.Errorf("%d of %d instants are in the spans and do not match", misses, hits)
	}
}

func TestInstantsSort(t *testing.T) {
	times := []int64{search.NoStart, search.Earliest, -1, 0, 1, testNow.UnixMicro(), 1<<63 - 1}
	for i := 1; i < len(times); i++ {
		if a, b := instant(nil, times[i-1]), instant(nil, times[i]); bytes.Compare(a, b) >= 0 {
			t.Errorf("the key of %d does not stand before that of %d", times[i-1], times[i])
		}
	}
	if key := instant(nil, search.NoStart); !bytes.Equal(key, make([]byte, 8)) {
		t.Errorf("no time has the key %x, want zeros", key)
	}
}

// document extracts a resource.
func document(t *testing.T, c *search.Catalog, text string) search.Document {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := search.Extract(c, r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
