package canary

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestFind(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`{"msg":"a message was refused","control":"C1"}`, ""},
		{`patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`, "9990000018"},
		{`the patient 999 000 0018.`, "9990000018"},
		{`the check digit of 9990000019 is wrong`, ""},
		{`seconds_sum 0.9990000018`, ""},
		{`"took":99900000181`, ""},
		{`PID|||||Zyxwvut^Given`, "Zyxwvut"},
		{`born 1980-02-03`, "1980-02-03"},
	} {
		if got := Find([]byte(tc.text)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.text, got, tc.want)
		}
	}
}

// What was found makes the run fail, wherever it was: in a line that is written in
// parts, in a refusal, in metrics; and not in an answer to who may see it.
func TestJudge(t *testing.T) {
	const who = "9990000018"
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, who)
	}))
	defer served.Close()
	client := &http.Client{Transport: Transport(nil)}
	get := func(path string) {
		resp, err := client.Get(served.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || string(b) != who {
			t.Errorf("%s: the client has %q, %v", path, b, err)
		}
		_ = resp.Body.Close()
	}
	log := Writer(io.Discard)
	for _, tc := range []struct {
		name string
		say  func()
		want int
	}{
		{"nothing", func() { _, _ = io.WriteString(log, "a line\n") }, 0},
		{"an answer", func() { get("/R4/Patient/1") }, 0},
		{"a line in parts", func() { _, _ = io.WriteString(log, "x 99900"); _, _ = io.WriteString(log, "00018 y\n") }, 1},
		{"a refusal", func() { get("/refused") }, 1},
		{"metrics", func() { get("/metrics") }, 1},
	} {
		seen.found = nil
		tc.say()
		if got := Judge(0); got != tc.want {
			t.Errorf("%s: exit code %d, want %d", tc.name, got, tc.want)
		}
	}
	if Looks() < 4 {
		t.Errorf("it looked at %d texts", Looks())
	}
}
