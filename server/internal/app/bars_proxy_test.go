package app

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// Spec nhs-booking 6, Network and Token: the national proxy is known by its
// certificate, and speaks for the organisation that a header names. Nobody else is
// let in without a token, whatever their headers say.
func TestBaRSProxy(t *testing.T) {
	e := startEngine(t, func(*authority) string {
		return "  []\nbars: {proxies: [proxy.example.nhs.uk], organisations: [X0001], customers: [trust]}\n"
	})
	other := strings.ReplaceAll(`{"resourceType":"Organization","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"CODE"}]}`, "CODE", "X9999")
	for _, tc := range []struct {
		name        string
		certificate string
		change      []string
		status      int
		code        string
	}{
		{"the proxy", "proxy.example.nhs.uk", nil, http.StatusOK, ""},
		{"another certificate of the authority", "somebody.example.nhs.uk", nil, http.StatusForbidden, "REC_FORBIDDEN"},
		{"an organisation that may not", "proxy.example.nhs.uk", []string{"NHSD-End-User-Organisation", b64(other)}, http.StatusUnauthorized, "REC_UNAUTHORIZED"},
		{"no organisation", "proxy.example.nhs.uk", []string{"NHSD-End-User-Organisation", ""}, http.StatusBadRequest, "REC_BAD_REQUEST"},
		{"a token that is none", "proxy.example.nhs.uk", []string{"Authorization", "Bearer none"}, http.StatusUnauthorized, "REC_UNAUTHORIZED"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: e.client(e.ca.client(tc.certificate))}
			defer transport.CloseIdleConnections()
			d := &demo{base: "https://" + e.https, client: &http.Client{Transport: transport}}
			status, body, err := d.call(context.Background(), http.MethodGet, "/R4/bars/Appointment?patient:identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018", "", nil, barsHeader(tc.change...)...)
			if err != nil {
				t.Fatal(err)
			}
			r, err := fhir.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			if code := r.Root().One(fhir.MustPath("issue.details.coding.code")).Text(); status != tc.status || code != tc.code {
				t.Errorf("%d %s, want %d %s: %s", status, code, tc.status, tc.code, body)
			}
		})
	}
}
