package app

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// barsClinic is a clinic whose diary is of a service, asked by BaRS.
type barsClinic struct {
	*clinic
	message fhir.Resource
}

func newBaRS(t *testing.T) *barsClinic {
	c := &barsClinic{clinic: newClinic(t, Settings{})}
	c.put(doc{"resourceType": "HealthcareService", "id": "999999999", "name": "Riverside Urgent Treatment Centre"})
	c.put(doc{"resourceType": "HealthcareService", "id": "999999990", "name": "Nobody's"})
	_, r, _ := c.ask(http.MethodGet, "/R4/Schedule/diary", c.admin, nil)
	changed := apply(t, r, "actor[65535]", `{"reference":"HealthcareService/999999999"}`)
	if status, body, err := c.call(t.Context(), http.MethodPut, "/R4/Schedule/diary", c.admin, []byte(changed.Raw())); expect(err, status, 200, body) != nil {
		t.Fatal(status, string(body))
	}
	text, err := os.ReadFile("../../../testdata/bars/booking-request.json")
	if err != nil {
		t.Fatal(err)
	}
	c.message = fhirtest.Parse(t, string(text))
	return c
}

// apply sets elements of a resource: pairs of a path and a JSON value; "" removes.
func apply(t *testing.T, r fhir.Resource, pairs ...string) fhir.Resource {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		c := fhir.Change{Path: fhir.MustPath(pairs[i]), Op: fhir.Set, Value: []byte(pairs[i+1])}
		if pairs[i+1] == "" {
			c = fhir.Change{Path: fhir.MustPath(pairs[i]), Op: fhir.Remove}
		}
		var err error
		if r, err = r.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// barsHeader is a whole set of headers, with ids of its own; pairs replace some,
// and "" removes one.
func barsHeader(pairs ...string) []string {
	h := map[string]string{
		"X-Request-Id": uuid.NewString(), "X-Correlation-Id": uuid.NewString(),
		"Accept":                       "application/fhir+json; version=1.0.0",
		"NHSD-Target-Identifier":       b64(`{"value":"999999999","system":"https://fhir.nhs.uk/Id/dos-service-id"}`),
		"NHSD-End-User-Organisation":   b64(`{"resourceType":"Organization","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"X0001"}],"name":"Example 111"}`),
		"NHSD-Requesting-Software":     b64(`{"resourceType":"Device","deviceName":[{"name":"Sample Triage","type":"manufacturer-name"}],"version":[{"value":"1.0"}]}`),
		"NHSD-Requesting-Practitioner": b64(`{"resourceType":"PractitionerRole","practitioner":{"display":"Dr Sam Sample"}}`),
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		h[pairs[i]] = pairs[i+1]
	}
	var out []string
	for name, value := range h {
		if value != "" {
			out = append(out, name, value)
		}
	}
	return out
}

// fresh gives the message under a Bundle.id of its own, changed.
func (c *barsClinic) fresh(pairs ...string) fhir.Resource {
	c.t.Helper()
	return apply(c.t, c.message, append([]string{"id", `"` + uuid.NewString() + `"`}, pairs...)...)
}

// at gives the changes that make the message book another slot of the clinic.
func at(slot int) []string {
	start, end := fmt.Sprintf(`"2030-01-08T10:%02d:00+00:00"`, 15*(slot-1)), fmt.Sprintf(`"2030-01-08T%02d:%02d:00+00:00"`, 10+slot/4, 15*slot%60)
	return []string{
		"entry[4].resource.id", fmt.Sprintf(`"s%d"`, slot), "entry[4].resource.start", start, "entry[4].resource.end", end,
		"entry[1].resource.start", start, "entry[1].resource.end", end,
	}
}

// post sends a message.
func (c *barsClinic) post(m fhir.Resource, header ...string) (int, fhir.Resource, http.Header) {
	c.t.Helper()
	status, answer, h, err := c.request(c.t.Context(), http.MethodPost, "/R4/bars/$process-message", c.consumer, []byte(m.Raw()), barsHeader(header...)...)
	if err != nil {
		c.t.Fatal(err)
	}
	return status, fhirtest.Parse(c.t, string(answer)), h
}

// refused checks a refusal: status, issue type and code of the receiver.
func (c *barsClinic) refused(status int, r fhir.Resource, want int, issue, code string) {
	c.t.Helper()
	i := r.Root().Get("issue").First()
	coding := i.Find("details", "coding").First()
	if status != want || i.Get("code").Text() != issue || coding.Get("code").Text() != code || coding.Get("system").Text() != "https://fhir.nhs.uk/Codesystem/http-error-codes" {
		c.t.Errorf("%d %s %s, want %d %s %s: %s", status, i.Get("code").Text(), coding.Get("code").Text(), want, issue, code, r.Raw())
	}
	if strings.Contains(string(r.Raw()), "Sample") || strings.Contains(string(r.Raw()), "9990000115") {
		c.t.Errorf("the refusal names the patient: %s", r.Raw())
	}
}

func (c *barsClinic) book(pairs ...string) (fhir.Resource, string) {
	c.t.Helper()
	status, r, _ := c.post(c.fresh(pairs...))
	if status != http.StatusOK {
		c.t.Fatalf("booking: %d %s", status, r.Raw())
	}
	return r, r.Root().One(fhir.MustPath("entry[1].resource.id")).Text()
}

func (c *barsClinic) get(path string, header ...string) (int, fhir.Resource) {
	c.t.Helper()
	status, r, _ := c.ask(http.MethodGet, "/R4/bars"+path, c.consumer, nil, barsHeader(header...)...)
	return status, r
}

// TestBaRSBooking: spec nhs-booking 6.4, requirement 130.
func TestBaRSBooking(t *testing.T) {
	c := newBaRS(t)
	sent := c.fresh()
	request, conversation := uuid.NewString(), strings.ToUpper(uuid.NewString())
	status, r, h := c.post(sent, "X-Request-Id", request, "X-Correlation-Id", conversation)
	if status != http.StatusOK || r.Type() != "Bundle" || r.ID() != sent.ID() || r.Root().Get("type").Text() != "message" {
		t.Fatalf("%d %s", status, r.Raw())
	}
	// Requirement 129: both ids come back as they were sent.
	if h.Get("X-Request-Id") != request || h.Get("X-Correlation-Id") != conversation || len(h.Values("X-Request-Id")) != 1 {
		t.Errorf("ids %v %v", h.Values("X-Request-Id"), h.Values("X-Correlation-Id"))
	}
	root := r.Root()
	id := root.One(fhir.MustPath("entry[1].resource.id")).Text()
	if !fhir.ValidID(id) || root.One(fhir.MustPath("entry[1].resource.status")).Text() != "booked" {
		t.Errorf("appointment %s", root.One(fhir.MustPath("entry[1].resource")).Raw())
	}
	for i := range 10 {
		if root.One(fhir.MustPath(fmt.Sprintf("entry[%d].resource.id", i))).Text() == "" {
			t.Errorf("entry %d has no id", i)
		}
	}
	if got := root.One(fhir.MustPath("entry[0].resource.response")); got.Get("code").Text() != "ok" || got.Get("identifier").Text() != sent.ID() {
		t.Errorf("response %s", got.Raw())
	}
	// What was sent comes back, but for ids and what this server says.
	for _, path := range []string{"entry[1].resource.description", "entry[3].resource.contact", "entry[2].resource.category", "entry[0].resource.source", "meta.lastUpdated"} {
		a, b := sent.Root().One(fhir.MustPath(path)), root.One(fhir.MustPath(path))
		if string(a.Raw()) != string(b.Raw()) {
			t.Errorf("%s is %s, was sent as %s", path, b.Raw(), a.Raw())
		}
	}
	if c.slot("s1") != "busy" {
		t.Errorf("the slot is %s", c.slot("s1"))
	}
	// It is stored whole: the patient and the referral in it, the slot by its id.
	status, a := c.get("/Appointment/" + id)
	if status != http.StatusOK || a.Root().One(fhir.MustPath("slot.reference")).Text() != "Slot/s1" {
		t.Fatalf("%d %s", status, a.Raw())
	}
	for _, want := range []string{`"family": "Sample"`, "Sample Surgery", "message-category-servicerequest", "Earache since Tuesday", "ONESELF"} {
		if !strings.Contains(string(a.Raw()), want) {
			t.Errorf("the stored appointment has no %s: %s", want, a.Raw())
		}
	}
	// The patient is a record of their own, whole in itself.
	status, list := c.get("/Appointment?patient:identifier=" + url.QueryEscape(fhir.NHSNumberSystem+"|9990000115"))
	if got := texts(list, "entry.resource.id"); status != 200 || !slices.Equal(got, []string{id}) {
		t.Errorf("list: %d %v", status, got)
	}
	_, found, _ := c.ask(http.MethodGet, "/R4/Patient?identifier="+url.QueryEscape(fhir.NHSNumberSystem+"|9990000115"), c.admin, nil)
	if got := texts(found, "entry.resource.id"); len(got) != 1 || got[0] != root.One(fhir.MustPath("entry[3].resource.id")).Text() {
		t.Errorf("patients %v", got)
	}
	if got := texts(found, "entry.resource.contained.name"); !slices.Equal(got, []string{"Sample Surgery"}) {
		t.Errorf("the patient's practice: %v in %s", got, found.Raw())
	}
	// Somebody else's booking of the slot: requirement 131.
	status, r, _ = c.post(c.fresh("entry[3].resource.identifier", ""))
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")
	// A patient without an NHS number is booked.
	c.book(append(at(2), "entry[3].resource.identifier", "")...)
}

// TestBaRSRepeats: a message is carried out once; requirement 131.
func TestBaRSRepeats(t *testing.T) {
	c := newBaRS(t)
	request, sent := uuid.NewString(), c.fresh()
	if status, r, _ := c.post(sent, "X-Request-Id", request); status != 200 {
		t.Fatal(status, r)
	}
	// No answer came: it is sent again, and told what it was about.
	status, r, _ := c.post(sent, "X-Request-Id", strings.ToUpper(request))
	c.refused(status, r, 409, "duplicate", "REC_CONFLICT")
	if !strings.Contains(string(r.Raw()), "Appointment/") {
		t.Errorf("it does not say what was made: %s", r.Raw())
	}
	// Another message under that id, for a slot that is free.
	status, r, _ = c.post(c.fresh(at(2)...), "X-Request-Id", request)
	c.refused(status, r, 409, "duplicate", "REC_CONFLICT")
	// The Bundle.id again, in another message.
	status, r, _ = c.post(apply(t, sent, at(2)...))
	c.refused(status, r, 400, "invariant", "REC_BAD_REQUEST")
	status, r, _ = c.post(apply(t, sent, at(2)...), "X-Request-Id", request)
	c.refused(status, r, 400, "invariant", "REC_BAD_REQUEST")
	if c.slot("s2") != "free" {
		t.Error("a repeat took a slot")
	}
	// What failed may be tried again under its ids.
	taken := c.fresh()
	again := uuid.NewString()
	status, r, _ = c.post(taken, "X-Request-Id", again)
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")
	if status, r, _ := c.post(apply(t, taken, at(2)...), "X-Request-Id", again); status != 200 {
		t.Errorf("a message that failed, mended: %d %s", status, r.Raw())
	}
	// Many copies at once: one is carried out.
	copies, id := c.fresh(at(3)...), uuid.NewString()
	codes := make(chan string, 20)
	var wg sync.WaitGroup
	for range cap(codes) {
		wg.Go(func() {
			status, answer, _, err := c.request(t.Context(), http.MethodPost, "/R4/bars/$process-message", c.consumer, []byte(copies.Raw()), barsHeader("X-Request-Id", id)...)
			if err != nil {
				t.Error(err)
			}
			codes <- fmt.Sprint(status, strings.Contains(string(answer), "duplicate"))
		})
	}
	wg.Wait()
	close(codes)
	count := map[string]int{}
	for code := range codes {
		count[code]++
	}
	if count["200 false"] != 1 || count["409 true"] != cap(codes)-1 {
		t.Errorf("copies at once: %v", count)
	}
}

// TestBaRSMessagesRefused: spec nhs-booking 6.4, requirement 132, and that nothing
// is taken by what is refused.
func TestBaRSMessagesRefused(t *testing.T) {
	c := newBaRS(t)
	for _, tc := range []struct {
		name   string
		change []string
		status int
		issue  string
		code   string
	}{
		{"another event", []string{"entry[0].resource.eventCoding.code", `"servicerequest-request"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"the event of another system", []string{"entry[0].resource.eventCoding.system", `"https://consumer.example/events"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"another reason", []string{"entry[0].resource.reason.coding[0].code", `"delete"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no reason", []string{"entry[0].resource.reason", ""}, 400, "invariant", "REC_BAD_REQUEST"},
		{"two appointments", []string{"entry[2].resource", `{"resourceType":"Appointment","status":"booked","participant":[{"status":"accepted"}]}`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"a new one that is cancelled", []string{"entry[1].resource.status", `"cancelled"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"an update to fulfilled", []string{"entry[0].resource.reason.coding[0].code", `"update"`, "entry[1].resource.status", `"fulfilled"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no version", []string{"meta.versionId", ""}, 400, "invariant", "REC_BAD_REQUEST"},
		{"a version to come", []string{"meta.versionId", `"9.0.0"`}, 422, "not-supported", "REC_UNPROCESSABLE_ENTITY"},
		{"no id", []string{"id", ""}, 400, "required", "REC_BAD_REQUEST"},
		{"a transaction", []string{"type", `"transaction"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no header", []string{"entry[0].resource", `{"resourceType":"Basic"}`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"a focus that is something else", []string{"entry[0].resource.focus[0].reference", `"urn:uuid:0a000000-0000-4000-8000-000000000004"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no destination", []string{"entry[0].resource.destination", ""}, 400, "required", "REC_BAD_REQUEST"},
		{"for another service", []string{"entry[0].resource.destination[0].endpoint", `"https://fhir.nhs.uk/Id/dos-service-id|999999990"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"one fullUrl twice", []string{"entry[9].fullUrl", `"urn:uuid:0a000000-0000-4000-8000-000000000009"`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"two contacts of rank 1", []string{"entry[3].resource.contact[1].extension[0].valuePositiveInt", "1"}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no contact of rank 1", []string{"entry[3].resource.contact[0]", ""}, 400, "invariant", "REC_BAD_REQUEST"},
		{"no patient", []string{"entry[1].resource.participant[0].actor", `{"display":"somebody"}`}, 400, "invariant", "REC_BAD_REQUEST"},
		{"an NHS number that fails its check", []string{"entry[3].resource.identifier[0].value", `"9990000116"`}, 422, "processing", "REC_UNPROCESSABLE_ENTITY"},
		{"a slot that is not there", []string{"entry[4].resource.id", `"nowhere"`}, 422, "processing", "REC_UNPROCESSABLE_ENTITY"},
		{"no slot", []string{"entry[1].resource.slot", ""}, 400, "invalid", "REC_BAD_REQUEST"},
		{"a time outside the slot", []string{"entry[1].resource.start", `"2030-01-08T09:00:00+00:00"`}, 422, "processing", "REC_UNPROCESSABLE_ENTITY"},
		{"an update of nothing", []string{"entry[0].resource.reason.coding[0].code", `"update"`}, 400, "required", "REC_BAD_REQUEST"},
		{"an update of what is not there", []string{"entry[0].resource.reason.coding[0].code", `"update"`, "entry[1].resource.id", `"` + uuid.NewString() + `"`}, 404, "not-found", "REC_NOT_FOUND"},
	} {
		status, r, _ := c.post(c.fresh(tc.change...))
		c.t = t
		if i := r.Root().Get("issue").First(); status != tc.status || i.Get("code").Text() != tc.issue || i.Find("details", "coding").First().Get("code").Text() != tc.code {
			t.Errorf("%s: %d %s, want %d %s %s", tc.name, status, r.Raw(), tc.status, tc.issue, tc.code)
		}
	}
	if c.slot("s1") != "free" {
		t.Errorf("after refusals the slot is %s", c.slot("s1"))
	}
	_, found, _ := c.ask(http.MethodGet, "/R4/Appointment?_summary=count", c.admin, nil)
	if got := found.Root().Get("total").Text(); got != "0" {
		t.Errorf("%s appointments were stored", got)
	}
	status, answer, _, _ := c.request(t.Context(), http.MethodPost, "/R4/bars/$process-message", c.consumer, []byte(`{"resourceType":"Bundle",`), barsHeader()...)
	c.refused(status, fhirtest.Parse(t, string(answer)), 400, "invalid", "REC_BAD_REQUEST")
	status, answer, _, _ = c.request(t.Context(), http.MethodPost, "/R4/bars/$process-message", c.consumer, []byte("<Bundle/>"), barsHeader("Content-Type", "application/xml")...)
	c.refused(status, fhirtest.Parse(t, string(answer)), 415, "not-supported", "REC_UNSUPPORTED_MEDIA_TYPE")
}

// TestBaRSCancels: requirement 133, and the ways in which senders write a
// cancellation.
func TestBaRSCancels(t *testing.T) {
	update := []string{"entry[0].resource.reason.coding[0].code", `"update"`, "entry[1].resource.status", `"cancelled"`}
	c := newBaRS(t)
	_, id := c.book()
	known := append(update, "entry[1].resource.id", `"`+id+`"`)
	for _, tc := range []struct {
		name   string
		change []string
	}{
		{"another surname", []string{"entry[3].resource.name[0].family", `"Other"`}},
		{"another description", []string{"entry[1].resource.description", `"Toothache"`}},
		{"another time", []string{"entry[1].resource.start", `"2030-01-08T10:05:00+00:00"`}},
		{"another patient", []string{"entry[1].resource.participant[0].actor.reference", `"12345"`}},
		{"another slot", []string{"entry[4].resource.id", `"s2"`, "entry[1].resource.slot[0].reference", `"Slot/s2"`}},
		{"an element more", []string{"entry[1].resource.comment", `"by the way"`}},
	} {
		status, r, _ := c.post(c.fresh(append(slices.Clone(known), tc.change...)...))
		if i := r.Root().Get("issue").First(); status != 422 || i.Find("details", "coding").First().Get("code").Text() != "REC_UNPROCESSABLE_ENTITY" {
			t.Errorf("%s: %d %s", tc.name, status, r.Raw())
		}
	}
	if c.slot("s1") != "busy" {
		t.Fatal("a cancellation that was refused freed the slot")
	}
	// The time in another offset is the same.
	stripped := append(slices.Clone(known), "entry[1].resource.start", `"2030-01-08T11:00:00+01:00"`, "entry[9]", "", "entry[8]", "", "entry[6]", "", "entry[5]", "", "entry[4]", "",
		"entry[1].resource.cancelationReason", `{"text":"feels better"}`)
	sent := c.fresh(stripped...)
	status, r, _ := c.post(sent)
	if status != 200 || r.ID() != sent.ID() || r.Root().One(fhir.MustPath("entry[1].resource.status")).Text() != "cancelled" {
		t.Fatalf("cancelling: %d %s", status, r.Raw())
	}
	_, a := c.get("/Appointment/" + id)
	if a.Root().Get("status").Text() != "cancelled" || a.Root().Find("cancelationReason", "text").Text() != "feels better" || a.Root().Get("start").Text() != "2030-01-08T10:00:00+00:00" || c.slot("s1") != "free" {
		t.Errorf("cancelled: %s, slot %s", a.Raw(), c.slot("s1"))
	}
	// What is not current is not cancelled again.
	status, r, _ = c.post(c.fresh(known...))
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")

	// As the answer to the booking has it, and as a read shows it.
	for i, how := range []string{"answer", "read"} {
		answer, id := c.book(at(i + 2)...)
		m := apply(t, answer, append([]string{"id", `"` + uuid.NewString() + `"`, "entry[0].resource.response", ""}, update...)...)
		if how == "read" {
			_, shown := c.get("/Appointment/" + id)
			m = apply(t, m, "entry[1].resource", string(apply(t, shown, "status", `"entered-in-error"`).Raw()), "entry[4]", "")
		}
		if status, r, _ := c.post(m); status != 200 {
			t.Errorf("cancelling as the %s has it: %d %s", how, status, r.Raw())
		}
		if got := c.slot(fmt.Sprintf("s%d", i+2)); got != "free" {
			t.Errorf("the slot is %s", got)
		}
	}
}

// TestBaRSUpdates: a booking is moved by a message, and not when it has changed here.
func TestBaRSUpdates(t *testing.T) {
	c := newBaRS(t)
	_, id := c.book()
	update := func(pairs ...string) fhir.Resource {
		return c.fresh(append([]string{"entry[0].resource.reason.coding[0].code", `"update"`, "entry[1].resource.id", `"` + id + `"`}, pairs...)...)
	}
	if status, r, _ := c.post(update(append(at(2), "entry[1].resource.description", `"Both ears"`)...)); status != 200 {
		t.Fatalf("%d %s", status, r.Raw())
	}
	_, a := c.get("/Appointment/" + id)
	if a.Root().Get("description").Text() != "Both ears" || c.slot("s1") != "free" || c.slot("s2") != "busy" {
		t.Errorf("moved: %s; slots %s %s", a.Raw(), c.slot("s1"), c.slot("s2"))
	}
	// The hospital writes into it: then a message that does not know of it is refused.
	changed := apply(t, a, "comment", `"bring your glasses"`)
	if status, body, err := c.call(t.Context(), http.MethodPut, "/R4/Appointment/"+id, c.admin, []byte(changed.Raw())); expect(err, status, 200, body) != nil {
		t.Fatal(status, string(body))
	}
	status, r, _ := c.post(update(at(3)...))
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")
	if status, r, _ = c.post(update("entry[1].resource.status", `"cancelled"`, "entry[1].resource.description", `"Other"`)); status != 409 {
		t.Errorf("a cancellation of what has changed here: %d %s", status, r.Raw())
	}
	// One that has read it since keeps what the hospital wrote.
	_, a = c.get("/Appointment/" + id)
	if status, r, _ := c.post(update(append(at(3), "entry[1].resource.meta.versionId", string(a.Root().Find("meta", "versionId").Raw()))...)); status != 200 {
		t.Errorf("%d %s", status, r.Raw())
	}
	if _, a = c.get("/Appointment/" + id); a.Root().Get("comment").Text() != "bring your glasses" || c.slot("s2") != "free" || c.slot("s3") != "busy" {
		t.Errorf("moved: %s", a.Raw())
	}
	// To a slot that is taken: all stays.
	c.book(append(at(4), "entry[3].resource.identifier", "")...)
	status, r, _ = c.post(update(at(4)...))
	c.refused(status, r, 409, "conflict", "REC_CONFLICT")
	if c.slot("s3") != "busy" {
		t.Error("a move that was lost freed the old slot")
	}
}
