package search

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fhir-search 7.8 and 10.3, E17 to E19.
func TestSort(t *testing.T) {
	c := catalogIn(t, "UTC")
	all := fixture(t, c)
	tests := []struct{ typ, query, want string }{
		{"Appointment", "status=booked&_sort=date", "a07 a09 a10 a01 a03 a05"},
		{"Appointment", "status=booked&_sort=-date", "a05 a03 a01 a10 a09 a07"},
		{"Appointment", "_sort=date&_id=a01,a06,a14,a12", "a12 a01 a06 a14"},
		{"Appointment", "_sort=-date&_id=a01,a06,a14,a12", "a01 a12 a06 a14"},
		{"Appointment", "_sort=status,-date&status=booked,arrived", "a11 a05 a03 a01 a10 a09 a07"},
		{"Patient", "_sort=family", "p1 dup p2 p3 p4"},
		{"Patient", "_sort=-birthdate", "p2 p3 p1 dup p4"},
		{"Schedule", "_sort=date", "sc1 sc4 sc2 sc3"},
		{"Location", "_sort=-name", "l1 l2"},
		{"Slot", "_sort=schedule,-_id", "s4 s3 s2 s1 s5 s6"},
	}
	for _, tc := range tests {
		if got := strings.Join(all.search(parse(t, c, tc.typ, tc.query).Query), " "); got != tc.want {
			t.Errorf("%s?%s = %s, want %s", tc.typ, tc.query, got, tc.want)
		}
	}
}

// naive compares as the rules say, one key after another.
func naive(q Query, a, b Document, customerA, customerB string) int {
	for _, o := range q.Sort {
		x, y := firstOf(o, a), firstOf(o, b)
		switch {
		case x == nil && y == nil:
			continue
		case x == nil:
			return 1
		case y == nil:
			return -1
		}
		if r := compareEntries(o, x, y); r != 0 {
			return r
		}
	}
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(customerA, customerB))
}

func firstOf(o Order, d Document) *Entry {
	var values []*Entry
	for i := range d.Entries {
		if e := &d.Entries[i]; e.Param == o.Param && (e.Param.Kind != String || e.Exact != "") {
			values = append(values, e)
		}
	}
	if values == nil {
		return nil
	}
	return slices.MinFunc(values, func(x, y *Entry) int { return compareEntries(o, x, y) })
}

func compareEntries(o Order, x, y *Entry) int {
	r := 0
	switch o.Param.Kind {
	case Date:
		r = cmp.Compare(x.Lo, y.Lo)
	case Token:
		r = cmp.Or(cmp.Compare(cmp.Or(x.Code, x.Text), cmp.Or(y.Code, y.Text)), cmp.Compare(x.System, y.System))
	case String:
		r = cmp.Or(cmp.Compare(x.Folded, y.Folded), cmp.Compare(x.Exact, y.Exact))
	case Reference:
		r = cmp.Or(cmp.Compare(cmp.Or(x.Ref.Type, x.URL+x.Fragment), cmp.Or(y.Ref.Type, y.URL+y.Fragment)), cmp.Compare(cmp.Or(x.Ref.ID, x.Code), cmp.Or(y.Ref.ID, y.Code)))
	}
	if o.Desc {
		return -r
	}
	return r
}

func TestSortKeyIsTheOrder(t *testing.T) {
	c := catalogIn(t, "UTC")
	rapid.Check(t, func(t *rapid.T) {
		typ := one(t, "type", "Appointment", "Patient", "Schedule")
		var q Query
		for range rapid.IntRange(0, 3).Draw(t, "keys") {
			q.Sort = append(q.Sort, Order{byName[typ][one(t, "key", randomParams[typ]...)], rapid.Bool().Draw(t, "descending")})
		}
		draw := func() (Document, string) {
			all := drawMemory(t, c)
			d, _ := all.Document(Ref{typ, one(t, "which", "1", "2")})
			d.ID = one(t, "id", "a", "a.b", "ab", "b")
			return d, one(t, "customer", "", "x", "x\x00", "x\x00y", "xy")
		}
		a, customerA := draw()
		b, customerB := draw()
		want := naive(q, a, b, customerA, customerB)
		if got := bytes.Compare(SortKey(q, a, customerA), SortKey(q, b, customerB)); got != want {
			t.Errorf("the keys compare as %d, want %d, for %+v of\n%+v\n%+v", got, want, q.Sort, a, b)
		}
	})
}

func TestSortedDate(t *testing.T) {
	c := catalogIn(t, "UTC")
	date, _ := c.Lookup("Appointment", "date")
	for _, at := range []int64{Earliest, -1, 0, 1761382800000000, NoEnd - 1} {
		for _, desc := range []bool{false, true} {
			q := Query{Type: "Appointment", Sort: []Order{{date, desc}}}
			d := Document{Ref: Ref{"Appointment", "x"}, Entries: []Entry{{Param: date, Lo: at, Hi: at + 1}}}
			if got, ok := SortedDate(&q, SortKey(q, d, "a")); !ok || got != at {
				t.Errorf("SortedDate() = %d, %v; want %d (descending: %v)", got, ok, at, desc)
			}
			d.Entries = nil
			if got, ok := SortedDate(&q, SortKey(q, d, "a")); ok {
				t.Errorf("SortedDate() of what has none = %d", got)
			}
		}
	}
}
