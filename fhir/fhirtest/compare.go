package fhirtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Failer is a test, or a check of a property.
type Failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Decode reads JSON into Go values. Numbers keep their text, so that 1.0 and 1
// are two things, as they are in FHIR.
func Decode(t Failer, b []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

// Diff compares two JSON texts by meaning: white space, the order of members
// and the spelling of strings do not count. It is empty when they are equal.
func Diff(t Failer, want, got []byte) string {
	t.Helper()
	return cmp.Diff(Decode(t, want), Decode(t, got))
}

// Compact gives JSON without white space between its values.
func Compact(t testing.TB, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return out.String()
}

// Golden compares text with the file of that name under testdata/golden. With
// UPDATE_GOLDEN=1 it writes the file instead; read the difference before
// committing it.
func Golden(t testing.TB, name string, got []byte) {
	t.Helper()
	path := Testdata("golden", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("golden/%s differs (-want +got); UPDATE_GOLDEN=1 rewrites it:\n%s", name, diff)
	}
}
