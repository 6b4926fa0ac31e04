package stu3_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
	"slotway/mappings/stu3"
)

// TestLawOnExamples is design 2.7: Out(In(x)) is x but for white space. What In
// makes is R4, and Show gives an STU3 writer's own back.
func TestLawOnExamples(t *testing.T) {
	for _, file := range fhirtest.Examples(t, "STU3") {
		t.Run(file.Name, func(t *testing.T) {
			in, err := stu3.In(file.Resource)
			if err != nil {
				t.Fatal(err)
			}
			want := fhirtest.Compact(t, file.Resource.Raw())
			for name, back := range map[string]func(fhir.Resource) (fhir.Resource, error){"Out": stu3.Out, "Show": stu3.Show} {
				got, err := back(in)
				if err != nil || fhirtest.Compact(t, got.Raw()) != want {
					t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, fhirtest.Compact(t, got.Raw()), want)
				}
			}
			if strings.Contains(file.Name, "seed-003-2.json") {
				return // its sender writes name as an object and family as a list
			}
			for _, issue := range r4.Validate(in) {
				if issue.Severity == "error" {
					t.Errorf("In made what is not R4: %+v\n%s", issue, in.Raw())
				}
			}
		})
	}
}

// TestEveryRowIsExercised fails for a row that no example shows at work.
func TestEveryRowIsExercised(t *testing.T) {
	used := map[string]bool{}
	var walk func(n fhir.Node, typ string)
	walk = func(n fhir.Node, typ string) {
		if own := n.Get("resourceType").Text(); own != "" {
			typ = own
		}
		for name, v := range n.Members() {
			used[typ+"."+name] = true
			at := typ + "." + name
			if value, ok := strings.CutPrefix(name, "value"); ok && value != "" {
				at = value
			}
			for el := range v.Each() {
				walk(el, at)
			}
		}
	}
	for _, file := range fhirtest.Examples(t, "STU3") {
		walk(file.Resource.Root(), "")
	}
	for _, row := range stu3.Rows() {
		if row.Conv.Name == "" {
			t.Errorf("the row %s.%s does not say what it does", row.Type, row.STU3)
		}
		if !used[row.Type+"."+row.STU3] {
			t.Errorf("no example has %s.%s", row.Type, row.STU3)
		}
	}
}

// drawSTU3 draws a resource of a type with any of its rows' elements, and
// others, in any order, with values that fit and values that do not.
func drawSTU3(t *rapid.T, typ string, depth int) string {
	names := []string{"id", "extension", "status", "name", "x", "resource\"Type"}
	for _, row := range stu3.Rows() {
		if row.Type == typ {
			names = append(names, row.STU3, "_"+row.STU3)
			if row.R4 != "" {
				names = append(names, row.R4)
			}
		}
	}
	if depth > 0 {
		names = append(names, "contained", "context")
	}
	members := []string{`"resourceType": "` + typ + `"`}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 7, rapid.ID).Draw(t, "names") {
		members = append(members, spelt(t, name)+" : "+drawValue(t, typ, name, depth))
	}
	return "{ " + strings.Join(rapid.Permutation(members).Draw(t, "order"), " , ") + "\n}"
}

// spelt writes a name, now and then with an escape that it does not need.
func spelt(t *rapid.T, name string) string {
	if rapid.IntRange(0, 15).Draw(t, "escaped") == 0 {
		return fmt.Sprintf(`"\u%04x%s`, name[0], string(fhir.Quote(name[1:]))[1:])
	}
	return string(fhir.Quote(name))
}

func drawValue(t *rapid.T, typ, name string, depth int) string {
	if name == "id" {
		return `"i"`
	}
	fits := map[string][]string{
		"contained":        {"", ""},
		"extension":        {`[{"url":"u","valueCode":"c"}]`, `[ ]`, `[{"url":"u","extension":[{ "valueMoney":{"value":1.0, "_code":{"id":"c"},"unit":"p"}}]}]`, `[{"valueSignature":{"whoUri":"a","whoReference":{}}},{"valueMoney":[1,{"code":"c"}]}]`, `[{"valueSignature":{"who":1,"onBehalfOfReference":{"identifier":{"value":"v"}}}}]`, `[{"url":"http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.animal","extension":[{"url":"breed","valueCodeableConcept":{}}]}]`},
		"incomingReferral": {`[{"reference":"ReferralRequest/r"},{ "display":"d" }]`, `[{"reference":"ReferralRequest\/r"}]`, `[{"reference":"ServiceRequest/r"}]`, `{"reference":"#r"}`, `[{"\u0072eference":"ReferralRequest/r"}]`},
		"programName":      {`["a", "b"]`, `[1]`, `"a"`, `[]`, `[null]`},
		"eligibility":      {`{"text":"t"}`, `[{"code":{}}]`},
		"animal":           {`{"species":{"text":"s"}, "breed":{ }}`, `{"extension":[{"url":"u","valueCode":"c"}],"id":"x"}`, `{}`, `{"colour":1}`},
		"created":          {`"2025"`, `1`},
		"context":          {`{"encounter":{"reference":"Encounter/1"},"x":1}`, `{"related":[{"ref":{"reference":"a"}},{"identifier":{ "value":"b"}},{"ref":{ }}]}`, `{"related":[{"ref":{"ref":1}}]}`, `{"related":[{"\u0072ef":{}}]}`, `{"encounter":[]}`, `[{"encounter":{}},2]`},
		"serviceCategory":  {`{ "text" : "t" }`, `[]`, `null`},
		"_serviceCategory": {`{}`},
		"reasonCode":       {`[]`},
		"resource\"Type":   {`1.50`},
		"_indexed":         {`{"id":"x"}`},
		"_eligibilityNote": {`{"extension":[ ]}`},
		"indication":       {`[{"reference":"Condition/1"}]`},
		"reason":           {`[ {"text":"r"} ]`},
		"category":         {`{"text":"t"}`, `[{"text":"t"}]`},
		"class":            {`{"text":"t"}`},
		"status":           {`"booked"`},
	}
	if name == "contained" {
		inside := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return drawSTU3(t, rapid.SampledFrom([]string{"Slot", "Patient", "DocumentReference", "Location", "ReferralRequest", "Basic"}).Draw(t, "contained type"), depth-1)
		}), 1, 3).Draw(t, "contained")
		return "[" + strings.Join(inside, ", ") + "]"
	}
	if list := fits[name]; list != nil && rapid.IntRange(0, 9).Draw(t, "fit") > 0 {
		// The first is what STU3 has there; the others try what it has not.
		return list[min(len(list)-1, rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 2, 3, 4, 5}).Draw(t, "which"))]
	}
	return fhirtest.JSON(t, 2)
}

// TestLaw draws resources: In either refuses one, naming a place, or Out gives it back.
func TestLaw(t *testing.T) {
	taken, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]string{"Appointment", "Slot", "Schedule", "HealthcareService", "Location", "Patient", "DocumentReference", "Practitioner"}).Draw(t, "type")
		text := drawSTU3(t, typ, 1)
		x, err := fhir.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		in, err := stu3.In(x)
		if err != nil {
			if e := fhir.AsError(err); e.Kind != fhir.Unprocessable || !strings.HasPrefix(e.Where, typ+".") {
				t.Fatalf("In: %v at %q", err, e.Where)
			}
			refused++
			return
		}
		taken++
		out, err := stu3.Out(in)
		if err != nil {
			t.Fatalf("Out: %v", err)
		}
		if got, want := compact(t, out), compact(t, x); got != want {
			t.Fatalf("in   %s\nR4   %s\nback %s", want, in.Raw(), got)
		}
	})
	if taken < refused/4 {
		t.Errorf("only %d taken of %d", taken, taken+refused)
	}
}

func compact(t *rapid.T, r fhir.Resource) string {
	var out strings.Builder
	inString, escaped := false, false
	for _, c := range string(r.Raw()) {
		if inString || !strings.ContainsRune(" \t\r\n", c) {
			out.WriteRune(c)
		}
		if inString = inString != (c == '"' && !escaped); true {
			escaped = inString && c == '\\' && !escaped
		}
	}
	return out.String()
}
