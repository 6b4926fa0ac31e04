package app

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layers says which way imports point: a package imports only what stands in a
// lower layer. A package without a row fails the test.
var layers = map[string]int{
	"fhir": 0, "fhir/elements": 0, "hl7bridge/hl7": 0, "hl7bridge/mllp": 0,
	"fhir/search": 1, "fhir/r4": 1, "fhir/patch": 1, "fhir/fhirxml": 1, "fhir/careconnect": 1, "mappings/stu3": 1,
	"mappings": 2, "capability": 2, "server/internal/auth": 2, "server/internal/store": 2, "server/internal/wire": 2, "server/internal/dispatch": 2, "server/internal/manage": 0, "server/internal/store/parts": 0,
	"hl7bridge": 3, "server/internal/store/engine": 3, "server/internal/move": 3, "server/internal/journal": 3, "server/internal/audit": 3, "server/internal/session": 3, "server/internal/openid": 3, "server/internal/nhslogin": 4,
	"server/internal/web": 4, "server/internal/grant": 5, "server/internal/request": 5,
	"server/internal/booking": 4, "server/internal/store/storetest": 4, "server/internal/store/bolt": 4, "server/internal/store/mongo": 4,
	"server/internal/intake": 5, "server/internal/bars": 5, "server/internal/diary": 5, "server/internal/outbox": 5, "server/internal/store/enginetest": 5, "server/internal/pretend": 5,
	"server/internal/lookups": 6, "server/internal/pages": 6, "server/internal/staffpages": 6,
	"server/internal/rest": 6,
	"server/internal/app":  7,
	"server":               8, "server/internal/faults": 8,
	// Test support: imported from test files only.
	"fhir/fhirtest": 1, "server/internal/store/mongo/mongotest": 1, "server/internal/canary": 1,
}

// only says which packages may import a library, so that swapping one is one
// package's work, and why.
var only = []struct {
	library  string
	packages []string
	why      string
}{
	{"github.com/gin-gonic/gin", []string{"server/internal/rest", "server/internal/app"}, "handlers are written once, on one router"},
	{"go.mongodb.org/mongo-driver", []string{"server/internal/store/mongo", "server/internal/store/mongo/mongotest"}, "BSON stays inside its store"},
	{"go.etcd.io/bbolt", []string{"server/internal/store/bolt"}, "keys and pages stay inside their store"},
	{"github.com/golang-jwt/jwt", []string{"server/internal/auth"}, "a token is judged in one place"},
	{"github.com/coreos/go-oidc", []string{"server/internal/openid"}, "who signs in is judged in one place"},
	{"golang.org/x/oauth2", []string{"server/internal/openid"}, "who signs in is judged in one place"},
	{"slotway/server/internal/pretend", []string{"server/internal/app"}, "only the demo pretends"},
	{"github.com/samply/golang-fhir-models", []string{"fhir/r4", "capability"}, "it drops what it does not know, so it may not write back what others wrote"},
	{"github.com/klauspost/compress", []string{"server/internal/wire"}, "bodies are coded in one place"},
	{"slotway/server/internal/store/bolt", []string{"server/internal/app", "server/internal/store/enginetest"}, "nothing but the wiring knows which store it is"},
	{"slotway/server/internal/store/mongo", []string{"server/internal/app", "server/internal/store/enginetest"}, "nothing but the wiring knows which store it is"},
	{"slotway/fhir/fhirtest", nil, "it is for tests"},
	{"slotway/server/internal/store/storetest", []string{"server/internal/store/enginetest"}, "it is for tests"},
	{"slotway/server/internal/store/mongo/mongotest", []string{"server/internal/store/enginetest"}, "it is for tests"},
	{"slotway/server/internal/store/enginetest", nil, "it is for tests"},
	{"slotway/server/internal/canary", nil, "it is for tests"},
}

// TestLayers reads the imports of every package.
func TestLayers(t *testing.T) {
	const root = "../../.."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		layer, known := layers[pkg]
		if !known {
			t.Errorf("package %s has no row in the table of layers", pkg)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, file, pkg, layer, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImport(t *testing.T, file, pkg string, layer int, imported string) {
	t.Helper()
	if ours, ok := strings.CutPrefix(imported, "slotway/"); ok {
		if below, known := layers[ours]; !known || below >= layer {
			t.Errorf("%s (layer %d) imports %s (layer %d): imports point down", file, layer, ours, below)
		}
		if pkg == "server" && ours != "server/internal/app" {
			t.Errorf("%s imports %s: the command imports app only", file, ours)
		}
	} else if layer == 0 && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
		t.Errorf("%s imports %s: the lowest layer has the standard library only", file, imported)
	}
	for _, o := range only {
		if imported != o.library && !strings.HasPrefix(imported, o.library+"/") || pkg == path.Clean(strings.TrimPrefix(o.library, "slotway/")) {
			continue
		}
		allowed := false
		for _, p := range o.packages {
			allowed = allowed || p == pkg
		}
		if !allowed {
			t.Errorf("%s imports %s, which is for %v only: %s", file, imported, o.packages, o.why)
		}
	}
}
