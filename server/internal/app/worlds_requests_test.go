package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// probes gives requests that look for what is hidden under a prefix: every
// interaction that is stated, and whatever else might tell of it. Those that
// change something come last.
func probes(catalog *search.Catalog, prefix, nhs string) (all []request) {
	get := func(format string, args ...any) {
		all = append(all, request{method: "GET", path: fmt.Sprintf(format, args...)})
	}
	hidden := folk(prefix, nhs, 9)
	for _, r := range hidden {
		typ, id := r["resourceType"].(string), r["id"].(string)
		at := "/R4/" + typ + "/" + id
		for i, path := range []string{at, at + "/_history/1", at + "/_history/2", at + "/_history", at + "?_summary=true", strings.Replace(at, "/R4/", "/R4/~b/", 1), strings.Replace(at, "/R4/", "/R4/~a/", 1)} {
			get("%s", path)
			if i%3 > 0 {
				continue
			}
			all = append(all, request{method: "HEAD", path: path}, request{method: "GET", path: path, header: []string{"If-None-Match", `W/"1"`}}, request{method: "GET", path: path, header: []string{"If-Modified-Since", "Fri, 01 Jan 2038 00:00:00 GMT"}})
		}
		get("/R4/%s?_id=%s", typ, id)
		get("/R4/%s?_id=%s&_total=accurate&_explain=true", typ, id)
		get("/R4/%s?identifier=http://local|%s&_summary=count", typ, id)
		all = append(all, request{method: "POST", path: "/R4/" + typ + "/_search", body: []byte("_id=" + id), header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
	}
	for _, t := range fhir.Types() {
		get("/R4/%s?_explain=true&_total=accurate", t.Name)
		get("/R4/%s?_count=1&_explain=true", t.Name)
		get("/R4/%s?_count=0", t.Name)
		get("/R4/%s/_history?_count=2", t.Name)
		get("/R4/%s/_history?_since=2000-01-01", t.Name)
		get("/R4/%s?_include=*&_include:iterate=*&_revinclude=*&_revinclude:iterate=*", t.Name)
		get("/R4/%s?_security=http://label|closed", t.Name)
		get("/R4/%s?_security:missing=false&_explain=true", t.Name)
		get("/R4/%s?_lastUpdated=gt2000-01-01&_sort=-_lastUpdated&_count=1", t.Name)
		for _, p := range catalog.Params(t.Name) {
			name := url.QueryEscape(p.Name)
			if p.Kind == search.Special {
				continue
			}
			get("/R4/%s?%s:missing=false&_explain=true", t.Name, name)
			get("/R4/%s?%s:missing=true&_summary=count", t.Name, name)
			get("/R4/%s?_sort=%s&_count=2", t.Name, name)
			switch p.Kind {
			case search.String:
				get("/R4/%s?%s:contains=%s&_explain=true", t.Name, name, prefix)
			case search.Token:
				get("/R4/%s?%s:not=http://local|%sorg", t.Name, name, prefix)
				get("/R4/%s?%s=http://code|%scode&_explain=true", t.Name, name, prefix)
			case search.Date:
				get("/R4/%s?%s=ge1900-01-01&_explain=true", t.Name, name)
			case search.Reference:
				all = append(all, through(t.Name, p, prefix)...)
			}
		}
	}
	get("/R4/_history?_count=3")
	get("/R4/_history?_count=0")
	get("/R4/_history?_at=2026-01-01")
	for _, typ := range []string{"Appointment", "Schedule", "Slot"} {
		get("/R4/Patient/%spat/%s", prefix, typ)
		get("/R4/Practitioner/%sdr/%s?_total=accurate", prefix, typ)
	}
	get("/R4/Patient?identifier=%s|%s", fhir.NHSNumberSystem, nhs) // S42
	get("/R4/Appointment?patient.identifier=%s|%s&_total=accurate&_explain=true", fhir.NHSNumberSystem, nhs)
	get("/STU3/1/booking/Slot?service=%ssvc&status=free,busy", prefix)
	get("/STU3/1/booking/Slot?service=osvc&status=free,busy&_include=Slot:schedule&_include=Schedule:actor:Practitioner")
	get("/STU3/1/booking/Appointment/%sapp", prefix)
	get("/STU3/1/booking/Appointment?patient.identifier=%s|%s", fhir.NHSNumberSystem, nhs)
	for _, q := range []string{"practitioner=Practitioner/%sdr", "healthcare-service=HealthcareService/%ssvc", "organization=Organization/%sorg", "location-string=%stown", "actor=Location/%sloc", "specialty=http://code|%scode", "patient-reference=Patient/%spat"} {
		get("/R4/Appointment/$find?start=2030-01-01&end=2030-01-31&"+q, prefix)
	}
	get("/R4/Appointment/$find?start=2030-01-01&end=2030-01-31&_count=1")
	return all
}

// idsOf are the ids of folk, without their prefix.
var idsOf = map[string]string{
	"Organization": "org", "Location": "loc", "HealthcareService": "svc", "Practitioner": "dr", "PractitionerRole": "role",
	"Patient": "pat", "Schedule": "diary", "Slot": "slot0", "Appointment": "app",
}

// through gives searches that go through references to what is hidden.
func through(typ string, p *search.Param, prefix string) (all []request) {
	get := func(format string, args ...any) {
		all = append(all, request{method: "GET", path: fmt.Sprintf(format, args...)})
	}
	name := p.Name
	for _, to := range p.Targets {
		if _, kept := fhir.TypeOf(to); !kept {
			continue
		}
		get("/R4/%s?%s:%s._id:missing=false&_explain=true", typ, name, to)
		get("/R4/%s?%s:%s.identifier=http://local|%spat,http://local|%sdr,http://local|%sorg,http://local|%sloc", typ, name, to, prefix, prefix, prefix, prefix)
		get("/R4/%s?_include=%s:%s:%s", typ, typ, name, to)
		get("/R4/%s?_has:%s:%s:_id:missing=false&_explain=true&_total=accurate", to, typ, name)
		get("/R4/%s?_has:%s:%s:identifier=http://local|%sapp,http://local|%srole,http://local|%sdiary", to, typ, name, prefix, prefix, prefix)
		get("/R4/%s?_revinclude=%s:%s&_total=accurate", to, typ, name)
		get("/R4/%s?%s=%s/%s%s&_explain=true", typ, name, to, prefix, idsOf[to])
	}
	return all
}

// meddling gives requests that would change what is hidden, or tell of it by
// trying; ids are those of the hidden ones.
func meddling(prefix, nhs string) (all []request) {
	add := func(method, path string, body any, header ...string) {
		all = append(all, request{method, path, body, header})
	}
	hidden := folk(prefix, nhs, 9)
	patch := []string{"Content-Type", "application/json-patch+json"}
	for _, r := range hidden {
		typ, id := r["resourceType"].(string), r["id"].(string)
		at := "/R4/" + typ
		ident := "?identifier=http://local|" + id
		add("PATCH", at+"/"+id, []byte(`[{"op":"add","path":"/language","value":"en"}]`), patch...)
		add("PATCH", at+ident, []byte(`[{"op":"add","path":"/language","value":"en"}]`), patch...)
		add("PATCH", at+"?_id="+id, []byte(`[{"op":"add","path":"/language","value":"en"}]`), patch...)
		add("DELETE", at+"/"+id, nil)
		add("DELETE", at+"/"+id, nil, "Prefer", "return=OperationOutcome")
		add("DELETE", at+"/"+id, nil, "If-Match", `W/"1"`)
		add("DELETE", at+ident, nil)
		add("DELETE", at+"?_id="+id, nil)
		add("PUT", at+"/"+id, r, "If-Match", `W/"1"`)
		add("POST", at+"/"+id+"/$validate?mode=update", doc{"resourceType": "Parameters", "parameter": []doc{{"name": "mode", "valueCode": "update"}, {"name": "resource", "resource": r}}})
		add("POST", at+"/"+id+"/$validate", doc{"resourceType": "Parameters", "parameter": []doc{{"name": "mode", "valueCode": "delete"}}})
		add("GET", at+"/"+id+"/$validate", nil)
		for _, kind := range []string{"batch", "transaction"} {
			for _, e := range []doc{
				{"request": doc{"method": "GET", "url": typ + "/" + id}},
				{"request": doc{"method": "GET", "url": typ + "?_id=" + id}},
				{"request": doc{"method": "HEAD", "url": typ + "/" + id}},
				{"request": doc{"method": "DELETE", "url": typ + "/" + id}},
				{"request": doc{"method": "DELETE", "url": typ + ident}},
				{"request": doc{"method": "GET", "url": typ + "/" + id + "/_history"}},
				{"request": doc{"method": "PUT", "url": typ + "/" + id, "ifMatch": `W/"1"`}, "resource": r},
			} {
				add("POST", "/R4", doc{"resourceType": "Bundle", "type": kind, "entry": []doc{e}})
			}
		}
	}
	for _, kind := range []string{"batch", "transaction"} { // a search in place of a reference
		add("POST", "/R4", doc{"resourceType": "Bundle", "type": kind, "entry": []doc{{
			"request": doc{"method": "POST", "url": "Slot"}, "resource": doc{"resourceType": "Slot", "status": "busy", "schedule": doc{"reference": "Schedule?identifier=http://local|" + prefix + "diary"}, "start": "2030-01-09T09:00:00Z", "end": "2030-01-09T09:15:00Z"},
		}}})
	}
	slot, app := doc{"reference": "Slot/" + prefix + "slot1"}, doc{"reference": "Appointment/" + prefix + "app"}
	params := func(p ...doc) doc { return doc{"resourceType": "Parameters", "parameter": p} }
	for _, op := range []string{"hold", "book"} {
		add("POST", "/R4/Appointment/$"+op, params(doc{"name": "slot", "valueReference": slot}))
		add("POST", "/R4/Appointment/$"+op, params(doc{"name": "appointment-reference", "valueReference": app}))
		add("POST", "/R4/Appointment/$"+op, params(doc{"name": "appointment-reference", "valueReference": doc{"reference": "Appointment/find." + prefix + "slot1"}}))
		add("POST", "/R4/Appointment/$"+op, params(doc{"name": "slot", "valueReference": doc{"reference": "Slot/oslot2"}}, doc{"name": "patient-reference", "valueReference": doc{"reference": "Patient/" + prefix + "pat"}}))
	}
	add("POST", "/R4/Appointment/$cancel", params(doc{"name": "appointment-reference", "valueReference": app}))
	add("POST", "/R4/Appointment/"+prefix+"app/$cancel", params())
	add("POST", "/R4/Appointment/"+prefix+"app/$cancel", params(), "If-Match", `W/"1"`)
	add("POST", "/R4/Appointment/"+prefix+"gone/$cancel", params())
	add("POST", "/R4/Appointment/"+prefix+"gone/$cancel", params(), "If-Match", "*")
	add("GET", "/R4/Appointment/"+prefix+"gone", nil)
	add("GET", "/R4/Appointment/"+prefix+"gone/_history", nil)
	add("POST", "/R4/Appointment/$book", params(doc{"name": "appointment-resource", "resource": doc{"resourceType": "Appointment", "id": prefix + "gone", "status": "proposed", "participant": []doc{{"status": "accepted", "actor": doc{"display": "x"}}}}}))
	add("POST", "/R4/Appointment/$book", params(doc{"name": "appointment-reference", "valueReference": doc{"reference": "Appointment/" + prefix + "gone"}}))
	add("POST", "/R4/Appointment/"+prefix+"app/$reschedule", params(doc{"name": "slot", "valueReference": doc{"reference": "Slot/oslot1"}}))
	add("POST", "/R4/Appointment/oapp/$reschedule", params(doc{"name": "slot", "valueReference": slot}))
	booking := func(slot, patient string) doc {
		return doc{
			"resourceType": "Appointment", "status": "booked", "slot": []doc{{"reference": slot}}, "start": "2030-01-09T09:15:00Z", "end": "2030-01-09T09:30:00Z",
			"participant": []doc{{"actor": doc{"reference": patient}, "status": "accepted"}},
		}
	}
	add("POST", "/R4/Appointment", booking("Slot/"+prefix+"slot1", "Patient/opat")) // S44
	add("POST", "/R4/Appointment", booking("Slot/"+prefix+"slot0", "Patient/opat"))
	add("POST", "/R4/Appointment", booking("{base}/R4/Slot/"+prefix+"slot1", "Patient/opat"))
	add("POST", "/R4/Appointment", booking("{base}/R4/~b/Slot/"+prefix+"slot1", "Patient/opat"))
	add("POST", "/R4/Appointment", booking("Slot/oslot9", "Patient/"+prefix+"pat"))
	add("POST", "/R4/Appointment", booking("Slot/"+prefix+"slot1", "Patient/opat"), "If-None-Exist", "identifier=http://local|"+prefix+"app")
	add("POST", "/R4/~b/Patient", doc{"resourceType": "Patient"})
	add("POST", "/STU3/1/booking/Appointment", booking("Slot/"+prefix+"slot1", "Patient/opat"), "X-Request-ID", "0b9c1f0e-0000-4000-8000-000000000001")
	for _, prefer := range []string{"return=OperationOutcome", "return=minimal"} {
		add("POST", "/R4/Schedule", doc{"resourceType": "Schedule", "actor": []doc{{"reference": "Practitioner/" + prefix + "dr"}, {"reference": "{base}/R4/HealthcareService/" + prefix + "svc"}}}, "Prefer", prefer)
	}
	return append(all, booking3(prefix, nhs)...)
}

// booking3 gives requests of the booking standards' faces that name what is hidden,
// as a consumer would write them.
func booking3(prefix, nhs string) (all []request) {
	const face3 = "/STU3/1/booking/Appointment"
	n := 0
	book := func(slot, schedule, nhs string, edits ...func(doc)) {
		at := doc{
			"resourceType": "Slot", "id": slot, "status": "busy", "schedule": doc{"reference": "Schedule/" + schedule},
			"identifier": []doc{{"system": "http://local", "value": slot}}, "start": "2030-01-09T09:15:00Z", "end": "2030-01-09T09:30:00Z",
		}
		text, _ := json.Marshal(at) // of strings alone
		shown, err := fhir.Parse(text)
		if err != nil {
			panic(err)
		}
		body := stu3Booking(shown.Root())
		patient := body["contained"].([]any)[2].(doc)
		patient["identifier"] = []doc{{"system": fhir.NHSNumberSystem, "value": nhs}}
		body["participant"] = []doc{{"actor": doc{"reference": "#p1"}, "status": "accepted"}}
		for _, edit := range edits {
			edit(body)
		}
		n++
		all = append(all, request{http.MethodPost, face3, body, []string{"X-Request-ID", fmt.Sprintf("0b9c1f0e-0000-4000-8000-1000000000%02d", n)}})
	}
	const nobody = "9990000034"
	for _, slot := range []string{prefix + "slot1", prefix + "slot0", "nslot1"} {
		book(slot, prefix+"diary", nobody)
		book(slot, "odiary", nobody)
		book(slot, prefix+"diary", nhs)
	}
	book("oslot1", prefix+"diary", nobody)
	book(prefix+"slot1", prefix+"diary", nobody, func(b doc) {
		b["supportingInformation"] = []doc{{"reference": "#d1"}, {"reference": "Appointment/" + prefix + "app"}}
	})
	id := face3 + "/" + prefix + "app"
	for _, match := range []string{"", `W/"1"`, `W/"2"`, `W/"7"`, "*"} {
		n++
		header := []string{"X-Request-ID", fmt.Sprintf("0b9c1f0e-0000-4000-8000-1000000000%02d", n)}
		if match != "" {
			header = append(header, "If-Match", match)
		}
		all = append(all, request{http.MethodPut, id, doc{"resourceType": "Appointment", "id": prefix + "app", "status": "cancelled"}, header})
	}
	for _, path := range []string{id, id + "/_history/1", id + "/_history/2", id + "/_history/9", face3 + "?_id=" + prefix + "app", face3 + "?_id=" + prefix + "app&version=1", face3 + "?_id=" + prefix + "app&version=9", face3 + "?identifier=" + url.QueryEscape(fhir.NHSNumberSystem+"|"+nhs)} {
		all = append(all, request{method: http.MethodGet, path: path}, request{method: http.MethodGet, path: path, header: []string{"Accept", "application/fhir+xml"}})
	}
	return all
}

// inventing gives requests that make resources under what names hidden ones of
// another customer: ids, identifiers, conditions. They must succeed alike.
func inventing(prefix, nhs string) (all []request) {
	for _, r := range folk(prefix, nhs, 9) {
		typ, id := r["resourceType"].(string), r["id"].(string)
		bare := doc{}
		for k, v := range r {
			if k != "slot" && k != "id" {
				bare[k] = v
			}
		}
		all = append(all,
			request{http.MethodPost, "/R4/" + typ, bare, []string{"If-None-Exist", "identifier=http://local|" + id, "Prefer", "return=OperationOutcome"}},
			request{http.MethodPost, "/R4/" + typ, bare, []string{"If-None-Exist", "identifier=http://local|" + id}},
			request{http.MethodPut, "/R4/" + typ + "?identifier=http://local|" + id, bare, nil},
			request{http.MethodPut, "/R4/" + typ + "/" + id, r, []string{"If-None-Match", "*"}},
			request{http.MethodPut, "/R4/" + typ + "/" + id, r, nil},
			request{http.MethodGet, "/R4/" + typ + "/" + id, nil, nil},
			request{http.MethodGet, "/R4/" + typ + "/" + id + "/_history", nil, nil},
		)
	}
	return all
}
