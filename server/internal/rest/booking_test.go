package rest

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
)

// TestListNamesSomebody draws searches of the booking face's appointments: each is
// refused, or names one appointment or one patient, however it is written. NHS
// booking standard, requirement 114.
func TestListNamesSomebody(t *testing.T) {
	names := append([]string{"_id", "_id:not", "version", "status", "_include", "_revinclude", "_count", "date", "patient", "actor", "x", ""}, listNames...)
	values := []string{"", ",", "|", " ", "a", "a,b", "%", "&", "=", "*", "s|", "|v", "s|v", "s|v,s|w", fhir.NHSNumberSystem + "|9990000018", fhir.NHSNumberSystem + "|9990000019"}
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{rapid.SampledFrom([]string{"", "_id=a", "identifier=s|v"}).Draw(t, "first")}
		for range rapid.IntRange(0, 3).Draw(t, "parameters") {
			name, value := rapid.SampledFrom(names).Draw(t, "name"), rapid.SampledFrom(values).Draw(t, "value")
			if rapid.Bool().Draw(t, "escaped") {
				name, value = url.QueryEscape(name), url.QueryEscape(value)
			}
			parts = append(parts, name+rapid.SampledFrom([]string{"=", "=", "=", ""}).Draw(t, "sign")+value)
		}
		if rapid.Bool().Draw(t, "of somebody") {
			parts = append(parts, rapid.SampledFrom(listNames).Draw(t, "spelling")+"="+url.QueryEscape(fhir.NHSNumberSystem+"|9990000018"))
		}
		raw := strings.Join(parts, "&")
		out, err := rewriteBooking("Appointment", raw, time.Now())
		if err != nil {
			if fhir.KindOf(err) != fhir.Invalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		taken++
		for part := range strings.SplitSeq(out, "&") {
			name, text, _ := strings.Cut(part, "=")
			value, err := url.QueryUnescape(text)
			system, id, _ := strings.Cut(value, "|")
			if err == nil && (name == "_id" && fhir.ValidID(value) || name == "patient.identifier" && system != "" && id != "" && !strings.Contains(value, ",")) {
				return
			}
		}
		t.Fatalf("%q became %q, which names nobody", raw, out)
	})
	if t.Logf("%d were taken", taken); taken < 5 {
		t.Errorf("only %d were taken", taken)
	}
}
