package web

import "testing"

// What turns the direction of text, and what nobody sees, is shown; letters of every
// script stay.
func TestShown(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"plain", "Robin O’Sample", "Robin O’Sample"},
		{"empty", "", ""},
		{"override", "a\u202Egnp.exe", "a‹U+202E›gnp.exe"},
		{"isolate", "\u2066x\u2069", "‹U+2066›x‹U+2069›"},
		{"marks", "\u200E\u200F\u061C", "‹U+200E›‹U+200F›‹U+061C›"},
		{"no room", "Ro\u200Bbin\uFEFF", "Ro‹U+200B›bin‹U+FEFF›"},
		{"control characters", "a\x00b\x1Bc\rd", "a‹U+0000›b‹U+001B›c‹U+000D›d"},
		{"lines and tabs", "a\nb\tc", "a\nb\tc"},
		{"right to left", "שלום مرحبا", "שלום مرحبا"},
		{"markup is for the template", "<b>", "<b>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Shown(tc.text); got != tc.want {
				t.Errorf("Shown(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}
