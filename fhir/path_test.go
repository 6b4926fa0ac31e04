package fhir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pathSample = `{"resourceType":"Appointment","start":"S",
 "identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"},{"system":"a","value":"3"}],
 "participant":[{"actor":{"reference":"Patient/1","type":"Patient"}},{"actor":{"type":"Location","display":"L"}},{"status":"x"}],
 "specialty":[{"coding":[{"code":"c1"},{"code":"c2"}]},{"coding":[{"code":"c3"}]}],
 "deceasedBoolean":true,"deceased":"no choice","deceasedness":"no choice either",
 "name":{"family":["one","two"]},
 "extension":[{"url":"http://a.b/c(d","valueUrl":"U"},{"url":"u2","valueString":"V"}],
 "flag":[{"on":true,"v":"yes"},{"on":false,"v":"no"}]}`

func TestPathAt(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{"start", []string{`"S"`}},
		{"start[0]", []string{`"S"`}},
		{"start[1]", nil},
		{"missing.more", nil},
		{"start.more", nil},
		{"identifier.value", []string{`"1"`, `"2"`, `"3"`}},
		{"identifier[1].value", []string{`"2"`}},
		{"identifier[9].value", nil},
		{"identifier.where(system=a).value", []string{`"1"`, `"3"`}},
		{"identifier.where(system=a)", []string{`{"system":"a","value":"1"}`, `{"system":"a","value":"3"}`}},
		{"identifier.where(system=).value", nil},
		{"participant.where(actor.type=Location).actor.display", []string{`"L"`}},
		{"specialty[0].coding[1].code", []string{`"c2"`}},
		{"specialty.coding.code", []string{`"c1"`, `"c2"`, `"c3"`}},
		{"specialty.where(coding.code=c2).coding[0].code", nil}, // a condition looks at the first of a list
		{"deceased[x]", []string{`true`}},
		{"deceased", []string{`"no choice"`}},
		{"extension.where(url=u2).value[x]", []string{`"V"`}},
		{"extension.where(url=http://a.b/c(d).valueUrl", []string{`"U"`}},
		{"name.family", []string{`"one"`, `"two"`}},
		{"flag.where(on=true).v", []string{`"yes"`}},
	}
	r, err := Parse([]byte(pathSample))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range tests {
		t.Run(tc.path, func(t *testing.T) {
			p := MustPath(tc.path)
			var got []string
			for n := range r.At(p) {
				got = append(got, string(n.Raw()))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("At(%s) (-want +got):\n%s", tc.path, diff)
			}
			one := string(r.Root().One(p).Raw())
			if len(tc.want) == 0 && one != "" || len(tc.want) > 0 && one != tc.want[0] {
				t.Errorf("One(%s) = %s", tc.path, one)
			}
			if p.String() != tc.path {
				t.Errorf("String = %s, want %s", p, tc.path)
			}
		})
	}
}

func TestPathZeroIsTheResource(t *testing.T) {
	n := node(t, `{"a":1}`)
	if got := string(n.One(Path{}).Raw()); got != `{"a":1}` {
		t.Errorf("got %s", got)
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, text := range []string{
		".", "a.", ".a", "a..b", "a[", "a[]", "a[y]", "a[-1]", "a[1", "[0]", "[x]", "where(a=b)", "a.where(",
		"a.where(b)", "a.where(=b)", "a.where(b=c", "a.where(b=c)d", "a.where(b=c).", "a(b=c)",
	} {
		if p, err := ParsePath(text); err == nil {
			t.Errorf("ParsePath(%q) = %v, want an error", text, p.steps)
		}
	}
}

func TestPathThenAndWhere(t *testing.T) {
	tests := []struct{ got, want Path }{
		{MustPath("extension").Where("url", "http://x/(y)"), MustPath("extension").Where("url", "http://x/(y)")},
		{MustPath("identifier").Where("system", "a").Then("value"), MustPath("identifier.where(system=a).value")},
		{MustPath("a.b").Then("c[0].d"), MustPath("a.b.c[0].d")},
		{Path{}.Then("a.b"), MustPath("a.b")},
	}
	for _, tc := range tests {
		if tc.got.String() != tc.want.String() || !cmp.Equal(tc.got.steps, tc.want.steps, cmp.AllowUnexported(step{}, Node{}, tape{}, token{})) {
			t.Errorf("got %v %v, want %v %v", tc.got, tc.got.steps, tc.want, tc.want.steps)
		}
	}
	base := MustPath("identifier")
	_ = base.Where("system", "a") // must not change base
	if base.steps[0].where != nil {
		t.Error("Where changed the path it was asked of")
	}
}

func TestMustPathEndsTheProgram(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustPath of a bad path returned")
		}
	}()
	MustPath("a..b")
}
