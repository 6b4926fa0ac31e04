package hl7bridge

import "testing"

// TestPointed: MSH-7 of senders that leave out the point of a fraction; half a component
// stays what it is, an error (hl7-bridge 2.12).
func TestPointed(t *testing.T) {
	for clock, want := range map[string]string{
		"20260512101957838":      "20260512101957.838",
		"20260512101957838+0100": "20260512101957.838+0100",
		"2026051210195783":       "20260512101957.83",
		"20260512101957":         "20260512101957",
		"20260512101957.8":       "20260512101957.8",
		"20260512101957.83":      "20260512101957.83",
		"20260512101957.838":     "20260512101957.838",
		"202605121019578":        "202605121019578",
		"202605121019578381":     "202605121019578381",
		"202605121019-0500":      "202605121019-0500",
		"":                       "",
	} {
		if got := pointed(clock); got != want {
			t.Errorf("pointed(%q) = %q, want %q", clock, got, want)
		}
	}
}
