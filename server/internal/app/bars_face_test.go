package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestBaRSHeaders: spec nhs-booking 6.1, requirements 129, 134 and 135.
func TestBaRSHeaders(t *testing.T) {
	c := newBaRS(t)
	_, id := c.book()
	path := "/Appointment/" + id
	for _, tc := range []struct {
		name, header, value string
		status              int
		issue, code         string
	}{
		{"no request id", "X-Request-Id", "", 400, "required", "REC_BAD_REQUEST"},
		{"a request id that is none", "X-Request-Id", "xxxxxxxxxxxxxxxxx", 400, "value", "REC_BAD_REQUEST"},
		{"no correlation id", "X-Correlation-Id", "", 400, "required", "REC_BAD_REQUEST"},
		{"a correlation id that is none", "X-Correlation-Id", "yyyy", 400, "value", "REC_BAD_REQUEST"},
		{"no target", "NHSD-Target-Identifier", "", 400, "required", "REC_BAD_REQUEST"},
		{"a target that is no base64", "NHSD-Target-Identifier", "{}", 400, "structure", "REC_BAD_REQUEST"},
		{"a target that is no JSON", "NHSD-Target-Identifier", b64("999999999"), 400, "structure", "REC_BAD_REQUEST"},
		{"a target without a value", "NHSD-Target-Identifier", b64(`{"system":"https://fhir.nhs.uk/Id/dos-service-id"}`), 400, "structure", "REC_BAD_REQUEST"},
		{"no organisation", "NHSD-End-User-Organisation", "", 400, "required", "REC_BAD_REQUEST"},
		{"an organisation without a code", "NHSD-End-User-Organisation", b64(`{"resourceType":"Organization","name":"x"}`), 400, "structure", "REC_BAD_REQUEST"},
		{"no software", "NHSD-Requesting-Software", "", 400, "required", "REC_BAD_REQUEST"},
		{"software that is none", "NHSD-Requesting-Software", b64(`{"resourceType":"Patient"}`), 400, "structure", "REC_BAD_REQUEST"},
		{"a practitioner that is none", "NHSD-Requesting-Practitioner", "!!!", 400, "structure", "REC_BAD_REQUEST"},
		{"another version", "Accept", "application/fhir+json; version=9.9.9", 406, "not-supported", "REC_NOT_ACCEPTABLE"},
		{"another format", "Accept", "application/pdf", 406, "not-supported", "REC_NOT_ACCEPTABLE"},
	} {
		status, r := c.get(path, tc.header, tc.value)
		if i := r.Root().Get("issue").First(); status != tc.status || i.Get("code").Text() != tc.issue || i.Find("details", "coding").First().Get("code").Text() != tc.code {
			t.Errorf("%s: %d %s, want %d %s %s", tc.name, status, r.Raw(), tc.status, tc.issue, tc.code)
		}
	}
	for _, tc := range []struct{ name, header, value string }{
		{"no practitioner", "NHSD-Requesting-Practitioner", ""},
		{"no Accept", "Accept", ""},
		{"no version", "Accept", "application/fhir+json"},
		{"an organisation as some write it", "NHSD-End-User-Organisation", strings.TrimRight(b64(`{"requesting_organization":{"resourceType":"Organization","identifier":[{"value":"X0001","system":"https://fhir.nhs.uk/id/ods-organization-code"}]}}`), "=")},
	} {
		if status, r := c.get(path, tc.header, tc.value); status != 200 {
			t.Errorf("%s: %d %s", tc.name, status, r.Raw())
		}
	}
	status, r := c.get("/Appointment/not-a-uuid")
	c.refused(status, r, 400, "value", "REC_BAD_REQUEST")
	status, r = c.get("/Appointment/" + uuid.NewString())
	c.refused(status, r, 404, "not-found", "REC_NOT_FOUND")
	status, r, h := c.ask(http.MethodPut, "/R4/bars"+path, c.consumer, []byte("{}"), barsHeader()...)
	c.refused(status, r, 405, "not-supported", "REC_METHOD_NOT_ALLOWED")
	if h.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
	// Access that is refused is 401, never 403.
	request := uuid.NewString()
	status, r, h = c.ask(http.MethodGet, "/R4/bars"+path, "", nil, barsHeader("X-Request-Id", request)...)
	c.refused(status, r, 401, "security", "REC_UNAUTHORIZED")
	if h.Get("X-Request-Id") != request {
		t.Errorf("a refusal has X-Request-Id %s", h.Get("X-Request-Id"))
	}
	slotsOnly, err := fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, "slot/*.read")
	if err != nil {
		t.Fatal(err)
	}
	status, r, _ = c.ask(http.MethodGet, "/R4/bars"+path, slotsOnly, nil, barsHeader()...)
	c.refused(status, r, 401, "forbidden", "REC_UNAUTHORIZED")
	status, answer, _, _ := c.request(t.Context(), http.MethodPost, "/R4/bars/$process-message", slotsOnly, []byte(c.fresh().Raw()), barsHeader()...)
	c.refused(status, fhirtest.Parse(t, string(answer)), 401, "forbidden", "REC_UNAUTHORIZED")
}

// TestBaRSSlots: spec nhs-booking 6.2 and 6.3, requirements 126 to 128.
func TestBaRSSlots(t *testing.T) {
	c := newBaRS(t)
	const (
		service  = "Schedule.actor:HealthcareService=999999999"
		window   = "start=ge2030-01-08T00:00:00Z&start=le2030-01-09T00:00:00%2B00:00"
		includes = "_include=Slot:schedule&_include=Schedule:actor:HealthcareService&_include=Schedule:actor:Practitioner"
	)
	query := func(parts ...string) string { return "/Slot?" + strings.Join(parts, "&") }
	status, r := c.get(query(service, "status=free", window, includes+"&_include=Nothing:here"))
	if status != 200 || r.Root().Get("total").Text() != "4" {
		t.Fatalf("%d %s", status, r.Raw())
	}
	types := map[string]int{}
	for _, typ := range texts(r, "entry.resource.resourceType") {
		types[typ]++
	}
	if types["Slot"] != 4 || types["Schedule"] != 1 || types["HealthcareService"] != 1 || types["Practitioner"] != 1 {
		t.Errorf("entries %v", types)
	}
	for _, updated := range texts(r, "entry.resource.meta.lastUpdated") {
		if updated == "" {
			t.Error("a resource has no lastUpdated")
		}
	}
	if self := r.Root().One(fhir.MustPath("link.where(relation=self).url")).Text(); !strings.Contains(self, "/R4/bars/Slot?") || strings.Contains(self, "Nothing") {
		t.Errorf("self %s", self)
	}
	for _, tc := range []struct {
		name, query string
		status      int
		issue, code string
	}{
		{"no status", query(service, window, includes), 400, "required", "REC_BAD_REQUEST"},
		{"another status", query(service, "status=busy-tentative", window, includes), 400, "value", "REC_BAD_REQUEST"},
		{"no start", query(service, "status=free", includes), 400, "required", "REC_BAD_REQUEST"},
		{"one start", query(service, "status=free", "start=ge2030-01-08T00:00:00Z", includes), 400, "required", "REC_BAD_REQUEST"},
		{"three starts", query(service, "status=free", window, "start=le2030-01-09T00:00:00Z", includes), 400, "required", "REC_BAD_REQUEST"},
		{"two lower bounds", query(service, "status=free", "start=ge2030-01-08T00:00:00Z&start=ge2030-01-09T00:00:00Z", includes), 400, "required", "REC_BAD_REQUEST"},
		{"no offset", query(service, "status=free", "start=ge2030-01-08T00:00:00&start=le2030-01-09T00:00:00Z", includes), 400, "value", "REC_BAD_REQUEST"},
		{"not UTC", query(service, "status=free", "start=ge2030-01-08T00:00:00%2B01:00&start=le2030-01-09T00:00:00Z", includes), 400, "value", "REC_BAD_REQUEST"},
		{"no date", query(service, "status=free", "start=ge2030-13-40T00:00:00Z&start=le2030-01-09T00:00:00Z", includes), 400, "value", "REC_BAD_REQUEST"},
		{"a year", query(service, "status=free", "start=ge2029-01-09T00:00:00Z&start=le2030-01-09T00:00:00Z", includes), 422, "too-costly", "REC_UNPROCESSABLE_ENTITY"},
		{"no service", query("status=free", window, includes), 400, "required", "REC_BAD_REQUEST"},
		{"a service that cannot be", query("Schedule.actor:HealthcareService=a%20b%24", "status=free", window, includes), 400, "value", "REC_BAD_REQUEST"},
		{"a service that is not here", query("Schedule.actor:HealthcareService=999999994", "status=free", window, includes), 404, "not-found", "REC_NOT_FOUND"},
		{"no includes", query(service, "status=free", window), 400, "required", "REC_BAD_REQUEST"},
		{"no schedule", query(service, "status=free", window, "_include=Schedule:actor:HealthcareService&_include=Schedule:actor:Practitioner"), 400, "required", "REC_BAD_REQUEST"},
		{"no practitioner", query(service, "status=free", window, "_include=Slot:schedule&_include=Schedule:actor:HealthcareService"), 400, "required", "REC_BAD_REQUEST"},
		{"a service whose id is no number", query("Schedule.actor:HealthcareService=XXXXXXX", "status=free", window, includes), 400, "value", "REC_BAD_REQUEST"},
		{"definitions of no service", "/MessageDefinition", 400, "required", "REC_BAD_REQUEST"},
		{"definitions of what names no service", "/MessageDefinition?context=XXXXXXX", 400, "value", "REC_BAD_REQUEST"},
		{"a parameter that is not known", query(service, "status=free", window, includes, "startXXXXXXX=ge2030-01-08"), 400, "not-supported", "REC_BAD_REQUEST"},
		{"no patient", "/Appointment", 400, "required", "REC_BAD_REQUEST"},
		{"a patient without a system", "/Appointment?patient:identifier=9990000115", 400, "value", "REC_BAD_REQUEST"},
		{"a number that fails its check", "/Appointment?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000116", 400, "value", "REC_BAD_REQUEST"},
	} {
		status, r := c.get(tc.query)
		if i := r.Root().Get("issue").First(); status != tc.status || i.Get("code").Text() != tc.issue || i.Find("details", "coding").First().Get("code").Text() != tc.code {
			t.Errorf("%s: %d %s, want %d %s %s", tc.name, status, r.Raw(), tc.status, tc.issue, tc.code)
		}
	}
	c.book()
	for _, tc := range []struct {
		status string
		want   string
	}{{"free", "3"}, {"busy", "1"}, {"free,busy", "4"}, {"free%2Cbusy", "4"}} {
		if status, r := c.get(query(service, "status="+tc.status, window, includes)); status != 200 || r.Root().Get("total").Text() != tc.want {
			t.Errorf("status=%s: %d, total %s, want %s", tc.status, status, r.Root().Get("total").Text(), tc.want)
		}
	}
	// None is an empty bundle; a plus that was not encoded is one; XML is to be had.
	if status, r := c.get(query(service, "status=free", "start=ge2031-01-08T00:00:00+00:00&start=le2031-01-09T00:00:00Z", includes)); status != 200 || r.Root().Get("total").Text() != "0" {
		t.Errorf("nothing free: %d %s", status, r.Raw())
	}
	xml, answer, _, _ := c.request(t.Context(), http.MethodGet, "/R4/bars"+query(service, "status=free", window, includes), c.consumer, nil, barsHeader("Accept", "application/fhir+xml")...)
	if xml != 200 || !strings.Contains(string(answer), "<Bundle ") {
		t.Errorf("XML: %d %.80s", xml, answer)
	}
}

// TestBaRSDescribes: the face says what it takes, to anybody.
func TestBaRSDescribes(t *testing.T) {
	c := newBaRS(t)
	status, r, _ := c.ask(http.MethodGet, "/R4/bars/metadata", "", nil)
	if got := texts(r, "messaging.supportedMessage.definition"); status != 200 || len(got) != 2 || !strings.HasSuffix(got[0], "/bars-message-booking-request") {
		t.Errorf("%d %s", status, r.Raw())
	}
	if got := texts(r, "rest.resource.type"); !slices.Equal(got, []string{"Appointment", "Slot", "MessageDefinition"}) {
		t.Errorf("types %v", got)
	}
	for _, path := range []string{"/MessageDefinition?context=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fdos-service-id%7C999999999", "/MessageDefinition?useContext:identifier=https://fhir.nhs.uk/Id/dos-service-id%7C999999999"} {
		status, r, _ = c.ask(http.MethodGet, "/R4/bars"+path, "", nil)
		if got := texts(r, "entry.resource.url"); status != 200 || len(got) != 2 {
			t.Errorf("%s: %d %v", path, status, got)
		}
	}
	for context, want := range map[string]int{
		"https://fhir.nhs.uk/Id/dos-service-id|999999990": 404, "https://fhir.nhs.uk/Id/dos-service-id|Schedule/diary": 404,
		"https://fhir.nhs.uk/Id/dos-service-id|999999990,x|999999999": 200, "999999999": 400, "": 400,
	} {
		status, r, _ := c.ask(http.MethodGet, "/R4/bars/MessageDefinition?context="+url.QueryEscape(context), "", nil)
		if status != want || want == 404 && r.Root().Get("issue").First().Get("code").Text() != "not-found" {
			t.Errorf("the definitions of %q: %d, want %d: %s", context, status, want, r.Raw())
		}
	}
	// R4 knows no messages, and BaRS nothing else of R4.
	if status, _, _ := c.ask(http.MethodPost, "/R4/$process-message", c.consumer, doc{}); status != 404 {
		t.Errorf("on R4: %d", status)
	}
	for _, path := range []string{"/Patient", "/Schedule", "/Appointment/1/_history", "/_history", "/ServiceRequest"} {
		if status, _, _ := c.ask(http.MethodGet, "/R4/bars"+path, c.consumer, nil, barsHeader()...); status != 404 {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
}
