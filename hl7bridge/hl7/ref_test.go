package hl7_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/hl7bridge/hl7"
)

func TestParseRef(t *testing.T) {
	for _, s := range []string{"SCH-1", "SCH-1.1", "SCH-11.4.1", "ZAP-1", "PV1-3.9", "MSH-65535"} {
		r, err := hl7.ParseRef(s)
		if err != nil || r.String() != s || r.Segment() != s[:3] {
			t.Errorf("ParseRef(%q) = %v, %v", s, r, err)
		}
	}
	for _, s := range []string{
		"", "SCH", "SCH-", "SCH-0", "SCH-1.0", "SCH-1.", "SCH-1.1.1.1", "SCH--1", "SCH-+1", "sch-1", "SC-1",
		"SCHX-1", "1CH-1", "SCH-x", "SCH.1", "SCH-65536", " SCH-1",
	} {
		if r, err := hl7.ParseRef(s); err == nil {
			t.Errorf("ParseRef(%q) = %v, want an error", s, r)
		}
	}
	r := hl7.MustRef("SCH-11.4.1")
	if r.Field() != 11 || r.Component() != 4 || r.Sub() != 1 {
		t.Errorf("parts = %d %d %d, want 11 4 1", r.Field(), r.Component(), r.Sub())
	}
	if r != hl7.MustRef("SCH-11.4.1") || r == hl7.MustRef("SCH-11.4") {
		t.Error("Refs do not compare by what they name")
	}
	if got := (hl7.Ref{}).String(); got != "" {
		t.Errorf("zero Ref = %q, want nothing", got)
	}
	if got := mustParse(t, s14).Get(hl7.Ref{}); got != (hl7.Value{}) {
		t.Errorf("Get of the zero Ref = %+v, want absent", got)
	}
}

func TestMustRef_panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustRef took a bad text")
		}
	}()
	hl7.MustRef("SCH")
}

// What a Writer writes, Parse reads: any text in any place, with any delimiters.
func TestWriter_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := hl7.DefaultDelimiters()
		if rapid.Bool().Draw(t, "own delimiters") {
			d = hl7.Delimiters{Field: '$', Component: '%', Repetition: '*', Escape: '!', Subcomponent: '@', Truncation: '#'}
		}
		text := rapid.StringMatching(`[A-Za-zé|^~\\&$%*!@#\n]*[a-z]`)
		components := rapid.SliceOfN(text, 1, 5).Draw(t, "components")
		skipped := rapid.IntRange(0, 30).Draw(t, "skipped")

		w := hl7.NewWriter(d)
		w.Segment("MSH").Field("app").Segment("SCH").Skip(skipped).Field(components...).Field("")
		m, err := hl7.Parse(w.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		f := m.Field("SCH", skipped+1)
		for i, want := range components {
			want = strings.TrimLeft(want, "\n") // values are read without surrounding blanks
			if got := f.Component(i + 1).Text; got != want {
				t.Fatalf("component %d = %q, want %q", i+1, got, want)
			}
		}
		if got := m.Field("SCH", skipped+2); got.State() != hl7.Absent {
			t.Fatalf("the empty field at the end was written: %q", got.Raw())
		}
	})
}
