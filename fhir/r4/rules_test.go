package r4_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

// TestRules is what a server that is set to be strict refuses, and what somebody
// who asks for advice is told.
func TestRules(t *testing.T) {
	tests := []struct {
		name, body string
		rules      r4.Rules
		want       []string
	}{
		{"an unknown element", `"myOwn":1,"active":true`, r4.Rules{}, nil},
		{"an unknown element, strict", `"myOwn":1,"_other":{"id":"x"},"active":true`, r4.Rules{Strict: true}, []string{"structure Patient.myOwn", "structure Patient._other"}},
		{"an unknown element within one, strict", `"name":[{"surname":"X","family":"Y"}]`, r4.Rules{Strict: true}, []string{"structure Patient.name[0].surname"}},
		{"a choice of a type it does not have, strict", `"deceasedString":"yes"`, r4.Rules{Strict: true}, []string{"structure Patient.deceasedString"}},
		{"a resourceType where none belongs, strict", `"name":[{"resourceType":"HumanName","family":"Y"}]`, r4.Rules{Strict: true}, []string{"structure Patient.name[0].resourceType"}},
		{"extensions, strict", `"extension":[{"url":"u","valueTiming":{"anything":1}}],"modifierExtension":[{"url":"u","valueString":"x"}]`, r4.Rules{Strict: true}, nil},
		{"a companion, strict", `"_birthDate":{"extension":[{"url":"u","valueCode":"unknown"}]}`, r4.Rules{Strict: true}, nil},
		{"contained resources, strict", `"contained":[{"resourceType":"Location","id":"l","nome":"W"},{"resourceType":"Endpoint","id":"e","anything":1}],"extension":[{"url":"u","valueUri":"#l"},{"url":"u","valueUri":"#e"}]`, r4.Rules{Strict: true}, []string{"structure Patient.contained[0].nome"}},
		{"what is otherwise a warning, strict", `"telecom":[{"value":"1"}]`, r4.Rules{Strict: true}, []string{"invariant Patient.telecom[0] cpt-2"}},
		{"copies, strict", `"contained":[{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"active":true}]`, r4.Rules{Copies: true, Strict: true}, []string{"warning invariant Patient.contained dom-3", "warning invariant Patient.contained dom-4"}},
		{"advice", `"active":true`, r4.Rules{Advise: true, Strict: true}, []string{"warning invariant Patient dom-6"}},
		{"advice that is followed", `"text":{"status":"generated","div":"<div>A</div>"}`, r4.Rules{Advise: true}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := broken(tc.rules.Validate(fhirtest.Parse(t, `{"resourceType":"Patient",`+tc.body+`}`)))
			if diff := cmp.Diff(append([]string{}, tc.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestExamplesAreSoundStrictly reads every example and the fixture of the worked
// searches as a strict server would: what R4 has, the tables have.
func TestExamplesAreSoundStrictly(t *testing.T) {
	for _, file := range fhirtest.Examples(t, "R4") {
		for _, issue := range (r4.Rules{Strict: true}).Validate(file.Resource) {
			t.Errorf("%s: %+v", file.Name, issue)
		}
	}
	for name, r := range fixture(t) {
		for _, issue := range (r4.Rules{Strict: true}).Validate(r) {
			t.Errorf("%s: %+v", name, issue)
		}
	}
}

// FuzzNarrative checks that no text of a narrative makes validation panic, and
// that none with a script in it passes.
func FuzzNarrative(f *testing.F) {
	for _, div := range []string{"<div>A</div>", "<div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;<br/></div>", "<div><script>x</script></div>", "<div onload='x'/>", "<!-- --><div>", "]]>"} {
		f.Add(div)
	}
	f.Fuzz(func(t *testing.T, div string) {
		div = strings.ToValidUTF8(div, "")
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\n' && r != '\r' && r != '\t' {
				return -1
			}
			return r
		}, div)) + `"`
		issues := r4.Validate(fhirtest.Parse(t, `{"resourceType":"Patient","text":{"status":"generated","div":`+quoted+`}}`))
		if len(issues) == 0 && strings.Contains(strings.ToLower(div), "<script") && !strings.Contains(div, "<!--") && !strings.Contains(div, "<![CDATA[") {
			t.Errorf("%q passes", div)
		}
	})
}
