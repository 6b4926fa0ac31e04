package app

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestEdges: what a request may not be, over a bare socket: requirements S28, S29,
// S31, S32, S36, S87 to S89, S109 to S111.
func TestEdges(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{LogLevel: "error"})
	d := &demo{app: a, base: a.cfg.BaseURL}
	host := strings.TrimPrefix(d.base, "http://")
	a.rest.Hosts = []string{host, "facade.example"}
	token, err := fetchToken(t.Context(), d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	bearer, json, xml := "Authorization: Bearer "+token, "Content-Type: application/fhir+json", "Content-Type: application/fhir+xml"
	for _, tc := range []struct {
		name, line string
		header     []string
		body       string
		status     int
		has        string // in the header or body
	}{
		{"no token", "GET /R4/Patient", nil, "", 401, `Bearer realm="slotway"` + "\r\n"},
		{"no token, booking", "GET /STU3/1/booking/Slot?service=1", nil, "", 403, `Bearer realm="slotway"` + "\r\n"},
		{"a token that is none", "GET /R4/Patient", []string{"Authorization: Bearer a.b.c"}, "", 401, `error="invalid_token"`},
		{"a token that is none, booking", "GET /STU3/1/booking/Slot?service=1", []string{"Authorization: Bearer a.b.c"}, "", 403, `error="invalid_token"`},
		{"two tokens", "GET /R4/Patient", []string{bearer, bearer}, "", 400, "invalid_request"},
		{"another scheme", "GET /R4/Patient", []string{"Authorization: Basic YTpi"}, "", 401, ""},
		{"in a cookie", "GET /R4/Patient", []string{"Cookie: access_token=" + token}, "", 401, ""},
		{"in the address", "GET /R4/Patient?access_token=" + token, nil, "", 400, "invalid_request"},
		{"in a form", "POST /R4/Patient/_search", []string{"Content-Type: application/x-www-form-urlencoded"}, "access_token=" + token, 401, ""},
		{"a token of 17 KiB", "GET /R4/Patient", []string{"Authorization: Bearer " + strings.Repeat("a", 17<<10)}, "", 401, "size"},
		{"a header of 40 KiB", "GET /R4/Patient", []string{"Authorization: Bearer " + strings.Repeat("a", 40<<10)}, "", 431, ""},
		{"a name of ours", "GET /R4/Patient", []string{"Host: Facade.Example", bearer}, "", 200, d.base},
		{"a name of somebody's", "GET /R4/Patient", []string{"Host: evil.example", bearer}, "", 421, "misdirected"},
		{"an address of somebody's", "GET http://evil.example/R4/Patient", []string{bearer}, "", 421, "misdirected"},
		{"a probe", "GET /healthz", []string{"Host: 10.0.0.1"}, "", 200, ""},
		{"forwarded headers", "GET /R4/Patient", []string{bearer, "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Forwarded-Proto: https"}, "", 200, d.base},
		{"TRACE", "TRACE /R4/Patient", []string{bearer}, "", 405, "Allow"},
		{"a method that is none", "FOO /R4/Patient", []string{bearer}, "", 405, "Allow"},
		{"another method in a header", "POST /R4/Patient/x", []string{bearer, json, "X-HTTP-Method-Override: DELETE"}, "{}", 405, "Allow"},
		{"another origin", "OPTIONS /R4/Patient", []string{"Origin: https://evil.example", "Access-Control-Request-Method: GET"}, "", 204, "Allow"},
		{"a member twice", "POST /R4/Patient", []string{bearer, json}, `{"resourceType":"Patient","active":true,"active":false}`, 400, "active"},
		{"nested deep", "POST /R4/Patient", []string{bearer, json}, `{"resourceType":"Patient","x":` + strings.Repeat("[", 50_000), 400, "64 deep"},
		{"too many values", "POST /R4/Patient", []string{bearer, json}, `{"resourceType":"Patient","x":[` + strings.Repeat("1,", 250_000) + "1]}", 413, ""},
		{"too large", "POST /R4/Patient", []string{bearer, json}, `{"x":"` + strings.Repeat("a", 1<<20) + `"}`, 413, ""},
		{"coded twice", "POST /R4/Patient", []string{bearer, json, "Content-Encoding: gzip, gzip"}, "{}", 415, ""},
		{"a document type", "POST /R4/Patient", []string{bearer, xml}, `<!DOCTYPE a [<!ENTITY b "c">]><Patient xmlns="http://hl7.org/fhir"><language value="&b;"/></Patient>`, 400, ""},
		{"XML nested deep", "POST /R4/Patient", []string{bearer, xml}, `<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat("<extension>", 5000), 400, ""},
		{"markup in the address", "GET /R4/<script>alert(1)</script>", []string{bearer}, "", 404, "application/fhir+json"},
		{"metadata of the issuer", "GET /.well-known/oauth-authorization-server", nil, "", 200, "private_key_jwt"},
	} {
		all := append([]string{tc.line + " HTTP/1.1"}, tc.header...)
		if !strings.Contains(strings.Join(tc.header, "\n"), "Host: ") || strings.Contains(tc.name, "forwarded") {
			all = append(all, "Host: "+host)
		}
		all = append(all, "Connection: close", fmt.Sprint("Content-Length: ", len(tc.body)), "", tc.body)
		status, answer := bare(t, host, strings.Join(all, "\r\n"))
		if status != tc.status || !strings.Contains(answer, tc.has) {
			t.Errorf("%s: %d, want %d with %q: %.600s", tc.name, status, tc.status, tc.has, answer)
		}
		for _, leak := range []string{"evil.example", token, "Access-Control-Allow", "goroutine", ".go:"} {
			if strings.Contains(answer, leak) {
				t.Errorf("%s: the answer has %q", tc.name, leak[:min(20, len(leak))])
			}
		}
		if !strings.Contains(answer, "nosniff") || !strings.Contains(answer, "Cache-Control: no-store") && !strings.Contains(tc.name, "metadata") {
			t.Errorf("%s: %.400s", tc.name, answer)
		}
	}
}

// bare sends bytes as they are and gives the answer, header and all.
func bare(t *testing.T, host, request string) (status int, answer string) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	go func() { _, _ = io.WriteString(c, request) }() // the server may answer before it has read all
	var got bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &got)), nil)
	if err != nil {
		t.Fatalf("%.100s: %v", request, err)
	}
	_, _ = io.Copy(io.Discard, res.Body) // cut short is as good
	_ = res.Body.Close()
	return res.StatusCode, got.String()
}
