package app

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"
)

// The board and the rules are those of the tables.
func TestBoardAndRules(t *testing.T) {
	b, err := grafanaBoard()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"grafana.json": string(b), "prometheus_rules.yaml": prometheusRules()} {
		file := filepath.Join("../../../testdata/golden", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, file); got != want {
			t.Errorf("%s is not what the tables give: run UPDATE_GOLDEN=1 go test ./server/internal/app", name)
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(prometheusRules()), &rules); err != nil || len(rules.Groups[0].Rules) != len(alertTable) {
		t.Fatalf("the rules are no YAML: %v", err)
	}
	for i, r := range rules.Groups[0].Rules {
		if r.Expr != alertTable[i].when {
			t.Errorf("%s reads as %q, want %q", r.Alert, r.Expr, alertTable[i].when)
		}
	}
}

var nameForm = regexp.MustCompile(`slotway_[a-z0-9_]+`)

// Every metric that is registered has a row, every row is registered, and alerts are
// about metrics that there are, with labels that they have.
func TestMetricTable(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	ch := make(chan *prometheus.Desc, 1000)
	a.metrics.registry.Describe(ch)
	close(ch)
	var registered []string
	for d := range ch {
		_, rest, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		if !strings.HasPrefix(name, "slotway_") {
			continue // of the runtime
		}
		registered = append(registered, name)
		if m := metricOf(name); !strings.Contains(d.String(), fmt.Sprintf("variableLabels: {%s}", strings.Join(m.labels, ","))) {
			t.Errorf("%v has other labels than %v", d, m.labels)
		}
	}
	for _, m := range metricTable {
		if !slices.Contains(registered, m.name) {
			t.Errorf("%s is in the table and not registered", m.name)
		}
	}
	for _, al := range alertTable {
		for _, name := range nameForm.FindAllString(al.when, -1) {
			base := strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_bucket")
			if !slices.Contains(registered, base) {
				t.Errorf("%s is about %s, which there is not", al.name, name)
			}
		}
		if al.means == "" || al.do == "" || al.lasts == "" {
			t.Errorf("%s does not say what it means and what to do", al.name)
		}
	}
}

// alertsTable writes the alerts as Markdown.
func alertsTable() string {
	var out strings.Builder
	out.WriteString("| Alert | Fires when, for | What it means | What to do |\n|---|---|---|---|\n")
	for _, a := range alertTable {
		name := a.name
		if a.page {
			name = "**" + name + "**"
		}
		fmt.Fprintf(&out, "| %s | `%s`, %s | %s | %s |\n", name, strings.ReplaceAll(a.when, "|", "\\|"), a.lasts, a.means, a.do)
	}
	return out.String()
}
