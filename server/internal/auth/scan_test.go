package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// asMap gives an object as other readers have it.
func asMap(o object) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for _, member := range o {
		m[string(member.name)] = member.value
	}
	return m
}

// TestParseObject: requirement S21, and what an object's values are.
func TestParseObject(t *testing.T) {
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	wide := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"n%d":%d`, i, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	tests := []struct {
		name, text string
		want       map[string]json.RawMessage
		err        string
	}{
		{"empty", `{}`, map[string]json.RawMessage{}, ""},
		{"blanks", " {\n\t} \r\n", map[string]json.RawMessage{}, ""},
		{"values as written", `{ "a" : 1.50 , "b":[ 1,{"c" :[]} ,"]}" ],"d":"x\"}," ,"e": {"a":null,"b":{}},"f":true}`, map[string]json.RawMessage{
			"a": raw(`1.50`), "b": raw(`[ 1,{"c" :[]} ,"]}" ]`), "d": raw(`"x\"},"`), "e": raw(`{"a":null,"b":{}}`), "f": raw(`true`),
		}, ""},
		{"escaped name", `{"\u0061\n":1}`, map[string]json.RawMessage{"a\n": raw("1")}, ""},
		{"names that differ in case", `{"a":1,"A":2}`, map[string]json.RawMessage{"a": raw("1"), "A": raw("2")}, ""},
		{"name that is a value too", `{"a":"a","b":["a","a"]}`, map[string]json.RawMessage{"a": raw(`"a"`), "b": raw(`["a","a"]`)}, ""},
		{"empty name", `{"":1}`, map[string]json.RawMessage{"": raw("1")}, ""},
		{"one name in two objects", `{"a":[{"b":1},{"b":1}]}`, map[string]json.RawMessage{"a": raw(`[{"b":1},{"b":1}]`)}, ""},
		{"twice", `{"a":1,"a":1}`, nil, "twice"},
		{"twice, once escaped", `{"a":1,"\u0061":2}`, nil, "twice"},
		{"twice, far apart", `{"a":1,"b":{},"c":[[]],"a":2}`, nil, "twice"},
		{"twice inside", `{"a":{"b":1,"b":2}}`, nil, "twice"},
		{"twice in a list", `{"a":[[{"b":1,"b":2}]]}`, nil, "twice"},
		{"empty name twice", `{"":1,"":1}`, nil, "twice"},
		{"list", `[]`, nil, "object"},
		{"string", `"a"`, nil, "object"},
		{"null", `null`, nil, "object"},
		{"nothing", ``, nil, "JSON"},
		{"not UTF-8", "{\"a\":\"\xff\"}", nil, "UTF-8"},
		{"byte order mark", "\ufeff{}", nil, "JSON"},
		{"two", `{}{}`, nil, "JSON"},
		{"31 deep inside", deep(31), map[string]json.RawMessage{"a": raw(deep(31)[5 : len(deep(31))-1])}, ""},
		{"32 deep inside", deep(32), nil, "deep"},
		{"20,000 deep", deep(20_000), nil, "JSON"},
		{"257 names", wide(257), nil, "256"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parseObject([]byte(tc.text))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("parseObject() = %v, want an error with %q", err, tc.err)
				}
				return
			}
			if diff := cmp.Diff(tc.want, asMap(got)); diff != "" || err != nil {
				t.Errorf("parseObject() = %v (-want +got):\n%s", err, diff)
			}
		})
	}
	if o, err := parseObject([]byte(wide(256))); err != nil || len(o) != 256 {
		t.Errorf("256 names: parseObject() = %d names, %v", len(o), err)
	}
}

// jsonText draws a JSON value as text, with names that often repeat.
func jsonText(depth int) *rapid.Generator[string] {
	scalar := rapid.SampledFrom([]string{`1`, `-0.5e3`, `true`, `null`, `"a"`, `"\"}"`, `"\\"`, `"{[,:"`, ` "b" `})
	if depth == 0 {
		return scalar
	}
	list := rapid.Custom(func(t *rapid.T) string {
		return "[" + strings.Join(rapid.SliceOfN(jsonText(depth-1), 0, 3).Draw(t, "list"), " , ") + "]"
	})
	members := rapid.Custom(func(t *rapid.T) string {
		var parts []string
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			name := rapid.SampledFrom([]string{`"a"`, `"\u0061"`, `"b"`, `"c"`, `"d"`, `"e"`, `"}"`, `""`}).Draw(t, "name")
			parts = append(parts, name+" :"+jsonText(depth-1).Draw(t, "value"))
		}
		return "{" + strings.Join(parts, ",\n") + "}"
	})
	return rapid.OneOf(scalar, list, members)
}

// TestParseObjectLaw: the scanner agrees with the library's own tokens on
// whether a name is repeated, and on every value.
func TestParseObjectLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := `{"x":` + jsonText(4).Draw(t, "value") + `}`
		got, err := parseObject([]byte(text))
		if repeats := repeatsAName(text); (err != nil) != repeats {
			t.Fatalf("parseObject(%s) = %v, repeats a name = %t", text, err, repeats)
		}
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, asMap(got), cmp.Transformer("compact", compact)); diff != "" {
			t.Fatalf("parseObject(%s) (-want +got):\n%s", text, diff)
		}
	})
}

func compact(m json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, m); err != nil {
		return err.Error()
	}
	return b.String()
}

// repeatsAName is the slow and plain way to tell, by the library's tokens.
func repeatsAName(text string) bool {
	dec := json.NewDecoder(strings.NewReader(text))
	var value func() bool
	value = func() bool {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return false
		}
		names, found := map[any]bool{}, false
		for dec.More() && (tok == json.Delim('{') || tok == json.Delim('[')) {
			if tok == json.Delim('{') {
				name, _ := dec.Token()
				found = found || names[name]
				names[name] = true
			}
			found = value() || found
		}
		if tok == json.Delim('{') || tok == json.Delim('[') {
			_, _ = dec.Token()
		}
		return found
	}
	return value()
}
