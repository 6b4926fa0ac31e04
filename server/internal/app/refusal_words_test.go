package app

import "testing"

// What a refusal says is so, and it names what it is about.
func TestRefusalsAreTrue(t *testing.T) {
	w := startWire(t)
	strict := []string{"Prefer: handling=strict"}
	body := []byte(`{"resourceType":"Patient","name":[{"family":"Once"}]}`)
	w.checkAll(t, []exchange{
		{"ignored", "GET", "/R4/Appointment?foo=bar", nil, nil, false, 200, nil, "The parameter foo is not known for Appointment. It was ignored."},
		{"not ignored", "GET", "/R4/Appointment?foo=bar", strict, nil, false, 400, nil, `The parameter foo is not known for Appointment."`},
		{"not supported", "GET", "/R4/Appointment?_contained=true", strict, nil, false, 400, nil, `contained resources`},
		{"in a history", "GET", "/R4/Appointment/_history?foo=bar", strict, nil, false, 400, nil, `not known for a history."`},
		{"of a document", "GET", "/R4/SearchParameter?foo=bar", strict, nil, false, 400, nil, `not known for SearchParameter."`},
		{"of a document, ignored", "GET", "/R4/SearchParameter?foo=bar", nil, nil, false, 200, nil, `It was ignored."`},
		{"of an operation", "GET", "/R4/Appointment/$find?foo=bar", strict, nil, false, 400, nil, `not one of $find."`},
		{"of an operation, ignored", "GET", "/R4/Appointment/$find?foo=bar", nil, nil, false, 200, nil, `It was ignored."`},
		{"a condition without a search", "POST", "/R4/Patient", []string{"If-None-Exist: "}, body, false, 400, nil, `"expression":["If-None-Exist"]`},
		{"a condition that is a mark", "POST", "/R4/Patient", []string{"If-None-Exist: ?"}, body, false, 400, nil, "The header needs a search that names the Patient"},
		{"a Patient", "POST", "/R4/Patient", nil, body, false, 201, nil, ""},
		{"another", "POST", "/R4/Patient", nil, body, false, 201, nil, ""},
		{"a condition that two meet", "POST", "/R4/Patient", []string{"If-None-Exist: family=Once"}, body, false, 412, nil, `"expression":["If-None-Exist"]`},
		{"another version, by a search", "PUT", "/R4/Patient?_id=none", []string{`If-Match: W/"9"`}, body, false, 412, nil, `"expression":["If-Match"]`},
		{"another version of one that is there", "PUT", "/R4/Appointment?_id=a01", []string{`If-Match: W/"9"`}, []byte(wireAppointment), false, 412, nil, `"expression":["If-Match"]`},
		{"one that is there already", "PUT", "/R4/Appointment/a01", []string{"If-None-Match: *"}, []byte(wireAppointment), false, 412, nil, `"expression":["If-None-Match"]`},
		{"a patch of another version", "PATCH", "/R4/Appointment?_id=a01", []string{`If-Match: W/"9"`, "Content-Type: application/json-patch+json"}, []byte(`[]`), false, 412, nil, `"expression":["If-Match"]`},
		{"a deletion of another version", "DELETE", "/R4/Appointment?_id=a01", []string{`If-Match: W/"9"`}, nil, false, 412, nil, `"expression":["If-Match"]`},
		{"a base", "PUT", "/R4", nil, body, false, 405, []string{"Allow: POST, OPTIONS"}, ""},
	})
}
