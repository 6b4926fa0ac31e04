package fhir

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func node(t *testing.T, text string) Node {
	t.Helper()
	n, err := ParseValue([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNodeKinds(t *testing.T) {
	n := node(t, `{"o":{},"a":[],"s":"x","n":1,"t":true,"f":false,"z":null}`)
	kinds := func(n Node) string {
		var out strings.Builder
		for i, is := range []bool{n.Exists(), n.IsObject(), n.IsArray(), n.IsString(), n.IsNumber(), n.IsBool(), n.IsNull()} {
			if is {
				out.WriteByte("eoasnbz"[i])
			}
		}
		return out.String()
	}
	want := map[string]string{"o": "eo", "a": "ea", "s": "es", "n": "en", "t": "eb", "f": "eb", "z": "ez", "missing": ""}
	for name, w := range want {
		if got := kinds(n.Get(name)); got != w {
			t.Errorf("%s is %q, want %q", name, got, w)
		}
	}
}

func TestNodeText(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"plain", `"abc"`, "abc"},
		{"empty", `""`, ""},
		{"every escape", `"\"\\\/\b\f\n\r\tA"`, "\"\\/\b\f\n\r\tA"},
		{"an escape at the end", `"ab\n"`, "ab\n"},
		{"é as an escape", `"\u00e9\u00E9"`, "éé"},
		{"a surrogate pair", `"x\ud83d\uDE00y"`, "x😀y"},
		{"UTF-8 beside an escape", `"é\t😀"`, "é\t😀"},
		{"a number as written", `1.50`, "1.50"},
		{"a large number as written", `123456789012345678901234567890.10`, "123456789012345678901234567890.10"},
		{"true", `true`, "true"},
		{"false", `false`, "false"},
		{"null", `null`, ""},
		{"an object", `{"a":"b"}`, ""},
		{"an array", `["b"]`, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			n := node(t, `{"x": `+tc.raw+` }`).Get("x")
			if got := n.Text(); got != tc.want {
				t.Errorf("Text of %s = %q, want %q", tc.raw, got, tc.want)
			}
			if got := string(n.Raw()); got != tc.raw {
				t.Errorf("Raw = %s, want %s", got, tc.raw)
			}
		})
	}
}

func TestNodeGet(t *testing.T) {
	n := node(t, `{"skip":{"a":"inner"},"list":[{"a":1}],"\u0061":"escaped","b\"c":"quoted","z":{"y":{"x":"deep"}}}`)
	tests := []struct {
		name string
		got  Node
		want string
	}{
		{"not one of an inner object", n.Get("a"), `"escaped"`},
		{"a name with a quote", n.Get(`b"c`), `"quoted"`},
		{"not the escaped spelling", n.Get(`b\"c`), ""},
		{"a way down", n.Find("z", "y", "x"), `"deep"`},
		{"a way that breaks off", n.Find("z", "nothing", "x"), ""},
		{"of an array", n.Get("list").Get("a"), ""},
		{"of a string", n.Get("a").Get("a"), ""},
		{"of nothing", Node{}.Get("a"), ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := string(tc.got.Raw()); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestNodeWalks(t *testing.T) {
	n := node(t, `{"list":[1,[2,3],{"a":4}],"one":{"b":5,"c":[6]},"none":[],"empty":{}}`)
	each := func(n Node) []string {
		got := []string{}
		for e := range n.Each() {
			got = append(got, string(e.Raw()))
		}
		return got
	}
	tests := []struct {
		name  string
		want  []string
		len   int
		first string
	}{
		{"list", []string{`1`, `[2,3]`, `{"a":4}`}, 3, `1`},
		{"one", []string{`{"b":5,"c":[6]}`}, 2, `{"b":5,"c":[6]}`},
		{"none", []string{}, 0, ""},
		{"empty", []string{`{}`}, 0, `{}`},
		{"missing", []string{}, 0, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := n.Get(tc.name)
			if diff := cmp.Diff(tc.want, each(m)); diff != "" {
				t.Errorf("Each (-want +got):\n%s", diff)
			}
			if m.Len() != tc.len || string(m.First().Raw()) != tc.first {
				t.Errorf("Len %d and First %s, want %d and %s", m.Len(), m.First().Raw(), tc.len, tc.first)
			}
		})
	}

	var names []string
	for name, v := range n.Get("one").Members() {
		names = append(names, name+"="+string(v.Raw()))
	}
	if diff := cmp.Diff([]string{"b=5", "c=[6]"}, names); diff != "" {
		t.Errorf("Members (-want +got):\n%s", diff)
	}
	names = nil
	for name, v := range node(t, `{ "\u0061" : 1 , "b":[ 2 ] }`).Written() {
		names = append(names, string(name)+"="+string(v.Raw()))
	}
	if diff := cmp.Diff([]string{`"\u0061"=1`, `"b"=[ 2 ]`}, names); diff != "" {
		t.Errorf("Written (-want +got):\n%s", diff)
	}
	for range n.Get("list").Written() {
		t.Error("an array has no members")
	}
	for range n.Written() {
		break
	}
	for range n.Get("list").Members() {
		t.Error("an array has no members")
	}
	for range n.Members() { // a walk may be left early
		break
	}
}

func TestQuote(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{`a "b" \ /`, `"a \"b\" \\ /"`},
		{"\x00\b\t\n\f\r\x1f\x7f", `"\u0000\u0008\t\n\u000c\r\u001f` + "\x7f" + `"`},
		{"a<b & c>", `"a<b & c>"`},
		{"é😀\u2028", "\"é😀\u2028\""},
		{"bad \xff byte", `"bad ` + "\ufffd" + ` byte"`},
	}
	for _, tc := range tests {
		if got := string(Quote(tc.in)); got != tc.want {
			t.Errorf("Quote(%q) = %s, want %s", tc.in, got, tc.want)
		}
	}
}
