package search

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// fhir-search 7.7.
func TestReferences(t *testing.T) {
	c := NewCatalog([]string{"http://a.example/R4", "https://b.example/STU3/1/booking/"}, nil)
	all := library(t, c, `
		{"resourceType":"Appointment","id":"a","participant":[{"actor":{"reference":"Patient/p"}},{"actor":{"reference":"http://a.example/R4/Location/l"}}]}
		{"resourceType":"Appointment","id":"b","participant":[{"actor":{"reference":"https://b.example/STU3/1/booking/Patient/p/_history/3"}}]}
		{"resourceType":"Appointment","id":"c","participant":[{"actor":{"reference":"https://other.example/fhir/Patient/p"}}]}
		{"resourceType":"Appointment","id":"d","participant":[{"actor":{"reference":"#x"}}],"contained":[{"resourceType":"Patient","id":"x","active":true},{"resourceType":"Location","id":"y","name":"Ward","partOf":{"reference":"#x"}}]}
		{"resourceType":"Appointment","id":"e","participant":[{"actor":{"type":"Patient","identifier":{"system":"urn:n","value":"1"}}}]}
		{"resourceType":"Appointment","id":"f","participant":[{"actor":{"reference":"Practitioner/p","identifier":{"value":"2"}}}]}
		{"resourceType":"Appointment","id":"g","participant":[{"actor":{"type":"Location","display":"Ward"}}]}
		{"resourceType":"Appointment","id":"h","participant":[{"actor":{"type":"Patient","reference":"urn:uuid:0e1f"}}]}
		{"resourceType":"Appointment","id":"i","participant":[{"type":[{"text":"x"}]}]}
		{"resourceType":"Appointment","id":"j","participant":[{"actor":{"extension":[{"url":"x"}]}}]}
	`)
	finds(t, c, all, "Appointment", map[string]string{
		"actor=Patient/p":                              "a b",
		"actor=http://a.example/R4/Patient/p":          "a b",
		"actor=p":                                      "a b f",
		"actor:Patient=p":                              "a b",
		"actor:patient=p":                              "a b", // the NHS booking standard writes types in small letters
		"actor:Patient=Patient/p":                      "a b",
		"actor:Practitioner=p":                         "f",
		"actor=Patient/p/_history/3":                   "b",
		"actor=Patient/p/_history/4":                   "",
		"actor=https://other.example/fhir/Patient/p":   "c",
		"actor=urn:uuid:0e1f":                          "h",
		"patient=p":                                    "a b",
		"patient=Practitioner/p":                       "",
		"patient=https://other.example/fhir/Patient/p": "c",
		"patient=urn:uuid:0e1f":                        "h",
		"practitioner=p":                               "f",
		"location=l":                                   "a",
		"location=Location/l,Location/m":               "a",
		"actor=Patient/p&actor=Location/l":             "a",
		"actor:identifier=urn:n%7C1":                   "e",
		"actor:identifier=1":                           "e",
		"actor:identifier=2,1":                         "e f",
		"actor:identifier=%7C2":                        "f",
		"patient:identifier=1":                         "", // it does not resolve
		"practitioner:identifier=2":                    "f",
		"actor:missing=true":                           "i j",
		"patient:missing=true":                         "e f g i j",
		"location:missing=false":                       "a",
		"patient.active=true":                          "d",
		"actor.active=true":                            "d",
		"actor:Patient.active=false":                   "",
		"actor:Patient._id=x":                          "d",
		"actor:Patient._has:Appointment:patient:_id=d": "",
		"actor=nope":                                   "",
		"actor:Device=d1":                              "",
		"slot=Slot/nope&actor=Patient/p":               "",
		"_has:Appointment:supporting-info:status=x":    "",
		"supporting-info:Observation=o":                "",
		"supporting-info.status=booked":                "",
		"actor=Location/l,https://other.example/fhir/Patient/p,Slot/s": "a c",
	})
}

// A contained resource may refer to another one beside it.
func TestChainWithinContained(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Appointment","id":"a","slot":[{"reference":"#s"}],"contained":[{"resourceType":"Slot","id":"s","schedule":{"reference":"#d"}},{"resourceType":"Schedule","id":"d","active":true,"actor":[{"reference":"Location/l"}]}]}
		{"resourceType":"Appointment","id":"b","slot":[{"reference":"#d"}],"contained":[{"resourceType":"Schedule","id":"d","active":true}]}
		{"resourceType":"Location","id":"l","name":"Ward"}
	`)
	finds(t, c, all, "Appointment", map[string]string{
		"slot.schedule.active=true":              "a",
		"slot.schedule.actor:Location.name=ward": "a",
		"slot.schedule=d":                        "",
		"slot.schedule:missing=false":            "a",
	})
}

// Match without a resolver sees the resource and what it contains.
func TestMatchAlone(t *testing.T) {
	c := NewCatalog(nil, nil)
	d := extract(t, c, `{"resourceType":"Appointment","id":"a","status":"booked","participant":[{"actor":{"reference":"Patient/p"}}]}`)
	for query, want := range map[string]bool{"status=booked": true, "patient.active=true": false, "_has:Appointment:supporting-info:status=booked": false} {
		if got := Match(parse(t, c, "Appointment", query).Query, d, nil); got != want {
			t.Errorf("Match(%s) = %t, want %t", query, got, want)
		}
	}
}

// nhs-booking 3: the parameter every slot search of the booking standard has.
func TestSlotSearchOfTheBookingStandard(t *testing.T) {
	c := NewCatalog(nil, nil).STU3()
	all := library(t, c, `
		{"resourceType":"Schedule","id":"d","actor":[{"reference":"HealthcareService/999999999"}]}
		{"resourceType":"Slot","id":"s","status":"free","start":"2025-10-25T09:00:00Z","schedule":{"reference":"Schedule/d"}}
	`)
	finds(t, c, all, "Slot", map[string]string{
		"schedule.actor%3Ahealthcareservice=999999999&status=free&start=ge2025-10-25T08:00:00+00:00": "s",
		"schedule.actor:HealthcareService=999999998":                                                 "",
	})
}

func TestLinkEntry(t *testing.T) {
	c := NewCatalog(nil, nil)
	tests := []struct {
		typ, param string
		to         Ref
		want       []string
	}{
		{"Appointment", "actor", Ref{"Patient", "p"}, []string{"actor", "patient"}},
		{"Appointment", "patient", Ref{"Patient", "p"}, []string{"actor", "patient"}},
		{"Appointment", "actor", Ref{"HealthcareService", "h"}, []string{"actor"}},
		{"Appointment", "slot", Ref{"Slot", "s"}, []string{"slot"}},
	}
	for _, tc := range tests {
		entries, err := c.LinkEntry(tc.typ, tc.param, tc.to)
		if err != nil {
			t.Errorf("LinkEntry(%s, %s, %v) = %v", tc.typ, tc.param, tc.to, err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Param.Name)
			if e.Ref != tc.to {
				t.Errorf("LinkEntry(%s, %s) leads to %v, want %v", tc.typ, tc.param, e.Ref, tc.to)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("LinkEntry(%s, %s, %v) (-want +got)\n%s", tc.typ, tc.param, tc.to, diff)
		}
	}
	for _, tc := range []struct {
		param string
		to    Ref
	}{{"status", Ref{"Patient", "p"}}, {"nosuch", Ref{"Patient", "p"}}, {"slot", Ref{"Patient", "p"}}} {
		if got, err := c.LinkEntry("Appointment", tc.param, tc.to); err == nil {
			t.Errorf("LinkEntry(%s, %v) = %v, want an error", tc.param, tc.to, got)
		}
	}
}

func TestReferencesOf(t *testing.T) {
	c := NewCatalog([]string{"http://a.example/R4"}, nil)
	r, err := fhir.Parse([]byte(`{"resourceType":"Appointment","slot":[{"reference":"Slot/s"},{"reference":"#x"},{"reference":"https://b.example/Slot/t"}],
		"participant":[{"actor":{"reference":"Patient/p"}},{"actor":{"reference":"http://a.example/R4/Patient/p"}},{"actor":{"reference":"Location/l/_history/2"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		param string
		want  []Target
	}{
		{"slot", []Target{{Ref{"Slot", "s"}, ""}}},
		{"actor", []Target{{Ref{"Patient", "p"}, ""}, {Ref{"Patient", "p"}, ""}, {Ref{"Location", "l"}, "2"}}},
		{"location", []Target{{Ref{"Location", "l"}, "2"}}},
		{"based-on", nil},
		{"", []Target{
			{Ref{"Patient", "p"}, ""}, {Ref{"Patient", "p"}, ""}, {Ref{"Location", "l"}, "2"}, // actor
			{Ref{"Location", "l"}, "2"}, {Ref{"Patient", "p"}, ""}, {Ref{"Patient", "p"}, ""}, {Ref{"Slot", "s"}, ""},
		}},
	}
	for _, tc := range tests {
		got, err := References(c, r, byName["Appointment"][tc.param])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("References(%s) (-want +got)\n%s", tc.param, diff)
		}
	}
}
