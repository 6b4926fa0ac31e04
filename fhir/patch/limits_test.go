package patch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// ops writes an array of n operations, each with its number where a verb stands.
func ops(n int, format string) string {
	var out strings.Builder
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		if strings.Contains(format, "%") {
			fmt.Fprintf(&out, format, i)
		} else {
			out.WriteString(format)
		}
	}
	return "[" + out.String() + "]"
}

// TestHostileJSONPatches holds that what is made to cost is refused, or done, in
// no time that grows with the square of its size.
func TestHostileJSONPatches(t *testing.T) {
	members := ops(60_000, `"m%d":0`)
	wideObject := `{"resourceType":"X",` + members[1:len(members)-1] + `}`
	wideArray := `{"resourceType":"X","a":[` + strings.Repeat("0,", 190_000) + `0]}`
	deep := `{"resourceType":"X","a":` + strings.Repeat(`{"a":`, 60) + `0` + strings.Repeat(`}`, 60) + `}`
	tests := []struct {
		name, doc, patch string
		want             fhir.Kind // 0 when it is carried out
	}{
		{"10,000 operations", `{"resourceType":"X"}`, ops(10_000, `{"op":"add","path":"/a%d","value":1}`), fhir.TooLarge},
		{"as many as are taken", `{"resourceType":"X"}`, ops(MaxOperations, `{"op":"add","path":"/a%d","value":1}`), 0},
		{"copies that double", `{"resourceType":"X","a":["0123456789"]}`, ops(40, `{"op":"copy","from":"/a","path":"/a/-"}`), fhir.TooLarge},
		{"copies of a large value", `{"resourceType":"X","a":"` + strings.Repeat("x", 500_000) + `"}`, ops(3, `{"op":"copy","from":"/a","path":"/b%d"}`), fhir.TooLarge},
		{"a pointer of 100,000 names", `{"resourceType":"X"}`, `[{"op":"add","path":"` + strings.Repeat("/a", 100_000) + `","value":1}]`, fhir.Unprocessable},
		{"a value nested 100,000 deep", `{"resourceType":"X"}`, `[{"op":"add","path":"/a","value":` + strings.Repeat("[", 100_000), fhir.Invalid},
		{"a resource nested by moves", deep, `[{"op":"copy","from":"/a","path":"/b"}` + strings.Repeat(`,{"op":"copy","from":"/b","path":"/c"},{"op":"move","from":"/a","path":"/c`+strings.Repeat("/a", 60)+`"},{"op":"move","from":"/c","path":"/a"}`, 300) + `]`, fhir.Unprocessable},
		{"adds to a wide object", wideObject, ops(1000, `{"op":"add","path":"/n%d","value":1}`), 0},
		{"removes from a wide object", wideObject, ops(1000, `{"op":"remove","path":"/m%d"}`), 0},
		{"tests of a wide object", wideObject, ops(1000, `{"op":"test","path":"/m59%03d","value":0}`), 0},
		{"a test of all of a wide object", wideObject, `[{"op":"test","path":"","value":` + wideObject + `}]`, 0},
		{"inserts at the head of a wide array", wideArray, ops(1000, `{"op":"add","path":"/a/0","value":1}`), 0},
		{"moves from head to end of a wide array", wideArray, ops(1000, `{"op":"move","from":"/a/0","path":"/a/-"}`), 0},
		{"tests of a long number", `{"resourceType":"X","a":1e` + strings.Repeat("9", 500_000) + `}`, ops(1000, `{"op":"test","path":"/a","value":1e9999999999999999999}`), fhir.Unprocessable},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { hostile(t, tc.doc, tc.patch, tc.want) })
	}
}

// hostile applies a patch and looks at what it comes to, and how long that takes.
func hostile(t *testing.T, doc, patch string, want fhir.Kind) {
	t.Helper()
	r := fhirtest.Parse(t, doc)
	began := time.Now()
	p, err := Parse([]byte(patch))
	if err == nil {
		_, err = p.Apply(t.Context(), r)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if want == 0 && err != nil || want != 0 && fhir.KindOf(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

// TestHostileFHIRPathPatches is the same for the other kind.
func TestHostileFHIRPathPatches(t *testing.T) {
	many := func(n int, operation string) string {
		return `{"resourceType":"Parameters","parameter":` + ops(n, operation) + `}`
	}
	given := `{"resourceType":"Patient","name":[{"given":[` + strings.Repeat(`"a",`, 90_000) + `"b"],"_given":[` + strings.Repeat(`null,`, 90_000) + `{"id":"x"}]}]}`
	short := `{"resourceType":"Patient","name":[{"given":[` + strings.Repeat(`"a",`, 90_000) + `"b"],"_given":[{"id":"x"}]}]}`
	lists := `{"resourceType":"Patient","name":[` + strings.Repeat(`{"given":["a","b"]},`, 20_000) + `{"given":["a","c"]}]}`
	tests := []struct {
		name, doc, patch string
		want             fhir.Kind // 0 when it is carried out
	}{
		{"10,000 operations", lists, many(10_000, operationOf("delete", "Patient.active")), fhir.TooLarge},
		{"as many as are taken", lists, many(MaxOperations, operationOf("delete", "Patient.active")), 0},
		{"conditions on a long list", lists, many(MaxOperations, operationOf("delete", "Patient.name.where(given.where($this = 'c').exists()).use")), fhir.TooLarge},
		{"conditions within conditions", lists, parametersOf(operationOf("delete", "Patient.name.where(given.where($this.exists($this.exists($this.exists($this = 'z')))).exists()).use")), 0},
		{"deletes from a long list with ids", given, many(MaxOperations, operationOf("delete", "Patient.name.given[0]")), fhir.TooLarge},
		{"inserts into one whose ids are few", short, many(MaxOperations, operationOf("insert", "Patient.name[0].given", "index", `"valueInteger":1`, "value", `"valueString":"x"`)), 0},
		{"moves in a long list", short, many(MaxOperations, operationOf("move", "Patient.name[0].given", "source", `"valueInteger":0`, "destination", `"valueInteger":90000`)), 0},
		{"a path of many positions", lists, parametersOf(operationOf("delete", "Patient.name"+strings.Repeat("[0]", 1300))), 0},
		{"a path that is too long", lists, parametersOf(operationOf("delete", "Patient"+strings.Repeat(".name", 1000))), fhir.Invalid},
		{"brackets without end", lists, parametersOf(operationOf("delete", "Patient.where"+strings.Repeat("(", 4000))), fhir.Invalid},
		{"parts nested 20 deep", `{"resourceType":"Patient"}`, parametersOf(operationOf("add", "Patient", "name", `"valueString":"contact"`, "value", strings.Repeat(`"part":[{"name":"extension",`, 20)+`"part":[{"name":"url","valueUri":"u"}]`+strings.Repeat(`}]`, 20))), 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { hostile(t, tc.doc, tc.patch, tc.want) })
	}
}

func TestSameNumber(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"1", "1.0", true},
		{"1", "10e-1", true},
		{"100", "1e2", true},
		{"100", "1E+02", true},
		{"0.001", "1e-3", true},
		{"0", "-0.000e99999999999999999999", true},
		{"-1", "1", false},
		{"1", "2", false},
		{"10", "1", false},
		{"0.1", "0.10000000000000000000000000000000001", false},
		{"9007199254740993", "9007199254740992", false},
		{"1e400", "1e401", false},
		{"1e400", "10e399", true},
		{"1e99999999999999999999", "1.0e99999999999999999999", true},
		{"1e99999999999999999999", "1e-99999999999999999999", false},
		{"1e0000000000000000000000000002", "100", true},
	}
	for _, tc := range tests {
		if got := sameNumber(tc.a, tc.b); got != tc.want || sameNumber(tc.b, tc.a) != tc.want {
			t.Errorf("sameNumber(%s, %s) = %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}
