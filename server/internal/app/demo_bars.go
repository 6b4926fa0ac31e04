package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"slotway/fhir"
	"slotway/server/internal/bars"
)

// barsHeaders are what a BaRS sender says of itself.
func (d *demo) barsHeaders(request string) ([]string, error) {
	h := []string{"X-Request-Id", request, "X-Correlation-Id", d.app.newID(), "Accept", "application/fhir+json; version=1.0.0"}
	for _, v := range []struct {
		name string
		says doc
	}{
		{bars.TargetHeader, doc{"system": bars.DoSSystem, "value": "999999993"}},
		{bars.OrganisationHeader, doc{"resourceType": "Organization", "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X0001"}}, "name": "Example 111"}},
		{bars.SoftwareHeader, doc{"resourceType": "Device", "deviceName": []doc{{"name": "demo", "type": "user-friendly-name"}}}},
	} {
		text, err := json.Marshal(v.says)
		if err != nil {
			return nil, err
		}
		h = append(h, v.name, base64.StdEncoding.EncodeToString(text))
	}
	return h, nil
}

// barsMessage is a booking message, or with the id of a booking its cancellation.
func (d *demo) barsMessage(slot fhir.Node, id string) doc {
	const endpoint = bars.DoSSystem + "|"
	entry := func(n int, resource doc) doc {
		return doc{"fullUrl": fmt.Sprintf("urn:uuid:0a000000-0000-4000-8000-%012d", n), "resource": resource}
	}
	ref := func(n int) doc { return doc{"reference": fmt.Sprintf("urn:uuid:0a000000-0000-4000-8000-%012d", n)} }
	reason, appointment := "new", doc{
		"resourceType": "Appointment", "status": "booked", "description": "Sprained ankle",
		"start": slot.Get("start").Text(), "end": slot.Get("end").Text(), "slot": []doc{{"reference": "Slot/" + slot.Get("id").Text()}},
		"participant": []doc{{"actor": ref(3), "status": "accepted"}},
	}
	if id != "" {
		reason = "update"
		appointment["id"], appointment["status"] = id, "cancelled"
	}
	return doc{
		"resourceType": "Bundle", "id": d.app.newID(), "type": "message", "timestamp": instant(d.day),
		"meta": doc{"versionId": "1.0.0", "lastUpdated": instant(d.day), "profile": []string{"https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"}},
		"entry": []doc{
			entry(1, doc{
				"resourceType": "MessageHeader",
				"eventCoding":  doc{"system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": "booking-request"},
				"destination":  []doc{{"endpoint": endpoint + "999999993"}}, "source": doc{"endpoint": endpoint + "111111111"},
				"reason": doc{"coding": []doc{{"system": "https://fhir.nhs.uk/CodeSystem/message-reason-bars", "code": reason}}},
				"focus":  []doc{ref(2)},
			}),
			entry(2, appointment),
			entry(3, doc{
				"resourceType": "Patient", "name": []doc{{"family": "Sample", "given": []string{"Bea"}}}, "birthDate": "1975-06-07",
				"telecom": []doc{{"system": "phone", "value": "0113 000 0000", "rank": 1}},
			}),
		},
	}
}

// booksBaRS books a slot by a message, sends it again, and cancels the booking.
func (c *checker) booksBaRS(ctx context.Context) error {
	send := func(method, path string, body any, request string, want int) (fhir.Resource, error) {
		h, err := c.barsHeaders(request)
		if err != nil {
			return fhir.Resource{}, err
		}
		status, answer, got, err := c.request(ctx, method, "/R4/bars"+path, c.consumer, body, h...)
		if err := expect(err, status, want, answer); err != nil {
			return fhir.Resource{}, err
		}
		if got.Get("X-Request-Id") != request {
			return fhir.Resource{}, errors.New("the X-Request-Id does not come back")
		}
		return fhir.Parse(answer)
	}
	from := c.day.AddDate(0, 0, 3)
	free := func() (fhir.Resource, error) {
		return send(http.MethodGet, "/Slot?Schedule.actor:HealthcareService=999999993&status=free&start=ge"+url.QueryEscape(instant(from))+"&start=le"+url.QueryEscape(instant(from.AddDate(0, 0, 1)))+
			"&_include=Slot:schedule&_include=Schedule:actor:Practitioner&_include=Schedule:actor:HealthcareService", nil, c.app.newID(), http.StatusOK)
	}
	before, err := free()
	if err != nil {
		return err
	}
	slot := before.Root().One(fhir.MustPath("entry[0].resource"))
	message, request := c.barsMessage(slot, ""), c.app.newID()
	answer, err := send(http.MethodPost, "/$process-message", message, request, http.StatusOK)
	if err != nil {
		return err
	}
	id := answer.Root().One(fhir.MustPath("entry[1].resource.id")).Text()
	if answer.ID() != message["id"] || id == "" {
		return fmt.Errorf("the message is answered by the Bundle %s about Appointment/%s", answer.ID(), id)
	}
	if _, err := send(http.MethodPost, "/$process-message", message, request, http.StatusConflict); err != nil {
		return fmt.Errorf("the message again: %w", err)
	}
	during, err := free()
	if err != nil {
		return err
	}
	if _, err := send(http.MethodPost, "/$process-message", c.barsMessage(slot, id), c.app.newID(), http.StatusOK); err != nil {
		return fmt.Errorf("cancelling: %w", err)
	}
	after, err := send(http.MethodGet, "/Appointment/"+id, nil, c.app.newID(), http.StatusOK)
	if err != nil {
		return err
	}
	again, err := free()
	if err != nil {
		return err
	}
	total := func(r fhir.Resource) string { return r.Root().Get("total").Text() }
	if after.Root().Get("status").Text() != "cancelled" || total(before) == total(during) || total(before) != total(again) {
		return fmt.Errorf("%s; free before, while booked and after: %s, %s, %s", after.Root().Get("status").Text(), total(before), total(during), total(again))
	}
	return nil
}
