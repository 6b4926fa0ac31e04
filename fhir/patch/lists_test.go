package patch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
)

// given is one element of a list of primitives: a value, an id beside it, or
// both; an empty text is none.
type given struct{ Value, ID string }

// TestListsAreTheModels changes a list of primitives, some with ids beside them,
// at random, and compares with a plain list of pairs: each id stays with its
// value.
func TestListsAreTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		draw := func() given {
			n++
			g := given{fmt.Sprintf("v%d", n), fmt.Sprintf("i%d", n)}
			switch rapid.IntRange(0, 3).Draw(t, "has") {
			case 0:
				g.ID = ""
			case 1:
				g.Value = ""
			}
			return g
		}
		var model []given
		for range rapid.IntRange(0, 4).Draw(t, "size") {
			model = append(model, draw())
		}
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"x"` + writeGiven(model) + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 6).Draw(t, "operations") {
			at := rapid.IntRange(0, max(0, len(model)-1)).Draw(t, "at")
			path, op := fmt.Sprintf("Patient.name.given[%d]", at), ""
			switch kind := rapid.SampledFrom([]string{"add", "insert", "delete", "replace", "move"}).Draw(t, "kind"); {
			case kind == "add":
				g := draw()
				model = append(model, g)
				op = operationOf("add", "Patient.name", "name", `"valueString":"given"`, "value", g.content())
			case kind == "insert":
				at, g := rapid.IntRange(0, len(model)).Draw(t, "before"), draw()
				model = slices.Insert(model, at, g)
				op = operationOf("insert", "Patient.name.given", "index", fmt.Sprintf(`"valueInteger":%d`, at), "value", g.content())
			case len(model) == 0:
				continue
			case kind == "delete":
				model = slices.Delete(model, at, at+1)
				op = operationOf("delete", path)
			case kind == "replace":
				model[at] = draw()
				op = operationOf("replace", path, "value", model[at].content())
			default:
				to := rapid.IntRange(0, len(model)-1).Draw(t, "to")
				g := model[at]
				model = slices.Insert(slices.Delete(model, at, at+1), to, g)
				op = operationOf("move", "Patient.name.given", "source", fmt.Sprintf(`"valueInteger":%d`, at), "destination", fmt.Sprintf(`"valueInteger":%d`, to))
			}
			p, err := Parse([]byte(parametersOf(op)))
			if err != nil {
				t.Fatalf("%s: %v", op, err)
			}
			before := r
			if r, err = p.Apply(t.Context(), r); err != nil {
				t.Fatalf("%s of %s: %v", op, before.Raw(), err)
			}
			if diff := cmp.Diff(model, readGiven(r)); diff != "" && len(model)+len(readGiven(r)) > 0 {
				t.Fatalf("%s\nof %s\nis %s (-want +got):\n%s", op, before.Raw(), r.Raw(), diff)
			}
			if strings.Contains(string(r.Raw()), "[]") {
				t.Fatalf("%s left an empty list: %s", op, r.Raw())
			}
		}
	})
}

// content writes the value of an operation.
func (g given) content() string {
	var all []string
	if g.Value != "" {
		all = append(all, `"valueString":"`+g.Value+`"`)
	}
	if g.ID != "" {
		all = append(all, `"_valueString":{"id":"`+g.ID+`"}`)
	}
	return strings.Join(all, ",")
}

// writeGiven writes the members of a name.
func writeGiven(list []given) (out string) {
	var values, beside []string
	for _, g := range list {
		v, b := "null", "null"
		if g.Value != "" {
			v = `"` + g.Value + `"`
		}
		if g.ID != "" {
			b = `{"id":"` + g.ID + `"}`
		}
		values, beside = append(values, v), append(beside, b)
	}
	if slices.ContainsFunc(list, func(g given) bool { return g.Value != "" }) {
		out += `,"given":[` + strings.Join(values, ",") + `]`
	}
	if slices.ContainsFunc(list, func(g given) bool { return g.ID != "" }) {
		out += `,"_given":[` + strings.Join(beside, ",") + `]`
	}
	return out
}

// readGiven reads them back.
func readGiven(r fhir.Resource) (list []given) {
	name := r.Root().Get("name").First()
	for v := range name.Get("given").Each() {
		list = append(list, given{Value: v.Text()})
	}
	at := 0
	for b := range name.Get("_given").Each() {
		if at == len(list) {
			list = append(list, given{})
		}
		list[at].ID = b.Get("id").Text()
		at++
	}
	return list
}
