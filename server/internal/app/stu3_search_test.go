package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
)

const sixIncludes = "&_include=Slot%3Aschedule&_include=Schedule%3Aactor%3APractitioner&_include=Schedule%3Aactor%3APractitionerRole" +
	"&_include=Schedule%3Aactor%3AHealthcareService&_include=HealthcareService.location&_include=HealthcareService.providedBy"

// TestSlotSearch: NHS booking standard, requirements 13, 15, 16 to 25, 30 to 43, 48, 49 and 54.
func TestSlotSearch(t *testing.T) {
	c := startSurgery(t, Settings{})
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	at := func(t time.Time) string { return url.QueryEscape(t.Format(time.RFC3339)) }
	window := "&start=ge" + at(day) + "&start=le" + at(day.AddDate(0, 0, 4))
	const service, xml, json = "/Slot?schedule.actor%3Ahealthcareservice=999999999", "Accept: application/fhir+xml", "Accept: application/fhir+json"
	one := fmt.Sprintf("/Slot?service=999999999&status=free&start=ge%s&start=le%s", at(day.Add(8*time.Hour)), at(day.Add(9*time.Hour)))
	for _, tc := range []struct {
		req, path string
		header    []string
		total     int
		types     string // of what is included, sorted
	}{
		{"13", service + "&status=free" + window, nil, surgerySlots, ""},
		{"16", service + "&status=free&_format=json" + window, nil, surgerySlots, ""},
		{"17", service + "&status=free" + window, []string{json}, surgerySlots, ""},
		{"18", service + "&status=free&_format=xml" + window, nil, surgerySlots, ""},
		{"19", service + "&status=free" + window, []string{xml}, surgerySlots, ""},
		{"21", one, nil, 3, ""},
		{"22, 35", "/Slot?service=999999998&status=busy", nil, 1, ""},
		{"23", service + "&status=free%2Cbusy", nil, surgerySlots, ""},
		{"23, the other order", service + "&status=busy,free", nil, surgerySlots, ""},
		{"24", "/Slot?service=999999998", nil, 1, ""},
		{"30, with a full stop", one + "&_include=Slot.schedule&_include=Schedule:actor:HealthcareService&_include=HealthcareService.location", nil, 3, "HealthcareService Location Schedule"},
		{"30, with a colon", one + "&_include=Slot:schedule&_include=Schedule:actor:HealthcareService&_include=HealthcareService:location", nil, 3, "HealthcareService Location Schedule"},
		{"30, in capitals", one + "&_include=Slot:schedule&_include=Schedule:actor:HealthcareService&_include=HealthcareService:Location", nil, 3, "HealthcareService Location Schedule"},
		{"providedBy as Organization", one + "&_include=Slot:schedule&_include=Schedule:actor:HealthcareService&_include=HealthcareService:Organization", nil, 3, "HealthcareService Organization Schedule"},
		{"the six", one + sixIncludes, nil, 3, "HealthcareService Location Organization Practitioner PractitionerRole Schedule"},
		{"31, iterate", one + strings.ReplaceAll(sixIncludes, "_include", "_include:iterate"), nil, 3, "HealthcareService Location Organization Practitioner PractitionerRole Schedule"},
		{"31, recurse", one + strings.ReplaceAll(sixIncludes, "_include", "_include%3Arecurse"), nil, 3, "HealthcareService Location Organization Practitioner PractitionerRole Schedule"},
		{"32", one + strings.ReplaceAll(sixIncludes, "_include", "_revinclude"), nil, 3, ""},
		{"33", one + "&_include=Slot:weather", nil, 3, ""},
		{"includes with the types they lead to", one + "&_include=Slot:schedule:Schedule&_include=Schedule:actor:HealthcareService&_include=HealthcareService:location:Location", nil, 3, "HealthcareService Location Schedule"},
		{"a status with its system", service + "&status=http%3A%2F%2Fhl7.org%2Ffhir%2Fslotstatus%7Cfree", nil, surgerySlots, ""},
		{"35", "/Slot?service=999999998&status=free", nil, 0, ""},
		{"39, only the lower bound is past", service + "&start=ge2020-01-01T00:00:00Z", nil, surgerySlots, ""},
		{"40", service + "&start=le" + at(day.AddDate(0, 0, 30)), nil, surgerySlots, ""},
		{"41", service + "&start=ge" + at(day) + "&start=le" + at(day.AddDate(0, 0, 60)), nil, surgerySlots, ""},
		{"42, a raw plus", "/Slot?service=999999999&start=ge" + day.Add(8*time.Hour).Format("2006-01-02T15:04:05+00:00") + "&start=lt" + at(day.Add(9*time.Hour)), nil, 2, ""},
		{"42, an encoded one", "/Slot?service=999999999&start=ge" + url.QueryEscape(day.Add(8*time.Hour).Format("2006-01-02T15:04:05+00:00")) + "&start=lt" + at(day.Add(9*time.Hour)), nil, 2, ""},
		{"43", "/Slot?service=999999999&start=ge" + at(day.Add(8*time.Hour).In(time.FixedZone("", 3600))) + "&start=lt" + at(day.Add(9*time.Hour).In(time.FixedZone("", -7200))), nil, 2, ""},
		{"a service with its system", "/Slot?service=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fdos-service-id%7C999999999&status=free", nil, surgerySlots, ""},
		{"X3, an unknown name that begins with an underscore", "/Slot?service=999999999&_weather=fine", nil, surgerySlots, ""},
		{"lenient", "/Slot?service=999999999&weather=fine", []string{"Prefer: handling=lenient"}, surgerySlots, "OperationOutcome"},
	} {
		t.Run(tc.req, func(t *testing.T) {
			r := c.ask("GET", tc.path, nil, tc.header...)
			if r.status != 200 || r.text("resourceType") != "Bundle" || string(r.root.Get("total").Raw()) != fmt.Sprint(tc.total) || len(entries(r, "Slot")) != tc.total {
				t.Fatalf("%d, total %s, %d slots; want %d: %.300s", r.status, r.root.Get("total").Raw(), len(entries(r, "Slot")), tc.total, r.body)
			}
			if types := included(r); types != tc.types {
				t.Errorf("it includes %q, want %q", types, tc.types)
			}
			for l := range r.root.Get("link").Each() {
				if strings.Contains(l.Get("url").Text(), "weather") {
					t.Error("a link holds what was ignored") // 33
				}
			}
			for _, s := range entries(r, "Slot") {
				if status := s.Get("status").Text(); strings.Contains(tc.path, "status=free&") && status != "free" {
					t.Errorf("a slot is %s", status)
				}
			}
		})
	}
	for _, tc := range []struct {
		req, method, path string
		header            []string
		status            int
		spine             string
	}{
		{"36", "GET", "/Slot?service=999999996", nil, 404, "NO_RECORD_FOUND"},
		{"36, in XML", "GET", "/Slot?service=999999996", []string{xml}, 404, "NO_RECORD_FOUND"},
		{"37", "GET", "/Slot?service=999999999&startXXXXXXX=ge2030-01-01", nil, 400, "INVALID_PARAMETER"},
		{"37, as the caller prefers", "GET", "/Slot?service=999999999&_foo=1", []string{"Prefer: handling=strict"}, 400, "INVALID_PARAMETER"},
		{"38, a date", "GET", "/Slot?service=999999999&start=ge2021-13-40", nil, 400, "INVALID_PARAMETER"},
		{"38, a status", "GET", "/Slot?service=999999999&status=open", nil, 400, "INVALID_PARAMETER"},
		{"38, a status of another system", "GET", "/Slot?service=999999999&status=free%7Cbusy", nil, 400, "INVALID_PARAMETER"},
		{"38, a prefix", "GET", "/Slot?service=999999999&start=sa2030-01-01", nil, 400, "INVALID_PARAMETER"},
		{"39", "GET", "/Slot?service=999999999&start=ge2020-01-01&start=le2020-01-02", nil, 400, "INVALID_PARAMETER"},
		{"49", "POST", "/Slot?service=999999999", []string{"X-Request-ID: "}, 405, "BAD_REQUEST"},
		{"54", "GET", "/Slot?status=free", nil, 400, "INVALID_PARAMETER"},
		{"15", "GET", "/Slot?service=999999999", []string{"Accept: application/pdf"}, 406, "UNSUPPORTED_MEDIA_TYPE"},
	} {
		t.Run(tc.req, func(t *testing.T) { c.ask(tc.method, tc.path, nil, tc.header...).refused(t, tc.status, tc.spine) })
	}
	first, again := c.ask("GET", one, nil), c.ask("GET", one, nil) // 48
	if a, b := ids(entries(first, "Slot")), ids(entries(again, "Slot")); !slices.Equal(a, b) || !slices.IsSortedFunc(entries(first, "Slot"), byStart) {
		t.Errorf("%v, and then %v", a, b)
	}
	if r := c.ask("GET", "/Slot?service=999999998&status=free", nil, "Accept-Encoding: gzip"); r.header.Get("Content-Encoding") != "gzip" { // 34
		t.Error("a small answer is not compressed")
	}
}

func byStart(a, b fhir.Node) int {
	return strings.Compare(a.Get("start").Text(), b.Get("start").Text())
}

func ids(all []fhir.Node) (ids []string) {
	for _, n := range all {
		ids = append(ids, n.Get("id").Text())
	}
	return ids
}

// included gives the types of a bundle's entries besides slots, each once, sorted.
func included(r reply) string {
	var types []string
	for e := range r.root.Get("entry").Each() {
		if typ := e.Find("resource", "resourceType").Text(); typ != "Slot" {
			types = append(types, typ)
		}
	}
	slices.Sort(types)
	return strings.Join(slices.Compact(types), " ")
}

// TestSlotBundle: NHS booking standard, requirements 26 to 29 and 44 to 47, in both
// formats, as the response validator looks at a bundle: supplier lines P11 to P22.
func TestSlotBundle(t *testing.T) {
	c := startSurgery(t, Settings{})
	for _, service := range []string{"999999999", "999999993"} {
		for _, format := range []string{"json", "xml"} {
			t.Run(service+" "+format, func(t *testing.T) {
				r := c.ask("GET", "/Slot?schedule.actor%3Ahealthcareservice="+service+"&status=free&_format="+format+sixIncludes, nil)
				if r.status != 200 {
					t.Fatalf("%d: %.300s", r.status, r.body)
				}
				checkSlots(t, entries(r, "Slot"))
				checkSchedules(t, r, service)
				roles := ids(entries(r, "PractitionerRole"))
				for _, p := range entries(r, "Practitioner") {
					for id := range p.Get("identifier").Each() {
						if id.Get("system").Text() == "https://fhir.nhs.uk/Id/sds-role-profile-id" && !slices.Contains(roles, id.Get("value").Text()) {
							t.Errorf("no PractitionerRole %s", id.Get("value").Text()) // 27
						}
					}
				}
				var all []string
				for e := range r.root.Get("entry").Each() {
					all = append(all, e.Get("fullUrl").Text())
					profile, typ := e.Find("resource", "meta", "profile").First().Text(), e.Find("resource", "resourceType").Text()
					if !strings.HasSuffix(profile, "/CareConnect-"+typ+"-1") || e.Find("resource", "meta", "profile").Len() != 1 {
						t.Errorf("%s has the profile %s", typ, profile)
					}
				}
				slices.Sort(all)
				if len(slices.Compact(slices.Clone(all))) != len(all) {
					t.Error("a resource is there twice")
				}
			})
		}
	}
}

func checkSlots(t *testing.T, slots []fhir.Node) {
	t.Helper()
	for _, s := range slots {
		id := s.Get("identifier")
		if id.Len() != 1 || id.First().Get("system").Text() != "https://tools.ietf.org/html/rfc4122" || len(id.First().Get("value").Text()) != 36 {
			t.Errorf("identifier %s", id.Raw())
		}
		start, end := s.Get("start").Text(), s.Get("end").Text()
		if start >= end || !strings.HasSuffix(start, "Z") || s.Find("schedule", "reference").Text() != "Schedule/shared" {
			t.Errorf("%s", s.Raw())
		}
	}
	if len(slots) == 0 {
		t.Error("no slots")
	}
}

// checkSchedules follows the references of a bundle as the scripts do.
func checkSchedules(t *testing.T, r reply, service string) {
	t.Helper()
	schedules, services := entries(r, "Schedule"), ids(entries(r, "HealthcareService"))
	if len(schedules) != 1 || !slices.Equal(services, []string{service}) {
		t.Fatalf("%d schedules, services %v", len(schedules), services)
	}
	count := map[string]int{}
	for a := range schedules[0].Get("actor").Each() {
		typ, id, _ := strings.Cut(a.Get("reference").Text(), "/")
		count[typ]++
		if !slices.Contains(ids(entries(r, typ)), id) { // 26, 29
			t.Errorf("%s is not in the bundle", a.Get("reference").Text())
		}
	}
	if count["HealthcareService"] != 1 || count["Practitioner"] > 1 || count["PractitionerRole"] > 1 || schedules[0].Get("identifier").Len() != 1 {
		t.Errorf("%s", schedules[0].Raw())
	}
	s := entries(r, "HealthcareService")[0]
	_, organisation, _ := strings.Cut(s.Find("providedBy", "reference").Text(), "/")
	if !slices.Equal(ids(entries(r, "Organization")), []string{organisation}) || s.Get("identifier").Len() != 1 || s.Get("location").Len() > 1 { // 28, 46
		t.Errorf("%s", s.Raw())
	}
}
