package app

import (
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// What tells of the face itself can be asked for in a Bundle as it can over HTTP.
func TestBundleOfDescriptions(t *testing.T) {
	d, _ := patchDemo(t)
	tests := []struct {
		name, method, url string
		status, typ       string // typ of what is answered
	}{
		{"the description", "GET", "metadata", "200", "CapabilityStatement"},
		{"its head", "HEAD", "metadata", "200", ""},
		{"a change of it", "POST", "metadata", "405", "OperationOutcome"},
		{"a parameter", "GET", "SearchParameter/Appointment-date", "200", "SearchParameter"},
		{"an operation, by its whole address", "GET", d.base + "/R4/OperationDefinition/Appointment-find", "200", "OperationDefinition"},
		{"an extension", "GET", "StructureDefinition/management-url", "200", "StructureDefinition"},
		{"one that is not there", "GET", "SearchParameter/none", "404", "OperationOutcome"},
		{"a search", "GET", "SearchParameter?base=Slot&_count=1", "200", "Bundle"},
		{"a search that is posted", "POST", "OperationDefinition/_search?name=Find", "200", "Bundle"},
		{"a bad search", "GET", "SearchParameter?_count=many", "400", "OperationOutcome"},
		{"a change", "PUT", "SearchParameter/Appointment-date", "405", "OperationOutcome"},
	}
	var entries []string
	for _, tc := range tests {
		resource := ""
		if tc.method == "PUT" || tc.method == "POST" && !strings.Contains(tc.url, "_search") {
			resource = `"resource":{"resourceType":"SearchParameter"}`
		}
		entries = append(entries, entryOf(tc.method, tc.url, resource))
	}
	body := strings.Replace(transactionOf(entries...), `"transaction"`, `"batch"`, 1)
	status, answer, err := d.call(t.Context(), http.MethodPost, "/R4", d.admin, []byte(body))
	if err := expect(err, status, http.StatusOK, answer); err != nil {
		t.Fatal(err)
	}
	i := -1
	for e := range fhirtest.Parse(t, string(answer)).Root().At(fhir.MustPath("entry")) {
		i++
		t.Run(tests[i].name, func(t *testing.T) {
			got, _, _ := strings.Cut(e.Find("response", "status").Text(), " ")
			typ := e.Find("resource", "resourceType").Text()
			if typ == "" {
				typ = e.Get("response").Find("outcome", "resourceType").Text()
			}
			if got != tests[i].status || typ != tests[i].typ {
				t.Errorf("%s %s, want %s %s: %s", got, typ, tests[i].status, tests[i].typ, e.Raw())
			}
		})
	}
	for url, want := range map[string]int{"metadata": 200, "SearchParameter/Appointment-date": 200, "SearchParameter/none": 404} {
		status, answer, err := d.call(t.Context(), http.MethodPost, "/R4", d.admin, []byte(transactionOf(entryOf("GET", url, ""))))
		if err := expect(err, status, want, answer); err != nil {
			t.Errorf("a transaction with %s: %v", url, err)
		}
	}
}
