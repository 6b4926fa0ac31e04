package search

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fhir-search 7.8.
func TestResultParameters(t *testing.T) {
	row := func(typ, name string) *Param { return byName[typ][name] }
	tests := []struct {
		name, typ, query string
		want             Query
	}{
		{"nothing", "Slot", "", Query{Count: -1}},
		{"count", "Slot", "_count=20", Query{Count: 20}},
		{"E15: count of none", "Slot", "_count=0", Query{Count: 0, Summary: SummaryCount}},
		{"E16: summary of the count", "Slot", "_summary=count&_count=5", Query{Count: 0, Summary: SummaryCount}},
		{"count of none without a total", "Slot", "_count=0&_total=none", Query{Count: 0, Summary: SummaryCount}},
		{"explained", "Slot", "_explain=true", Query{Count: -1, Explain: true}},
		{"not explained", "Slot", "_explain=false", Query{Count: -1}},
		{"summary", "Slot", "_summary=data", Query{Count: -1, Summary: SummaryData}},
		{"no summary", "Slot", "_summary=false", Query{Count: -1}},
		{"total", "Slot", "_total=none", Query{Count: -1, Total: TotalNone}},
		{"estimated total", "Slot", "_total=estimate", Query{Count: -1, Total: TotalAccurate}},
		{"elements", "Slot", "_elements=status,Slot.start&_elements=status,end", Query{Count: -1, Elements: []string{"status", "start", "end"}}},
		{"elements with a choice of types", "Patient", "_elements=deceased,multipleBirthInteger", Query{Count: -1, Elements: []string{"deceasedBoolean", "deceasedDateTime", "multipleBirthInteger"}}},
		{"sort", "Slot", "_sort=start,-status", Query{Count: -1, Sort: []Order{{row("Slot", "start"), false}, {row("Slot", "status"), true}}}},
		{"sort by ours", "Slot", "_sort=-end,--end,-period", Query{Count: -1, Sort: []Order{{row("Slot", "-end"), false}, {row("Slot", "-end"), true}, {row("Slot", "-period"), false}}}},
		{"sort by a common one", "Slot", "_sort=-_lastUpdated", Query{Count: -1, Sort: []Order{{row("Slot", "_lastUpdated"), true}}}},
		{"include", "Slot", "_include=Slot:schedule", Query{Count: -1, Include: []Include{{Source: "Slot", Param: row("Slot", "schedule")}}}},
		{"E22: iterated", "Slot", "_include=Slot:schedule&_include:iterate=Schedule:actor&_include:recurse=Schedule:actor:Location", Query{Count: -1, Include: []Include{
			{Source: "Slot", Param: row("Slot", "schedule")},
			{Source: "Schedule", Param: row("Schedule", "actor"), Iterate: true},
			{Source: "Schedule", Param: row("Schedule", "actor"), Target: "Location", Iterate: true},
		}}},
		{"include everything", "Slot", "_include=*&_include=Slot:*&_include:iterate=*", Query{Count: -1, Include: []Include{
			{Source: "Slot"}, {Iterate: true},
		}}},
		{"E25: what refers to it", "Slot", "_revinclude=Appointment:slot&_revinclude=*", Query{Count: -1, RevInclude: []Include{
			{Source: "Appointment", Param: row("Appointment", "slot")}, {},
		}}},
	}
	c := NewCatalog(nil, nil)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := parse(t, c, tc.typ, tc.query)
			tc.want.Type = tc.typ
			if diff := cmp.Diff(tc.want, p.Query, comparePointers); diff != "" {
				t.Errorf("Parse(%s) (-want +got)\n%s", tc.query, diff)
			}
			if len(p.Warnings) > 0 {
				t.Errorf("warnings %v, want none", p.Warnings)
			}
		})
	}
}

// comparePointers compares rows by which they are.
var comparePointers = cmp.Comparer(func(a, b *Param) bool { return a == b })

// nhs-booking X9: every spelling in use, and none needs :iterate.
func TestIncludeAsTheNHSWritesIt(t *testing.T) {
	c := NewCatalog(nil, nil).STU3()
	tests := []struct{ value, source, param, target string }{
		{"Schedule:actor:Practitioner", "Schedule", "actor", "Practitioner"},
		{"HealthcareService.location", "HealthcareService", "location", ""},
		{"HealthcareService:Location", "HealthcareService", "location", ""},
		{"HealthcareService.providedBy", "HealthcareService", "organization", ""},
		{"HealthcareService:Organization", "HealthcareService", "organization", ""},
	}
	for _, tc := range tests {
		for _, key := range []string{"_include", "_include:iterate", "_include:recurse"} {
			p := parse(t, c, "Slot", key+"="+tc.value)
			want := []Include{{Source: tc.source, Param: byName[tc.source][tc.param], Target: tc.target, Iterate: true}}
			if diff := cmp.Diff(want, p.Query.Include, comparePointers); diff != "" {
				t.Errorf("%s=%s (-want +got)\n%s", key, tc.value, diff)
			}
		}
	}
	if p := parse(t, c, "Slot", "_include=Slot:schedule"); p.Query.Include[0].Iterate {
		t.Error("an include of the type searched became an iterated one")
	}
	if p := parse(t, c, "Slot", "_include=HealthcareService:Nothing"); len(p.Warnings) != 1 {
		t.Errorf("an include of nothing gave warnings %v, want one", p.Warnings)
	}
	if p := parse(t, NewCatalog(nil, nil), "Slot", "_include=HealthcareService.providedBy"); len(p.Warnings) != 1 {
		t.Errorf("a spelling of the booking standard gave warnings %v on the R4 face, want one", p.Warnings)
	}
}
