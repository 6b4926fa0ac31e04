package fhirtest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"slotway/fhir"
)

// Names are the member names that Object draws from, few enough for paths to
// meet them.
var Names = []string{"id", "status", "start", "end", "_end", "code", "coding", "actor", "participant", "extension", "text", "valueString", "a\tb", "é"}

// Resource draws the text of a resource of that type: any members, in any order,
// nested up to depth, with white space wherever JSON allows it.
func Resource(t *rapid.T, typ string, depth int) string {
	text := object(t, depth, []string{`"resourceType"` + gap(t) + `:` + gap(t) + string(fhir.Quote(typ))})
	return gap(t) + text + gap(t)
}

// Object draws the text of a JSON object.
func Object(t *rapid.T, depth int) string { return object(t, depth, nil) }

func object(t *rapid.T, depth int, members []string) string {
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(Names), 0, 5, rapid.ID).Draw(t, "names") {
		value := ""
		if name == "id" && members != nil {
			value = `"` + rapid.StringMatching(`[A-Za-z0-9.-]{1,20}`).Draw(t, "id") + `"`
		} else {
			value = JSON(t, depth-1)
		}
		members = append(members, quoted(t, name)+gap(t)+":"+gap(t)+value)
	}
	return "{" + joined(t, rapid.Permutation(members).Draw(t, "order")) + "}"
}

// JSON draws the text of any JSON value.
func JSON(t *rapid.T, depth int) string {
	kinds := []string{"string", "number", "literal"}
	if depth > 0 {
		kinds = append(kinds, "object", "array", "objects")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "string":
		return quoted(t, rapid.StringN(0, 8, 40).Draw(t, "string"))
	case "number":
		return rapid.SampledFrom([]string{"0", "-1", "1.50", "1e400", "-0.0e-7", "12345678901234567890.123456789"}).Draw(t, "number")
	case "literal":
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
	case "object":
		return Object(t, depth)
	case "objects":
		return "[" + joined(t, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return Object(t, depth-1) }), 1, 3).Draw(t, "objects")) + "]"
	}
	return "[" + joined(t, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return JSON(t, depth-1) }), 0, 3).Draw(t, "elements")) + "]"
}

// quoted writes a string, sometimes with its first letter as an escape.
func quoted(t *rapid.T, text string) string {
	q := string(fhir.Quote(text))
	if c := q[1]; (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') && rapid.Bool().Draw(t, "escaped") {
		return fmt.Sprintf(`"\u%04x%s`, c, q[2:])
	}
	return q
}

func joined(t *rapid.T, parts []string) string {
	if len(parts) == 0 {
		return gap(t)
	}
	var out strings.Builder
	for i, p := range parts {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(gap(t) + p + gap(t))
	}
	return out.String()
}

func gap(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r\n  "}).Draw(t, "gap")
}
