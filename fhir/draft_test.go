package fhir_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

func value(t testing.TB, text string) fhir.Node {
	t.Helper()
	n, err := fhir.ParseValue([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDraftEdits(t *testing.T) {
	one := func(t *testing.T) *fhir.Draft { return value(t, `1.0`).Edit() }
	tests := []struct {
		name, in, want string
		edit           func(t *testing.T, d *fhir.Draft)
	}{
		{"a new member", "{ \"a\" : 2\n}", "{ \"a\" : 2,\"b\":1.0\n}", func(t *testing.T, d *fhir.Draft) { d.Put("b", one(t)) }},
		{"a member's value", `{ "a" : 2 , "b":3}`, `{ "a" : 1.0 , "b":3}`, func(t *testing.T, d *fhir.Draft) { d.Put("a", one(t)) }},
		{"a member whose name has escapes", `{"\u0061":2}`, `{"\u0061":1.0}`, func(t *testing.T, d *fhir.Draft) { d.Put("a", one(t)) }},
		{"into an empty object", `{ }`, `{"a\"b":1.0}`, func(t *testing.T, d *fhir.Draft) { d.Put(`a"b`, one(t)) }},
		{"into an empty array", "[\n]", `[1.0]`, func(t *testing.T, d *fhir.Draft) { d.Insert(0, one(t)) }},
		{"at the head of an array", `[ 2 , 3 ]`, `[1.0, 2 , 3 ]`, func(t *testing.T, d *fhir.Draft) { d.Insert(0, one(t)) }},
		{"at the end of an array", `[ 2 , 3 ]`, `[ 2 , 3,1.0 ]`, func(t *testing.T, d *fhir.Draft) { d.Insert(2, one(t)) }},
		{"one element by another", `[ 2 , 3 ]`, `[ 2 , 1.0 ]`, func(t *testing.T, d *fhir.Draft) { d.Swap(1, one(t)) }},
		{"the first member gone", `{"a":1, "b":2}`, `{ "b":2}`, func(_ *testing.T, d *fhir.Draft) { d.Delete("a") }},
		{"the last member gone", "{\n \"a\":1,\n \"b\":2\n}", "{\n \"a\":1\n}", func(_ *testing.T, d *fhir.Draft) { d.Delete("b") }},
		{"the only member gone", `{"a":1 }`, `{ }`, func(_ *testing.T, d *fhir.Draft) { d.Delete("a") }},
		{"a member that is not there", `{"a":1 }`, `{"a":1 }`, func(_ *testing.T, d *fhir.Draft) { d.Delete("b") }},
		{"an element gone", `[1, 2, 3]`, `[1, 3]`, func(_ *testing.T, d *fhir.Draft) { d.Cut(1) }},
		{"deep within", `{"a":[{"b": {"c":1 }}], "d":1.50}`, `{"a":[{"b": {"c":1,"x":1.0 }}], "d":1.50}`, func(t *testing.T, d *fhir.Draft) {
			d.Get("a").Elem(0).Get("b").Put("x", one(t))
		}},
		{"moved elsewhere", `{"a":{"b": [1] },"c":[]}`, `{"a":{ },"c":[[1]]}`, func(_ *testing.T, d *fhir.Draft) {
			d.Get("c").Insert(0, d.Get("a").Delete("b"))
		}},
		{"a clone is apart", `{"a":{"b":1}}`, `{"a":{"b":1},"c":{"b":1.0}}`, func(t *testing.T, d *fhir.Draft) {
			a := d.Get("a")
			a.Get("b")
			c := a.Clone()
			c.Put("b", one(t))
			d.Put("c", c)
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			n := value(t, tc.in)
			d := n.Edit()
			tc.edit(t, d)
			if got := string(d.Raw()); got != tc.want || d.Size() != len(got) {
				t.Errorf("got  %s of size %d\nwant %s", got, d.Size(), tc.want)
			}
			if string(n.Raw()) != tc.in {
				t.Errorf("the value itself became %s", n.Raw())
			}
		})
	}
}

// TestDraftLookedAtIsTheSame takes all of a random resource apart and edits
// nothing: not a byte is other.
func TestDraftLookedAtIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := parse(t, fhirtest.Resource(t, "X", 5))
		d := r.Root().Edit()
		unfoldAll(d)
		want := strings.TrimSpace(string(r.Raw()))
		if got := string(d.Raw()); got != want || d.Size() != len(got) {
			t.Fatalf("got  %q of size %d\nwant %q", got, d.Size(), want)
		}
		c := d.Clone()
		for name := range r.Root().Members() {
			c.Delete(name)
		}
		if got := string(d.Raw()); got != want || c.Len() != 0 {
			t.Fatalf("editing a clone made of it %q; the clone has %d members", got, c.Len())
		}
	})
}

func unfoldAll(d *fhir.Draft) {
	for _, v := range d.Members() {
		unfoldAll(v)
	}
	if d.IsArray() {
		for i := range d.Len() {
			unfoldAll(d.Elem(i))
		}
	}
}

// TestDraftIsTheModels makes random edits of a wide object, which finds its
// members by a map, and of an ordinary one, and compares with a map.
func TestDraftIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]any{}
		for i := range rapid.IntRange(0, 80).Draw(t, "members") {
			model[fmt.Sprintf("m%d", i)] = json.Number(fmt.Sprint(i))
		}
		text, err := json.Marshal(model)
		if err != nil {
			t.Fatal(err)
		}
		n, err := fhir.ParseValue(text)
		if err != nil {
			t.Fatal(err)
		}
		d := n.Edit()
		for range rapid.IntRange(0, 40).Draw(t, "edits") {
			name := fmt.Sprintf("m%d", rapid.IntRange(0, 99).Draw(t, "member"))
			_, there := model[name]
			if got := d.Get(name) != nil; got != there {
				t.Fatalf("Get(%s) found it: %v, want %v", name, got, there)
			}
			if rapid.Bool().Draw(t, "delete") {
				delete(model, name)
				d.Delete(name)
			} else {
				model[name] = nil
				null, _ := fhir.ParseValue([]byte(`null`))
				d.Put(name, null.Edit())
			}
			if rapid.IntRange(0, 9).Draw(t, "clone") == 0 {
				d = d.Clone()
			}
		}
		if diff := cmp.Diff(model, decodeAny(t, string(d.Raw()))); diff != "" || d.Len() != len(model) {
			t.Fatalf("%d members (-model +draft):\n%s", d.Len(), diff)
		}
	})
}

func TestParseValue(t *testing.T) {
	for _, text := range []string{`1.50`, ` "a" `, `[{"a":1}]`, `null`, `{}`, `true`} {
		if n := value(t, text); string(n.Raw()) != strings.TrimSpace(text) {
			t.Errorf("ParseValue(%s) = %s", text, n.Raw())
		}
	}
	for _, text := range []string{``, ` `, `1 2`, `[1`, `{"a":1,"a":2}`, `"\ud800"`, strings.Repeat("[", fhir.MaxDepth+1)} {
		if n, err := fhir.ParseValue([]byte(text)); fhir.KindOf(err) != fhir.Invalid {
			t.Errorf("ParseValue(%s) = %s, %v, want invalid", text, n.Raw(), err)
		}
	}
}
