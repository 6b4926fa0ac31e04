package app

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The board for Grafana and the rules for Prometheus follow from the tables of metrics
// and alerts; testdata/golden has them as files.

type board struct {
	Title         string   `json:"title"`
	UID           string   `json:"uid"`
	SchemaVersion int      `json:"schemaVersion"`
	Tags          []string `json:"tags"`
	Time          struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"time"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		H int `json:"h"`
		W int `json:"w"`
		X int `json:"x"`
		Y int `json:"y"`
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []target `json:"targets"`
}

type target struct {
	RefID  string `json:"refId"`
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

// grafanaBoard makes a panel or two of every metric, two in a row.
func grafanaBoard() ([]byte, error) {
	b := board{Title: "Slotway", UID: "slotway", SchemaVersion: 39, Tags: []string{"slotway"}}
	b.Time.From, b.Time.To = "now-6h", "now"
	add := func(title, help, unit, expr string, by []string) {
		p := panel{ID: len(b.Panels) + 1, Type: "timeseries", Title: title, Description: help}
		p.GridPos.H, p.GridPos.W, p.GridPos.X, p.GridPos.Y = 8, 12, 12*(len(b.Panels)%2), 8*(len(b.Panels)/2)
		p.FieldConfig.Defaults.Unit = unit
		var legend []string
		for _, l := range by {
			legend = append(legend, "{{"+l+"}}")
		}
		p.Targets = []target{{"A", expr, strings.Join(legend, " ")}}
		b.Panels = append(b.Panels, p)
	}
	for _, m := range metricTable {
		by := strings.Join(m.labels, ", ")
		switch m.kind {
		case histogram:
			add(m.name+": a second", m.help, "reqps", fmt.Sprintf("sum by (%s) (rate(%s_count[5m]))", by, m.name), m.labels)
			first := m.labels[0]
			add(m.name+": slowest in a hundred", m.help, "s", fmt.Sprintf("histogram_quantile(0.99, sum by (%s, le) (rate(%s_bucket[5m])))", first, m.name), m.labels[:1])
		case counter:
			add(m.name+": a second", m.help, "reqps", fmt.Sprintf("sum by (%s) (rate(%s[5m]))", by, m.name), m.labels)
		case gauge:
			unit := "short"
			if strings.HasSuffix(m.name, "_seconds") {
				unit = "s"
			}
			add(m.name, m.help, unit, m.name, m.labels)
		}
	}
	out, err := json.MarshalIndent(b, "", "  ")
	return append(out, '\n'), err
}

// prometheusRules writes the alerts as Prometheus reads them: YAML, in which a JSON
// text is a text.
func prometheusRules() string {
	var out strings.Builder
	out.WriteString("groups:\n  - name: slotway\n    rules:\n")
	for _, a := range alertTable {
		severity := "ticket"
		if a.page {
			severity = "page"
		}
		fmt.Fprintf(&out, "      - alert: %s\n        expr: %s\n        for: %s\n        labels: {severity: %s}\n        annotations: {summary: %s}\n",
			a.name, quoted(a.when), a.lasts, severity, quoted(a.means))
	}
	return out.String()
}

// quoted writes a text as JSON does, which cannot fail for a text.
func quoted(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text)
	return strings.TrimSpace(out.String())
}
