package app

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirxml"
)

const xmlAppointment = `<?xml version="1.0" encoding="UTF-8"?>
<Appointment xmlns="http://hl7.org/fhir">
  <id value="x01"/>
  <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">At <b>ten</b></div></text>
  <extension url="https://demo.slotway.example/decimal"><valueDecimal value="1.50"/></extension>
  <status value="booked"/>
  <start value="2030-01-08T10:00:00Z"/>
  <end value="2030-01-08T10:15:00Z"/>
  <comment value="a&lt;b &amp; c"/>
  <participant><actor><display value="x"/></actor><status value="accepted"/></participant>
  <somethingNew value="kept"/>
</Appointment>`

// XML on R4, in and out, errors included.
func TestXML(t *testing.T) {
	w := startWire(t)
	const x01, a01 = "/R4/Appointment/x01", "/R4/Appointment/a01"
	sent, asked, form := "Content-Type: application/fhir+xml", "Accept: application/fhir+xml", "Content-Type: application/x-www-form-urlencoded"
	isXML := []string{`Content-Type: application/fhir\+xml;charset=utf-8`}
	put := func(text string) []byte { return []byte(strings.Replace(xmlAppointment, "kept", text, 1)) }
	w.checkAll(t, []exchange{
		{"created by XML, answered in XML", "PUT", x01, []string{sent}, put("kept"), false, 201, append(isXML, `Etag: W/"1"`), `<versionId value="1"/>`},
		{"and read in JSON", "GET", x01, nil, nil, false, 200, nil, `"valueDecimal":1.50`},
		{"the narrative", "GET", x01, nil, nil, false, 200, nil, `<div xmlns=\"http://www.w3.org/1999/xhtml\">At <b>ten</b></div>`},
		{"what the definitions do not know", "GET", x01, nil, nil, false, 200, nil, `"somethingNew":"kept"`},
		{"sent in XML, wanted in JSON", "PUT", x01, []string{sent, "Accept: application/fhir+json"}, put("newer"), false, 200, []string{`Content-Type: application/fhir\+json;charset=utf-8`, `Etag: W/"2"`}, `"newer"`},
		{"as a generic type", "PUT", x01, []string{"Content-Type: text/xml; charset=UTF-8", "Accept: text/xml"}, put("newest"), false, 200, []string{`Content-Type: text/xml;charset=utf-8`}, `<somethingNew value="newest"/>`},
		{"read", "GET", a01, []string{asked}, nil, false, 200, isXML, `<comment value="second"/>`},
		{"read by _format", "GET", a01 + "?_format=xml", nil, nil, false, 200, isXML, `<comment value="second"/>`},
		{"for people", "GET", a01 + "?_format=xml&_pretty=true", nil, nil, false, 200, isXML, "\n  <comment value=\"second\"/>\n"},
		{"a version", "GET", a01 + "/_history/1", []string{asked}, nil, false, 200, isXML, `<comment value="first"/>`},
		{"its history", "GET", a01 + "/_history", []string{asked}, nil, false, 200, isXML, `<type value="history"/><total value="2"/>`},
		{"a search", "GET", "/R4/Appointment?_id=a01", []string{asked}, nil, false, 200, isXML, `<entry><fullUrl value="` + w.base + `/R4/Appointment/a01"/><resource><Appointment>`},
		{"a search by form", "POST", "/R4/Appointment/_search", []string{form}, []byte("_id=a01&_format=application/fhir+xml"), false, 200, isXML, "<Bundle "},
		{"the description", "GET", "/R4/metadata", []string{asked}, nil, true, 200, isXML, `<format value="application/fhir+xml"/>`},
		{"at the base", "OPTIONS", "/R4", []string{asked}, nil, true, 200, isXML, "<CapabilityStatement "},
		{"a preferred outcome", "PUT", x01, []string{sent, "Prefer: return=OperationOutcome"}, put("more"), false, 200, isXML, "<OperationOutcome "},

		{"not there", "GET", "/R4/Appointment/nobody", []string{asked}, nil, false, 404, isXML, `<code value="not-found"/>`},
		{"no token", "GET", a01, []string{asked}, nil, true, 401, isXML, "<OperationOutcome "},
		{"no such type", "GET", "/R4/Banana", []string{asked}, nil, false, 404, isXML, "<OperationOutcome "},
		{"no such address", "GET", "/R4/Appointment/a/b/c/d", []string{asked}, nil, false, 404, isXML, "<OperationOutcome "},
		{"no such method", "DELETE", "/R4/metadata", []string{asked}, nil, false, 405, isXML, "<OperationOutcome "},
		{"no such format, but XML was sent", "PUT", x01, []string{sent, "Accept: application/pdf"}, put("x"), false, 406, isXML, "application/fhir+json and application/fhir+xml"},
		{"no XML", "PUT", x01, []string{sent}, []byte(wireAppointment), false, 400, isXML, "cannot be read at line 1"},
		{"XML that breaks off", "PUT", x01, []string{sent}, []byte(xmlAppointment[:300]), false, 400, isXML, "cannot be read at line"},
		{"JSON that is XML", "PUT", x01, nil, []byte(xmlAppointment), false, 400, nil, "a JSON object is needed"},
		{"a document type", "PUT", x01, []string{sent}, []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + xmlAppointment[39:]), false, 400, isXML, "document type"},
		{"another encoding", "PUT", x01, []string{sent}, []byte(strings.Replace(xmlAppointment, "UTF-8", "ISO-8859-1", 1)), false, 400, isXML, "must be UTF-8"},
		{"another charset", "PUT", x01, []string{"Content-Type: application/fhir+xml; charset=iso-8859-1"}, put("x"), false, 415, nil, "utf-8"},
		{"another type", "PUT", x01, []string{sent}, []byte(`<Slot xmlns="http://hl7.org/fhir"><id value="x01"/></Slot>`), false, 400, isXML, "The body is a Slot"},
		{"a rule", "PUT", x01, []string{sent}, []byte(strings.Replace(xmlAppointment, `"booked"`, `"boked"`, 1)), false, 422, isXML, `<expression value="Appointment.status"/>`},
		{"a byte order mark", "PUT", x01, []string{sent}, append([]byte("\ufeff"), put("marked")...), false, 200, isXML, "marked"},
	})
}

// XML on the NHS booking face: requirements 2, 3, 5, 6, 7, 12, 14, 18, 19, 78,
// 79 and 94, and a booking from search to read.
func TestXMLBooking(t *testing.T) {
	w := startWire(t)
	const face = "/STU3/1/booking"
	const slots = face + "/Slot?schedule.actor%3Ahealthcareservice=999999999&status=free&_include=Slot:schedule"
	for path, body := range map[string]string{
		"/R4/HealthcareService/999999999": `{"resourceType":"HealthcareService","id":"999999999","name":"Urgent care"}`,
		"/R4/Schedule/diary":              `{"resourceType":"Schedule","id":"diary","actor":[{"reference":"HealthcareService/999999999"}]}`,
		"/R4/Slot/s1":                     `{"resourceType":"Slot","id":"s1","identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"}],"schedule":{"reference":"Schedule/diary"},"status":"free","start":"2030-01-08T10:00:00.000+00:00","end":"2030-01-08T10:15:00.000+00:00"}`,
	} {
		w.check(t, exchange{"", "PUT", path, nil, []byte(body), false, 201, nil, ""})
	}
	slot, err := fhir.Parse([]byte(`{"resourceType":"Slot","id":"s1","identifier":[{"system":"https://tools.ietf.org/html/rfc4122","value":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"}],"schedule":{"reference":"Schedule/diary"},"status":"busy","start":"2030-01-08T10:00:00.000+00:00","end":"2030-01-08T10:15:00.000+00:00"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(stu3Booking(slot.Root()))
	if err != nil {
		t.Fatal(err)
	}
	booking, err := fhir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	body, err := fhirxml.Encode(nil, booking, elements.STU3)
	if err != nil {
		t.Fatal(err)
	}
	asked, sent, token := "Accept: application/fhir+xml", "Content-Type: application/fhir+xml", "Authorization: consumer"
	id := func(n string) string { return "X-Request-ID: 0f0f0f0f-1111-4222-8333-44444444444" + n }
	isXML := []string{`Content-Type: application/fhir\+xml;charset=utf-8`, "Cache-Control: no-store"}
	isJSON := []string{`Content-Type: application/fhir\+json;charset=utf-8`, "Cache-Control: no-store"}
	w.checkAll(t, []exchange{
		{"2", "GET", face + "/metadata", []string{asked}, nil, false, 200, isXML, "<CapabilityStatement "},
		{"3", "GET", face + "/metadata?_format=application/fhir%2Bxml", nil, nil, false, 200, isXML, `<fhirVersion value="3.0.1"/>`},
		{"4", "GET", face + "/metadata?_format=application/fhir%2Bjson", nil, nil, false, 200, isJSON, "CapabilityStatement"},
		{"5", "GET", face + "/metadata?_format=application/fhir%2Bxml", []string{"Accept: application/fhir+json"}, nil, false, 200, isXML, "<CapabilityStatement "},
		{"6", "GET", face + "/metadata?_format=application/fhir%2Bjson", []string{asked}, nil, false, 200, isJSON, "CapabilityStatement"},
		{"7", "GET", face + "/metadata", []string{asked, "Accept-Encoding: gzip"}, nil, false, 200, append(isXML, "Content-Encoding: gzip"), ""},
		{"13", "GET", slots, []string{token}, nil, false, 200, isJSON, `"total":1`},
		{"18", "GET", slots + "&_format=xml", []string{token}, nil, false, 200, isXML, `<total value="1"/>`},
		{"19", "GET", slots, []string{asked, token}, nil, false, 200, isXML, `<reference value="Schedule/diary"/>`},
		{"78", "POST", face + "/Appointment", []string{sent, asked, id("1")}, body, true, 403, isXML, `<code value="ACCESS DENIED"/>`},
		{"79", "POST", face + "/Appointment", []string{"Content-Type: application/xml", token, id("2")}, body, false, 415, nil, "UNSUPPORTED_MEDIA_TYPE"},
		{"truncated XML", "POST", face + "/Appointment", []string{sent, token, id("3")}, body[:500], false, 400, isXML, "<OperationOutcome "},
		{"14: booked by XML, answered in XML", "POST", face + "/Appointment", []string{sent, token, id("4")}, body, false, 201, append(isXML, "Location: .*/STU3/1/booking/Appointment/.*/_history/1", "X-Correlation-Id: 0f0f.*-444444444444"), `<status value="booked"/>`},
		{"taken", "POST", face + "/Appointment", []string{sent, token, id("5")}, body, false, 422, isXML, `<diagnostics value="Slot no longer available"/>`},
		{"94", "GET", face + "/Appointment/nobody", []string{asked, token}, nil, false, 404, isXML, `<code value="NO_RECORD_FOUND"/>`},
		{"none free now", "GET", slots, []string{asked, token}, nil, false, 200, isXML, `<total value="0"/>`},
	})
	// The booking in both formats says the same.
	var read [2]fhir.Resource
	list := w.do(t, exchange{method: "GET", path: "/R4/Appointment?slot=s1&_elements=id"})
	b, _ := io.ReadAll(list.Body)
	bundle, err := fhir.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	path := face + "/Appointment/" + bundle.Root().One(fhir.MustPath("entry.resource.id")).Text()
	for i, format := range []string{"json", "xml"} {
		resp := w.do(t, exchange{method: "GET", path: path + "?_format=" + format})
		b, _ := io.ReadAll(resp.Body)
		if format == "json" {
			read[i], err = fhir.Parse(b)
		} else {
			read[i], err = fhirxml.Decode(b, elements.STU3)
		}
		if err != nil {
			t.Fatalf("%s: %v in %s", path, err, b)
		}
	}
	if !fhir.Same(read[0], read[1]) {
		t.Errorf("in XML it is\n%s\nin JSON\n%s", read[1].Raw(), read[0].Raw())
	}
}
