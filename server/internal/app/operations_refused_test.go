package app

import (
	"net/http"
	"testing"
)

// TestOperationsRefused is what is answered to requests that are not as they
// should be, and to those who may not.
func TestOperationsRefused(t *testing.T) {
	c := newClinic(t, Settings{})
	theirs := c.operate("/$book", c.admin, 200, ref("slot", "Slot/s1"), ref("patient-reference", "Patient/p1")).Get("id").Text()
	booker, err := fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, "appointment/*.write")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, "system/*.rs")
	if err != nil {
		t.Fatal(err)
	}
	params := func(p ...doc) doc { return doc{"resourceType": "Parameters", "parameter": p} }
	tests := []struct {
		name, method, path, token string
		body                      any
		want                      int
	}{
		{"nobody", "POST", "/$book", "", params(ref("slot", "Slot/s2")), 401},
		{"who may only read, booking", "POST", "/$book", reader, params(ref("slot", "Slot/s2")), 403},
		{"who may only read, cancelling", "POST", "/" + theirs + "/$cancel", reader, nil, 403},
		{"who may only book, finding", "GET", "/$find?start=2030-01-08", booker, nil, 403},
		{"cancelling what another organisation booked", "POST", "/" + theirs + "/$cancel", booker, nil, 404},
		{"moving it", "POST", "/" + theirs + "/$reschedule", booker, params(ref("slot", "Slot/s2")), 404},
		{"booking it", "POST", "/$book", booker, params(ref("appointment-reference", "Appointment/"+theirs)), 404},
		{"what is booked already", "POST", "/$book", c.admin, params(ref("appointment-reference", "Appointment/"+theirs)), 409},
		{"holding what is booked", "POST", "/$hold", c.admin, params(ref("appointment-reference", "Appointment/"+theirs)), 409},
		{"nothing", "POST", "/$book", c.admin, params(), 400},
		{"no body", "POST", "/$book", c.admin, nil, 400},
		{"two ways to say it", "POST", "/$book", c.admin, params(ref("slot", "Slot/s2"), ref("appointment-reference", "Appointment/find.s2")), 400},
		{"one thing twice", "POST", "/$book", c.admin, params(ref("appointment-reference", "Appointment/find.s2"), ref("appointment-reference", "Appointment/find.s3")), 400},
		{"a value of another type", "POST", "/$book", c.admin, params(doc{"name": "slot", "valueInteger": 1}), 400},
		{"no value", "POST", "/$book", c.admin, params(doc{"name": "slot"}), 400},
		{"another resource", "POST", "/$book", c.admin, doc{"resourceType": "Slot"}, 400},
		{"no JSON", "POST", "/$book", c.admin, []byte("{"), 400},
		{"a slot that is not there", "POST", "/$book", c.admin, params(ref("slot", "Slot/nobody")), 404},
		{"a proposal of no slot", "POST", "/$hold", c.admin, params(ref("appointment-reference", "Appointment/find.nobody")), 404},
		{"moving nothing", "POST", "/$reschedule", c.admin, params(ref("slot", "Slot/s2")), 400},
		{"moving what is not there", "POST", "/nobody/$reschedule", c.admin, params(ref("slot", "Slot/s2")), 404},
		{"moving it to nothing", "POST", "/" + theirs + "/$reschedule", c.admin, params(), 400},
		{"naming it twice", "POST", "/" + theirs + "/$cancel", c.admin, params(ref("appointment-reference", "Appointment/"+theirs)), 400},
		{"a reason that is none", "POST", "/" + theirs + "/$cancel", c.admin, params(doc{"name": "reason", "valueCodeableConcept": doc{"text": ""}}), 422},
		{"by GET what changes something", "GET", "/$book", c.admin, nil, 405},
		{"by PUT", "PUT", "/$find", c.admin, doc{}, 405},
		{"a modifier", "GET", "/$find?service-type:text=knee", c.admin, nil, 400},
		{"a concept without a code", "POST", "/$find", c.admin, params(doc{"name": "service-type", "valueCodeableConcept": doc{"text": "knee"}}), 400},
		{"a reason without a code", "POST", "/$find", c.admin, params(doc{"name": "reason", "valueCodeableConcept": doc{"text": "knee"}}), 400},
		{"an operation that is none", "POST", "/$everything", c.admin, params(), 404},
		{"of one, what is of the type", "POST", "/" + theirs + "/$find", c.admin, params(), 404},
	}
	for _, tc := range tests {
		status, r, _ := c.ask(tc.method, "/R4/Appointment"+tc.path, tc.token, tc.body)
		if status != tc.want || r.Type() != "OperationOutcome" {
			t.Errorf("%s: %d, want %d: %s", tc.name, status, tc.want, r.Raw())
		}
	}
	if c.slot("s1") != "busy" || c.slot("s2") != "free" || c.slot("s3") != "free" {
		t.Errorf("the slots are %s, %s and %s", c.slot("s1"), c.slot("s2"), c.slot("s3"))
	}
	for _, other := range []string{"/R4/Slot/$find", "/R4/Patient/p1/$cancel", "/STU3/1/booking/Appointment/$book"} {
		if status, _, _ := c.ask(http.MethodPost, other, c.admin, params(), "X-Request-ID", c.app.newID()); status != 404 && status != 405 {
			t.Errorf("%s: %d", other, status)
		}
	}
	// If-Match, and how much of the answer is wanted.
	if status, _, _ := c.ask("POST", "/R4/Appointment/"+theirs+"/$cancel", c.admin, nil, "If-Match", `W/"7"`); status != 412 {
		t.Errorf("cancelling another version: %d, want 412", status)
	}
	if status, r, h := c.ask("POST", "/R4/Appointment/"+theirs+"/$cancel", c.admin, nil, "Prefer", "return=minimal", "If-Match", `W/"1"`); status != 200 || !r.IsZero() || h.Get("ETag") != `W/"2"` {
		t.Errorf("cancelling with return=minimal: %d %v", status, h)
	}
}
