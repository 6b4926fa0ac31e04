package app

import (
	"net/http"
	"strings"
	"testing"
)

// Seed 000 and S60: Manage is there only where patients may be sent, whoever wrote
// the URL; S72: what others wrote is text on the page and nothing else.
func TestManagementURLPolicy(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	admin, err := fetchToken(ctx, d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	patient := strings.Split(j.page, "/")[2]
	const script = `<script>alert(1)</script>"'>&`
	for name, tc := range map[string]struct {
		url    string
		status string
		want   bool
	}{
		"allowed": {"https://appointments-r-us.co.uk/m?x=%2f#f", "booked", true}, "pending": {"https://appointments-r-us.co.uk/m", "pending", true},
		"another host": {"https://evil.example/m", "booked", false}, "look-alike": {"https://appointments-r-us.co.uk.evil.example/", "booked", false},
		"user": {"https://appointments-r-us.co.uk@evil.example/", "booked", false}, "script": {"javascript:alert(1)", "booked", false},
		"plain": {"http://appointments-r-us.co.uk/", "booked", false}, "reserved": {"https://appointments-r-us.co.uk/?pkb%43allback=x", "booked", false},
		"none": {"", "booked", false}, "cancelled": {"https://appointments-r-us.co.uk/m", "cancelled", false}, "finished": {"https://appointments-r-us.co.uk/m", "fulfilled", false},
	} {
		t.Run(name, func(t *testing.T) {
			j.t = t
			body := doc{
				"resourceType": "Appointment", "id": "policy", "status": tc.status, "description": script,
				"start": "2030-02-01T09:00:00Z", "end": "2030-02-01T09:30:00Z", "patientInstruction": script,
				"participant": []doc{
					{"actor": doc{"reference": "Patient/" + patient}, "status": "accepted"},
					{"actor": doc{"type": "Practitioner", "display": script}, "status": "accepted"},
				},
			}
			if tc.url != "" {
				body["extension"] = []doc{{"url": "http://fhir.patientsknowbest.com/structuredefinition/management-url", "valueUrl": tc.url}}
			}
			if status, answer, err := d.call(t.Context(), http.MethodPut, "/R4/Appointment/policy", admin, body); err != nil || status >= 300 {
				t.Fatalf("storing it: %d %s %v", status, answer, err)
			}
			page := "/patient/" + patient + "/appointment/policy"
			j.must(j.open(t.Context(), d.base+page))
			if j.at.Path == "/patient/sign-in" {
				j.must(j.logIn(t.Context(), j.nhs))
			}
			j.must(j.shows(page, http.StatusOK, "Friday 1 February 2030 at 9am"))
			if got := strings.Contains(j.body, `id="manage"`); got != tc.want {
				t.Errorf("Manage is there: %t, want %t", got, tc.want)
			}
			if strings.Contains(j.body, "<script>alert") || !strings.Contains(j.body, "&lt;script&gt;") {
				t.Error("what somebody wrote is not text")
			}
			csp := j.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; script-src 'self'") || strings.Contains(csp, "https:") != tc.want {
				t.Errorf("policy %q", csp)
			}
		})
	}
}

// Seed 000 and E61: Manage is there by the URL, also of what has begun and is not
// finished, as in the seed's example; what it is too late for is not asked of the hospital.
func TestManageWhatHasBegun(t *testing.T) {
	j := startJourney(t, Settings{})
	d := &demo{}
	p, err := d.person(0)
	j.must(err)
	const began = "^^^20200115143000^20200115150000"
	j.send("S12", "J2", p.pid, segment("SCH", map[int]string{1: "J2", 7: "^Follow-up clinic", 11: began}), "ZAP|"+j.management)
	j.send("S12", "J3", p.pid, segment("SCH", map[int]string{1: "J3", 7: "^Follow-up clinic", 11: began}))
	j.signIn(j.find("J2"))
	if !strings.Contains(j.body, `id="manage"`) || strings.Contains(j.body, `id="ask"`) {
		t.Error("what has begun cannot be managed, or is asked about")
	}
	j.must(j.open(t.Context(), j.find("J3")))
	if strings.Contains(j.body, `id="manage"`) || strings.Contains(j.body, "To change or cancel") {
		t.Error("what has begun and has no URL is still to be changed")
	}
}
