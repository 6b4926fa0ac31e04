package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/server/internal/audit"
	"slotway/server/internal/dispatch"
	"slotway/server/internal/journal"
)

// quiet sends some messages, known, new, and refused, and compares what the metrics say
// of this process's life with what the journal has from then on, when all is quiet.
func (l *mixed) quiet(c *client, p *process) {
	l.t.Helper()
	before := journalOf(l.t, c)
	if before == nil {
		before = map[string]string{}
	}
	link := dispatch.MLLP(p.mllp, nil)
	defer link.Close()
	sent := 0
	send := func(text string) string {
		l.t.Helper()
		ack, err := link.Send(l.t.Context(), []byte(text))
		if err != nil {
			l.t.Fatal(err)
		}
		sent++
		a, _ := dispatch.ReadAnswer(ack)
		return a.Code
	}
	for s := range senders {
		if n := l.taken(s); n > 0 { // again
			_, text := told(s, n-1)
			if code := send(text); code != "AA" {
				l.t.Errorf("a message again is answered %s", code)
			}
		}
		if !l.tell(link, s) {
			l.t.Fatal("no message is taken")
		}
		sent++
		_, text := told(s, l.taken(s))
		if code := send(strings.Replace(text, "SIU^S", "SIU^X", 1)); code != "AR" {
			l.t.Errorf("a message that nobody knows is answered %s", code)
		}
	}
	want := map[string]int{}
	for id, state := range journalOf(l.t, c) {
		if _, old := before[id]; !old {
			want[state]++
		}
	}
	came, got := metricsOf(l.t, p)
	if came != sent || got["AA"] != want["applied"] || got["REPEATED"] != want["repeated"] || got["refused"] != want["refused"] || got["AA"]+got["REPEATED"]+got["refused"] != came {
		l.t.Errorf("%d messages were sent; by the metrics %d came: %v; by the journal %v", sent, came, got, want)
	}
}

// journalOf gives the states of the newest entries of the journal, by id: as many as
// two quiet rounds have.
func journalOf(t *testing.T, c *client) map[string]string {
	t.Helper()
	r := c.must(t, http.StatusOK, http.MethodGet, "/messages?"+url.Values{"_count": {"100"}}.Encode(), nil)
	var page struct{ Messages []journal.Entry }
	if err := json.Unmarshal(r.body, &page); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, e := range page.Messages {
		states[e.ID] = string(e.State)
	}
	return states
}

// metricsOf gives how many messages came to a process, and how many had which outcome.
func metricsOf(t *testing.T, p *process) (came int, outcomes map[string]int) {
	t.Helper()
	text := watch(t, p)
	outcomes = map[string]int{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		var n int
		_, _ = fmt.Sscan(value, &n)
		switch {
		case strings.HasPrefix(name, "slotway_hl7_received_total{"):
			came += n
		case strings.HasPrefix(name, "slotway_hl7_message_seconds_count{"):
			_, answer, _ := strings.Cut(name, `answer="`)
			answer, _, _ = strings.Cut(answer, `"`)
			if !slices.Contains([]string{"AA", "HELD", "STALE", "REPEATED", "REPLY"}, answer) {
				answer = "refused"
			}
			outcomes[answer] += n
		}
	}
	return came, outcomes
}

// wholeAudit looks whether the chain of the audit is whole (R57).
func wholeAudit(t *testing.T, c *client) {
	t.Helper()
	var got audit.Verdict
	r := c.must(t, http.StatusOK, http.MethodGet, "/audit/verify", nil)
	if err := json.Unmarshal(r.body, &got); err != nil || got.Break != "" || got.Trimmed || got.Seals == 0 && got.Open == 0 {
		t.Errorf("the chain of the audit: %v %s", err, r.body)
	}
}
