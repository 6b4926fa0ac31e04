package storetest_test

import (
	"testing"

	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

func TestModel(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, e storetest.Env) store.Store { return storetest.NewModel(e.Catalog, e.Now) })
}
