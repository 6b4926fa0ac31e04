package fhir_test

import (
	"testing"

	"slotway/fhir"
)

func TestNoText(t *testing.T) {
	for text, want := range map[string]rune{
		"": -1, "a\tb\r\nc\u007f\u0085": -1, "\u00ef\uf8ff\ufeff\ufffd\U0010ffff": -1,
		"\x00": 0, "a\x01": 1, "\x1f": 0x1f, "x\uFFFE": 0xFFFE, "\uFEFF\uFFFF": 0xFFFF, "\x0b\x0c": 0x0b,
	} {
		if r, found := fhir.NoText(text); found != (want >= 0) || found && r != want {
			t.Errorf("NoText(%q) = %U, %v, want %U", text, r, found, want)
		}
	}
}
