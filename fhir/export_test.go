package fhir

import "fmt"

// Misread says where the tokens that a resource has are not those of its text.
func Misread(r Resource) string {
	want, err := scanWhole(r.raw, true, true)
	if err != nil {
		return err.Error()
	}
	got := r.Opened().doc.tokens
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("token %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("there are %d tokens, want %d", len(got), len(want))
	}
	return ""
}
