package app

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// hiddenBooking is the id of a booking that is hidden: on the BaRS face ids are UUIDs.
const hiddenBooking = "0c000000-0000-4000-8000-000000000001"

// barsFolk gives what the BaRS face would show: a service of the Directory of Services
// with a diary, a slot that is free and one that is booked.
func barsFolk(meta doc) []doc {
	if meta == nil {
		meta = doc{"profile": []string{"http://profile"}}
	}
	all := []doc{
		{"resourceType": "HealthcareService", "id": "900000002", "name": "Hidden clinic", "identifier": []doc{{"system": "http://local", "value": "hdos"}}},
		{"resourceType": "Schedule", "id": "hdiary9", "actor": []doc{{"reference": "HealthcareService/900000002"}, {"reference": "Practitioner/hdr"}}},
		{"resourceType": "Slot", "id": "hfree9", "status": "free", "schedule": doc{"reference": "Schedule/hdiary9"}, "start": "2030-01-09T11:00:00Z", "end": "2030-01-09T11:15:00Z"},
		{"resourceType": "Slot", "id": "hbusy9", "status": "busy", "schedule": doc{"reference": "Schedule/hdiary9"}, "start": "2030-01-09T11:15:00Z", "end": "2030-01-09T11:30:00Z"},
		{
			"resourceType": "Appointment", "id": hiddenBooking, "status": "booked", "slot": []doc{{"reference": "Slot/hbusy9"}}, "start": "2030-01-09T11:15:00Z", "end": "2030-01-09T11:30:00Z",
			"participant": []doc{{"actor": doc{"reference": "Patient/hpat"}, "status": "accepted"}},
		},
	}
	for _, r := range all {
		r["meta"] = meta
	}
	return all
}

// barsProbes gives requests of the BaRS face that name what is hidden, as a sender
// would write them.
func barsProbes(t *testing.T, nhs string) (all []request) {
	t.Helper()
	n := 0
	header := func(more ...string) []string {
		n++
		id := fmt.Sprintf("0d000000-0000-4000-8000-%012d", n)
		return barsHeader(append([]string{"X-Request-Id", id, "X-Correlation-Id", id, "NHSD-Target-Identifier", b64(`{"value":"900000002","system":"https://fhir.nhs.uk/Id/dos-service-id"}`)}, more...)...)
	}
	get := func(path string) { all = append(all, request{http.MethodGet, "/R4/bars" + path, nil, header()}) }
	const includes = "&_include=Slot:schedule&_include=Schedule:actor:Practitioner&_include=Schedule:actor:HealthcareService&_include=Schedule:actor:PractitionerRole&_include=HealthcareService:location&_include=HealthcareService:providedBy"
	for _, service := range []string{"900000002", "900000003", "hsvc", "osvc"} {
		for _, status := range []string{"free", "busy", "free,busy"} {
			get("/Slot?Schedule.actor:HealthcareService=" + service + "&status=" + status + "&start=ge2030-01-07T00:00:00Z&start=le2030-01-10T00:00:00Z" + includes)
		}
	}
	for _, id := range []string{hiddenBooking, "0c000000-0000-4000-8000-000000000009"} {
		get("/Appointment/" + id)
	}
	for _, identifier := range []string{fhir.NHSNumberSystem + "|" + nhs, "http://local|hpat", fhir.NHSNumberSystem + "|9990000034"} {
		get("/Appointment?patient:identifier=" + url.QueryEscape(identifier))
	}
	for _, context := range []string{"http://local|hdos", "http://local|hsvc", "https://fhir.nhs.uk/Id/dos-service-id|900000002", "https://fhir.nhs.uk/Id/dos-service-id|900000003"} {
		get("/MessageDefinition?context=" + url.QueryEscape(context))
	}
	text, err := os.ReadFile("../../../testdata/bars/booking-request.json")
	if err != nil {
		t.Fatal(err)
	}
	message := func(edits ...string) {
		m, err := fhir.Parse([]byte(strings.ReplaceAll(string(text), "9990000115", "9990000034")))
		if err != nil {
			t.Fatal(err)
		}
		h := header()
		m = apply(t, m, append([]string{
			"id", fmt.Sprintf(`"0e000000-0000-4000-8000-%012d"`, n),
			"entry[0].resource.destination[0].endpoint", `"https://fhir.nhs.uk/Id/dos-service-id|900000002"`,
			"entry[1].resource.start", `"2030-01-09T11:00:00Z"`, "entry[1].resource.end", `"2030-01-09T11:15:00Z"`,
			"entry[4].resource.id", `"hfree9"`, "entry[4].resource.start", `"2030-01-09T11:00:00Z"`, "entry[4].resource.end", `"2030-01-09T11:15:00Z"`,
			"entry[5].resource.id", `"hdiary9"`, "entry[6].resource.id", `"900000002"`,
		}, edits...)...)
		all = append(all, request{http.MethodPost, "/R4/bars/$process-message", []byte(m.Raw()), h})
	}
	message()
	message("entry[4].resource.id", `"nfree9"`)
	message("entry[4].resource.id", `"hbusy9"`)
	// One's own slot, with what is hidden named beside it: it is kept as it was sent,
	// contained, as what is not here is.
	own := []string{
		"entry[1].resource.start", `"2030-01-08T09:15:00Z"`, "entry[1].resource.end", `"2030-01-08T09:30:00Z"`,
		"entry[4].resource.id", `"oslot1"`, "entry[4].resource.start", `"2030-01-08T09:15:00Z"`, "entry[4].resource.end", `"2030-01-08T09:30:00Z"`,
	}
	message(append(own, "entry[5].resource.id", `"hdiary9"`)...)
	message(append(own, "entry[5].resource.id", `"odiary"`, "entry[1].resource.supportingInformation", `[{"reference":"urn:uuid:0a000000-0000-4000-8000-000000000007"},{"reference":"HealthcareService/900000002"}]`)...)
	for i, status := range []string{"cancelled", "entered-in-error", "booked"} {
		for _, id := range []string{hiddenBooking, "0c000000-0000-4000-8000-000000000009"} {
			message("entry[0].resource.reason", `{"coding":[{"system":"https://fhir.nhs.uk/CodeSystem/message-reason-bars","code":"update"}]}`,
				"entry[1].resource.id", `"`+id+`"`, "entry[1].resource.status", `"`+status+`"`, "entry[1].resource.meta.versionId", fmt.Sprintf(`"%d"`, i+1))
		}
	}
	return all
}

// TestWithoutOnBaRS: requirements S40 to S45 on the BaRS face. What has a label that the
// caller may not see, and what another customer has, is answered as what is not there.
func TestWithoutOnBaRS(t *testing.T) {
	for _, tc := range []struct {
		name, as, feed string
		meta           doc
	}{
		{"labels", "labelled", "feed-a", closedLabel},
		{"another customer", "caller", "feed-b", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			with, without := worlds(t, func(w *world) {
				folk := folk("h", hiddenNHS, 9)
				if tc.meta != nil {
					for _, r := range folk {
						r["meta"] = tc.meta
					}
				}
				w.put(tc.feed, folk...)
				w.put(tc.feed, barsFolk(tc.meta)...)
			})
			before := with.dump(tc.feed)
			all := barsProbes(t, hiddenNHS)
			if tc.feed == "feed-b" { // which services receive messages is told without a token
				all = slices.DeleteFunc(all, func(r request) bool { return strings.Contains(r.path, "/MessageDefinition") })
			}
			sames(t, with, without, tc.as, all)
			told := 0
			for i, r := range all {
				with.begin(i)
				without.begin(i)
				if r.method == http.MethodGet && with.ask(tc.feed, r) != without.ask(tc.feed, r) {
					told++
				}
			}
			if told < 8 {
				t.Errorf("only %d requests would tell of what is hidden to one who may see it", told)
			}
			if after := with.dump(tc.feed); tc.feed == "feed-b" && after != before {
				t.Error("what is hidden was changed")
			}
			if r := with.ask(tc.feed, request{method: http.MethodGet, path: "/R4/Appointment/" + hiddenBooking}); !strings.Contains(r, `"status":"booked"`) {
				t.Errorf("the hidden booking is %s", r)
			}
		})
	}
}
