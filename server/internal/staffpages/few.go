package staffpages

import "strconv"

// tally is a number of a report. In a report that is to be shared, numbers that are so
// small that they may point at somebody are hidden, and the others are rounded, so that
// none can be worked out of those beside it.
type tally int

// few stands for a number from 1 to least-1.
const few tally = -1

// least is the smallest number that is shown in a report that is to be shared, and what
// the others are rounded to.
const least = 5

// String writes the number.
func (t tally) String() string {
	if t == few {
		return "<" + strconv.Itoa(least)
	}
	return strconv.Itoa(int(t))
}

// shared gives the number as it is in a report that is to be shared.
func (t tally) shared() tally {
	if t > 0 && t < least {
		return few
	}
	return (t + least/2) / least * least
}

// size is the length of what a number is drawn as.
func (t tally) size() float64 { return float64(max(0, t)) }

// share gives the figures as they are in a report that is to be shared.
func (f figures) share() figures {
	f.made = f.made.shared()
	for _, t := range []*tally{&f.Appointments, &f.Cancelled, &f.Change, &f.Cancel, &f.Closed} {
		*t = t.shared()
	}
	if f.Closed == few {
		f.took = nil
	}
	return f
}

// sharing gives figures one by one, as the report is to have them.
func sharing(all []figures, share bool) []figures {
	if !share {
		return all
	}
	out := make([]figures, len(all))
	for i := range all {
		out[i] = all[i].share()
	}
	return out
}
