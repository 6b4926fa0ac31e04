package intake_test

import (
	"testing"

	"slotway/server/internal/store/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }
