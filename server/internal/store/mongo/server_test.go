package mongo

import (
	"flag"
	"os"
	"testing"

	"slotway/server/internal/store/mongo/mongotest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if scene := os.Getenv(envScene); scene != "" {
		os.Exit(play(scene))
	}
	// A database is made for each check, and a question to the test server costs
	// a thousand times one to the model.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	code := m.Run()
	mongotest.Stop()
	os.Exit(code)
}
