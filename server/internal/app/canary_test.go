package app

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestNoPatientData sends a person whose every detail is easy to find through
// what the program takes, right and wrong, and looks for the details in the log
// at its most talkative, in the metrics, in refusals, and in links that we make.
func TestNoPatientData(t *testing.T) {
	log := new(lockedBuffer)
	a := startDemoLogging(t, t.TempDir(), Settings{LogLevel: "debug"}, log)
	d := &demo{app: a, base: a.cfg.BaseURL}
	var err error
	if d.admin, err = fetchToken(t.Context(), d.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	const nhs, family, given, born = "9990000018", "Zyxwvut", "Qwertyuiop", "19370911"
	canaries := []string{nhs, family, given, born, "1937-09-11", d.admin, demoSecret, "c3VwZXJzZWNyZXQ", "supersecret"}
	pid := segment("PID", map[int]string{3: nhs + "^^^NHS^NH", 5: family + "^" + given, 7: born})
	msh := func(event, control string) string {
		return `MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|202605121000||` + event + `|` + control + `|P|2.5.1`
	}
	var answers []string
	note := func(b []byte, err error) {
		if err != nil {
			b = []byte(err.Error())
		}
		answers = append(answers, string(b))
	}
	for i, msg := range []string{
		segments(msh("ADT^A28", "1"), pid),
		segments(msh("SIU^S12", "2"), "SCH|A1||||||||||^^^202606011000", pid),
		segments(msh("SIU^S12", "3"), "SCH|A2||||||||||^^^not a time "+family, pid),
		segments(msh("SIU^S99", "4"), "SCH|A1", pid),
		segments(msh("SIU^S14", "5"), "SCH|A1", pid, "ZAP|http://"+family+".example/?n="+nhs),
		segments(msh("SIU^S14", "6"), "SCH|A1", strings.Replace(pid, nhs, "9990000019", 1)),
		segments(msh("SIU^S14", "7"), "SCH|A1", pid, "SCH|A1"),
		segments(msh("SIU^S14", "8"), "SCH|unknown", pid),
		segments(strings.Replace(msh("SIU^S14", "9"), "trustalias{", "other{", 1), "SCH|A1", pid),
		segments(pid, "SCH|A1"),
	} {
		password := demoPassword
		if i == 7 {
			password = "supersecret"
		}
		note(dispatch.HTTP(d.base+"/hl7", "partner_demo", password, nil).Send(t.Context(), []byte(msg)))
	}
	token := "https://fhir.nhs.uk/Id/nhs-number|" + nhs
	patient := `{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + nhs + `"}],"name":[{"family":"` + family + `","given":["` + given + `"]}],"birthDate":"1937-09-11"`
	for _, req := range []struct{ method, path, body string }{
		{http.MethodPost, "/R4/Patient", patient + "}"}, // a second one of that number
		{http.MethodPost, "/R4/Patient", patient},
		{http.MethodPost, "/R4/Patient", patient + `,"gender":"` + family + `"}`},
		{http.MethodPost, "/R4/Appointment", patient + "}"},
		{http.MethodGet, "/R4/Appointment?date=" + born + family, ""},
		{http.MethodGet, "/R4/Appointment?status:nothing=" + nhs, ""},
		{http.MethodGet, "/R4/Patient/" + family + given, ""},
		{http.MethodGet, "/R4/Nothing/" + nhs, ""},
		{http.MethodGet, "/STU3/1/booking/Appointment?patient.identifier=" + nhs, ""},
		{http.MethodDelete, "/R4/Appointment?patient.identifier=" + url.QueryEscape(token), ""},
	} {
		var body any
		if req.body != "" {
			body = []byte(req.body)
		}
		_, b, err := d.call(t.Context(), req.method, req.path, d.admin, body)
		note(b, err)
	}
	_, b, err := d.call(t.Context(), http.MethodPost, "/R4/Appointment", "c3VwZXJzZWNyZXQ", nil)
	note(b, err)
	// A search that is posted: the link to its next page says nothing of it.
	note(linkAfterPost(t, d, token))
	_, metrics, err := d.call(t.Context(), http.MethodGet, "/metrics", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "SENDER_NOT_AUTHORISED") || !bytes.Contains(metrics, []byte("slotway_hl7_message_seconds")) {
		t.Fatal("the log or the metrics do not say what happened at all")
	}
	for _, c := range canaries {
		if strings.Contains(log.String(), c) {
			t.Errorf("the log says %q:\n%s", c, log)
		}
		if bytes.Contains(metrics, []byte(c)) {
			t.Errorf("the metrics say %q", c)
		}
		for _, answer := range answers {
			if strings.Contains(answer, c) && !strings.Contains(answer, `"resourceType":"Patient"`) {
				t.Errorf("an answer says %q: %s", c, answer)
			}
		}
	}
}

// linkAfterPost gives the next link of a posted search for a patient.
func linkAfterPost(t *testing.T, d *demo, token string) ([]byte, error) {
	t.Helper()
	for _, id := range []string{"extra-1", "extra-2"} {
		r := doc{"resourceType": "Patient", "id": id, "active": true, "name": []doc{{"family": "Zyxwvut"}}}
		if _, _, err := d.call(t.Context(), http.MethodPut, "/R4/Patient/"+id, d.admin, r); err != nil {
			return nil, err
		}
	}
	form := []byte("family=Zyxwvut&_sort=family")
	_, b, _, err := d.request(t.Context(), http.MethodPost, "/R4/Patient/_search?_count=1", d.admin, form, "Content-Type", "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	bundle, err := fhir.Parse(b)
	if err != nil {
		return nil, err
	}
	next := bundle.Root().One(pathNext).Text()
	if next == "" {
		t.Errorf("there is no second page: %s", b)
	}
	_, second, err := d.call(t.Context(), http.MethodGet, next, d.admin, nil)
	if err != nil || !bytes.Contains(second, []byte(`"total":3`)) {
		t.Errorf("the next page is %s (%v)", second, err)
	}
	return []byte(next), nil
}
