package app

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"slotway/server/internal/dispatch"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// At a quiet point the metrics' sums are the truth: every message that came in has one
// outcome, and of each outcome there are as many as the journal has
// (security-reliability R61).
func TestMetricsEqualTruth(t *testing.T) {
	w := newWard(t)
	w.send("trustalias", "ADT^A28", "person", wardPID)
	const senders, each = 6, 25
	for range 3 {
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for range each {
					w.sendAnything()
				}
			})
		}
		wg.Wait()
		checkTruth(t, w.a)
	}
	outcomes := sumBy(t, w.a, messageSeconds, "answer")
	for _, want := range []string{"AA", "HELD", "STALE", "REPEATED"} {
		if outcomes[want] == 0 {
			t.Errorf("no message was %s: %v", want, outcomes)
		}
	}
}

// sendAnything sends something that is carried out, held, stale, sent again, or refused.
func (w *ward) sendAnything() {
	control := fmt.Sprint("c-", rand.IntN(40))
	book := fmt.Sprintf("SCH|R%d||||||^Review||||^^^2026060110%02d00", rand.IntN(5), rand.IntN(60))
	pid := wardPID
	if rand.IntN(4) == 0 {
		pid = wardOther
	}
	switch rand.IntN(6) {
	case 0:
		w.send("trustalias", "SIU^S99", control, book, pid)
	case 1:
		w.send("nobody", "SIU^S12", control, book, pid)
	case 2:
		w.send("trustalias", "SIU^S14", control, "SCH|unknown", pid)
	case 3:
		w.send("trustalias", "SIU^S12", control, "SCH|again||||||^Review||||^^^20260601110000", pid)
	case 4:
		w.sendOld(control, book, pid)
	default:
		w.send("trustalias", "SIU^S12", control, book, pid)
	}
}

// sendOld sends a message that was written before those of send.
func (w *ward) sendOld(control, book, pid string) {
	w.t.Helper()
	link := dispatch.HTTP(w.d.base+"/hl7", "partner_demo", demoPassword, nil)
	raw := segments(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|202501010000||SIU^S12|`+control+`|P|2.5.1`, book, pid)
	if _, err := link.Send(w.t.Context(), []byte(raw)); err != nil {
		w.t.Error(err)
	}
}

// checkTruth compares the metrics with the journal.
func checkTruth(t *testing.T, a *App) {
	t.Helper()
	want := map[string]float64{}
	total := 0.0
	for after := ""; ; {
		records, err := a.store.Log(t.Context(), journal.Stream, store.LogRange{After: after, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		after = records[len(records)-1].At
		for _, r := range records {
			var e journal.Entry
			if err := json.Unmarshal(r.Data, &e); err != nil {
				t.Fatal(err)
			}
			if e.Act == journal.Receipt {
				want[outcomeOf(e.State)]++
				total++
			}
		}
	}
	got := map[string]float64{}
	for answer, n := range sumBy(t, a, messageSeconds, "answer") {
		switch answer {
		case "AA", "HELD", "STALE", "REPEATED", "REPLY":
		default:
			answer = "refused"
		}
		got[answer] += n
	}
	for _, outcome := range []string{"AA", "HELD", "STALE", "REPEATED", "REPLY", "refused"} {
		if got[outcome] != want[outcome] {
			t.Errorf("%v messages are %s by the metrics, %v by the journal", got[outcome], outcome, want[outcome])
		}
	}
	if came := sumBy(t, a, messagesCame, "partner")["partner_demo"]; came != total {
		t.Errorf("%v messages came in by the metrics, %v by the journal", came, total)
	}
}

// outcomeOf gives the outcome of the metrics that a state of the journal is.
func outcomeOf(s journal.State) string {
	switch s {
	case journal.Applied, journal.Unchanged, journal.Dropped:
		return "AA"
	case journal.Held:
		return "HELD"
	case journal.Stale:
		return "STALE"
	case journal.Repeated:
		return "REPEATED"
	case journal.Reply:
		return "REPLY"
	}
	return "refused"
}

// sumBy adds up the counts of a metric, by one of its labels.
func sumBy(t *testing.T, a *App, name, label string) map[string]float64 {
	t.Helper()
	families, err := a.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			out[labelOf(m, label)] += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// Readiness is a metric, too.
func TestReadyMetric(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	for _, want := range []float64{1, 0} {
		families, err := a.metrics.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == serverReadiness && f.GetMetric()[0].GetGauge().GetValue() != want {
				t.Errorf("%s is %v, want %v", serverReadiness, f.GetMetric()[0], want)
			}
		}
		why := "on purpose"
		a.starting.Store(&why)
	}
}
