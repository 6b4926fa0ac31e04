package app

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/rest"
)

// orgClients are the demo's clients and one for each of some organisations, as the
// setting has it; c-writes is registered for nothing but booking.
func orgClients(t *testing.T, organisations ...string) Text {
	t.Helper()
	hash, err := auth.HashPassword(rand.Reader, demoSecret)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	const all = `"organization/slot.read", "patient/appointment.write", "patient/appointment.read", "system/*.rs"`
	fmt.Fprintf(&b, `[{id: demo-admin, secret_hash: %q, organisation: RX1, customers: [trustalias], update_as_create: true, scopes: ["system/*.cruds"]}`, hash)
	fmt.Fprintf(&b, `, {id: demo-consumer, secret_hash: %q, organisation: X0001, customers: [trustalias], scopes: [%s]}`, hash, all)
	fmt.Fprintf(&b, `, {id: c-writes, secret_hash: %q, organisation: X0009, customers: [trustalias], scopes: ["patient/appointment.write"]}`, hash)
	for _, o := range organisations {
		fmt.Fprintf(&b, `, {id: c-%s, secret_hash: %q, organisation: %q, customers: [trustalias], scopes: [%s]}`, o, hash, o, all)
	}
	return Text(b.String() + "]")
}

// TestPolicy: NHS booking standard, requirements 47 and 109; E5, E24, supplier line
// P7: what configuration says of services, diaries and organisations.
func TestPolicy(t *testing.T) {
	c := startSurgery(t, Settings{
		Clients: orgClients(t, "X0002", "X0003"),
		Services: `[{id: "999999999", see: [X0001, X0002], book: [X0001], cancel: [X0001, X0002]},
			{id: "999999993", schedules: [full], see: [X0003]},
			{id: "999999993", schedules: [shared], see: [X0001]},
			{id: "999999997", schedules: [shared, full]}]`,
	})
	as := func(organisation, scope string) string {
		return "Authorization: Bearer " + c.token("c-"+organisation, scope)
	}
	const search, write, read = "organization/slot.read", "patient/appointment.write", "patient/appointment.read"
	find := func(service, who string) (r reply, schedules string) {
		r = c.ask("GET", "/Slot?service="+service+sixIncludes, nil, who)
		var seen []string
		for _, s := range entries(r, "Schedule") {
			seen = append(seen, s.Get("id").Text()+" as "+s.Get("actor").First().Get("reference").Text())
		}
		return r, strings.Join(seen, ", ")
	}
	for _, tc := range []struct {
		name, service, who, scope, schedules string
	}{
		{"a service of two diaries", "999999997", "X0003", search, "shared as HealthcareService/999999997, full as HealthcareService/999999997"},
		{"a diary for one organisation", "999999993", "X0003", search, "full as HealthcareService/999999993"},
		{"its own diaries", "999999999", "X0002", search, "shared as HealthcareService/999999999"},
		{"without a row", "999999998", "X0003", search, "full as HealthcareService/999999998"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, got := find(tc.service, as(tc.who, tc.scope))
			if a, b, both := strings.Cut(got, ", "); r.status != 200 || got != tc.schedules && (!both || b+", "+a != tc.schedules) {
				t.Errorf("%d: %s, want %s: %.300s", r.status, got, tc.schedules, r.body)
			}
		})
	}
	// What else is said of the schedule narrows the search, as for a service without rows.
	for _, narrower := range []string{"&schedule=Schedule/full", "&schedule.actor=HealthcareService/none", "&schedule.actor:HealthcareService.name=none"} {
		if r, got := find("999999999"+narrower, as("X0002", search)); r.status != 200 && r.status != 403 && r.status != 404 || got != "" {
			t.Errorf("%s: %d, %s; want nothing", narrower, r.status, got)
		}
	}
	if r, _ := find("999999999", as("X0003", search)); r.status != 403 {
		t.Errorf("a service that is not offered: %d", r.status)
	} else {
		r.refused(t, 403, "ACCESS DENIED")
	}
	if r, _ := find("999999993", as("X0002", search)); r.status != 403 {
		t.Errorf("a diary that is not offered: %d", r.status)
	}
	// The diary is of several services, and 999999997 may be booked by all.
	if r := c.ask("POST", "/Appointment", bookingOf(t, c.slot()), as("X0003", write)); r.status != 201 {
		t.Errorf("%d: %s", r.status, r.body)
	}

	made := c.booked(t)
	at, body, match := "/Appointment/"+made.text("id"), edited(t, made.root.Raw(), cancelled), `If-Match: W/"1"`
	c.ask("PUT", at, body, match, as("X0003", write+" "+read)).refused(t, 403, "ACCESS DENIED") // 109
	c.ask("PUT", at, body, match, as("X0003", write)).refused(t, 403, "ACCESS DENIED")          // with the token that a consumer has for it
	c.ask("PUT", at, body, match, as("writes", write)).refused(t, 404, "NO_RECORD_FOUND")       // it may not even know of it
	if r := c.ask("GET", at, nil, as("X0002", write)); r.status != 404 {
		t.Errorf("it is read by another who may only write: %d", r.status)
	}
	if r := c.ask("PUT", at, body, match, as("X0002", write)); r.status != 200 {
		t.Errorf("one that may cancel: %d: %s", r.status, r.body)
	}
}

// TestPolicyOfOne: booking is refused where every service of a diary refuses it, on
// R4 too, and cancelling to who booked where the policy names others.
func TestPolicyOfOne(t *testing.T) {
	c := startSurgery(t, Settings{
		Clients:  orgClients(t, "X0002"),
		Services: `[{id: "999999999", book: [X0002], cancel: [X0009]}, {id: "999999993", book: [X0002], cancel: [X0009]}]`,
	})
	slot := c.slot()
	c.ask("POST", "/Appointment", bookingOf(t, slot)).refused(t, 403, "ACCESS DENIED")
	status, answer, err := c.call(t.Context(), "POST", "/R4/Appointment", c.token("demo-consumer", "patient/appointment.write"), r4Booking(slot.Get("id").Text(), slot.Get("start").Text(), slot.Get("end").Text()))
	if err := expect(err, status, 403, answer); err != nil {
		t.Error(err)
	}
	who := "Authorization: Bearer " + c.token("c-X0002", "")
	made := c.ask("POST", "/Appointment", bookingOf(t, slot), who)
	if made.status != 201 {
		t.Fatalf("%d: %s", made.status, made.body)
	}
	c.ask("PUT", "/Appointment/"+made.text("id"), edited(t, made.root.Raw(), cancelled), `If-Match: W/"1"`, who).refused(t, 403, "ACCESS DENIED")
	status, answer, err = c.call(t.Context(), "POST", "/R4/Appointment/"+made.text("id")+"/$cancel", c.token("c-X0002", "patient/appointment.write"), doc{"resourceType": "Parameters"})
	if err := expect(err, status, 403, answer); err != nil {
		t.Error(err)
	}
}

// TestPolicyOfOperations: whoever may not book a service takes none of its slots by
// any other way there is.
func TestPolicyOfOperations(t *testing.T) {
	c := startSurgery(t, Settings{
		Clients:  orgClients(t, "X0002"),
		Services: `[{id: "999999999", book: [X0002]}, {id: "999999993", book: [X0002]}]`,
	})
	err := c.put(t.Context(), doc{"resourceType": "Schedule", "id": "open", "actor": []doc{{"reference": "HealthcareService/999999998"}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	slot := c.slot()
	id, start, end := slot.Get("id").Text(), slot.Get("start").Text(), slot.Get("end").Text()
	if err := c.put(t.Context(), doc{"resourceType": "Slot", "id": "free", "status": "free", "schedule": doc{"reference": "Schedule/open"}, "start": start, "end": end}, false); err != nil {
		t.Fatal(err)
	}
	token := c.token("demo-consumer", "patient/appointment.write")
	call := func(path string, body doc) (int, []byte) {
		t.Helper()
		status, answer, err := c.call(t.Context(), "POST", "/R4"+path, token, body)
		if err != nil {
			t.Fatal(err)
		}
		return status, answer
	}
	status, answer := call("/Appointment", r4Booking("free", start, end)) // of a service that anybody may book
	if status != 201 {
		t.Fatalf("%d: %s", status, answer)
	}
	made, err := fhir.Parse(answer)
	if err != nil {
		t.Fatal(err)
	}
	params := func(p ...doc) doc { return doc{"resourceType": "Parameters", "parameter": p} }
	ref := doc{"name": "slot", "valueReference": doc{"reference": "Slot/" + id}}
	booking := r4Booking(id, start, end)
	for _, tc := range []struct {
		path string
		body doc
	}{
		{"/Appointment", booking},
		{"/Appointment/$hold", params(ref)},
		{"/Appointment/$book", params(ref)},
		{"/Appointment/$book", params(doc{"name": "appointment-reference", "valueReference": doc{"reference": "Appointment/find." + id}})},
		{"/Appointment/$book", params(doc{"name": "appointment-resource", "resource": booking})},
		{"/Appointment/" + made.ID() + "/$reschedule", params(ref)},
		{"", doc{"resourceType": "Bundle", "type": "transaction", "entry": []doc{{"resource": booking, "request": doc{"method": "POST", "url": "Appointment"}}}}},
	} {
		if status, answer := call(tc.path, tc.body); status != 403 {
			t.Errorf("%s: %d, want 403: %.300s", tc.path, status, answer)
		}
	}
	if r := c.ask("GET", "/Slot?service=999999999&status=busy", nil); len(entries(r, "Slot")) != 0 {
		t.Errorf("a slot was taken: %s", r.body)
	}
}

// TestSpineHeaders: NHS booking standard, requirement 53, and E2: what the Spine
// Secure Proxy says of a request.
func TestSpineHeaders(t *testing.T) {
	c := startSurgery(t, Settings{})
	slot := c.slot()
	c.app.rest.Faces[1].Headers = rest.Spine{ASID: "200000000359"}.Headers()
	const id = "Ssp-InteractionID: urn:nhs:names:services:careconnect:fhir:rest:"
	from, to, trace := "Ssp-From: 200000000115", "Ssp-To: 200000000359", "Ssp-TraceID: 09a01679-2564-0fb4-5129-aecc81ea2706"
	const slots = "/Slot?service=999999999"
	book := bookingOf(t, slot)
	for _, tc := range []struct {
		name, method, path string
		body               []byte
		header             []string
		status             int
	}{
		{"all of it", "GET", slots, nil, []string{from, to, trace, id + "search:slot"}, 200},
		{"the older id", "GET", slots, nil, []string{from, to, trace, id + "read:slot"}, 200},
		{"booking", "POST", "/Appointment", book, []string{from, to, trace, id + "create:appointment"}, 201},
		{"a list", "GET", "/Appointment?identifier=x%7Cy", nil, []string{from, to, trace, id + "search:appointment"}, 200},
		{"none", "GET", slots, nil, nil, 400},
		{"no Ssp-From", "GET", slots, nil, []string{to, trace, id + "search:slot"}, 400},
		{"an Ssp-From that is no ASID", "GET", slots, nil, []string{"Ssp-From: 20000000011", to, trace, id + "search:slot"}, 400},
		{"no Ssp-To", "GET", slots, nil, []string{from, trace, id + "search:slot"}, 400},
		{"the Ssp-To of another", "GET", slots, nil, []string{from, "Ssp-To: 200000000360", trace, id + "search:slot"}, 400},
		{"no Ssp-TraceID", "GET", slots, nil, []string{from, to, id + "search:slot"}, 400},
		{"an Ssp-TraceID that is no UUID", "GET", slots, nil, []string{from, to, "Ssp-TraceID: 1", id + "search:slot"}, 400},
		{"no Ssp-InteractionID", "GET", slots, nil, []string{from, to, trace}, 400},
		{"the Ssp-InteractionID of another", "GET", slots, nil, []string{from, to, trace, id + "create:appointment"}, 400},
		{"that of another standard", "GET", slots, nil, []string{from, to, trace, "Ssp-InteractionID: urn:nhs:names:services:gpconnect:fhir:rest:search:slot"}, 400},
		{"the token before it", "GET", slots, nil, []string{"Authorization: "}, 403},
		{"before the media type", "POST", "/Appointment", book, []string{"Content-Type: text/plain"}, 400},
		{"read", "GET", "/Appointment/unknown", nil, []string{from, to, trace, id + "read:appointment"}, 404},
		{"cancel", "PUT", "/Appointment/unknown", book, []string{from, to, trace, id + "update:appointment"}, 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := c.ask(tc.method, tc.path, tc.body, tc.header...)
			if r.status != tc.status {
				t.Fatalf("%d, want %d: %.300s", r.status, tc.status, r.body)
			}
			if tc.status == 400 {
				r.refused(t, 400, "BAD_REQUEST")
			}
		})
	}
}
