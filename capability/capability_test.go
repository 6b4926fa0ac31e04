package capability_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/capability"
	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/search"
)

func input() capability.Input {
	return capability.Input{
		Base: "https://facade.example.nhs.uk/R4", Software: "Slotway", Version: "1.2.3", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Catalog: search.NewCatalog([]string{"https://facade.example.nhs.uk/R4"}, time.UTC), TokenURL: "https://facade.example.nhs.uk/oauth2/token",
		UpdateCreate: true, ConditionalRead: "full-support", ConditionalCreate: true, ConditionalUpdate: true, ConditionalDelete: "single",
	}
}

func TestStatement(t *testing.T) {
	got := capability.Statement(input())
	fhirtest.Golden(t, "capability_r4.json", got)
	s, err := models.UnmarshalCapabilityStatement(got)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Rest) != 1 || len(s.Rest[0].Resource) != len(fhir.Types())+len(fhir.Recorded())+3 {
		t.Fatalf("%d rest, %d types", len(s.Rest), len(s.Rest[0].Resource))
	}
	for i, typ := range slices.Concat(fhir.Types(), fhir.Recorded()) {
		r := s.Rest[0].Resource[i]
		if r.Type.Code() != typ.Name || len(r.Interaction) != len(typ.Interactions) {
			t.Errorf("%s is stated as %s with %d interactions", typ.Name, r.Type.Code(), len(r.Interaction))
		}
		params := input().Catalog.Params(typ.Name)
		if len(r.SearchParam) != len(params) {
			t.Errorf("%s has %d parameters, %d are stated", typ.Name, len(params), len(r.SearchParam))
		}
		for j, p := range params {
			if got := r.SearchParam[j]; got.Name != p.Name || got.Type.Code() != p.Kind.String() || *got.Documentation != p.Doc {
				t.Errorf("%s.%s is stated as %+v", typ.Name, p.Name, got)
			}
		}
	}
}

// TestDefinitions holds the URLs to HL7's registry where they do not follow from
// type and name.
func TestDefinitions(t *testing.T) {
	s, err := models.UnmarshalCapabilityStatement(capability.Statement(input()))
	if err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{}
	for _, r := range s.Rest[0].Resource {
		for _, p := range r.SearchParam {
			if p.Definition != nil {
				urls[r.Type.Code()+"."+p.Name] = *p.Definition
			}
		}
	}
	for name, want := range map[string]string{
		"Appointment.date":       "Appointment-date",
		"Appointment._id":        "Resource-id",
		"Slot._lastUpdated":      "Resource-lastUpdated",
		"Patient.family":         "individual-family",
		"Patient.birthdate":      "individual-birthdate",
		"Patient.death-date":     "Patient-death-date",
		"PractitionerRole.phone": "individual-phone",
		"Organization.address":   "Organization-address",
		"Location.address-city":  "Location-address-city",
		"Practitioner.name":      "Practitioner-name",
		"Appointment.-end":       "https://facade.example.nhs.uk/R4/SearchParameter/end",
		"Slot.-period":           "https://facade.example.nhs.uk/R4/SearchParameter/period",
	} {
		if !strings.HasPrefix(want, "https:") {
			want = "http://hl7.org/fhir/SearchParameter/" + want
		}
		if urls[name] != want {
			t.Errorf("%s is defined at %q, want %q", name, urls[name], want)
		}
	}
}

func TestIncludes(t *testing.T) {
	s, err := models.UnmarshalCapabilityStatement(capability.Statement(input()))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Rest[0].Resource {
		switch r.Type.Code() {
		case "Slot":
			if !slices.Equal(r.SearchInclude, []string{"Slot:schedule"}) || !slices.Contains(r.SearchRevInclude, "Appointment:slot") || slices.Contains(r.SearchRevInclude, "Appointment:actor") {
				t.Errorf("Slot includes %v and %v", r.SearchInclude, r.SearchRevInclude)
			}
		case "Location":
			if !slices.Contains(r.SearchRevInclude, "Appointment:actor") || !slices.Contains(r.SearchRevInclude, "Schedule:actor") {
				t.Errorf("Location is included by %v", r.SearchRevInclude)
			}
		}
	}
}

func TestStatementWithoutIssuer(t *testing.T) {
	in := input()
	in.TokenURL, in.ConditionalRead, in.Publisher = "", "", "A Trust"
	got := string(capability.Statement(in))
	for _, absent := range []string{"oauth-uris", "conditionalRead", `""`} {
		if strings.Contains(got, absent) {
			t.Errorf("the statement has %s", absent)
		}
	}
	if !strings.Contains(got, `"publisher": "A Trust"`) {
		t.Error("the publisher is not named")
	}
}

// TestBooking is nhs-booking 2.5 and 7, requirements 8 to 11.
func TestBooking(t *testing.T) {
	in := input()
	in.Base = "https://facade.example.nhs.uk/STU3/1/booking"
	got := capability.Booking(in)
	fhirtest.Golden(t, "capability_stu3.json", got)
	root := fhirtest.Parse(t, string(got)).Root()
	values := func(path string) (all []string) {
		for n := range root.At(fhir.MustPath(path)) {
			all = append(all, n.Text())
		}
		return all
	}
	distinct := func(all []string) int {
		all = slices.Clone(all)
		slices.Sort(all)
		return len(slices.Compact(all))
	}

	// Requirement 8.
	profiles := values("profile.reference")
	if len(profiles) != 10 || distinct(profiles) != 10 {
		t.Errorf("%d profiles, %d distinct", len(profiles), distinct(profiles))
	}
	for _, p := range profiles {
		if !strings.HasPrefix(p, "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-") || !strings.HasSuffix(p, "-1") {
			t.Errorf("profile %s", p)
		}
	}
	if types := values("rest.resource.type"); len(values("rest.mode")) != 1 || !slices.Equal(types, []string{"Appointment", "Slot"}) {
		t.Errorf("types %v", types)
	}

	// Requirement 9.
	for _, code := range []string{"read", "create", "search-type"} {
		if !slices.Contains(values("rest.resource.where(type=Appointment).interaction.code"), code) {
			t.Errorf("Appointment has no %s", code)
		}
	}
	params := func(typ, member string) []string {
		return values("rest.resource.where(type=" + typ + ").searchParam." + member)
	}
	if got := params("Appointment", "name"); !slices.Equal(got, []string{"identifier", "_id", "version"}) || len(params("Appointment", "documentation")) != 3 {
		t.Errorf("Appointment is searched by %v", got)
	}
	if got := values("rest.resource.where(type=Appointment).updateCreate"); !slices.Equal(got, []string{"false"}) {
		t.Errorf("updateCreate %v", got)
	}

	// Requirement 10.
	if got := values("rest.resource.where(type=Slot).interaction.code"); !slices.Equal(got, []string{"search-type"}) {
		t.Errorf("Slot has %v", got)
	}
	if names, types := params("Slot", "name"), params("Slot", "type"); !slices.Equal(names, []string{"service", "status", "start"}) || !slices.Equal(types, []string{"token", "token", "date"}) {
		t.Errorf("Slot is searched by %v of %v", names, types)
	}
	includes := values("rest.resource.where(type=Slot).searchInclude")
	want := []string{"Slot.schedule", "Schedule:actor:Practitioner", "Schedule:actor:PractitionerRole", "Schedule:actor:HealthcareService", "HealthcareService.providedBy", "HealthcareService.location"}
	if !slices.Equal(includes, want) {
		t.Errorf("includes %v", includes)
	}

	// Requirement 11.
	for path, want := range map[string]string{
		"publisher": "Slotway", "fhirVersion": "3.0.1", "acceptUnknown": "both", "kind": "capability", "status": "active",
		"software.name": "Slotway", "software.version": "1.2.3", "format[0]": "application/fhir+json", "format[1]": "application/fhir+xml", "rest.security.cors": "true",
	} {
		if got := values(path); !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %v, want %s", path, got, want)
		}
	}
	for _, empty := range []string{`""`, "[]", "{}", "null"} {
		if strings.Contains(string(got), empty) {
			t.Errorf("the statement has %s", empty)
		}
	}
}
