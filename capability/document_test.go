package capability_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/capability"
	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestDocuments holds the documents to the statement that names them: what is
// defined at an address of ours is there, and everything has an id of its own.
func TestDocuments(t *testing.T) {
	in := input()
	seen, urls := map[string]bool{}, map[string]bool{}
	for _, d := range capability.Documents(in) {
		r := fhirtest.Parse(t, string(d.JSON))
		if r.Type() != d.Type || r.ID() != d.ID || seen[d.Type+"/"+d.ID] {
			t.Errorf("%s/%s is %s, or stands twice", d.Type, d.ID, r)
		}
		seen[d.Type+"/"+d.ID] = true
		for _, name := range capability.DocumentParams(d.Type) {
			if len(d.Params[name]) == 0 {
				t.Errorf("%s/%s is not found by %s", d.Type, d.ID, name)
			}
		}
		if len(d.Params["url"]) == 1 {
			urls[d.Params["url"][0]] = true
		}
		for _, empty := range []string{`""`, "[]", "{}", "null"} {
			if strings.Contains(string(d.JSON), empty) {
				t.Errorf("%s/%s has %s", d.Type, d.ID, empty)
			}
		}
	}
	s, err := models.UnmarshalCapabilityStatement(capability.Statement(in))
	if err != nil {
		t.Fatal(err)
	}
	operations := 0
	for _, r := range s.Rest[0].Resource {
		for _, p := range r.SearchParam {
			if p.Definition != nil && !urls[*p.Definition] {
				t.Errorf("%s.%s is defined at %s, which is not here", r.Type.Code(), p.Name, *p.Definition)
			}
		}
		for _, o := range r.Operation {
			operations++
			if !urls[o.Definition] {
				t.Errorf("%s.$%s is defined at %s, which is not here", r.Type.Code(), o.Name, o.Definition)
			}
		}
	}
	if operations != len(fhir.Types())+5 {
		t.Errorf("%d operations are stated", operations)
	}
	for _, url := range []string{fhir.ManagementURL, fhir.HoldExpires, "http://hl7.org/fhir/3.0/StructureDefinition/extension-Patient.animal", "https://facade.example.nhs.uk/R4/SearchParameter/period"} {
		if !urls[url] {
			t.Errorf("%s is not defined", url)
		}
	}
}

// TestOwnParameter is the definition of a parameter of ours, in full.
func TestOwnParameter(t *testing.T) {
	for _, d := range capability.Documents(input()) {
		switch d.ID {
		case "end":
			fhirtest.Golden(t, "searchparameter_end.json", d.JSON)
		case "management-url":
			fhirtest.Golden(t, "structuredefinition_management-url.json", d.JSON)
		case "Appointment-book":
			fhirtest.Golden(t, "operationdefinition_book.json", d.JSON)
		}
	}
}

// TestSharedParameters are defined once for all their types.
func TestSharedParameters(t *testing.T) {
	want := map[string][]string{
		"Resource-id": {"Resource"}, "individual-family": {"Patient", "Practitioner"}, "Appointment-date": {"Appointment"},
		"end": {"Slot", "Appointment"}, "individual-phone": {"Patient", "Practitioner", "PractitionerRole"},
	}
	for _, d := range capability.Documents(input()) {
		bases, ok := want[d.ID]
		if !ok {
			continue
		}
		delete(want, d.ID)
		got := slices.Sorted(slices.Values(d.Params["base"]))
		if slices.Sort(bases); !slices.Equal(got, bases) {
			t.Errorf("%s is of %v, want %v", d.ID, got, bases)
		}
	}
	for id := range want {
		t.Errorf("%s is not there", id)
	}
}

// TestOwnExtensionsAreDefined finds every extension of ours that the golden
// outcomes of the HL7 messages have among the definitions.
func TestOwnExtensionsAreDefined(t *testing.T) {
	defined := map[string]bool{}
	for _, e := range fhir.Extensions() {
		defined[e.URL] = true
	}
	const ours = "http://fhir.patientsknowbest.com/structuredefinition/"
	found := 0
	files, err := filepath.Glob(fhirtest.Testdata("hl7", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text := string(fhirtest.Read(t, "hl7", filepath.Base(file)))
		for _, after := range strings.Split(text, ours)[1:] {
			name := after[:strings.IndexFunc(after, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' && (r < '0' || r > '9') })]
			found++
			if !defined[ours+name] {
				t.Errorf("the extension %s is not defined", name)
			}
		}
	}
	if found == 0 {
		t.Error("no extension of ours in testdata/hl7")
	}
}
