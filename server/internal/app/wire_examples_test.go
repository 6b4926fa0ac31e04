package app

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"slotway/fhir"
)

// The protocol examples of fhir-search 10.3 that are reads and writes, by their
// numbers, on the resources of its fixture. An answer to a POST that is refused
// leaves nothing behind.
func TestProtocolWrites(t *testing.T) {
	d := startFixture(t, "Europe/London")
	w := wireDemo{demo: d, admin: d.admin}
	get := func(path string) (*http.Response, fhir.Resource) {
		t.Helper()
		resp := w.do(t, exchange{method: "GET", path: path})
		b, _ := io.ReadAll(resp.Body)
		r, err := fhir.Parse(b)
		if err != nil {
			t.Fatalf("GET %s: %d, %v", path, resp.StatusCode, err)
		}
		return resp, r
	}
	set := func(path, value string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: []byte(value)}
	}
	without := func(path string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Remove}
	}
	count := func() string {
		_, r := get("/R4/Appointment?_summary=count")
		return string(r.Root().Get("total").Raw())
	}
	for _, tc := range []struct {
		name, of string
		changes  []fhir.Change
		status   int
		says     []string
	}{
		{"E36", "a01", []fhir.Change{without("status")}, 422, []string{"Appointment.status"}},
		{"E37", "a07", nil, 201, []string{`"_end"`}},
		{"E38", "a01", []fhir.Change{without("end")}, 422, []string{"app-2"}},
		{"E39", "a06", []fhir.Change{set("status", `"booked"`)}, 422, []string{"app-3"}},
		{"E40", "a14", nil, 201, []string{`"waitlist"`}},
		{"E41", "a01", []fhir.Change{set("cancelationReason", `{"text":"x"}`)}, 422, []string{"app-4"}},
		{"E42", "a01", []fhir.Change{set("participant", `[{"status":"accepted"}]`)}, 422, []string{"app-1", "Appointment.participant[0]"}},
		{"E43", "a01", []fhir.Change{set("start", `"2025-10-25T13:30"`)}, 422, []string{"Appointment.start", "seconds and a zone"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, r := get("/R4/Appointment/" + tc.of)
			r, err := r.Apply(append(tc.changes, without("id"), without("slot"))...)
			if err != nil {
				t.Fatal(err)
			}
			before := count()
			resp := w.do(t, exchange{method: "POST", path: "/R4/Appointment", body: r.Raw()})
			b, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tc.status {
				t.Errorf("%d, want %d: %s", resp.StatusCode, tc.status, b)
			}
			for _, s := range tc.says {
				if !strings.Contains(string(b), s) {
					t.Errorf("%s does not say %s", b, s)
				}
			}
			if tc.status != http.StatusCreated {
				if after := count(); after != before {
					t.Errorf("there are %s appointments, were %s", after, before)
				}
				return
			}
			_, stored := get(strings.TrimPrefix(resp.Header.Get("Location"), d.base))
			if stored, err = stored.Bare(); err == nil {
				stored, err = stored.Apply(without("id"))
			}
			if r, err2 := r.Bare(); err != nil || err2 != nil || !fhir.Same(stored, r) {
				t.Errorf("it is stored as %s, was %s (%v)", stored.Raw(), r.Raw(), err)
			}
		})
	}
	t.Run("E34, E35 and E44", func(t *testing.T) {
		w.checkAll(t, []exchange{
			{"E34", "GET", "/R4/Appointment/a01", []string{`If-None-Match: W/"1"`}, nil, false, 304, []string{`Etag: W/"1"`}, ""},
			{"E35", "PUT", "/R4/Appointment/a01", []string{`If-Match: W/"99"`}, []byte(wireAppointment), false, 412, nil, "If-Match"},
			{"E35, unchanged", "GET", "/R4/Appointment/a01", nil, nil, false, 200, []string{`Etag: W/"1"`}, "112431409e"},
			{"E44", "GET", "/R4/Appointment/a01", []string{"Accept: application/fhir+json; fhirVersion=3.0"}, nil, false, 406, nil, "not-supported"},
		})
	})
	t.Run("E45", func(t *testing.T) {
		body := []byte(`{"resourceType":"Appointment","status":"booked","start":"2025-10-26T01:30:00Z","end":"2025-10-26T01:45:00Z","slot":[{"reference":"Slot/s4"}],"participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`)
		var answers [2]*http.Response
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = w.do(t, exchange{method: "POST", path: "/R4/Appointment", body: body}) })
		}
		wg.Wait()
		if answers[0].StatusCode > answers[1].StatusCode {
			answers[0], answers[1] = answers[1], answers[0]
		}
		b, _ := io.ReadAll(answers[1].Body)
		if answers[0].StatusCode != 201 || answers[1].StatusCode != 409 || !strings.Contains(string(b), `"code":"conflict"`) || !strings.Contains(string(b), "s4") {
			t.Errorf("%d and %d %s, want 201, and 409 that names the slot", answers[0].StatusCode, answers[1].StatusCode, b)
		}
		if _, s := get("/R4/Slot/s4"); s.Root().Get("status").Text() != "busy" {
			t.Errorf("the slot is %s", s.Root().Get("status").Text())
		}
		if _, r := get("/R4/Appointment?slot=s4"); string(r.Root().Get("total").Raw()) != "1" {
			t.Errorf("%s appointments have the slot", r.Root().Get("total").Raw())
		}
	})
}
