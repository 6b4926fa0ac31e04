package search

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// standard is a parameter as HL7 defines it for R4 (4.0.1).
type standard struct {
	Type, Name, Kind, Expression string
	Targets                      []string
}

// fhir-search 7.1: every parameter of R4, and of ours only those with a hyphen.
func TestTableIsThatOfR4(t *testing.T) {
	var all []standard
	testdata(t, "r4-parameters.json", &all)
	known := make(map[*Param]bool)
	for _, s := range all {
		if slices.ContainsFunc(refused, func(r struct{ Type, Name, Why string }) bool { return r.Type == s.Type && r.Name == s.Name }) {
			continue
		}
		typ := s.Type
		if typ == "" {
			typ = "Appointment"
		}
		p, ok := NewCatalog(nil, nil).Lookup(typ, s.Name)
		if !ok {
			t.Errorf("%s.%s has no row", s.Type, s.Name)
			continue
		}
		known[p] = true
		want := s.Targets
		if slices.Equal(want, []string{"*"}) {
			want = nil
		}
		if got := p.Expression(); got != s.Expression {
			t.Errorf("%s.%s reads %s, want %s", s.Type, s.Name, got, s.Expression)
		}
		if got := slices.Sorted(slices.Values(p.Targets)); p.Type != s.Type || p.Kind.String() != s.Kind || !slices.Equal(got, want) {
			t.Errorf("%s.%s = {%q %s %v}, want {%q %s %v}", s.Type, s.Name, p.Type, p.Kind, got, s.Type, s.Kind, want)
		}
	}
	for i := range params {
		if p := &params[i]; !known[p] && !strings.HasPrefix(p.Name, "-") {
			t.Errorf("%s.%s is not in R4, so its name must begin with a hyphen", p.Type, p.Name)
		}
	}
}

func TestRowsAreWhole(t *testing.T) {
	computed := 0
	for i := range params {
		p := &params[i]
		name := p.Type + "." + p.Name
		if p.Doc == "" || !strings.HasSuffix(p.Doc, ".") {
			t.Errorf("%s has no sentence of documentation", name)
		}
		if p.Type != "" && !served(p.Type) {
			t.Errorf("%s is of a type not kept", name)
		}
		if p.form == asCode && p.system == "" {
			t.Errorf("%s is a code without a system", name)
		}
		if p.only && len(p.Targets) != 1 {
			t.Errorf("%s resolves to %v, want one type", name, p.Targets)
		}
		if p.of != nil {
			computed++
		}
	}
	// design 2.5: rows that a path cannot say are fewer than five.
	if computed >= 5 {
		t.Errorf("%d rows compute their values, want fewer than 5", computed)
	}
}

// design 2.9: a row whose path is wrong, or that nothing exercises, fails here.
func TestEveryRowHasAnExample(t *testing.T) {
	c := NewCatalog([]string{fixtureBase}, nil)
	met := make(map[*Param]bool)
	for _, typ := range slices.Concat(fhir.Types(), fhir.Recorded()) {
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "examples", "R4", typ.Name, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("type %s has no example in testdata/examples/R4", typ.Name)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			d := extract(t, c, string(b))
			if d.Type != typ.Name {
				t.Errorf("%s is a %s", f, d.Type)
			}
			for _, e := range d.Entries {
				met[e.Param] = true
			}
		}
	}
	for i := range params {
		if p := &params[i]; !met[p] {
			t.Errorf("no example yields an entry for %s.%s", p.Type, p.Name)
		}
	}
}

func TestTableGolden(t *testing.T) {
	file := filepath.Join("..", "..", "testdata", "golden", "params.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(Table()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), Table()); diff != "" {
		t.Errorf("the parameter table changed; look at it and run with UPDATE_GOLDEN=1 (-golden +table)\n%s", diff)
	}
}

func TestNamesOfSTU3(t *testing.T) {
	r4 := NewCatalog(nil, nil)
	stu3 := r4.STU3()
	tests := []struct{ typ, name, want string }{
		{"Appointment", "incomingreferral", "based-on"},
		{"Slot", "slot-type", "service-type"},
		{"Schedule", "type", "service-type"},
		{"HealthcareService", "category", "service-category"},
		{"HealthcareService", "type", "service-type"},
		{"HealthcareService", "programname", "program"},
		{"Location", "type", "type"},
		{"Slot", "start", "start"},
		{"Slot", "service-type", "service-type"},
	}
	for _, tc := range tests {
		p, ok := stu3.Lookup(tc.typ, tc.name)
		if !ok || p.Name != tc.want {
			t.Errorf("STU3 Lookup(%s, %s) = %v, %t, want %s", tc.typ, tc.name, p, ok, tc.want)
			continue
		}
		if here, _ := r4.Lookup(tc.typ, tc.want); here != p {
			t.Errorf("%s.%s is another row on the R4 face", tc.typ, tc.want)
		}
		if _, ok := r4.Lookup(tc.typ, tc.name); ok && tc.name != tc.want {
			t.Errorf("R4 Lookup(%s, %s) found a name of STU3", tc.typ, tc.name)
		}
		if got := stu3.NameOf(p); p.STU3 != "" && got != p.STU3 {
			t.Errorf("NameOf(%s.%s) = %s, want %s", tc.typ, tc.want, got, p.STU3)
		}
	}
}

func TestParamsAreOwnThenCommon(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := c.Params("Slot")
	if got, want := len(all), 10+6; got != want {
		t.Errorf("Slot has %d parameters, want %d", got, want)
	}
	if first, last := all[0], all[len(all)-1]; first.Name != "appointment-type" || last.Name != "_tag" {
		t.Errorf("Params(Slot) runs from %s to %s, want appointment-type to _tag", first.Name, last.Name)
	}
	if got := len(c.Params("Medication")); got != 6 {
		t.Errorf("a type not kept has %d parameters, want the 6 common ones", got)
	}
}

func TestFingerprint(t *testing.T) {
	one := catalogIn(t, "UTC")
	if got := one.STU3().Fingerprint(); got != one.Fingerprint() {
		t.Error("the faces of one store have different fingerprints")
	}
	if got := catalogIn(t, "UTC").Fingerprint(); got != one.Fingerprint() {
		t.Error("the fingerprint of one catalog is not always the same")
	}
	if got := catalogIn(t, "Europe/London").Fingerprint(); got == one.Fingerprint() {
		t.Error("another zone has the same fingerprint")
	}
	if got := NewCatalog([]string{"https://a.example/R4"}, nil).Fingerprint(); got == one.Fingerprint() {
		t.Error("another base has the same fingerprint")
	}
}
