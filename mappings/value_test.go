package mappings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestValues: what is written is the JSON that FHIR has for the type, without the
// members that have no value.
func TestValues(t *testing.T) {
	at := time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)
	c := coding{"s", "c", "d"}
	tests := []struct {
		got  []byte
		want string
	}{
		{encode(new(page), word("a \"b\" & <c>\n")), `"a \"b\" & <c>\n"`},
		{encode(new(page), number(30)), `30`},
		{encode(new(page), boolean(true)), `true`},
		{encode(new(page), instant(at)), `"2026-05-12T09:00:00.000+00:00"`},
		{encode(new(page), list[word]{}), `[]`},
		{encode(new(page), list[word]{"a", "b"}), `["a","b"]`},
		{encode(new(page), coding{}), `{}`},
		{encode(new(page), coding{Code: "c"}), `{"code":"c"}`},
		{encode(new(page), codings{c, {Code: "x"}}), `{"coding":[{"system":"s","code":"c","display":"d"},{"code":"x"}]}`},
		{encode(new(page), concept{c, "t"}), `{"coding":[{"system":"s","code":"c","display":"d"}],"text":"t"}`},
		{encode(new(page), concept{Text: "t"}), `{"text":"t"}`},
		{encode(new(page), identifier{Value: "v"}), `{"value":"v"}`},
		{encode(new(page), identifier{new(written(concept{Text: "t"}.append(nil))), "s", "v"}), `{"type":{"text":"t"},"system":"s","value":"v"}`},
		{encode(new(page), period{Start: instant(at)}), `{"start":"2026-05-12T09:00:00.000+00:00"}`},
		{
			encode(new(page), participant{list[extension]{{"u", "AIG"}}, concept{Text: "t"}, actor{"T", identifier{Value: "v"}, "d"}, "information-only", "accepted", period{instant(at), instant(at)}}),
			`{"extension":[{"url":"u","valueCode":"AIG"}],"type":[{"text":"t"}],"actor":{"type":"T","identifier":{"value":"v"},"display":"d"},` +
				`"required":"information-only","status":"accepted","period":{"start":"2026-05-12T09:00:00.000+00:00","end":"2026-05-12T09:00:00.000+00:00"}}`,
		},
		{encode(new(page), participant{Actor: actor{Display: "d"}, Status: "accepted"}), `{"actor":{"display":"d"},"status":"accepted"}`},
		{encode(new(page), humanName{"official", "F", []string{"G", "H"}, []string{"Dr"}, nil}), `{"use":"official","family":"F","given":["G","H"],"prefix":["Dr"]}`},
		{encode(new(page), address{Use: "home", Line: []string{"1 High St"}, PostalCode: "LS1"}), `{"use":"home","line":["1 High St"],"postalCode":"LS1"}`},
		{encode(new(page), contactPoint{"phone", "1", "home"}), `{"system":"phone","value":"1","use":"home"}`},
		{encode(new(page), contactExtension{"u", list[stringExtension]{{"email", "a@b"}}}), `{"url":"u","extension":[{"url":"email","valueString":"a@b"}]}`},
		{encode(new(page), referred{identifier{System: "s", Value: "v"}}), `{"identifier":{"system":"s","value":"v"}}`},
		{encode(new(page), communication{concept{Text: "t"}}), `{"language":{"text":"t"}}`},
	}
	for _, tc := range tests {
		if string(tc.got) != tc.want {
			t.Errorf("wrote %s, want %s", tc.got, tc.want)
		}
	}
}

// TestEncode: values that are written one behind the other do not run into another,
// whatever their length, and any text comes back as it was.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.StringN(0, 400, -1), 1, 20).Draw(t, "texts")
		p := page{size: 256}
		var wrote [][]byte
		for _, s := range want {
			wrote = append(wrote, encode(&p, word(s)))
		}
		for i, b := range wrote {
			_ = append(b, "what somebody else appends"...)
			var got string
			if err := json.Unmarshal(wrote[i], &got); err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Fatalf("text %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// TestDistinct: each value once and in order, few or many.
func TestDistinct(t *testing.T) {
	var d distinct
	var want []written
	for round := range 2 {
		for i := range 3 * crowd {
			v := written(fmt.Sprint(i))
			if isNew := d.add(v); isNew != (round == 0) {
				t.Errorf("round %d: add(%s) = %v", round, v, isNew)
			}
			if round == 0 {
				want = append(want, v)
			}
		}
	}
	if !cmp.Equal(d.all, want) {
		t.Errorf("all = %s, want %s", bytes.Join(asBytes(d.all), []byte(" ")), bytes.Join(asBytes(want), []byte(" ")))
	}
}

func asBytes(all []written) (out [][]byte) {
	for _, v := range all {
		out = append(out, v)
	}
	return out
}
