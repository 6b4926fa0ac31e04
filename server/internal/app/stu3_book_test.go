package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"slotway/fhir"
)

// noNHS takes the NHS number from the contained Patient, and leaves it with the
// participant, as the assurance scripts do.
func noNHS(o object) { delete(inside(o, "Patient"), "identifier") }

func otherContact(rank int) func(object) {
	return func(o object) {
		inside(o, "Patient")["contact"] = []any{object{
			"relationship": []any{object{"coding": []any{object{"system": "http://hl7.org/fhir/v2/0131", "code": "N"}}}},
			"name":         object{"family": "Friend"}, "telecom": []any{object{"system": "phone", "value": "0114 000 0000", "rank": rank}},
		}}
	}
}

func noOwnContact(o object) { delete(inside(o, "Patient"), "telecom") }

// TestBook: NHS booking standard, requirements 55 to 71, 88 to 91 and 12, in both
// formats: what is booked, and how it is answered.
func TestBook(t *testing.T) {
	c := startSurgery(t, Settings{})
	for _, tc := range []struct {
		req   string
		edits []func(object)
	}{
		{"55", nil},
		{"63, 64", []func(object){noNHS}},
		{"66", []func(object){otherContact(2)}},
		{"67", []func(object){otherContact(1), noOwnContact}},
		{"88", []func(object){func(o object) {
			o["weather"] = object{"wind": []any{"west"}}
			o["extension"] = []any{object{"url": "https://consumer.example/x", "valueString": "y"}}
		}}},
		{"89", []func(object){func(o object) { slices.Reverse(o["contained"].([]any)) }}},
		{"90: the same patient and document again", nil},
		{"91", []func(object){func(o object) {
			start, _ := time.Parse(time.RFC3339, o["start"].(string))
			o["end"] = start.Add(10 * time.Minute).Format(time.RFC3339)
		}}},
		{"the slot free, as it was found", []func(object){func(o object) { inside(o, "Slot")["status"] = "free" }}},
		{"times with another offset", []func(object){func(o object) {
			start, _ := time.Parse(time.RFC3339, o["start"].(string))
			o["start"] = start.In(time.FixedZone("", 3600)).Format(time.RFC3339)
		}}},
		{"X8: without created", []func(object){func(o object) { delete(o, "created") }}},
	} {
		for _, xml := range []bool{false, true} {
			t.Run(fmt.Sprint(tc.req, ", XML ", xml), func(t *testing.T) {
				slot := c.slot()
				body, id := bookingOf(t, slot, tc.edits...), uuid.NewString()
				header := []string{"X-Request-ID: " + id}
				if xml {
					body, header = asXML(t, body), append(header, "Content-Type: application/fhir+xml", "Accept: application/fhir+xml")
				}
				r := c.ask("POST", "/Appointment", body, header...)
				c.checkBooked(t, r, slot, id)
				sent, ok := fhir.Parse(bookingOf(t, slot, tc.edits...))
				if ok != nil {
					t.Fatal(ok)
				}
				checkKept(t, r, sent.Root())
			})
		}
	}
}

var (
	located = regexp.MustCompile(`^https?://.+/STU3/1/booking/Appointment/([A-Za-z0-9.-]+)/_history/1$`)
	tagged  = regexp.MustCompile(`^W/"[a-z0-9-]+"$`)
)

// checkBooked looks at a booking that was taken, requirements 55 to 62.
func (c *surgery) checkBooked(t *testing.T, r reply, slot fhir.Node, requestID string) {
	t.Helper()
	if r.status != http.StatusCreated || r.text("resourceType") != "Appointment" || r.text("status") != "booked" || r.text("id") == "" {
		t.Fatalf("%d: %.800s", r.status, r.body)
	}
	m := located.FindStringSubmatch(r.header.Get("Location"))
	if m == nil || m[1] != r.text("id") {
		t.Errorf("Location %s", r.header.Get("Location"))
	}
	if r.header.Get("X-Correlation-ID") != requestID || r.header.Get("X-Request-ID") == "" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", r.header)
	}
	if tag := r.header.Get("ETag"); !tagged.MatchString(tag) || tag != `W/"`+r.text("meta", "versionId")+`"` || r.header.Get("Last-Modified") == "" {
		t.Errorf("ETag %s, Last-Modified %s, version %s", tag, r.header.Get("Last-Modified"), r.text("meta", "versionId"))
	}
	if r.text("language") != "en-GB" || !strings.HasSuffix(r.root.Find("meta", "profile").First().Text(), "CareConnect-Appointment-1") {
		t.Errorf("language or profile: %.300s", r.body)
	}
	if _, err := time.Parse(time.RFC3339, r.text("created")); err != nil {
		t.Errorf("created: %v", err)
	}
	there := map[string]fhir.Node{}
	for el := range r.root.Get("contained").Each() {
		there["#"+el.Get("id").Text()] = el
	}
	for path, want := range map[string]string{"slot.reference": "Slot", "participant.actor.reference": "Patient", "supportingInformation.reference": "DocumentReference"} {
		if got := there[r.root.One(fhir.MustPath(path)).Text()].Get("resourceType").Text(); got != want || len(there) != 3 {
			t.Errorf("%s leads to %q", path, got) // 59
		}
	}
	if there["#"+slot.Get("id").Text()].Get("status").Text() != "busy" {
		t.Error("the contained slot is not busy") // 61
	}
	for el := range r.root.Get("contained").Each() {
		if el.Get("resourceType").Text() == "Patient" && el.Get("identifier").Len() != 1 {
			t.Errorf("the patient has %d identifiers", el.Get("identifier").Len()) // 64, 65
		}
	}
	for status, want := range map[string]bool{"free": false, "busy": true} { // 62
		list := c.ask("GET", "/Slot?service=999999999&status="+status, nil)
		if got := slices.Contains(ids(entries(list, "Slot")), slot.Get("id").Text()); got != want {
			t.Errorf("among the slots that are %s: %v", status, got)
		}
	}
	read := c.ask("GET", "/Appointment/"+r.text("id"), nil) // 93
	if read.status != 200 || read.header.Get("ETag") != r.header.Get("ETag") || !sameNode(t, read.root, r.root) {
		t.Errorf("read: %d: %.300s", read.status, read.body)
	}
}

func sameNode(t *testing.T, a, b fhir.Node) bool {
	t.Helper()
	x, err := fhir.Parse(a.Raw())
	if err != nil {
		t.Fatal(err)
	}
	y, err := fhir.Parse(b.Raw())
	if err != nil {
		t.Fatal(err)
	}
	return fhir.Same(x, y)
}

// checkKept looks at what was sent and should be as it was: requirements 59 and 88.
func checkKept(t *testing.T, r reply, sent fhir.Node) {
	t.Helper()
	for name, v := range sent.Members() {
		if name == "contained" || name == "meta" {
			continue
		}
		if got := r.root.Get(name); string(got.Raw()) != string(v.Raw()) {
			if name == "weather" && got.Exists() {
				continue // XML does not say what is a list and what a number
			}
			a, errA := fhir.Parse([]byte(`{"resourceType":"x","v":` + string(got.Raw()) + `}`))
			b, errB := fhir.Parse([]byte(`{"resourceType":"x","v":` + string(v.Raw()) + `}`))
			if errA != nil || errB != nil || !fhir.Same(a, b) {
				t.Errorf("%s is %s, was sent %s", name, got.Raw(), v.Raw())
			}
		}
	}
}

// TestBookRefused: NHS booking standard, requirements 68, 69, 72, 77 to 87, 14 and 121.
func TestBookRefused(t *testing.T) {
	c := startSurgery(t, Settings{})
	slot := c.slot()
	set := func(name string, v any) func(object) { return func(o object) { o[name] = v } }
	without := func(name string) func(object) { return func(o object) { delete(o, name) } }
	for _, tc := range []struct {
		req    string
		edit   func(object)
		header []string
		status int
		spine  string
	}{
		{"68", otherContact(1), nil, 400, "INVALID_PARAMETER"},
		{"69", func(o object) { otherContact(2)(o); noOwnContact(o) }, nil, 400, "INVALID_PARAMETER"},
		{"77", nil, []string{"X-Request-ID: "}, 400, "BAD_REQUEST"},
		{"77, no UUID", nil, []string{"X-Request-ID: 1"}, 400, "BAD_REQUEST"},
		{"79", nil, []string{"Content-Type: application/xml"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"79, JSON of no kind", nil, []string{"Content-Type: application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"79, before the request id", nil, []string{"Content-Type: text/plain", "X-Request-ID: "}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"80", set("id", "mine"), nil, 400, "MSG_RESOURCE_ID_FAIL"},
		{"81", func(o object) { o["contained"] = []any{inside(o, "Patient"), inside(o, "DocumentReference")} }, nil, 400, "INVALID_PARAMETER"},
		{"82, two slots", func(o object) { o["slot"] = append(o["slot"].([]any), object{"reference": "Slot/slot-31"}) }, nil, 422, "INVALID_RESOURCE"},
		{"82, two participants", func(o object) { p := o["participant"].([]any); o["participant"] = append(p, p[0]) }, nil, 422, "INVALID_RESOURCE"},
		{"82, two contained", func(o object) {
			second := object{}
			for k, v := range inside(o, "Slot") {
				second[k] = v
			}
			second["id"] = "slot-31"
			o["contained"] = append(o["contained"].([]any), second)
		}, nil, 400, "INVALID_PARAMETER"},
		{"83, proposed", set("status", "proposed"), nil, 422, "INVALID_RESOURCE"},
		{"83, no document", without("supportingInformation"), nil, 422, "INVALID_RESOURCE"},
		{"no description", without("description"), nil, 422, "INVALID_RESOURCE"},
		{"no participant", without("participant"), nil, 422, "INVALID_RESOURCE"},
		{"84, no such slot", func(o object) {
			inside(o, "Slot")["id"] = "nowhere"
			o["slot"] = []any{object{"reference": "#nowhere"}}
		}, nil, 422, "REFERENCE_NOT_FOUND"},
		{"85, another diary's", func(o object) { inside(o, "Slot")["schedule"] = object{"reference": "Schedule/full"} }, nil, 422, "REFERENCE_NOT_FOUND"},
		{"84, no such diary", func(o object) { inside(o, "Slot")["schedule"] = object{"reference": "Schedule/nowhere"} }, nil, 422, "REFERENCE_NOT_FOUND"},
		{"85, at another time", func(o object) {
			inside(o, "Slot")["start"], inside(o, "Slot")["end"] = "2031-01-08T10:00:00Z", "2031-01-08T10:30:00Z"
		}, nil, 422, "REFERENCE_NOT_FOUND"},
		{"85, longer than it is", func(o object) { inside(o, "Slot")["end"] = "2031-01-08T10:30:00Z" }, nil, 422, "REFERENCE_NOT_FOUND"},
		{"86", func(o object) {
			noNHS(o)
			o["participant"].([]any)[0].(object)["actor"].(object)["identifier"].(object)["value"] = "9990000019"
		}, nil, 422, "INVALID_NHS_NUMBER"},
		{"86, nobody's", func(o object) {
			noNHS(o)
			o["participant"].([]any)[0].(object)["actor"].(object)["identifier"].(object)["value"] = "0000000000"
		}, nil, 422, "INVALID_NHS_NUMBER"},
		{"a contact without rank", func(o object) {
			inside(o, "Patient")["telecom"] = append(inside(o, "Patient")["telecom"].([]any), object{"system": "email", "value": "ada@example.org"})
		}, nil, 400, "INVALID_PARAMETER"},
		{"outside the slot", set("end", "2031-01-01T00:00:00Z"), nil, 422, "INVALID_RESOURCE"},
		{"of no length", func(o object) { o["end"] = o["start"] }, nil, 422, "INVALID_RESOURCE"},
		{"an element STU3 does not have", set("reasonCode", []any{}), nil, 422, "INVALID_RESOURCE"},
	} {
		t.Run(tc.req, func(t *testing.T) {
			edits := []func(object){}
			if tc.edit != nil {
				edits = append(edits, tc.edit)
			}
			c.ask("POST", "/Appointment", bookingOf(t, slot, edits...), tc.header...).refused(t, tc.status, tc.spine)
		})
	}
	body := bookingOf(t, slot)
	c.ask("POST", "/Appointment", body[:len(body)/2]).refused(t, 400, "MESSAGE_NOT_WELL_FORMED")                                                                                                     // 87
	c.ask("POST", "/Appointment", []byte(`{"resourceType":"Slot"}`)).refused(t, 400, "BAD_REQUEST")                                                                                                  //
	c.ask("POST", "/Appointment", asXML(t, body), "Authorization: ", "Content-Type: application/fhir+xml", "Accept: application/fhir+xml").refused(t, 403, "ACCESS DENIED")                          // 78
	if r := c.ask("POST", "/Appointment", asXML(t, body)[:300], "Content-Type: application/fhir+xml"); !strings.HasPrefix(r.header.Get("Content-Type"), "application/fhir+xml") || r.status != 400 { // 14
		t.Errorf("%d %s", r.status, r.header.Get("Content-Type"))
	}
	over := doc{
		"resourceType": "Slot", "id": "over", "status": "free", "schedule": doc{"reference": "Schedule/shared"}, "identifier": []doc{{"system": "https://tools.ietf.org/html/rfc4122", "value": stableUUID("over")}},
		"start": time.Now().UTC().Add(-2 * time.Hour).Format(time.RFC3339), "end": time.Now().UTC().Add(-time.Minute).Format(time.RFC3339),
	}
	if err := c.put(t.Context(), over, false); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(over)
	if err != nil {
		t.Fatal(err)
	}
	past, err := fhir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c.ask("POST", "/Appointment", bookingOf(t, past.Root())).refused(t, 422, "INVALID_RESOURCE")
	// Nothing of all that took the slot (84, 92); and now it is taken.
	if r := c.ask("POST", "/Appointment", body); r.status != 201 {
		t.Fatalf("%d: %s", r.status, r.body)
	}
	r := c.ask("POST", "/Appointment", body) // 72
	r.refused(t, 422, "DUPLICATE_REJECTED")
	if issue := r.root.Get("issue").First(); issue.Get("code").Text() != "processing" || issue.Get("diagnostics").Text() != "Slot no longer available" || issue.Get("expression").Exists() {
		t.Errorf("supplier line P29: %s", r.body)
	}
}

// TestReplay: NHS booking standard, requirements 73, 74, 76 and 106.
func TestReplay(t *testing.T) {
	c := startSurgery(t, Settings{})
	slot, id := c.slot(), "X-Request-ID: "+uuid.NewString()
	bad := bookingOf(t, slot, func(o object) { o["status"] = "proposed" })
	c.ask("POST", "/Appointment", bad, id).refused(t, 422, "INVALID_RESOURCE")
	good := bookingOf(t, slot)
	made := c.ask("POST", "/Appointment", good, id)
	if made.status != 201 { // 74: what failed did not use it up
		t.Fatalf("%d: %s", made.status, made.body)
	}
	for name, body := range map[string][]byte{"same": good, "other": bookingOf(t, c.slot()), "wrong": bad, "none": []byte("{")} {
		r := c.ask("POST", "/Appointment", body, strings.ToUpper(id)) // 73
		r.refused(t, 409, "DUPLICATE_REJECTED")
		if r.header.Get("Location") != made.header.Get("Location") {
			t.Errorf("%s body: Location %q", name, r.header.Get("Location"))
		}
	}
	slot, id = c.slot(), "X-Request-ID: "+uuid.NewString()
	body := bookingOf(t, slot)
	won := 0
	for _, r := range c.together(20, func() reply { return c.ask("POST", "/Appointment", body, id) }) { // 76
		if r.status == 201 {
			won++
		} else {
			r.refused(t, 409, "DUPLICATE_REJECTED")
		}
	}
	if won != 1 {
		t.Errorf("%d bookings by one request id", won)
	}
}

// together does a thing many times at once.
func (c *surgery) together(n int, do func() reply) []reply {
	var wg sync.WaitGroup
	out := make([]reply, n)
	for i := range n {
		wg.Go(func() { out[i] = do() })
	}
	wg.Wait()
	return out
}

// TestOneWins: NHS booking standard, requirement 75.
func TestOneWins(t *testing.T) {
	c := startSurgery(t, Settings{})
	body := bookingOf(t, c.slot())
	won := 0
	for _, r := range c.together(50, func() reply { return c.ask("POST", "/Appointment", body) }) {
		if r.status == 201 {
			won++
		} else {
			r.refused(t, 422, "DUPLICATE_REJECTED")
		}
	}
	if won != 1 {
		t.Errorf("%d bookings of one slot", won)
	}
}
