package hl7

import "testing"

func TestPlain(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"line ends", "MSH|^~\\&|a\r\nPID|1\n\rZAP|x\r", "MSH|^~\\&|a\nPID|1\nZAP|x\n"},
		{"escapes stay", "MSH|^~\\&|a\rNTE|1||a\\T\\b\r", "MSH|^~\\&|a\nNTE|1||a\\T\\b\n"},
		{"its own set", "MSH|^~\\&|a|||||||||||||||8859/1\rNTE|1||caf\xe9\r", "MSH|^~\\&|a|||||||||||||||8859/1\nNTE|1||café\n"},
		{"none declared", "MSH|^~\\&|a\rNTE|1||caf\xe9\r", "MSH|^~\\&|a\nNTE|1||café\n"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m, err := Parse([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Plain(); got != tc.want {
				t.Errorf("Plain() = %q, want %q", got, tc.want)
			}
		})
	}
}
