package app

import (
	"bytes"
	"testing"
)

// TestDemoTour walks the tour that `demo --check` walks, on the demo's data, also
// where more is refused.
func TestDemoTour(t *testing.T) {
	for name, set := range map[string]Settings{"as it is": {}, "strict": {Validation: "strict", SearchHandling: "strict-only"}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c := &demoCmd{HTTP: "127.0.0.1:0", MLLP: "127.0.0.1:0", Check: true, Data: t.TempDir(), Settings: set}
			if err := c.Run(t.Context(), streams{&out, t.Output()}); err != nil {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}
