package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notOfTheFace are requirements of the NHS booking standard's list (nhs-booking 7)
// that are another part's to prove, from one number to another.
var notOfTheFace = []struct {
	from, to int
	whose    string
}{
	{115, 120, "package auth: tokens"},
	{123, 125, "audit and reports"},
	{126, 135, "the BaRS base"},
}

var (
	bookingCited  = regexp.MustCompile(`(?:nhs-booking|NHS booking)[^.\n]{0,60}?requirements? (\d+(?:(?:,? and |, | to )\d+)*)`)
	citedSpans    = regexp.MustCompile(`(\d+) to (\d+)`)
	citedNumbers  = regexp.MustCompile(`\d+`)
	commentBreaks = regexp.MustCompile(`\n\s*// `)
)

// TestEveryBookingRequirementIsCited: each numbered requirement of the NHS booking
// standard's list is named by a test that proves it, or is another part's.
func TestEveryBookingRequirementIsCited(t *testing.T) {
	cited := map[int]bool{}
	const root = "../../.."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		b, err := os.ReadFile(file)
		text := commentBreaks.ReplaceAllString(string(b), " ")
		for _, m := range bookingCited.FindAllStringSubmatch(text, -1) {
			for _, s := range citedSpans.FindAllStringSubmatch(m[1], -1) {
				from, _ := strconv.Atoi(s[1])
				to, _ := strconv.Atoi(s[2])
				for n := from; n <= to; n++ {
					cited[n] = true
				}
			}
			for _, s := range citedNumbers.FindAllString(m[1], -1) {
				n, _ := strconv.Atoi(s)
				cited[n] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 135; n++ {
		if !cited[n] && !elsewhere(n) {
			t.Errorf("requirement %d of the NHS booking standard is cited by no test", n)
		}
	}
}

func elsewhere(n int) bool {
	for _, e := range notOfTheFace {
		if e.from <= n && n <= e.to {
			return true
		}
	}
	return false
}
