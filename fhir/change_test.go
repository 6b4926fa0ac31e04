package fhir

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestApplySet(t *testing.T) {
	tests := []struct{ name, in, path, value, want string }{
		{
			"replaces a value, all else stays", "{ \"resourceType\" : \"X\",\n\t\"a\" : 1.50 , \"b\":[ 2 ,3 ] }\n", "a", `{"x":1}`,
			"{ \"resourceType\" : \"X\",\n\t\"a\" : {\"x\":1} , \"b\":[ 2 ,3 ] }\n",
		},
		{"adds a member at the end", `{"resourceType":"X" , "a":1 }`, "b", `2`, `{"resourceType":"X" , "a":1,"b":2 }`},
		{"adds the id after the type", `{"a":1, "resourceType":"X", "b":2}`, "id", `"i"`, `{"a":1, "resourceType":"X","id":"i", "b":2}`},
		{"adds meta after the id", `{"resourceType":"X","id":"i","b":2}`, "meta.versionId", `"3"`, `{"resourceType":"X","id":"i","meta":{"versionId":"3"},"b":2}`},
		{"adds meta after the type", `{"resourceType":"X","b":2}`, "meta.versionId", `"3"`, `{"resourceType":"X","meta":{"versionId":"3"},"b":2}`},
		{"an id within is no head", `{"resourceType":"X","a":{"b":1}}`, "a.id", `"i"`, `{"resourceType":"X","a":{"b":1,"id":"i"}}`},
		{"makes what is on the way", `{"resourceType":"X"}`, "a.b.c", `1`, `{"resourceType":"X","a":{"b":{"c":1}}}`},
		{"fills an empty object", `{"resourceType":"X","a":{ }}`, "a.b", `1`, `{"resourceType":"X","a":{"b":1}}`},
		{"goes into the first of a list", `{"resourceType":"X","a":[{"b":1},{"b":2}]}`, "a.b", `3`, `{"resourceType":"X","a":[{"b":3},{"b":2}]}`},
		{"replaces a list", `{"resourceType":"X","a":[1,2]}`, "a", `[3]`, `{"resourceType":"X","a":[3]}`},
		{"a position makes a list", `{"resourceType":"X"}`, "a[0].b[0]", `1`, `{"resourceType":"X","a":[{"b":[1]}]}`},
		{"a position in a list", `{"resourceType":"X","a":[ {"b":1}, {"b":2} ]}`, "a[1].b", `3`, `{"resourceType":"X","a":[ {"b":1}, {"b":3} ]}`},
		{"a position past the end appends", `{"resourceType":"X","a":[ 1 ]}`, "a[7]", `2`, `{"resourceType":"X","a":[ 1,2 ]}`},
		{"a position in an empty list", `{"resourceType":"X","a":[ ]}`, "a[0].b", `2`, `{"resourceType":"X","a":[{"b":2}]}`},
		{"position 0 of what should be a list", `{"resourceType":"X","a":{"b":1}}`, "a[0].b", `2`, `{"resourceType":"X","a":{"b":2}}`},
		{"position 1 of what should be a list", `{"resourceType":"X","a":{"b":1}}`, "a[1].b", `2`, `{"resourceType":"X","a":[{"b":1},{"b":2}]}`},
		{
			"a condition that holds", `{"resourceType":"X","a":[{"s":"x","v":1},{"s":"y","v":2}]}`, "a.where(s=y).v", `3`,
			`{"resourceType":"X","a":[{"s":"x","v":1},{"s":"y","v":3}]}`,
		},
		{
			"a condition that does not", `{"resourceType":"X","a":[{"s":"x","v":1}]}`, "a.where(s=y).v", `3`,
			`{"resourceType":"X","a":[{"s":"x","v":1},{"s":"y","v":3}]}`,
		},
		{"a condition without the list", `{"resourceType":"X"}`, "a.where(s=y).v", `3`, `{"resourceType":"X","a":[{"s":"y","v":3}]}`},
		{
			"a condition on an element below", `{"resourceType":"X"}`, "p.where(actor.type=Location).actor.display", `"L"`,
			`{"resourceType":"X","p":[{"actor":{"type":"Location","display":"L"}}]}`,
		},
		{
			"a condition on an element further below", `{"resourceType":"X"}`, "p.where(a.b.c=1).a.b.d", `2`,
			`{"resourceType":"X","p":[{"a":{"b":{"c":"1","d":2}}}]}`,
		},
		{"a condition that the value answers", `{"resourceType":"X"}`, "a.where(s=y).s", `"y"`, `{"resourceType":"X","a":[{"s":"y"}]}`},
		{
			"the element of a condition itself", `{"resourceType":"X","a":[{"s":"x"},{"s":"y","v":2}]}`, "a.where(s=y)", `{"s":"y"}`,
			`{"resourceType":"X","a":[{"s":"x"},{"s":"y"}]}`,
		},
		{"the element of a condition, new", `{"resourceType":"X"}`, "a.where(s=y)", `{"s":"y"}`, `{"resourceType":"X","a":[{"s":"y"}]}`},
		{"a name written with escapes", `{"resourceType":"X","\u0061":1}`, "a", `2`, `{"resourceType":"X","\u0061":2}`},
		{"a new name that needs escapes", `{"resourceType":"X"}`, `a"b`, `2`, `{"resourceType":"X","a\"b":2}`},
		{"the same value is no change", `{"resourceType":"X", "a" : [1, 2] }`, "a", `[1, 2]`, `{"resourceType":"X", "a" : [1, 2] }`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			check(t, tc.in, tc.want, Change{MustPath(tc.path), Set, json.RawMessage(tc.value)})
		})
	}
}

func TestApplyRemove(t *testing.T) {
	tests := []struct{ name, in, path, want string }{
		{"a member at the end", "{\"resourceType\":\"X\" ,\n \"a\" : 1 }", "a", `{"resourceType":"X"  }`},
		{"a member between", `{"resourceType":"X", "a":1 , "b":2}`, "a", `{"resourceType":"X", "b":2}`},
		{"the first member", `{ "a":1 , "resourceType":"X"}`, "a", `{ "resourceType":"X"}`},
		{"what is not there", `{"resourceType":"X", "a":1}`, "b.c", `{"resourceType":"X", "a":1}`},
		{"a whole list", `{"resourceType":"X","a":[{"b":1},2]}`, "a", `{"resourceType":"X"}`},
		{"all of a list's", `{"resourceType":"X","a":[{"b":1,"c":2},{"b":3,"c":4}]}`, "a.b", `{"resourceType":"X","a":[{"c":2},{"c":4}]}`},
		{"a holder left with nothing", `{"resourceType":"X","a":{"b":{"c":1}},"d":2}`, "a.b.c", `{"resourceType":"X","d":2}`},
		{"holders left with nothing in a list", `{"resourceType":"X","a":[{"b":1},{"c":2},{"b":3}]}`, "a.b", `{"resourceType":"X","a":[{"c":2}]}`},
		{"all holders left with nothing", `{"resourceType":"X","a":[{"b":1},{"b":3}]}`, "a.b", `{"resourceType":"X"}`},
		{"a holder that was empty before stays", `{"resourceType":"X","a":[{},{"b":1}]}`, "a.b", `{"resourceType":"X","a":[{}]}`},
		{"one position, not all that follow", `{"resourceType":"X","a":[1, 2 ,3]}`, "a[0]", `{"resourceType":"X","a":[ 2 ,3]}`},
		{"one position in the middle", `{"resourceType":"X","a":[1, 2 ,3]}`, "a[1]", `{"resourceType":"X","a":[1,3]}`},
		{"one position within each", `{"resourceType":"X","a":[{"b":[1,2]},{"b":[3,4]}]}`, "a.b[0]", `{"resourceType":"X","a":[{"b":[2]},{"b":[4]}]}`},
		{"a position past the end", `{"resourceType":"X","a":[1]}`, "a[1]", `{"resourceType":"X","a":[1]}`},
		{"by condition", `{"resourceType":"X","a":[{"s":"x"},{"s":"y"},{"s":"x"}]}`, "a.where(s=x)", `{"resourceType":"X","a":[{"s":"y"}]}`},
		{"below a condition", `{"resourceType":"X","a":[{"s":"x","v":1},{"s":"y","v":2}]}`, "a.where(s=y).v", `{"resourceType":"X","a":[{"s":"x","v":1},{"s":"y"}]}`},
		{"what the condition asks for", `{"resourceType":"X","a":[{"s":"x"},{"s":"x","v":2}]}`, "a.where(s=x).s", `{"resourceType":"X","a":[{"v":2}]}`},
		{"a choice", `{"resourceType":"X","valueString":"v","_valueString":{},"value":1,"valueCode":"c"}`, "value[x]", `{"resourceType":"X","_valueString":{},"value":1}`},
		{"a single one written without a list", `{"resourceType":"X","a":{"b":1}}`, "a[0].b", `{"resourceType":"X"}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			check(t, tc.in, tc.want, Change{Path: MustPath(tc.path), Op: Remove})
		})
	}
}

func TestApplyReplace(t *testing.T) {
	tests := []struct{ name, in, path, value, want string }{
		{
			"those of a condition, others stay", `{"resourceType":"X","a":[{"s":"x","v":1},{ "s":"y" },{"s":"x","v":2}],"b":1}`, "a.where(s=x)", `[{"s":"x","v":3}]`,
			`{"resourceType":"X","a":[{"s":"x","v":3},{ "s":"y" }],"b":1}`,
		},
		{"all without a condition", `{"resourceType":"X","a":[1,2]}`, "a", `[3, 4]`, `{"resourceType":"X","a":[3,4]}`},
		{"where there were none", `{"resourceType":"X"}`, "a.where(s=x)", `[{"s":"x"}]`, `{"resourceType":"X","a":[{"s":"x"}]}`},
		{"by none", `{"resourceType":"X","a":[{"s":"x"},{"s":"y"}]}`, "a.where(s=x)", `[]`, `{"resourceType":"X","a":[{"s":"y"}]}`},
		{"the last by none", `{"resourceType":"X","a":[{"s":"x"}]}`, "a.where(s=x)", `[]`, `{"resourceType":"X"}`},
		{"none by none", `{"resourceType":"X","a":1}`, "b", `[]`, `{"resourceType":"X","a":1}`},
		{"below an element", `{"resourceType":"X","p":{"a":[1]}}`, "p.a", `[2]`, `{"resourceType":"X","p":{"a":[2]}}`},
		{"below one that is missing", `{"resourceType":"X"}`, "p.a", `[2]`, `{"resourceType":"X","p":{"a":[2]}}`},
		{"one written without a list", `{"resourceType":"X","a":{"s":"y"}}`, "a.where(s=x)", `[{"s":"x"}]`, `{"resourceType":"X","a":[{"s":"y"},{"s":"x"}]}`},
		{
			"below a list, in the first", `{"resourceType":"X","p":[{"a":[1],"k":1},{"a":[5]}]}`, "p.a", `[]`,
			`{"resourceType":"X","p":[{"k":1},{"a":[5]}]}`,
		},
		{"again is no change", `{"resourceType":"X","a":[{"s":"y"},{"s":"x","v":3}]}`, "a.where(s=x)", `[{"s":"x","v":3}]`, `{"resourceType":"X","a":[{"s":"y"},{"s":"x","v":3}]}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			check(t, tc.in, tc.want, Change{MustPath(tc.path), Replace, json.RawMessage(tc.value)})
		})
	}
}

// check applies changes to text, read before and stored before, and compares.
func check(t *testing.T, in, want string, changes ...Change) {
	t.Helper()
	r, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Resource{r, Stored([]byte(in), r.Type(), r.ID())} {
		got, err := r.Apply(changes...)
		if err != nil {
			t.Fatalf("Apply: %v", err)
		}
		if string(got.Raw()) != want {
			t.Errorf("got  %s\nwant %s", got.Raw(), want)
		}
		if string(r.Raw()) != in {
			t.Errorf("the resource itself was changed: %s", r.Raw())
		}
	}
}

func TestApplySeveralInOrder(t *testing.T) {
	check(t, `{"resourceType":"X","a":[{"b":1}]}`, `{"resourceType":"X","id":"i","c":3}`,
		Change{MustPath("a.b"), Set, json.RawMessage(`2`)},
		Change{Path: MustPath("a"), Op: Remove},
		Change{MustPath("c"), Set, json.RawMessage(`3`)},
		Change{MustPath("id"), Set, json.RawMessage(`"i"`)})
	check(t, `{"resourceType":"X"}`, `{"resourceType":"X"}`)
}

func TestApplyRefuses(t *testing.T) {
	tests := []struct {
		name, in string
		change   Change
		want     Kind
	}{
		{"no path", `{"resourceType":"X"}`, Change{Path{}, Set, json.RawMessage(`1`)}, Unprocessable},
		{"a value that is no JSON", `{"resourceType":"X"}`, Change{MustPath("a"), Set, json.RawMessage(`{`)}, Unprocessable},
		{"no value", `{"resourceType":"X"}`, Change{MustPath("a"), Set, nil}, Unprocessable},
		{"two values", `{"resourceType":"X"}`, Change{MustPath("a"), Set, json.RawMessage(`1,"b":2`)}, Unprocessable},
		{"a value with a repeated name", `{"resourceType":"X"}`, Change{MustPath("a"), Set, json.RawMessage(`{"b":1,"b":2}`)}, Invalid},
		{"a way through a string", `{"resourceType":"X","a":"s"}`, Change{MustPath("a.b"), Set, json.RawMessage(`1`)}, Unprocessable},
		{"a way through a null", `{"resourceType":"X","a":[null]}`, Change{MustPath("a.b"), Set, json.RawMessage(`1`)}, Unprocessable},
		{"a choice", `{"resourceType":"X"}`, Change{MustPath("value[x]"), Set, json.RawMessage(`1`)}, Unprocessable},
		{"a choice below what is missing", `{"resourceType":"X"}`, Change{MustPath("a.value[x]"), Set, json.RawMessage(`1`)}, Unprocessable},
		{"replacing a choice", `{"resourceType":"X"}`, Change{MustPath("value[x]"), Replace, json.RawMessage(`[1]`)}, Unprocessable},
		{"replacing by no list", `{"resourceType":"X"}`, Change{MustPath("a"), Replace, json.RawMessage(`1`)}, Unprocessable},
		{"an id that is none", `{"resourceType":"X"}`, Change{MustPath("id"), Set, json.RawMessage(`"a b"`)}, Invalid},
		{"the type taken away", `{"resourceType":"X"}`, Change{Path: MustPath("resourceType"), Op: Remove}, Invalid},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Parse([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Apply(tc.change)
			if !errors.Is(err, tc.want) || !got.IsZero() {
				t.Errorf("got %s and %v, want %v", got.Raw(), err, tc.want)
			}
		})
	}
}

// TestApplyNothingGivesTheSame proves that changes that change nothing give the
// resource back, so that a put of it keeps its version.
func TestApplyNothingGivesTheSame(t *testing.T) {
	in := []byte(`{"resourceType":"X", "a":1}`)
	r, _ := Parse(in)
	got, err := r.Apply(Change{MustPath("a"), Set, json.RawMessage(`1`)}, Change{Path: MustPath("b"), Op: Remove})
	if err != nil || &got.Raw()[0] != &in[0] {
		t.Errorf("got %s, %v, want the same bytes", got.Raw(), err)
	}
}

func TestEmpty(t *testing.T) {
	r := Empty("Patient")
	if got := string(r.Raw()); got != `{"resourceType":"Patient"}` || r.Type() != "Patient" || r.ID() != "" {
		t.Errorf("got %s of type %s", got, r.Type())
	}
}
