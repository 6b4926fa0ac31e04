package app

import (
	"bytes"
	"strings"
	"testing"

	"slotway/fhir/fhirtest"
	"slotway/server/internal/store"
)

// http://hl7.org/fhir/R4/datatypes.html#string: control characters are refused in
// what is written, and what was stored with them, or with what XML does not have
// a name for, keeps nothing else from sight.
func TestCharacters(t *testing.T) {
	log := new(lockedBuffer)
	a := startDemoLogging(t, t.TempDir(), Settings{}, log)
	w := startWireOf(t, a)
	xml, form, patch := []string{"Accept: application/fhir+xml"}, "Content-Type: application/x-www-form-urlencoded", []string{"Content-Type: application/json-patch+json"}
	of := func(comment string) []byte { return []byte(strings.ReplaceAll(wireAppointment, "COMMENT", comment)) }
	named := func(id string) []byte {
		return []byte(strings.Replace(wireAppointment, `"id":"a01"`, `"id":"`+id+`","a b":"x"`, 1))
	}
	old := fhirtest.Parse(t, strings.NewReplacer("a01", "old", "COMMENT", `a\u0001b\ufffe`).Replace(wireAppointment))
	err := a.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: "trustalias", Type: "Appointment", ID: "old"}, Resource: old, IfVersion: store.Any})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.checkAll(t, []exchange{
		{"a zero byte", "PUT", "/R4/Appointment/a01", nil, of(`x\u0000`), false, 422, nil, `"expression":["Appointment.comment"]`},
		{"a vertical tab", "PUT", "/R4/Appointment/a01", nil, of(`x\u000b`), false, 422, nil, "U+000B"},
		{"no character", "PUT", "/R4/Appointment/a01", nil, of(`x\ufffe`), false, 422, nil, "U+FFFE"},
		{"no character, as it is", "PUT", "/R4/Appointment/a01", nil, of("x\uFFFF"), false, 422, nil, "U+FFFF"},
		{"within what R4 does not know", "PUT", "/R4/Appointment/a01", nil, of(`x","more":{"deep":["\u001f"]},"x":"`), false, 422, nil, `"expression":["Appointment.more.deep[0]"]`},
		{"by a patch", "PATCH", "/R4/Appointment/a01", patch, []byte(`[{"op":"add","path":"/description","value":"\u0007"}]`), false, 422, nil, `"expression":["Appointment.description"]`},
		{"tabs and line ends", "PUT", "/R4/Appointment/a01", nil, of(`a\tb\r\nc`), false, 200, nil, `a\tb\r\nc`},
		{"stored before, in JSON", "GET", "/R4/Appointment/old", nil, nil, false, 200, nil, `a\u0001b\ufffe`},
		{"in XML", "GET", "/R4/Appointment/old", xml, nil, false, 200, nil, "<comment value=\"a\uFFFDb\uFFFD\"/>"},
		{"in XML on the booking face", "GET", "/STU3/1/booking/Appointment/old", xml, nil, false, 200, nil, "a\uFFFDb\uFFFD"},
		{"changed otherwise", "PATCH", "/R4/Appointment/old", patch, []byte(`[{"op":"add","path":"/description","value":"d"}]`), false, 200, nil, `a\u0001b\ufffe`},
		{"a name that XML does not allow", "PUT", "/R4/Appointment/odd", nil, named("odd"), false, 201, nil, ""},
		{"is not had in XML", "GET", "/R4/Appointment/odd", xml, nil, false, 406, nil, "Ask for application/fhir+json"},
		{"but others on its page are", "GET", "/R4/Appointment?_sort=_id", xml, nil, false, 200, nil, `<id value="old"/>`},
		{"and it is told of", "POST", "/R4/Appointment/_search?_id=odd", append([]string{form}, xml...), nil, false, 200, nil, `<total value="1"/>`},
		{"as an outcome", "POST", "/R4/Appointment/_search?_id=odd", append([]string{form}, xml...), nil, false, 200, nil, `</OperationOutcome></resource><search><mode value="outcome"/></search>`},
		{"by its id", "GET", "/R4/Appointment?_id=odd", xml, nil, false, 200, nil, `Appointment/odd is left out`},
		{"in its history", "GET", "/R4/Appointment/odd/_history", xml, nil, false, 200, nil, `<response><status value="201"/>`},
		{"a change that cannot be shown is made", "PUT", "/R4/Appointment/odd", xml, bytes.Replace(named("odd"), []byte("COMMENT"), []byte("second"), 1), false, 200, []string{`Etag: W/"2"`}, `<severity value="warning"/>`},
	})
	if got := log.String(); strings.Contains(got, "level=ERROR") {
		t.Errorf("what a caller's data is like is logged as an error: %s", got)
	}
}
