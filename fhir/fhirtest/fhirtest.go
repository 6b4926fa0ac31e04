// Package fhirtest helps tests: it reads the examples under testdata, compares
// JSON by meaning, keeps golden files and draws random resources. Only tests
// may import it.
package fhirtest

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// Testdata gives the path of a file under the root testdata folder.
func Testdata(elem ...string) string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("fhirtest: no caller")
	}
	return filepath.Join(append([]string{filepath.Dir(file), "..", "..", "testdata"}, elem...)...)
}

// Read gives the content of a file under the root testdata folder.
func Read(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(Testdata(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parse reads a resource from text that must be one.
func Parse(t testing.TB, text string) fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatalf("fhir.Parse: %v", err)
	}
	return r
}

// Example reads one resource from testdata/examples: Example(t, "R4/Slot/busy.json").
func Example(t testing.TB, name string) fhir.Resource {
	t.Helper()
	return Parse(t, string(Read(t, "examples", filepath.FromSlash(name))))
}

// File is a resource and the name of the example it comes from.
type File struct {
	Name     string // below testdata/examples, with slashes
	Resource fhir.Resource
}

// Examples reads all examples of a version of FHIR, R4 or STU3, in the order of
// their names. A version without any fails the test.
func Examples(t testing.TB, version string) []File {
	t.Helper()
	var files []File
	root := Testdata("examples")
	err := filepath.WalkDir(filepath.Join(root, version), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		rel, err := filepath.Rel(root, path)
		name := filepath.ToSlash(rel)
		files = append(files, File{name, Example(t, name)})
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples of %s: %v", version, err)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}
