package intake_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/journal"
)

// life is what a simple model says of one appointment: what its messages, in the
// order in which they came, must make of it.
type life struct {
	placer, nhs, born string
	last              time.Time // MSH-7 of the last that was applied
	known             bool
	status, start     string
	subject, url      string
	held              []said
	seen              map[string]bool // messages that were answered AA, by their text
}

// said is one message as the model understands it.
type said struct {
	event, text         string
	sent                time.Time
	start, subject, url string // empty where nothing is sent
	fits                bool   // the date of birth is right
	broken              bool   // it must be refused, whatever else
}

// take says what must become of a message, and lets it have its effect.
func (l *life) take(m said) journal.State {
	switch {
	case m.broken:
		return journal.Refused
	case l.seen[m.text]:
		return journal.Repeated
	case m.sent.Before(l.last):
		l.seen[m.text] = true
		return journal.Stale
	}
	if m.fits {
		for _, h := range l.held { // they are released before it
			if !h.sent.Before(l.last) {
				_ = l.apply(h) // one that cannot be carried out says so in its item
			}
		}
		l.held = nil
		if m.sent.Before(l.last) { // one of them was newer
			l.seen[m.text] = true
			return journal.Stale
		}
	} else if len(l.held) > 0 || l.can(m) {
		l.held, l.seen[m.text] = append(l.held, m), true
		return journal.Held
	}
	state := l.apply(m)
	l.seen[m.text] = l.seen[m.text] || state != journal.Refused
	return state
}

// can says whether a message could be carried out now.
func (l *life) can(m said) bool {
	if !l.known {
		return m.event == "S12" || m.event == "S13"
	}
	return l.status != "entered-in-error"
}

func (l *life) apply(m said) journal.State {
	if !l.can(m) {
		return journal.Refused
	}
	was := *l
	switch m.event {
	case "S12":
		l.status, l.start, l.subject = "booked", m.start, or(m.subject, "Appointment")
	case "S13":
		if !l.known {
			l.subject = "Appointment"
		}
		l.status, l.start = "booked", m.start
	case "S14":
		l.subject = or(m.subject, l.subject)
	case "S15":
		l.status = "cancelled"
	case "S26":
		l.status = "noshow"
	case "S17":
		l.status = "entered-in-error"
	}
	if m.event == "S12" || m.event == "S13" || m.event == "S14" {
		l.url = or(m.url, l.url)
	}
	l.known, l.last = true, m.sent
	if was.known && was.status == l.status && was.start == l.start && was.subject == l.subject && was.url == l.url {
		return journal.Unchanged
	}
	return journal.Applied
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// day makes the messages of a day about one appointment, in the order in which they
// come: mostly right, some late, some twice, some about another date of birth, some
// broken.
func (l *life) day(r *rand.Rand, began time.Time, n int) (out []said) {
	sent := began
	events := []string{"S12", "S13", "S13", "S14", "S14", "S14", "S15", "S26", "S12", "S17"}
	for i := range n {
		sent = sent.Add(time.Duration(1+r.IntN(60)) * time.Second)
		m := said{event: events[r.IntN(len(events))], sent: sent, fits: r.IntN(8) > 0}
		if i == 0 && r.IntN(4) > 0 {
			m.event = "S12"
		}
		if m.event == "S17" && r.IntN(4) > 0 {
			m.event = "S15"
		}
		if r.IntN(10) == 0 {
			m.sent = sent.Add(-time.Duration(r.IntN(300)) * time.Second) // it was held up
		}
		if m.event == "S12" || m.event == "S13" {
			m.start = time.Date(2026, 6, 1+r.IntN(20), 8+r.IntN(9), 15*r.IntN(4), 0, 0, time.UTC).Format("2006-01-02T15:04:05.000+00:00")
		}
		if m.event == "S12" || m.event == "S14" && r.IntN(2) == 0 {
			m.subject = fmt.Sprintf("Clinic %d", r.IntN(5))
		}
		if r.IntN(3) == 0 {
			m.url = fmt.Sprintf("https://appointments-r-us.co.uk/m?a=%d&b=%d", r.IntN(3), r.IntN(3))
		}
		l.write(r, &m, i)
		if out = append(out, m); r.IntN(10) == 0 {
			out = append(out, out[r.IntN(len(out))]) // the answer was lost
		}
	}
	return out
}

// write writes the message down.
func (l *life) write(r *rand.Rand, m *said, i int) {
	born := l.born
	if !m.fits {
		born = "19010101"
	}
	sch := "SCH|" + l.placer + "||||||" + map[bool]string{true: "^" + m.subject}[m.subject != ""]
	if m.start != "" {
		at, _ := time.Parse("2006-01-02T15:04:05.000+00:00", m.start)
		sch += "||||^^^" + at.Format("20060102150405+0000")
	}
	segs := []string{sch, "PID|||" + l.nhs + "^^^NHS^NH||Day^Pat||" + born}
	if m.url != "" {
		segs = append(segs, "ZAP|"+m.url)
	}
	m.broken = r.IntN(12) == 0
	alias, event := "trustalias{trustalias}", "SIU^"+m.event
	if m.broken {
		switch r.IntN(7) {
		case 0:
			segs = slices.Delete(segs, 1, 2) // no PID
		case 1:
			segs[0] = "SCH|"
		case 2:
			event = "SIU^S99"
		case 3:
			alias = "nobody{trustalias}"
		case 4:
			segs = append(segs, "ZAP|javascript:alert(1)")
			if m.event == "S15" || m.event == "S26" || m.event == "S17" {
				event = "ORU^R01" // ZAP is not asked there
			}
		case 5:
			segs = append(segs, segs[0])
		case 6:
			segs[1] = strings.Replace(segs[1], "999", "998", 1) // the check digit
		}
	}
	control := fmt.Sprintf("%s-%d", l.placer, i)
	m.text = strings.Join(append([]string{`MSH|^~\&|PAS|` + alias + `|HL7API|PKB|` + m.sent.Format("20060102150405") + `||` + event + `|` + control + `|P|2.5.1`}, segs...), "\r") + "\r"
}
