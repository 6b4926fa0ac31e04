package mappings

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"
	_ "time/tzdata"

	"golang.org/x/tools/txtar"

	"slotway/fhir/fhirtest"
	"slotway/hl7bridge/hl7"
)

// messages gives the messages of testdata/hl7, by file. Package hl7bridge tests
// what becomes of each; here they show that every row of every table has one.
func messages(t testing.TB) map[string]*hl7.Message {
	t.Helper()
	files, err := filepath.Glob(fhirtest.Testdata("hl7", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string]*hl7.Message)
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name != "message.hl7" {
				continue
			}
			if m, err := hl7.Parse(bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r"))); err == nil {
				list[filepath.Base(file)] = m
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("there are no cases in testdata/hl7")
	}
	return list
}

func london(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// message makes a message of segments after MSH.
func message(t testing.TB, event string, segments ...string) *hl7.Message {
	t.Helper()
	text := `MSH|^~\&|app|a{a}|HL7API|PKB|20260512100000||` + event + `|1|P|2.5.1`
	for _, s := range segments {
		text += "\r" + s
	}
	m, err := hl7.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const pid = "PID|||9990000018^^^NHS^NH||Sample^Wren"

// TestEveryRuleHasCase holds design 2.9: a row without a case fails.
func TestEveryRuleHasCase(t *testing.T) {
	used := make(map[string]bool)
	for _, m := range messages(t) {
		_, _ = read(m, Options{Zone: london(t), Habits: Habits{Contacts: true, Orders: true}}, func(r *Rule) { used[r.From.String()] = true }) // refused ones count too
	}
	seen := make(map[string]bool)
	for _, rule := range Rules() {
		from := rule.From.String()
		if !used[from] {
			t.Errorf("rule %s is used by no case in testdata/hl7", from)
		}
		if seen[from] {
			t.Errorf("there are two rules for %s", from)
		}
		seen[from] = true
		if rule.Doc == "" {
			t.Errorf("rule %s has no Doc", from)
		}
	}
}

func TestEveryEventHasCase(t *testing.T) {
	used := make(map[string]bool)
	for _, m := range messages(t) {
		if e, err := EventOf(m); err == nil {
			used[e.String()] = true
		}
	}
	for _, e := range Events() {
		if !used[e.String()] {
			t.Errorf("event %s is used by no case in testdata/hl7", &e)
		}
		if e.Doc == "" {
			t.Errorf("event %s has no Doc", &e)
		}
		if (e.Effect == EffectStatus) != (e.Status != "") {
			t.Errorf("event %s: Status = %q does not go with its Effect", &e, e.Status)
		}
		if e.On && e.Effect == EffectNone {
			t.Errorf("event %s is on and does nothing", &e)
		}
	}
}
