package app

import (
	"net/url"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestPolicyHasNoWayAround: NHS booking standard, requirement 109 and line P7, as a
// consumer would have it who may not see a service: it is found by no other way to
// write its name.
func TestPolicyHasNoWayAround(t *testing.T) {
	c := startSurgery(t, Settings{
		Clients:  orgClients(t, "X0003"),
		Services: `[{id: "999999999", see: [X0001]}, {id: "999999993", see: [X0001]}]`,
	})
	who := "Authorization: Bearer " + c.token("c-X0003", "organization/slot.read")
	const id = "999999999"
	for _, tc := range []struct {
		service string
		status  int
	}{
		{"999999998", 200},
		{id, 403},
		{"HealthcareService/" + id, 403},
		{"999999998," + id, 403},
		{"999999998,HealthcareService/" + id, 403},
		{"x|HealthcareService/" + id, 403},
		{"999999998,x|" + id, 403},
		{c.base + "/R4/HealthcareService/" + id, 403},
		{c.base + face + "/HealthcareService/" + id, 403},
		{"HealthcareService/HealthcareService/" + id, 403},
		{"HealthcareService/" + id + "/_history/1", 404},
		{" " + id, 400},
		{`999999998\,` + id, 400},
		{id + `\`, 400},
	} {
		r := c.ask("GET", "/Slot?service="+url.QueryEscape(tc.service), nil, who)
		if r.status != tc.status {
			t.Errorf("%q: %d, want %d", tc.service, r.status, tc.status)
		}
		for _, s := range entries(r, "Slot") {
			if s.Find("schedule", "reference").Text() == "Schedule/shared" {
				t.Errorf("%q shows a slot of the service", tc.service)
				break
			}
		}
	}
	for _, query := range []string{
		"schedule=Schedule/shared", "schedule.actor=HealthcareService/" + id, "service=" + id, "schedule:missing=false", "_has:Appointment:slot:status=booked",
	} {
		r := c.ask("GET", "/Slot?service=999999998&"+query, nil, who)
		for _, s := range entries(r, "Slot") {
			if s.Find("schedule", "reference").Text() == "Schedule/shared" {
				t.Errorf("%q shows a slot of the service", query)
				break
			}
		}
	}
}

// TestConsumersGuess: security S40 and spec security-reliability 1.2. Who may list a
// patient's appointments and search for slots, and no more, finds out nothing else
// by what a search finds: what a patient is called, where they live, what else they
// are known by, who has taken which slot.
func TestConsumersGuess(t *testing.T) {
	c := startSurgery(t, Settings{})
	made := c.booked(t)
	nhs := ""
	for r := range made.root.Get("contained").Each() {
		if r.Get("resourceType").Text() == "Patient" {
			nhs = r.Get("identifier").First().Get("value").Text()
		}
	}
	who := "Authorization: Bearer " + c.token("demo-consumer", "organization/slot.read patient/appointment.read")
	list := "/Appointment?patient.identifier=" + url.QueryEscape(fhir.NHSNumberSystem+"|"+nhs)
	const slots, byID = "/Slot?service=999999999", "/Appointment?_id="
	for _, tc := range []struct {
		path   string
		status int
	}{
		{list, 200},
		{list + "&status=booked", 200},
		{list + "&patient.family=Sample", 403},
		{list + "&patient.phone=01130000000", 403},
		{list + "&patient.identifier:not=x%7Cy", 403},
		{list + "&actor:Patient.birthdate=1980", 403},
		{list + "&actor:Practitioner.family=Black", 403},
		{list + "&slot.start=ge2020", 403},
		{list + "&patient:Patient.general-practitioner.name=x", 403},
		{list + "&identifier=https%3A%2F%2Ftrust.example%7C1", 400},
		{list + "&_has:Task:focus:status=requested", 403},
		{byID + made.text("id"), 200},
		{byID + made.text("id") + "&patient.address=Leeds", 403},
		{byID + made.text("id") + "&supporting-info.status=current", 403},
		{slots, 200},
		{slots + "&schedule.actor:Practitioner.family=Black", 200}, // whom its include shows
		{slots + "&schedule.actor:Patient.family=Sample", 403},
		{slots + "&_has:Appointment:slot:status=booked", 403},
		{slots + "&_has:Appointment:slot:patient.family=Sample", 403},
		{slots + "&_has:Appointment:slot:patient.identifier=x%7Cy", 403},
	} {
		if r := c.ask("GET", tc.path, nil, who); r.status != tc.status {
			_, query, _ := strings.Cut(tc.path, "?")
			t.Errorf("%s: %d, want %d: %.200s", query, r.status, tc.status, r.body)
		}
	}
}
