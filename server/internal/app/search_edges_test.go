package app

import (
	"net/http"
	"testing"
)

const nhsSystem = "https://fhir.nhs.uk/Id/nhs-number"

// Searches at the edges of fhir-search 7, beyond its worked examples: chains and
// _has with every ending, periods open on a side, tokens in every form, order with
// ties, and what is shown.
func TestSearchEdges(t *testing.T) {
	d := startFixture(t, "Europe/London")
	for path, body := range map[string]string{
		"Organization/ring-a": `{"resourceType":"Organization","id":"ring-a","name":"Ring A","partOf":{"reference":"Organization/ring-b"}}`,
		"Organization/ring-b": `{"resourceType":"Organization","id":"ring-b","name":"Ring B","partOf":{"reference":"Organization/ring-a"}}`,
		"Practitioner/odd":    `{"resourceType":"Practitioner","id":"odd","identifier":[{"system":"http://x.test/a|b","value":"a$b\\c,d|e"}],"name":[{"family":"Odd, Comma"}]}`,
	} {
		status, answer, err := d.call(t.Context(), http.MethodPut, "/R4/"+path, d.admin, []byte(body))
		if err := expect(err, status, http.StatusCreated, answer); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []inquiry{
		// chains and _has
		{name: "exact, into what is contained", get: "Appointment?patient.family:exact=Contained", ids: "a11"},
		{name: "exact counts case there too", get: "Appointment?patient.family:exact=contained"},
		{name: "without a type, into whatever has a name", get: "Appointment?actor.name=smith", ids: "a04 a05 a13 a14"},
		{name: "without a type, and nowhere", get: "Appointment?supporting-info.identifier=x"},
		{name: "missing, behind two links", get: "Appointment?slot.schedule.date:missing=false", ids: "a01 a13"},
		{name: "missing, behind two links, the other way", get: "Appointment?slot.schedule.date:missing=true"},
		{name: "_has, and a chain from there", get: "Patient?_has:Appointment:patient:slot.schedule.actor:Practitioner.name=black", ids: "p1 p2"},
		{name: "_has three deep, to what is booked", get: "Location?_has:Schedule:actor:_has:Slot:schedule:_has:Appointment:slot:status=booked", ids: "l1"},
		{name: "_has by id", get: "Patient?_has:Appointment:patient:_id=a04", ids: "p2"},
		{name: "_has, of what has a slot", get: "Patient?_has:Appointment:patient:slot:missing=false", ids: "p1 p2"},
		{name: "_has by a date that nothing meets", get: "Patient?_has:Appointment:patient:date=1999"},
		{name: "_has with a bad value", get: "Patient?_has:Appointment:patient:date=junk", status: 400, says: "_has:Appointment:patient:date"},
		{name: "_has without its parameter", get: "Patient?_has:Appointment:patient=x", status: 400, says: "_has:Appointment:patient"},
		{name: "a chain that ends in a dot", get: "Appointment?patient.=x", status: 400, says: "patient."},
		{name: "nine links", get: "Organization?partof.partof.partof.partof.partof.partof.partof.partof.partof.name=x", status: 400, says: " more than 8 links"},
		{name: "eight links round a ring", get: "Organization?partof.partof.partof.partof.partof.partof.partof.partof.name=ring", ids: "ring-a ring-b"},
		{name: "round the ring by includes", get: "Organization?_id=ring-a&_include:iterate=Organization:partof", ids: "ring-a", includes: "Organization/ring-b"},
		{name: "and back", get: "Organization?_id=ring-a&_revinclude:iterate=Organization:partof&_include:iterate=Organization:partof", ids: "ring-a", includes: "Organization/ring-b"},

		// periods that are open on a side: r1 from 2024-04, r2 2020 to 2023-03, r3 until 2025-10-25, r4 none
		{name: "eq", get: "PractitionerRole?date=2022-06-15"},
		{name: "eq of a time that holds a closed one", get: "PractitionerRole?date=eq2020", ids: ""},
		{name: "ne", get: "PractitionerRole?date=ne2022-06-15", ids: "r1 r2 r3"},
		{name: "gt", get: "PractitionerRole?date=gt2023-12-31", ids: "r1 r3"},
		{name: "lt", get: "PractitionerRole?date=lt2020-01-01", ids: "r3"},
		{name: "ge", get: "PractitionerRole?date=ge2024-05-01", ids: "r1 r3"},
		{name: "le", get: "PractitionerRole?date=le2019-12-31", ids: "r3"},
		{name: "sa", get: "PractitionerRole?date=sa2023-03-31", ids: "r1"},
		{name: "eb", get: "PractitionerRole?date=eb2024-01-01", ids: "r2"},
		{name: "ap, long before any", get: "PractitionerRole?date=ap1850-01-01&practitioner=dup"},
		{name: "no period, not", get: "PractitionerRole?date:missing=true", ids: "r4"},

		// times
		{name: "a hundredth", get: "Appointment?date=2025-10-25T09:00:00.25Z", ids: "a11"},
		{name: "a microsecond", get: "Appointment?date=2025-10-25T09:00:00.250000Z", ids: "a11"},
		{name: "a thousandth later", get: "Appointment?date=2025-10-25T09:00:00.251Z"},
		{name: "the hour that comes twice, by its first offset", get: "Appointment?date=2025-10-26T01:30:00%2B01:00", ids: "a04"},
		{name: "the hour that comes twice, by its second", get: "Appointment?date=2025-10-26T01:30:00%2B00:00", ids: "a05"},
		{name: "the day of 25 hours", get: "Appointment?date=2025-10-26", ids: "a03 a04 a05"},
		{name: "the day before it", get: "Appointment?date=2025-10-25&status=pending,cancelled,arrived", ids: "a02 a11"},
		{name: "two days as alternatives", get: "Appointment?date=2025-10-20,2024-10-25", ids: "a08 a12"},
		{name: "a birthday has no zone", get: "Patient?birthdate=1984-02-29", ids: "p1"},
		{name: "29 February of another year", get: "Patient?birthdate=1985-02-29", status: 400, says: "birthdate"},
		{name: "a small prefix is not a large one", get: "Appointment?date=GE2025-10-25", status: 400, says: "date"},
		{name: "a date with an offset", get: "Appointment?date=2025-10-25Z", status: 400, says: "date"},

		// tokens and their escapes
		{name: "no system", get: "Patient?identifier=|X-77", ids: "p2"},
		{name: "no system, of a code", get: "Appointment?service-type=|57", ids: "a05"},
		{name: "any of a system", get: "Patient?identifier=" + nhsSystem + "|", ids: "p1 p2 dup"},
		{name: "any of another's system", get: "Patient?identifier=http://nobody.test|"},
		{name: "a mark alone", get: "Patient?identifier=|", status: 400, says: "identifier"},
		{name: "three parts", get: "Patient?identifier=a|b|c", status: 400, says: "identifier"},
		{name: "a reference's identifier by its system", get: "Appointment?actor:identifier=" + nhsSystem + "|", ids: "a10"},
		{name: "without one that it has", get: "Appointment?actor:identifier=|9991230017"},
		{name: "every escape", get: `Practitioner?identifier=http://x.test/a\|b|a\$b\\c\,d\|e`, ids: "odd"},
		{name: "every escape, percent-encoded", get: `Practitioner?identifier=http%3A%2F%2Fx.test%2Fa%5C%7Cb%7Ca%5C%24b%5C%5Cc%5C%2Cd%5C%7Ce`, ids: "odd"},
		{name: "a comma in a name", get: `Practitioner?family:exact=Odd\,%20Comma`, ids: "odd"},
		{name: "a backslash at the end", get: `Practitioner?family=odd\`, status: 400, says: "family"},
		{name: "not, with one that is missing", get: "Appointment?service-type:not=57&_id=a05,a06", ids: "a06"},
		{name: "a boolean by its system", get: "Patient?active=http://terminology.hl7.org/CodeSystem/special-values|true", status: 400, says: "active"},
		{name: "a boolean in capitals", get: "Patient?active=TRUE", status: 400, says: "active"},
		{name: "a status in capitals", get: "Appointment?status=BOOKED"},
		{name: "an id in capitals", get: "Appointment?_id=A01"},
		{name: "the text of a code", get: "Appointment?specialty:text=dermatology", ids: "a02"},
		{name: "missing of a code that is a text alone", get: "Appointment?specialty:missing=false", ids: "a01 a02 a08"},

		{name: "nothing between commas", get: "Patient?name=,", status: 400, says: "name nothing between its commas"},
		{name: "nothing between commas, at the end of a chain", get: "Appointment?patient.family=,,", status: 400, says: "patient.family"},
		{name: "something between commas", get: "Slot?status=,busy,,", ids: "s2"},
		{name: "no name", get: "Slot?=busy", status: 400, says: " has no name"},

		// order and pages
		{name: "ties, upwards", get: "Slot?_sort=status", ids: "=s2 s3 s6 s1 s4 s5"},
		{name: "ties, downwards", get: "Slot?_sort=-status", ids: "=s1 s4 s5 s6 s3 s2"},
		{name: "an empty key", get: "Slot?_sort=,status&status=busy", ids: "s2"},
		{name: "a key twice", get: "Slot?_sort=status,-status&status=busy,free", ids: "=s2 s1 s4 s5"},
		{name: "total as asked, one on a page", get: "Slot?_total=accurate&_count=1", ids: "s1", total: 6},
		{name: "no total", get: "Slot?_total=none&status=free", ids: "s1 s4 s5", total: none},
		{name: "count is a summary, and comes first", get: "Slot?_summary=count&_count=5", total: 6},

		// what is shown and what is combined
		{name: "posted and in the address, and nothing is both", get: "Appointment?status=booked", post: "status=pending"},
		{name: "posted twice", get: "Appointment", post: "status=booked,pending&status=pending", ids: "a02"},
		{name: "an include that is posted", get: "Appointment?_id=a01", post: "_include=Appointment:slot", ids: "a01", includes: "Slot/s1"},
		{name: "an include into two types, and then one", get: "Appointment?_id=a01&_include=Appointment:actor:Patient&_include=Appointment:actor:Practitioner", ids: "a01", includes: "Patient/p1 Practitioner/pr1"},
		{name: "a modifier of includes that is none", get: "Appointment?_include:often=Appointment:slot", status: 400, says: "_include:often"},
		{name: "a modifier of a result parameter", get: "Appointment?_count:exact=1", status: 400, says: "_count:exact"},
	} {
		t.Run(x.name, func(t *testing.T) { d.try(t, x) })
	}
}

// A walk through pages of ties and of missing values meets everything once.
func TestPagesOfTies(t *testing.T) {
	d := startFixture(t, "Europe/London")
	for query, want := range map[string][]string{
		"Slot?_sort=status&_count=2":                                      {"[s2 s3] of 6", "[s6 s1] of 6", "[s4 s5] of 6"},
		"Slot?_sort=-status&_count=4":                                     {"[s1 s4 s5 s6] of 6", "[s3 s2] of 6"},
		"Patient?_sort=-death-date&_count=2":                              {"[p3 dup] of 5", "[p1 p2] of 5", "[p4] of 5"},
		"Patient?_sort=gender,-birthdate&_count=3":                        {"[p1 p3 dup] of 5", "[p2 p4] of 5"},
		"Appointment?_sort=date&status=proposed,waitlist,noshow&_count=1": {"[a12] of 3", "[a06] of 3", "[a14] of 3"},
	} {
		got := d.pages(t, d.base+"/R4/"+query)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", query, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", query, got, want)
				break
			}
		}
	}
}
