package fhir

import (
	"errors"
	"strings"
	"testing"
)

func TestScanRefuses(t *testing.T) {
	tests := []struct {
		name, in, want string // want is part of the text
	}{
		{"nothing", "", "empty"},
		{"white space", " \n", "empty"},
		{"an array", `[]`, "a JSON object is needed"},
		{"a string", `"x"`, "a JSON object is needed"},
		{"a byte order mark", "\ufeff{}", "a JSON object is needed"},
		{"cut after the brace", `{`, "member name"},
		{"cut in a name", `{"a`, "ends within a string"},
		{"cut after a name", `{"a"`, "colon"},
		{"cut after the colon", `{"a":`, "ends where a value"},
		{"cut in a string", `{"a":"b`, "ends within a string"},
		{"cut in an escape", `{"a":"\`, "ends within a string"},
		{"cut in a unicode escape", `{"a":"\u00`, "four hexadecimal"},
		{"cut in an array", `{"a":[1`, "ends before"},
		{"cut in a literal", `{"a":tru`, "a value is needed"},
		{"cut after a value", `{"a":1`, "ends before"},
		{"text after the end", `{} x`, "text follows"},
		{"two objects", `{}{}`, "text follows"},
		{"a comment", `{/**/}`, "member name"},
		{"a comma too many in an object", `{"a":1,}`, "member name"},
		{"a comma too many in an array", `{"a":[1,]}`, "a value is needed"},
		{"a comma missing", `{"a":1 "b":2}`, "comma"},
		{"a colon missing", `{"a" 1}`, "colon"},
		{"a bare name", `{a:1}`, "member name"},
		{"single quotes", `{'a':1}`, "member name"},
		{"wrong closing", `{"a":[1}`, "comma"},
		{"NaN", `{"a":NaN}`, "a value is needed"},
		{"a plus sign", `{"a":+1}`, "a value is needed"},
		{"a leading zero", `{"a":01}`, "comma"},
		{"a lone minus", `{"a":-}`, "needs a digit"},
		{"a point without digits", `{"a":1.}`, "decimal point"},
		{"a point first", `{"a":.1}`, "a value is needed"},
		{"an exponent without digits", `{"a":1e+}`, "exponent"},
		{"hexadecimal", `{"a":0x1}`, "comma"},
		{"a control character", "{\"a\":\"\x01\"}", "control character"},
		{"a line end in a string", "{\"a\":\"x\ny\"}", "control character"},
		{"no such escape", `{"a":"\x"}`, "no such escape"},
		{"a bad digit in an escape", `{"a":"\u00zz"}`, "four hexadecimal"},
		{"bad UTF-8", "{\"a\":\"\xff\"}", "UTF-8"},
		{"an overlong form", "{\"a\":\"\xc0\xaf\"}", "UTF-8"},
		{"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", "UTF-8"},
		{"bad UTF-8 in a name", "{\"\xff\":1}", "UTF-8"},
		{"bad UTF-8 outside a string", "{\"a\":1}\xff", "text follows"},
		{"a high surrogate alone", `{"a":"\ud800"}`, "surrogate"},
		{"a high surrogate before a letter", `{"a":"\ud800A"}`, "surrogate"},
		{"two high surrogates", `{"a":"\ud800\ud800"}`, "surrogate"},
		{"a low surrogate alone", `{"a":"\udc00"}`, "surrogate"},
		{"a repeated name", `{"a":1,"a":1}`, "stands twice"},
		{"a repeated name, escaped", `{"a":1,"\u0061":1}`, "stands twice"},
		{"a repeated name, both escaped", `{"\u0061\/":1,"a\u002f":1}`, "stands twice"},
		{"a repeated name, within", `{"b":[{"a":1,"c":2,"a":3}]}`, "stands twice"},
		{"an escaped and a plain spelling of é", "{\"\u00e9\":1,\"\\u00E9\":1}", "stands twice"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tokens, err := scan([]byte(tc.in))
			if err == nil {
				t.Fatalf("scan(%q) gave %d tokens, want an error", tc.in, len(tokens))
			}
			if !errors.Is(err, Invalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("scan(%q): %v, want invalid with %q", tc.in, err, tc.want)
			}
		})
	}
}

// TestScanRepeatedAmongMany proves that the repeat is found past the size where
// names move to a map, wherever the first one stands.
func TestScanRepeatedAmongMany(t *testing.T) {
	for _, first := range []int{0, 31, 32, 33, 63} {
		var members []string
		for i := range 64 {
			members = append(members, `"n`+strings.Repeat("x", i)+`":0`)
		}
		if _, err := scan([]byte("{" + strings.Join(members, ",") + "}")); err != nil {
			t.Fatalf("64 names: %v", err)
		}
		members = append(members, members[first])
		if _, err := scan([]byte("{" + strings.Join(members, ",") + "}")); !errors.Is(err, Invalid) {
			t.Errorf("name %d repeated: %v, want invalid", first, err)
		}
	}
}

func TestScanLimits(t *testing.T) {
	nested := func(n int) string {
		return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	many := func(n int) string { return `{"a":[0` + strings.Repeat(",0", n-4) + `]}` } // {, name, [ and n-3 values
	tests := []struct {
		name, in string
		want     error
	}{
		{"as deep as allowed", nested(MaxDepth), nil},
		{"too deep", nested(MaxDepth + 1), Invalid},
		{"far too deep", nested(1_000_000), Invalid},
		{"wide is not deep", `{"a":[` + strings.Repeat("[],", 1000) + `[]]}`, nil},
		{"as many values as allowed", many(MaxTokens), nil},
		{"too many values", many(MaxTokens + 1), TooLarge},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := scan([]byte(tc.in)); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// What this program wrote is read whatever its shape.
func TestOwn(t *testing.T) {
	inner := `{"a":` + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1) + `}`
	bundle := `{"resourceType":"Bundle","entry":[` + strings.Repeat(`{"resource":`+inner+`},`, MaxTokens/MaxDepth) + `{}]}`
	if _, err := Parse([]byte(bundle)); err == nil {
		t.Error("Parse takes what is beyond its limits")
	}
	r, err := Own([]byte(bundle))
	if err != nil || r.Type() != "Bundle" || !r.Root().Get("entry").First().Get("resource").Exists() {
		t.Errorf("Own: %v", err)
	}
	if _, err := Own([]byte(`{"resourceType":"Bundle"`)); err == nil {
		t.Error("Own takes what is no JSON")
	}
}

func TestScanAccepts(t *testing.T) {
	tests := []struct{ name, in string }{
		{"an empty object", `{}`},
		{"white space everywhere", " {\t\"a\" :\r\n[ 1 , { } , [ ] ] , \"b\" : null } \n"},
		{"every escape", `{"a":"\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00"}`},
		{"DEL and U+2028", "{\"a\":\"\x7f\u2028\"}"},
		{"U+FFFD that was really sent", "{\"a\":\"\ufffd\"}"},
		{"numbers", `{"a":[0,-0,1.50,1e5,1E-5,-2.5e+10,123456789012345678901234567890]}`},
		{"literals", `{"a":[true,false,null]}`},
		{"the same name in two objects", `{"a":{"a":1},"b":[{"a":1},{"a":1}]}`},
		{"names that differ in case", `{"a":1,"A":1}`},
		{"an empty name", `{"":1}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := scan([]byte(tc.in)); err != nil {
				t.Errorf("scan(%q): %v", tc.in, err)
			}
		})
	}
}
