package app

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestBookingMetadata: NHS booking standard, requirements 1 to 12, supplier lines P8
// and P9: what the standard's checks count in the statement, in both formats.
func TestBookingMetadata(t *testing.T) {
	c := startSurgery(t, Settings{})
	const xml, json = "application/fhir+xml", "application/fhir+json"
	for _, tc := range []struct{ req, query, accept, want string }{
		{"1", "", json, json},
		{"2", "", xml, xml},
		{"3", "?_format=application/fhir%2Bxml", "", xml},
		{"4", "?_format=application/fhir%2Bjson", "", json},
		{"5", "?_format=application/fhir%2Bxml", json, xml},
		{"6", "?_format=application/fhir%2Bjson", xml, json},
		{"a raw plus", "?_format=application/fhir+xml", json, xml},
		{"xml", "?_format=xml", "", xml},
		{"text/xml", "?_format=text/xml", "", xml},
		{"html", "?_format=html", "", json},
		{"anything", "", "*/*", json},
	} {
		t.Run(tc.req, func(t *testing.T) {
			r := c.ask("GET", "/metadata"+tc.query, nil, "Accept: "+tc.accept)
			if r.status != 200 || r.header.Get("Content-Type") != tc.want+";charset=utf-8" || r.header.Get("Cache-Control") != "no-store" { // 12
				t.Fatalf("%d %v", r.status, r.header)
			}
			checkStatement(t, r.root)
		})
	}
	if r := c.ask("GET", "/metadata", nil, "Accept: "+xml, "Accept-Encoding: gzip"); r.header.Get("Content-Encoding") != "gzip" || r.text("resourceType") != "CapabilityStatement" { // 7
		t.Errorf("%v", r.header)
	}
}

func checkStatement(t *testing.T, root fhir.Node) {
	t.Helper()
	profiles := map[string]bool{}
	for p := range root.Get("profile").Each() {
		profiles[p.Get("reference").Text()] = true
	}
	if len(profiles) != 10 || root.Get("rest").Len() != 1 || root.Get("rest").First().Get("resource").Len() != 2 { // 8
		t.Errorf("%d profiles, %d resources", len(profiles), root.Get("rest").First().Get("resource").Len())
	}
	for name := range maps.Keys(profiles) {
		if !strings.HasPrefix(name, "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-") {
			t.Errorf("profile %s", name)
		}
	}
	names := func(n fhir.Node, list, member string) (all []string) {
		for el := range n.Get(list).Each() {
			all = append(all, el.Get(member).Text())
		}
		slices.Sort(all)
		return all
	}
	for res := range root.Get("rest").First().Get("resource").Each() {
		does, params := names(res, "interaction", "code"), names(res, "searchParam", "name")
		switch res.Get("type").Text() {
		case "Appointment": // 9
			for _, want := range []string{"read", "create", "search-type"} {
				if !slices.Contains(does, want) {
					t.Errorf("Appointment has no %s", want)
				}
			}
			if !slices.Equal(params, []string{"_id", "identifier", "version"}) || string(res.Get("updateCreate").Raw()) != "false" || slices.Contains(names(res, "searchParam", "documentation"), "") {
				t.Errorf("Appointment: %s", res.Raw())
			}
		case "Slot": // 10
			var includes []string
			for el := range res.Get("searchInclude").Each() {
				includes = append(includes, el.Text())
			}
			slices.Sort(includes)
			want := []string{"HealthcareService.location", "HealthcareService.providedBy", "Schedule:actor:HealthcareService", "Schedule:actor:Practitioner", "Schedule:actor:PractitionerRole", "Slot.schedule"}
			if !slices.Equal(does, []string{"search-type"}) || !slices.Equal(params, []string{"service", "start", "status"}) || !slices.Equal(includes, want) ||
				!slices.Equal(names(res, "searchParam", "type"), []string{"date", "token", "token"}) || res.Get("searchParam").First().Get("documentation").Text() == "" {
				t.Errorf("Slot: %s", res.Raw())
			}
		}
	}
	var formats []string // 11
	for el := range root.Get("format").Each() {
		formats = append(formats, el.Text())
	}
	if !slices.Equal(formats, []string{"application/fhir+json", "application/fhir+xml"}) || root.Get("fhirVersion").Text() != "3.0.1" || root.Get("acceptUnknown").Text() != "both" ||
		root.Get("publisher").Text() == "" || root.Find("software", "name").Text() == "" || root.Find("software", "version").Text() == "" || root.Get("kind").Text() != "capability" || root.Get("date").Text() == "" {
		t.Errorf("%s", root.Raw())
	}
	if strings.Contains(string(root.Raw()), `""`) {
		t.Error("there is an empty text")
	}
}
