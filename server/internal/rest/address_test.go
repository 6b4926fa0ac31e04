package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTidied(t *testing.T) {
	tests := []struct{ target, path, raw string }{
		{"/R4/Appointment/a1?x=//", "/R4/Appointment/a1", ""},
		{"/R4/Appointment/", "/R4/Appointment", ""},
		{"/R4//Appointment", "/R4/Appointment", ""},
		{"/R4///Appointment////a1//", "/R4/Appointment/a1", ""},
		{"//R4/Appointment//a1/", "//R4/Appointment/a1", ""}, // nothing is there
		{"///R4", "//R4", ""},
		{"//", "/", ""},
		{"/", "/", ""},
		{"///", "/", ""},
		{"/R4/Appointment/%24find", "/R4/Appointment/$find", ""},
		{"/R4/Appointment/%5Fsearch", "/R4/Appointment/_search", ""},
		{"/%52%34/%41ppointment", "/R4/Appointment", ""},
		{"/R4/Appointment/a%252Fb", "/R4/Appointment/a%2Fb", ""},
		{"/R4/Patient/a%2Fb", "/R4/Patient/a/b", "/R4/Patient/a%2Fb"},
		{"/R4//Patient/a%2fb/", "/R4//Patient/a/b/", "/R4/Patient/a%2fb"},
		{"/R4/Patient/%2F", "/R4/Patient//", "/R4/Patient/%2F"},
	}
	for _, tc := range tests {
		r := httptest.NewRequest(http.MethodGet, "http://x"+tc.target, nil)
		before := *r.URL
		got := tidied(r)
		if got.URL.Path != tc.path || got.URL.RawPath != tc.raw || got.Method != http.MethodGet {
			t.Errorf("%s: %q, %q; want %q, %q", tc.target, got.URL.Path, got.URL.RawPath, tc.path, tc.raw)
		}
		if *r.URL != before {
			t.Errorf("%s: the request itself was changed", tc.target)
		}
	}
	for method, want := range map[string]string{"DELETE": "DELETE", "PURGE": "TRACE", "get": "TRACE", "CONNECT": "TRACE"} {
		r := httptest.NewRequest(http.MethodGet, "/R4/Slot", nil)
		r.Method = method
		if got := tidied(r).Method; got != want {
			t.Errorf("%s is served as %s, want %s", method, got, want)
		}
	}
}

func BenchmarkTidied(b *testing.B) {
	r := httptest.NewRequest(http.MethodGet, "/R4/Appointment/"+strings.Repeat("a", 36), nil)
	b.ReportAllocs()
	for b.Loop() {
		tidied(r)
	}
}
