package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkForms measures a read and a page of 20 in each form of answer, from the
// request's header to the answer's last byte, without a socket.
func BenchmarkForms(b *testing.B) {
	a := startDemo(b, b.TempDir(), Settings{})
	d := &demo{app: a, base: a.cfg.BaseURL}
	token, err := fetchToken(b.Context(), d.base, "demo-admin", demoSecret, "")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 20 {
		id := fmt.Sprintf("b%02d", i)
		body := strings.ReplaceAll(strings.Replace(wireAppointment, "a01", id, 1), "COMMENT", strings.Repeat("words ", 150))
		if status, _, err := d.call(b.Context(), http.MethodPut, "/R4/Appointment/"+id, token, []byte(body)); err != nil || status != http.StatusCreated {
			b.Fatal(status, err)
		}
	}
	handler := a.rest.Handler([]string{"r4"})
	for _, bc := range []struct{ name, path, accept, encoding string }{
		{"read", "/R4/Appointment/b00", "application/fhir+json", ""},
		{"read/xml", "/R4/Appointment/b00", "application/fhir+xml", ""},
		{"page", "/R4/Appointment?status=booked", "application/fhir+json", ""},
		{"page/gzip", "/R4/Appointment?status=booked", "application/fhir+json", "gzip"},
		{"page/xml", "/R4/Appointment?status=booked", "application/fhir+xml", ""},
		{"history", "/R4/Appointment/_history?_count=20", "application/fhir+json", ""},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, bc.path, nil)
				r.Header["Authorization"] = []string{"Bearer " + token}
				r.Header["Accept"] = []string{bc.accept}
				if bc.encoding != "" {
					r.Header["Accept-Encoding"] = []string{bc.encoding}
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
