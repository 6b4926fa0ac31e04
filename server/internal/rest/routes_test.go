package rest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

func catalog() *search.Catalog {
	return search.NewCatalog([]string{"http://facade.example.test/R4"}, time.UTC)
}

// What the type table declares is routed, and what is routed is declared.
func TestRoutesAndTypesAgree(t *testing.T) {
	routed := map[fhir.Interaction]bool{}
	for _, r := range routes {
		routed[r.Interaction] = true
		if r.Handle == nil {
			t.Errorf("%s %s has no handler", r.Method, r.Pattern)
		}
	}
	declared := map[fhir.Interaction]bool{}
	for _, typ := range append([]fhir.Type{fhir.System()}, fhir.Types()...) {
		for _, i := range slices.Concat(typ.Interactions, typ.Booking, typ.BaRS) {
			declared[i] = true
			if !routed[i] {
				t.Errorf("%s declares %s, which no route does", typ.Name, i)
			}
		}
	}
	for _, o := range fhir.Operations() {
		declared[o.Interaction()] = true
		if !routed[o.Interaction()] || operations[o.Name].demand == nil {
			t.Errorf("$%s is declared, and no route does it", o.Name)
		}
	}
	for i := range routed {
		if !declared[i] {
			t.Errorf("%s is routed, and no type declares it", i)
		}
	}
}

func TestMatch(t *testing.T) {
	r4, booking := R4Face(catalog(), fhir.StyleRFC6750), BookingFace(catalog(), fhir.StyleNHSBooking)
	tests := []struct {
		face                 *Face
		method, pattern, typ string
		want                 fhir.Interaction
		err                  error
	}{
		{r4, "GET", "/:type", "Appointment", fhir.SearchType, nil},
		{r4, "HEAD", "/:type/:id", "Patient", fhir.Read, nil},
		{r4, "POST", "/:type/_search", "Slot", fhir.SearchType, nil},
		{r4, "DELETE", "/:type/:id", "Slot", fhir.Delete, nil},
		{r4, "PATCH", "/:type/:id", "Slot", fhir.Patch, nil},
		{r4, "PATCH", "/:type/:id/_history", "Slot", "", fhir.MethodNotAllowed},
		{booking, "PATCH", "/:type/:id", "Appointment", "", fhir.MethodNotAllowed},
		{r4, "DELETE", "/:type", "Slot", fhir.Delete, nil},
		{r4, "PUT", "/:type", "Slot", fhir.Update, nil},
		{r4, "PATCH", "/:type", "Slot", fhir.Patch, nil},
		{booking, "PUT", "/:type", "Appointment", "", fhir.MethodNotAllowed},
		{r4, "GET", "/:type", "Observation", "", fhir.NotFound},
		{r4, "GET", "/:type", "appointment", "", fhir.NotFound},
		{r4, "OPTIONS", "/:type", "Slot", "", nil},
		{r4, "OPTIONS", "/:type", "Observation", "", fhir.NotFound},
		{r4, "TRACE", "/:type", "Slot", "", fhir.MethodNotAllowed},
		{booking, "OPTIONS", "/:type/:id", "Appointment", "", fhir.MethodNotAllowed}, // requirement 111
		{booking, "GET", "/:type/:id", "Slot", "", fhir.NotFound},
		{booking, "GET", "/:type", "Slot", fhir.SearchType, nil},
		{booking, "POST", "/:type", "Appointment", fhir.Create, nil},
		{booking, "POST", "/:type", "Slot", "", fhir.MethodNotAllowed},
		{booking, "DELETE", "/:type/:id", "Appointment", "", fhir.MethodNotAllowed},
		{booking, "GET", "/:type", "Patient", "", fhir.NotFound},
	}
	for _, tc := range tests {
		t.Run(tc.face.Name+" "+tc.method+" "+tc.typ+tc.pattern, func(t *testing.T) {
			r, allow, err := tc.face.match(tc.method, tc.pattern, tc.typ)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("error %v, want %v", err, tc.err)
			}
			if r == nil {
				r = new(Route)
			}
			if err == nil && r.Interaction != tc.want {
				t.Errorf("interaction %s, want %s", r.Interaction, tc.want)
			}
			if (tc.err == fhir.MethodNotAllowed || tc.method == "OPTIONS" && err == nil) && len(allow) == 0 {
				t.Error("405 without the methods that are allowed")
			}
		})
	}
}

// NHS booking standard 2.6: every spelling of the service and of the includes.
func TestRewriteBooking(t *testing.T) {
	now := time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC)
	const service = "schedule.actor%3AHealthcareService=999999999"
	tests := []struct {
		name, typ, query, want string
		err                    error
	}{
		{"encoded colon", "Slot", "schedule.actor%3Ahealthcareservice=999999999", service, nil},
		{"plain colon", "Slot", "schedule.actor:healthcareservice=999999999", service, nil},
		{"the FHIR spelling", "Slot", "schedule.actor:HealthcareService=999999999", service, nil},
		{"as the capability statement has it", "Slot", "service=999999999&status=free", service + "&status=free", nil},
		{"with a system", "Slot", "service=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fdos-service-id%7C999999999", service, nil},
		{"in capitals, as BaRS has it", "Slot", "Schedule.actor%3AHealthcareService=999999999", service, nil},
		{"as a reference", "Slot", "service=HealthcareService/999999999", service, nil},
		{"include", "Slot", "service=999999999&_include=Slot%3Aschedule", service + "&_include:iterate=Slot%3Aschedule", nil},
		{"include with a full stop (requirement 30)", "Slot", "service=999999999&_include=HealthcareService.location", service + "&_include:iterate=HealthcareService%3Alocation", nil},
		{"include with a modifier (31)", "Slot", "service=999999999&_include:recurse=HealthcareService:Location", service + "&_include:iterate=HealthcareService%3Alocation", nil},
		{"include of providedBy", "Slot", "service=999999999&_include=HealthcareService.providedBy", service + "&_include:iterate=HealthcareService%3Aorganization", nil},
		{"an include that is not known is left out (33)", "Slot", "service=999999999&_include=Slot:weather", service, nil},
		{"revinclude is left out (32)", "Slot", "service=999999999&_revinclude=Slot:schedule", service, nil},
		{"no service (54)", "Slot", "status=free", "", fhir.Invalid},
		{"an empty service", "Slot", "service=", "", fhir.Invalid},
		{"wholly in the past (39)", "Slot", "service=999999999&start=ge2026-05-01T00:00:00Z&start=le2026-05-02T00:00:00Z", "", fhir.Invalid},
		{"only the lower bound in the past (39)", "Slot", "service=999999999&start=ge2026-05-01T00:00:00Z", service + "&start=ge2026-05-01T00:00:00Z", nil},
		{"a raw plus (42)", "Slot", "service=999999999&start=le2026-05-02T00:00:00+01:00", "", fhir.Invalid},
		{"only commas for a service", "Slot", "service=,", "", fhir.Invalid},
		{"a status that slots do not have (38)", "Slot", "service=999999999&status=free%2Cbogus", "", fhir.Invalid},
		{"a prefix that bounds nothing", "Slot", "service=999999999&start=sa2030-01-01", "", fhir.Invalid},
		{"a day in the past", "Slot", "service=999999999&start=2020-01-01", "", fhir.Invalid},
		{"an upper bound to the minute in the past", "Slot", "service=999999999&start=le2020-01-01T00:00Z", "", fhir.Invalid},
		{"a list of everybody", "Appointment", "status=booked", "", fhir.Invalid},
		{"a list of nobody", "Appointment", "patient.identifier=,", "", fhir.Invalid},
		{"an NHS number that fails its check (114)", "Appointment", "identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000019", "", fhir.Invalid},
		{"a patient's list (113)", "Appointment", "Appointment.participant.actor:Patient.identifier=s%7C1", "patient.identifier=s%7C1", nil},
		{"by identifier (113)", "Appointment", "identifier=s%7C1", "patient.identifier=s%7C1", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := rewriteBooking(tc.typ, tc.query, now)
			if got != tc.want || !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("rewriteBooking(%q) = %q, %v; want %q, %v", tc.query, got, err, tc.want, tc.err)
			}
		})
	}
}

// Every kind has a code and an issue type on the booking face, and every code has
// its display.
func TestNHSKinds(t *testing.T) {
	for k := fhir.Internal; k <= fhir.Busy; k++ {
		row, ok := nhsKinds[k]
		if !ok || row.issue == "" || spine[row.code].display == "" {
			t.Errorf("%s: %+v has a hole", k, row)
		}
	}
}
