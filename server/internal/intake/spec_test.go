package intake_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// elsewhere are requirements of the bridge's specification, section 9, that are
// about another part of the product.
var elsewhere = map[int]string{
	65: "package manage: what is appended when a patient is sent to a management page",
}

var (
	requirement = regexp.MustCompile(`requirements?[\s/]+((?:\d+)(?:(?:,\s*(?:and\s+)?|\s+and\s+|\s+to\s+)\d+)*)`)
	robustness  = regexp.MustCompile(`\bR(\d{1,3})(?: to R(\d{1,3}))?\b`)
	comment     = regexp.MustCompile(`\n\s*// `)
	spans       = regexp.MustCompile(`(\d+) to (\d+)`)
	numbers     = regexp.MustCompile(`\d+`)
)

// TestEveryRequirementIsCited: each numbered requirement (section 9) and each
// robustness case (section 6) of the bridge's specification is named by a test
// that proves it.
func TestEveryRequirementIsCited(t *testing.T) {
	cited, cases := map[int]bool{}, map[int]bool{}
	const root = "../../.."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "node_modules" || d.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		text, err := proof(file)
		if err != nil {
			return err
		}
		cite(ours(file[len(root):]), text, cited, cases)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 99; n++ {
		if !cited[n] && elsewhere[n] == "" {
			t.Errorf("requirement %d is cited by no test", n)
		}
	}
	for n := 1; n <= 100; n++ {
		if !cases[n] {
			t.Errorf("robustness case R%d is cited by no test", n)
		}
	}
}

// proof gives what a test file, a case, a story, a script or a check of foreign
// clients says of itself.
func proof(file string) (string, error) {
	switch {
	case strings.HasSuffix(file, "_test.go"), strings.HasSuffix(file, ".mjs"), strings.HasSuffix(file, ".txtar"):
	default:
		return "", nil
	}
	b, err := os.ReadFile(file)
	text := string(b)
	if strings.HasSuffix(file, ".txtar") {
		text, _, _ = strings.Cut(text, "\n-- ") // what follows is messages and the like
	}
	return text, err
}

// ours says whether a file is of the bridge alone, and so are the numbers that it cites.
// Elsewhere the bridge's specification is named before them, since others number their
// requirements too.
func ours(file string) bool {
	for _, of := range []string{"/hl7bridge/", "/mappings/", "/server/internal/intake/", "/testdata/hl7/", "/testdata/script/hl7_", "/.ci/"} {
		if strings.HasPrefix(filepath.ToSlash(file), of) {
			return true
		}
	}
	return false
}

// cite notes the numbers that a text cites.
func cite(ours bool, text string, cited, cases map[int]bool) {
	text = comment.ReplaceAllString(text, " ")
	for _, m := range requirement.FindAllStringSubmatchIndex(text, -1) {
		if !ours && !strings.Contains(text[max(0, m[0]-200):m[0]], "hl7-bridge") {
			continue
		}
		list := text[m[2]:m[3]]
		for _, s := range spans.FindAllStringSubmatch(list, -1) {
			span(s[1], s[2], cited)
		}
		for _, n := range numbers.FindAllString(list, -1) {
			span(n, n, cited)
		}
	}
	for _, m := range robustness.FindAllStringSubmatch(text, -1) {
		if m[2] == "" {
			m[2] = m[1]
		}
		span(m[1], m[2], cases)
	}
}

func span(from, to string, in map[int]bool) {
	a, _ := strconv.Atoi(from)
	b, _ := strconv.Atoi(to)
	for ; a <= b; a++ {
		in[a] = true
	}
}
