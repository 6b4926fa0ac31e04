package app

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirxml"
)

const face = "/STU3/1/booking"

// surgery is a running program with the services and slots that the assurance
// scripts of the booking standard expect, and a consumer's token.
type surgery struct {
	*demo
	t        *testing.T
	consumer string
	send     http.RoundTripper
	bearer   func(method, path string) string // the token of a request
	slots    []fhir.Resource                  // free slots of 999999999, as they are shown
	next     int
}

// Services of the surgery: 999999999 has free slots, 999999998 none; 999999993
// shares the diary of 999999999.
const surgerySlots = 60

func startSurgery(t *testing.T, set Settings) *surgery {
	t.Helper()
	a := startDemo(t, t.TempDir(), set)
	c := &surgery{demo: &demo{app: a, base: a.cfg.BaseURL}, t: t, send: plainTransport}
	c.admin = c.token("demo-admin", "")
	c.consumer = c.token("demo-consumer", "")
	c.bearer = func(string, string) string { return c.consumer }
	for _, r := range surgeryData() {
		if err := c.put(t.Context(), r, false); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// surgeryData is what the surgery has, each after what it refers to.
func surgeryData() []doc {
	const rfc4122 = "https://tools.ietf.org/html/rfc4122"
	all := []doc{
		{"resourceType": "Organization", "id": "riverside", "name": "Riverside", "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RX1"}}},
		{"resourceType": "Location", "id": "site", "name": "Site", "managingOrganization": doc{"reference": "Organization/riverside"}},
		{"resourceType": "Practitioner", "id": "black", "name": []doc{{"family": "Black"}}, "identifier": []doc{{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "555000000001"}, {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "555100000001"}}},
		{"resourceType": "PractitionerRole", "id": "555100000001", "practitioner": doc{"reference": "Practitioner/black"}},
	}
	for _, id := range []string{"999999999", "999999998", "999999993"} {
		all = append(all, doc{
			"resourceType": "HealthcareService", "id": id, "name": "Service " + id,
			"providedBy": doc{"reference": "Organization/riverside"}, "location": []doc{{"reference": "Location/site"}},
		})
	}
	all = append(all, doc{
		"resourceType": "Schedule", "id": "shared",
		"actor": []doc{{"reference": "HealthcareService/999999999"}, {"reference": "HealthcareService/999999993"}, {"reference": "Practitioner/black"}, {"reference": "PractitionerRole/555100000001"}},
	}, doc{
		"resourceType": "Schedule", "id": "full", "identifier": []doc{{"system": rfc4122, "value": stableUUID("full")}},
		"actor": []doc{{"reference": "HealthcareService/999999998"}},
	})
	start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(8 * time.Hour)
	for n := range surgerySlots {
		at := start.Add(time.Duration(n) * 30 * time.Minute)
		slot := doc{
			"resourceType": "Slot", "id": fmt.Sprintf("slot-%02d", n), "status": "free", "schedule": doc{"reference": "Schedule/shared"},
			"start": at.Format("2006-01-02T15:04:05.000Z07:00"), "end": at.Add(30 * time.Minute).Format("2006-01-02T15:04:05.000Z07:00"),
		}
		switch {
		case n%3 == 0: // none; the face makes one
		case n%3 == 1:
			slot["identifier"] = []doc{{"system": "https://trust.example.nhs.uk/slot", "value": fmt.Sprint(n)}, {"system": rfc4122, "value": stableUUID("slot", fmt.Sprint(n))}}
		default:
			slot["identifier"] = []doc{{"system": rfc4122, "value": stableUUID("slot", fmt.Sprint(n))}}
		}
		all = append(all, slot)
	}
	all = append(all, doc{
		"resourceType": "Slot", "id": "taken", "status": "busy", "schedule": doc{"reference": "Schedule/full"},
		"start": start.Format(time.RFC3339), "end": start.Add(time.Hour).Format(time.RFC3339),
	})
	return all
}

func (c *surgery) token(client, scope string) string {
	c.t.Helper()
	token, err := fetchToken(c.t.Context(), c.base, client, demoSecret, scope)
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// reply is an answer of the booking face.
type reply struct {
	status int
	header http.Header
	body   []byte
	root   fhir.Node // whatever format it came in
}

func (r reply) text(names ...string) string { return r.root.Find(names...).Text() }

// ask sends a request. A header line without a value takes away what is usual.
func (c *surgery) ask(method, path string, body []byte, lines ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+face+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.bearer(method, path))
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	if method == http.MethodPost || method == http.MethodPut {
		req.Header.Set("X-Request-ID", uuid.NewString())
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if req.Header.Del(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := c.send.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	return c.read(resp)
}

func (c *surgery) read(resp *http.Response) reply {
	c.t.Helper()
	var from io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		from = z
	}
	b, err := io.ReadAll(from)
	if err != nil {
		c.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, body: b}
	if len(b) == 0 {
		return r
	}
	var res fhir.Resource
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/fhir+xml") {
		res, err = fhirxml.Decode(b, elements.STU3)
	} else {
		res, err = fhir.Own(b)
	}
	if err != nil {
		c.t.Fatalf("%v in %.300s", err, b)
	}
	r.root = res.Root()
	return r
}

// slot gives the next free slot, as a consumer was shown it.
func (c *surgery) slot() fhir.Node {
	c.t.Helper()
	if c.slots == nil {
		r := c.ask("GET", "/Slot?schedule.actor%3Ahealthcareservice=999999999&status=free", nil)
		for _, n := range entries(r, "Slot") {
			s, err := fhir.Parse(n.Raw())
			if err != nil {
				c.t.Fatal(err)
			}
			c.slots = append(c.slots, s)
		}
		if len(c.slots) < 31 {
			c.t.Fatalf("%d free slots: %.300s", len(c.slots), r.body)
		}
	}
	c.next++
	return c.slots[c.next-1].Root()
}

// entries gives the resources of a type in a bundle.
func entries(r reply, typ string) (all []fhir.Node) {
	for e := range r.root.Get("entry").Each() {
		if n := e.Get("resource"); n.Get("resourceType").Text() == typ {
			all = append(all, n)
		}
	}
	return all
}

// object is a JSON object that a test changes before it is sent.
type object = map[string]any

// bookingOf writes a booking of a slot, changed as the test wants it.
func bookingOf(t *testing.T, slot fhir.Node, edits ...func(object)) []byte {
	t.Helper()
	text, err := json.Marshal(stu3Booking(slot))
	if err != nil {
		t.Fatal(err)
	}
	return edited(t, text, edits...)
}

func edited(t *testing.T, text []byte, edits ...func(object)) []byte {
	t.Helper()
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(o)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// inside gives a contained resource.
func inside(o object, typ string) object {
	for _, el := range o["contained"].([]any) {
		if r := el.(object); r["resourceType"] == typ {
			return r
		}
	}
	return nil
}

// asXML gives a resource in XML.
func asXML(t *testing.T, body []byte) []byte {
	t.Helper()
	r, err := fhir.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	out, err := fhirxml.Encode(nil, r, elements.STU3)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refused checks that an answer is an OperationOutcome as the standard wants it,
// requirement 121 of the NHS booking standard.
func (r reply) refused(t *testing.T, status int, spine string) {
	t.Helper()
	issue := r.root.Get("issue").First()
	coding := issue.Find("details", "coding").First()
	if r.status != status || r.text("resourceType") != "OperationOutcome" || coding.Get("code").Text() != spine {
		t.Errorf("%d %s %s, want %d with %s: %.500s", r.status, r.text("resourceType"), coding.Get("code").Text(), status, spine, r.body)
		return
	}
	if r.text("id") == "" || issue.Get("severity").Text() != "error" || issue.Get("code").Text() == "" ||
		coding.Get("system").Text() != "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1" || coding.Get("display").Text() == "" ||
		r.root.Get("issue").Len() != 1 && spine == "DUPLICATE_REJECTED" {
		t.Errorf("the outcome is not as it should be: %s", r.body)
	}
}
