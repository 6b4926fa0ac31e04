package rest

import (
	"net/http"
	"slices"
	"strings"

	"slotway/fhir"
)

// methods are those that are told apart; http://hl7.org/fhir/R4/http.html has no
// use for TRACE, which so stands for every other.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

// tidied gives a request with its address in the one form that is routed:
//
//   - A character that was percent-encoded without need stands for itself, as in
//     /R4/Appointment/%24find; an encoded slash stays no slash.
//   - Doubled slashes, which come of joining a base that ends with one, are one,
//     and one at the end is none. A redirect would lose the body of a POST, and
//     with many clients the token. Two at the beginning stay, and nothing is there:
//     others read them as the name of a host.
//   - A method that HTTP does not have is refused like TRACE, with Allow.
func tidied(r *http.Request) *http.Request {
	path, raw := r.URL.Path, r.URL.RawPath
	if strings.Contains(strings.ToUpper(raw), "%2F") {
		path = raw
	} else {
		raw = ""
	}
	clean := strings.TrimRight(path, "/")
	for strings.LastIndex(clean, "//") > 0 {
		clean = clean[:1] + strings.ReplaceAll(clean[1:], "//", "/")
	}
	if clean == "" {
		clean = "/"
	}
	known := slices.Contains(methods, r.Method)
	if known && clean == r.URL.Path && raw == r.URL.RawPath {
		return r
	}
	out, u := *r, *r.URL
	out.URL = &u
	if raw != "" {
		u.RawPath = clean // its Path is read by nobody: an encoded slash names nothing here
	} else {
		u.Path, u.RawPath = clean, ""
	}
	if !known {
		out.Method = http.MethodTrace
	}
	return &out
}

// tooLong refuses addresses and headers that nobody needs, so that what reads
// them need not be fast.
func (l Limits) tooLong(r *http.Request) error {
	if len(r.RequestURI) > l.URL {
		return fhir.Errorf(fhir.TooLarge, "The address is longer than the %d bytes that are read; a search may be sent by POST to _search.", l.URL).Coded(codeURL)
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > l.Header {
		return fhir.Errorf(fhir.TooLarge, "The header is larger than the %d bytes that are read.", l.Header).Coded(codeHeader)
	}
	return nil
}

// misdirected refuses a request for a host that is not one of ours, where those
// are configured. Probes of liveness, which go by the address, are answered.
func (s *Server) misdirected(r *http.Request) error {
	if len(s.Hosts) == 0 || slices.Contains(s.Hosts, strings.ToLower(r.Host)) || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
		return nil
	}
	return fhir.Errorf(fhir.Invalid, "This server does not answer for the host that is asked for.").Coded(codeHost).At("Host")
}
