package wire

import (
	"strings"
	"unicode/utf8"
)

// formulas are what begins a formula to some program, in the wide forms too, and what
// some pass by before one.
const formulas = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

// Cell gives a text as a cell of CSV that no program takes for a formula (security
// S73).
func Cell(text string) string {
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \u00a0")); text != "" && strings.ContainsRune(formulas, first) {
		return "'" + text
	}
	return text
}
