package faults

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Each kill comes after about so many messages, of so many senders.
const (
	perKill = 100
	senders = 4
)

// slowStart is how long a server may take until it is ready again.
const slowStart = 2 * time.Second

// A server is killed again and again while it takes messages and bookings. What it
// acknowledged is there, once, whatever was sent again; it is soon ready; and whenever
// all is quiet its metrics say what its journal does (R16, R61, figure "kill -9").
func TestKillUnderLoad(t *testing.T) {
	kills := size(t, 6, 2000)
	dir := t.TempDir()
	l := newMixed(t, senders, 2)
	var starts, worked []time.Duration
	for round := range kills {
		p := start(t, dir, nil)
		starts, worked = append(starts, p.started), append(worked, p.worked)
		c := login(t, p)
		if round%10 == 5 {
			l.quiet(c, p)
		}
		killed := make(chan struct{})
		wg := l.run(p, c, round, 0, killed)
		l.wait(perKill/2 + rand.IntN(perKill))
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // anywhere in a commit
		p.kill()
		close(killed)
		wg.Wait()
		if round%max(1, kills/10) == 0 {
			t.Logf("%d kills, %d messages acknowledged", round+1, l.messages())
		}
	}
	slices.Sort(starts)
	slices.Sort(worked)
	median, most := starts[len(starts)/2], starts[len(starts)-1]
	t.Logf("%d kills; ready again after %v, 99 of 100 after %v, at most %v, with at most %v of a processor", kills, median.Round(time.Millisecond), starts[len(starts)*99/100].Round(time.Millisecond), most.Round(time.Millisecond), worked[len(worked)-1])
	if starts[len(starts)*9/10] > slowStart {
		t.Errorf("one of ten restarts takes longer than %v", slowStart)
	}
	p := start(t, dir, nil)
	c := login(t, p)
	l.check(c)
	l.quiet(c, p)
	wholeAudit(t, c)
}
