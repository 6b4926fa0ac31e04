package hl7_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/hl7bridge/hl7"
)

// TestSplits: repetitions and components are what strings.Split makes of a field,
// wherever in a message it stands, however long the message is, and whatever the
// delimiters are.
func TestSplits(t *testing.T) {
	delimiters := []string{`|^~\&`, "|~^", `*@!\&`}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(delimiters).Draw(t, "delimiters")
		component, repetition := d[1:2], d[2:3]
		piece := rapid.SampledFrom([]string{"a", "bc", component, component, repetition, strings.Repeat("x", 61), "&"})
		field := rapid.Map(rapid.SliceOfN(piece, 0, 12), func(all []string) string { return strings.Join(all, "") })
		fields := rapid.SliceOfN(field, 1, 40).Draw(t, "fields") // up to some ten thousand bytes
		lead := rapid.StringMatching(`[A-Z]{0,70}`).Draw(t, "lead")
		m, err := hl7.Parse([]byte("MSH" + d + d[:1] + lead + "\rZZZ" + d[:1] + strings.Join(fields, d[:1])))
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range fields {
			var got []string
			for one := range m.Field("ZZZ", i+1).Repetitions() {
				got = append(got, string(one.Raw()))
				parts := strings.Split(string(one.Raw()), component)
				for j, part := range append(parts, "") {
					want := hl7.Value{Text: part, State: hl7.Present}
					if part == "" {
						want.State = hl7.Empty
					}
					if j == len(parts) {
						want = hl7.Value{}
					}
					if got := one.Component(j + 1); got != want {
						t.Errorf("%q: component %d is %+v, want %+v", one.Raw(), j+1, got, want)
					}
				}
			}
			if want := strings.Split(text, repetition); !slices.Equal(got, want) {
				t.Errorf("repetitions are %q, want %q", got, want)
			}
		}
	})
}
