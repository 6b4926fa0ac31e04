package r4

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir/fhirtest"
)

// fact is an element as HL7's definition states it, in testdata/fhir.
type fact struct{ Cardinality, Types, Flags, Codes string }

// facts reads HL7's definitions: the elements by path, and the keys of the
// invariants, with W for a warning, by the path they are stated on.
func facts(t *testing.T) (elements map[string]fact, rules map[string][]string) {
	t.Helper()
	elements, rules = map[string]fact{}, map[string][]string{}
	for line := range strings.Lines(string(fhirtest.Read(t, "fhir", "r4-elements.txt"))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 6 {
			t.Fatalf("a line that is no fact: %s", line)
		}
		if strings.Contains(f[0], ".") {
			elements[f[0]] = fact{f[1], f[2], f[3], f[4]}
		}
		if f[5] != "-" {
			rules[f[0]] = strings.Split(f[5], ",")
		}
	}
	return elements, rules
}

// factOf gives a row as HL7 would state it.
func factOf(row element) fact {
	f := fact{strconv.Itoa(row.min) + "..", strings.ReplaceAll(row.types, "|", ","), "", "-"}
	if row.max == many {
		f.Cardinality += "*"
	} else {
		f.Cardinality += strconv.Itoa(row.max)
	}
	if row.flags&summary != 0 {
		f.Flags += "S"
	}
	if row.flags&modifier != 0 {
		f.Flags += "M"
	}
	if f.Flags == "" {
		f.Flags = "-"
	}
	switch {
	case row.path == "id" || strings.HasSuffix(row.path, ".id"):
		f.Types = "System.String"
	case row.types == "Reference" && row.of == "":
		f.Types += "(Resource)"
	case row.types == "Reference":
		f.Types += "(" + row.of + ")"
	case row.of != "":
		f.Codes = row.of
	}
	return f
}

// TestTablesAgreeWithHL7 holds every row of the element tables to HL7's own
// definition of the type, and the other way round.
func TestTablesAgreeWithHL7(t *testing.T) {
	want, _ := facts(t)
	got := map[string]fact{}
	for typ, rows := range resources {
		for _, row := range slices.Concat(resourceBase, rows) {
			got[typ+"."+row.path] = factOf(row)
			if row.types != "BackboneElement" {
				continue
			}
			for _, base := range backboneBase {
				base.path = row.path + "." + base.path
				got[typ+"."+base.path] = factOf(base)
			}
		}
	}
	for path := range want {
		if strings.HasPrefix(path, "Resource.") || strings.HasPrefix(path, "DomainResource.") {
			delete(want, path)
		}
	}
	sortTargets := func(f fact) fact {
		if before, in, ok := strings.Cut(strings.TrimSuffix(f.Types, ")"), "("); ok {
			targets := strings.Split(in, "|")
			slices.Sort(targets)
			f.Types = before + "(" + strings.Join(targets, "|") + ")"
		}
		return f
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("sortTargets", sortTargets)); diff != "" {
		t.Errorf("(-HL7 +table):\n%s", diff)
	}
}

// TestRulesAgreeWithHL7 finds every invariant that HL7 states on our types among
// the invariants, with its severity.
func TestRulesAgreeWithHL7(t *testing.T) {
	_, stated := facts(t)
	for path, keys := range stated {
		typ, _, _ := strings.Cut(path, ".")
		if typ == "Resource" || typ == "DomainResource" {
			continue
		}
		for _, key := range keys {
			key, warn := strings.CutSuffix(key, "W")
			if !hasRule(path, key, warn) {
				t.Errorf("%s is not asked of %s (warning: %t)", key, path, warn)
			}
		}
	}
}

// hasRule says whether a rule is asked of the objects at a path.
func hasRule(path, key string, warn bool) bool {
	if strings.HasSuffix(path, "xtension") {
		path = "Extension"
	}
	has := func(shape, at string) bool {
		return slices.ContainsFunc(invariants[shape], func(r invariant) bool {
			return r.key == key && r.warn == warn && (at == "" || r.at == at)
		})
	}
	if has(path, "") {
		return true
	}
	i := strings.LastIndexByte(path, '.')
	return i > 0 && has(path[:i], path[i+1:])
}
