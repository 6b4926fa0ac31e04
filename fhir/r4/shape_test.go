package r4

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// TestTables holds the element tables to the table of types and to themselves.
func TestTables(t *testing.T) {
	for _, typ := range fhir.Types() {
		if len(resources[typ.Name]) == 0 {
			t.Errorf("%s has no element table", typ.Name)
		}
	}
	for name := range resources {
		if _, ok := fhir.TypeOf(name); !ok {
			t.Errorf("%s is no type of ours", name)
		}
	}
	for name, s := range shapes {
		for _, f := range s.fields {
			if f.companion == "" && f.typ != "Resource" && f.shape == nil {
				t.Errorf("%s.%s leads nowhere", name, f.name)
			}
		}
	}
	bound := map[string]bool{}
	var walk func(s *shape)
	walk = func(s *shape) {
		bound[s.name] = true
		for _, f := range s.own {
			if f.typ == "BackboneElement" {
				walk(f.shape)
			}
		}
	}
	for _, s := range shapes {
		walk(s)
	}
	for at, rules := range invariants {
		if !bound[at] {
			t.Errorf("the rules on %s are never asked", at)
		}
		for _, r := range rules {
			if r.text == "" || strings.HasSuffix(r.text, ".") {
				t.Errorf("the text of %s %s", at, r.key)
			}
		}
	}
}

// TestCodes is the code lists of fhir-search 9.
func TestCodes(t *testing.T) {
	tests := map[string]string{
		"appointmentstatus":     "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
		"slotstatus":            "busy free busy-unavailable busy-tentative entered-in-error",
		"participationstatus":   "accepted declined tentative needs-action",
		"participantrequired":   "required optional information-only",
		"administrative-gender": "male female other unknown",
		"days-of-week":          "mon tue wed thu fri sat sun",
		"request-priority":      "routine urgent asap stat",
		"task-intent":           "unknown proposal plan order original-order reflex-order filler-order instance-order option",
		"task-status":           "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error",
	}
	for name, want := range tests {
		if diff := cmp.Diff(strings.Fields(want), codes[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !IsSlotStatus("free") || IsSlotStatus("") {
		t.Error("a status is taken for what it is not")
	}
}

// TestSummary is the list of summary elements in fhir-search 9, with the
// elements that a resource must have.
func TestSummary(t *testing.T) {
	base := []string{"id", "meta", "implicitRules"}
	tests := []struct{ typ, summary, mandatory string }{
		{
			"Appointment",
			"identifier status cancelationReason serviceCategory serviceType specialty appointmentType reasonCode start end participant.type participant.actor participant.required participant.status",
			"status participant",
		},
		{"Slot", "identifier serviceCategory serviceType specialty appointmentType schedule status start end", "schedule status start end"},
		{"Schedule", "identifier active serviceCategory serviceType specialty actor planningHorizon", "actor"},
		{"Patient", "identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime address managingOrganization link.other link.type", ""},
	}
	for _, tc := range tests {
		t.Run(tc.typ, func(t *testing.T) {
			got := SummaryElements(tc.typ)
			slices.Sort(got)
			want := append(strings.Fields(tc.summary), base...)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(strings.Fields(tc.mandatory), append([]string{}, MandatoryElements(tc.typ)...)); diff != "" {
				t.Errorf("mandatory (-want +got):\n%s", diff)
			}
		})
	}
	if SummaryElements("Binary") != nil || MandatoryElements("Binary") != nil {
		t.Error("a type not kept here has elements")
	}
}
