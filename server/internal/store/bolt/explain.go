package bolt

import (
	"fmt"
	"strings"

	"slotway/fhir/search"
)

// explain adds to the plan how one customer's resources were searched: which
// clause led the way, over which keys, and how many were read, looked into and
// matched. It names parameters and counts, and shows no value of anything.
func (w *walk) explain(f *finder, t *trail, narrowed bool, looked, matched int) {
	var b strings.Builder
	switch {
	case !narrowed:
		fmt.Fprintf(&b, "No index narrows the search: every %s is a candidate", w.q.Type)
	case t.by < 0 && t.scan == nil:
		fmt.Fprintf(&b, "There is no %s", w.q.Type)
	case t.by < 0:
		b.WriteString("Led by status and date")
	default:
		fmt.Fprintf(&b, "Led by %s", &w.q.Where[t.by])
	}
	if sc := t.scan; sc != nil {
		fmt.Fprintf(&b, "; index of %s", sc.row)
		if len(sc.row.leads) > 0 {
			fmt.Fprintf(&b, ", %s", counted(len(sc.leads), "value"))
		}
		if sc.states != nil {
			fmt.Fprintf(&b, ", %s", counted(len(sc.states), "status", "statuses"))
		}
		if sc.spans != nil {
			fmt.Fprintf(&b, ", %s", counted(len(sc.spans), "range of dates", "ranges of dates"))
		}
	}
	fmt.Fprintf(&b, "; %s read, %s looked into, %d matched.", counted(f.keys, "key"), counted(looked, "candidate"), matched)
	w.plan = append(w.plan, b.String())
}

// String names the parameters that a key of the row says something of.
func (b *bound) String() string {
	var names []string
	for _, p := range b.leads {
		names = append(names, p.Name)
	}
	for _, p := range []*search.Param{b.status, b.date} {
		if p != nil {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

// counted gives a number of things.
func counted(n int, names ...string) string {
	switch {
	case n == 1:
		return "1 " + names[0]
	case len(names) > 1:
		return fmt.Sprint(n, " ", names[1])
	}
	return fmt.Sprint(n, " ", names[0], "s")
}
