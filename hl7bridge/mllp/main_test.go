package mllp_test

import (
	"testing"

	"go.uber.org/goleak"
)

// hl7-bridge 6.1, R9: no goroutine is left behind by any test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
