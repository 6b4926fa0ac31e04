package staffpages

import (
	"testing"
	"time"
)

// E65: what is small is hidden, and what is not says nothing of what is beside it.
func TestTallyShared(t *testing.T) {
	for n, want := range map[tally]string{0: "0", 1: "<5", 4: "<5", 5: "5", 7: "5", 8: "10", 12: "10", 13: "15", 1001: "1000"} {
		if got := n.shared().String(); got != want {
			t.Errorf("%d is shown as %s, want %s", n, got, want)
		}
	}
}

func TestFiguresShared(t *testing.T) {
	f := figures{Name: "Eyes", Appointments: 23, Cancelled: 3, Change: 6, Cancel: 0, Closed: 2, made: 6, took: []time.Duration{time.Hour, time.Minute}}
	got := f.share()
	if got.Name != "Eyes" || got.Appointments != 25 || got.Cancelled != few || got.Change != 5 || got.Cancel != 0 || got.Closed != few || got.Took() != "–" {
		t.Errorf("shared %+v", got)
	}
	if f.Cancelled != 3 || f.Took() == "–" {
		t.Errorf("the figures themselves are %+v", f)
	}
}
