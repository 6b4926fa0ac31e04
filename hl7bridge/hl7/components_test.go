package hl7_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/hl7bridge/hl7"
)

// TestComponents: what is read of components that were found once is what the field
// itself gives, however many there are, also in repetitions and in MSH-2.
func TestComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]string{"a", " ", `""`, "^", "^", "^^^^^^", "&", "~", `\T\`, `\`}), 0, 30).Draw(t, "field")
		m, err := hl7.Parse([]byte("MSH|^~\\&|x\rPID|" + strings.Join(text, "") + "\r"))
		if err != nil {
			t.Fatal(err)
		}
		fields := []hl7.Field{{}, m.Field("MSH", 1), m.Field("MSH", 2), m.Field("PID", 2)}
		for one := range m.Field("PID", 1).Repetitions() {
			fields = append(fields, one)
		}
		for _, f := range append(fields, m.Field("PID", 1)) {
			c := f.Components()
			for i := range 20 {
				if got, want := c.At(i+1), f.Component(i+1); got != want {
					t.Errorf("%q: component %d is %+v, want %+v", f.Raw(), i+1, got, want)
				}
				for j := range 3 {
					if got, want := c.Sub(i+1, j+1), f.Sub(i+1, j+1); got != want {
						t.Errorf("%q: subcomponent %d.%d is %+v, want %+v", f.Raw(), i+1, j+1, got, want)
					}
				}
			}
		}
	})
}
