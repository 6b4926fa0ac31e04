package patch

import (
	"context"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestLate holds that a patch ends soon after its time is up, within an operation
// too. spec security-reliability S90.
func TestLate(t *testing.T) {
	lists := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"given":["a","b"]},`, 20_000) + `{"given":["a","c"]}]}`
	slow := operationOf("delete", "Patient.name.where(given.where($this = 'c').exists()).where(given.where($this = 'd').exists()).use")
	p, err := Parse([]byte(parametersOf(slow)))
	if err != nil {
		t.Fatal(err)
	}
	r := fhirtest.Parse(t, lists)
	for name, left := range map[string]time.Duration{"before it begins": 0, "in the middle": time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), left)
		if left == 0 {
			cancel()
		}
		_, err = p.Apply(ctx, r)
		cancel()
		if fhir.KindOf(err) != fhir.Busy {
			t.Errorf("%s: %v, want busy", name, err)
		}
	}
	if _, err := p.Apply(t.Context(), r); err != nil {
		t.Errorf("with time: %v", err)
	}
}
