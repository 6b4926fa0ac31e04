package app

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/mappings"
)

// TestREADME holds the tables of the README equal to the tables of the program.
func TestREADME(t *testing.T) {
	const file = "../../../README.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(b)
	for name, text := range map[string]string{
		"params": search.Table(), "settings": settingsTable(t), "events": eventsTable(), "rules": rulesTable(), "operations": operationsTable(), "tellings": tellingsTable(), "codes": codesTable(), "alerts": alertsTable(), "faults": faultsTable(),
	} {
		begin := strings.Index(want, "<!-- "+name+":")
		end := strings.Index(want, "<!-- /"+name+" -->")
		if begin < 0 || end < begin {
			t.Fatalf("the README has no section %s", name)
		}
		begin += strings.Index(want[begin:], "\n") + 1
		want = want[:begin] + strings.TrimSpace(text) + "\n" + want[end:]
	}
	if want == string(b) {
		return
	}
	if os.Getenv("UPDATE_GOLDEN") == "" {
		t.Fatal("the README's tables are not those of the program: run UPDATE_GOLDEN=1 go test ./server/internal/app")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eventsTable writes the events of HL7 v2 as Markdown.
func eventsTable() string {
	var out strings.Builder
	out.WriteString("| Event | On | What it does |\n|---|---|---|\n")
	for _, e := range mappings.Events() {
		on := ""
		switch {
		case e.On:
			on = "yes"
		case e.Effect == mappings.EffectNone:
			on = "never"
		}
		fmt.Fprintf(&out, "| %s^%s | %s | %s |\n", e.Type, e.Code, on, e.Doc)
	}
	return out.String()
}

// faultsTable writes the refusals of messages as Markdown.
func faultsTable() string {
	var out strings.Builder
	out.WriteString("| MSA-1 | ERR-5 | ERR-3 | ERR-2 | When | Send it again |\n|---|---|---|---|---|---|\n")
	for _, f := range hl7bridge.Faults() {
		where := f.Where
		if where == "" {
			where = "the place"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", f.Code, f.App, f.HL7, where, f.Doc, f.Retry)
	}
	return out.String()
}

// operationsTable writes the operations and their parameters as Markdown.
func operationsTable() string {
	var out strings.Builder
	out.WriteString("| Operation | Parameter | Type | What it is |\n|---|---|---|---|\n")
	for _, o := range fhir.Operations() {
		at := ""
		if o.Type {
			at = "`[type]/$" + o.Name + "`"
		}
		if o.Instance {
			at = strings.TrimPrefix(at+" `[type]/[id]/$"+o.Name+"`", " ")
		}
		if o.Types != nil {
			at = strings.ReplaceAll(at, "[type]", o.Types[0])
		}
		fmt.Fprintf(&out, "| %s | | | %s |\n", at, o.Doc)
		for _, p := range o.Params {
			if !p.Out {
				fmt.Fprintf(&out, "| | `%s` | %s %d..%s | %s |\n", p.Name, p.Type, p.Min, p.Max, p.Doc)
			}
		}
	}
	return out.String()
}

// rulesTable writes the fields of HL7 v2 and their elements as Markdown.
func rulesTable() string {
	var out strings.Builder
	out.WriteString("| Field | Element | What it is |\n|---|---|---|\n")
	for _, r := range mappings.Rules() {
		fmt.Fprintf(&out, "| %s | `%s` | %s |\n", r.From, r.To, r.Doc)
	}
	return out.String()
}

// codesTable writes the fields whose codes can be mapped, and what is known of them.
func codesTable() string {
	var out strings.Builder
	out.WriteString("| Field | What it is | Becomes one of | Known for every sender |\n|---|---|---|---|\n")
	for _, f := range mappings.CodeFields() {
		into, known := "any code of any system", []string{}
		if f.Into != nil {
			into = strings.Join(f.Into, ", ")
		}
		for _, code := range slices.Sorted(maps.Keys(f.Known)) {
			to := f.Known[code]
			if !slices.Contains(f.Into, to) {
				to = "refused"
			}
			known = append(known, code+" → "+to)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", f.Field, f.Doc, into, strings.Join(known, ", "))
	}
	return out.String()
}

// tellingsTable writes what outbound messages say as Markdown.
func tellingsTable() string {
	var out strings.Builder
	out.WriteString("| Field | Element | What it is |\n|---|---|---|\n")
	for _, r := range mappings.Tellings() {
		fmt.Fprintf(&out, "| %s | `%s` | %s |\n", r.To, r.From, r.Doc)
	}
	return out.String()
}

// settingsTable writes the settings of serve as Markdown.
func settingsTable(t *testing.T) string {
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("SLOTWAY"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("| flag | environment | meaning |\n|---|---|---|\n")
	for _, cmd := range parser.Model.Children {
		if cmd.Name != "serve" {
			continue
		}
		for _, f := range cmd.Flags {
			fmt.Fprintf(&out, "| `--%s` | `%s` | %s |\n", f.Name, strings.Join(f.Envs, ", "), f.Help)
		}
	}
	return out.String()
}
