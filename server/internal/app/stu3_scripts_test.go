package app

import (
	"regexp"
	"strings"
	"testing"
)

var (
	wholeLanguage = regexp.MustCompile(`<language value="en-GB"/>`)
	wholeID       = regexp.MustCompile(`^(<Appointment [^>]*>)(<id value="[^"]*"/>)`)
)

// asScripts gives a booking's XML as the template of the booking standard's
// assurance scripts has it: without a declaration, the namespace again on what is
// contained, and id and language behind everything else.
func asScripts(t *testing.T, body []byte) []byte {
	t.Helper()
	text := string(asXML(t, body))
	text = text[strings.Index(text, "<Appointment"):]
	tail := wholeLanguage.FindString(text)
	text = strings.Replace(text, tail, "", 1)
	if id := wholeID.FindStringSubmatch(text); id != nil {
		text, tail = wholeID.ReplaceAllString(text, "$1"), id[2]+tail
	}
	for _, typ := range []string{"DocumentReference", "Slot", "Patient"} {
		text = strings.Replace(text, "<contained><"+typ+">", `<contained><`+typ+` xmlns="http://hl7.org/fhir">`, 1)
	}
	return []byte(strings.Replace(text, "</Appointment>", "\n  "+tail+"\n</Appointment>", 1))
}

// TestAsTheScriptsWrite: NHS booking standard, requirements 55, 72, 98, 101, 102 and
// 103, with bodies written as those of the assurance scripts are.
func TestAsTheScriptsWrite(t *testing.T) {
	c := startSurgery(t, Settings{})
	xml := []string{"Content-Type: application/fhir+xml", "Accept: application/fhir+xml"}
	slot := c.slot()
	body := asScripts(t, bookingOf(t, slot))
	if !strings.Contains(string(body), "</participant>\n  <language") {
		t.Fatalf("the language is not last: %s", body)
	}
	made := c.ask("POST", "/Appointment", body, xml...)
	if made.status != 201 || made.text("language") != "en-GB" {
		t.Fatalf("%d: %s", made.status, made.body)
	}
	c.ask("POST", "/Appointment", body, xml...).refused(t, 422, "DUPLICATE_REJECTED")
	at := "/Appointment/" + made.text("id")
	again := func(edits ...func(object)) []byte {
		return asScripts(t, bookingOf(t, slot, append(edits, cancelled, func(o object) { o["id"] = made.text("id") })...))
	}
	surname := func(o object) { inside(o, "Patient")["name"].([]any)[0].(object)["family"] = "Samplexxxxx" }
	c.ask("PUT", at, again(otherContact(2)), xml...).refused(t, 412, "MISSING_OR_INVALID_HEADER")
	c.ask("PUT", at, again(otherContact(2)), append(xml, `If-Match: W/"999ff9ff-999f-9999-99fffff9999ff99ff"`)...).refused(t, 409, "CONFLICTING_VALUES")
	c.ask("PUT", at, again(surname), append(xml, `If-Match: W/"1"`)...).refused(t, 422, "REFERENCE_NOT_FOUND")
	if r := c.ask("PUT", at, again(), append(xml, `If-Match: W/"1"`)...); r.status != 200 || r.text("status") != "cancelled" {
		t.Errorf("%d: %s", r.status, r.body)
	}
}
