package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

const (
	booked      = "a01 a03 a05 a07 a09 a10"
	all14       = "a01 a02 a03 a04 a05 a06 a07 a08 a09 a10 a11 a12 a13 a14"
	headlineURL = "Appointment?actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9991230017&date=2025-10-25"
)

// The protocol examples of fhir-search 10.3 that are searches, by their numbers,
// over real sockets. E34 to E45 are reads and writes.
func TestProtocolExamples(t *testing.T) {
	d := startFixture(t, "Europe/London")
	for _, x := range []inquiry{
		{name: "E1", get: "Appointment?foo=bar&status=booked", ids: booked, self: "status=booked", warned: []string{"foo"}},
		{name: "E2", get: "Appointment?foo=bar&status=booked", prefer: "strict", status: 400, says: "foo foo"},
		{name: "E3", get: "Appointment?status:exact=booked", status: 400, says: "status:exact :exact"},
		{name: "E3 strict", get: "Appointment?status:exact=booked", prefer: "strict", status: 400, says: "status:exact"},
		{name: "E3 lenient", get: "Appointment?status:exact=booked", prefer: "lenient", status: 400, says: "status:exact"},
		{name: "E4", get: "Appointment?date:not=2025-10-25", status: 400, says: "date:not :not"},
		{name: "E5 order", get: "Appointment?date=25-10-2025", status: 400, says: "date"},
		{name: "E5 month", get: "Appointment?date=2025-13-01", status: 400, says: "date"},
		{name: "E5 day", get: "Appointment?date=2025-02-30", status: 400, says: "date"},
		{name: "E5 junk", get: "Appointment?date=junk", status: 400, says: "date"},
		{name: "E5 prefix", get: "Appointment?date=xx2025-01-01", status: 400, says: "date"},
		{name: "E5 hour", get: "Appointment?date=2025-10-25T14", status: 400, says: "date"},
		{name: "E6", get: "Appointment?date=2025-10-25T14:30:00+01:00", ids: "a01", self: "date=2025-10-25T14:30:00%2B01:00"},
		{name: "E6 encoded", get: "Appointment?date=2025-10-25T14:30:00%2B01:00", ids: "a01", self: "date=2025-10-25T14:30:00%2B01:00"},
		{name: "E7", get: "Appointment?patient=Patient/nope"},
		{name: "E8", get: "Appointment?patient.birthdate=junk", status: 400, says: "patient.birthdate"},
		{name: "E9 type", get: "Appointment?actor:Banana.name=x", status: 400, says: "actor:Banana.name"},
		{name: "E9 no reference", get: "Appointment?status.foo=x", status: 400, says: "status.foo"},
		{name: "E9 parameter", get: "Appointment?actor:Patient.nosuch=x", status: 400, says: "actor:Patient.nosuch"},
		{name: "E10", get: "Patient?active=|true", status: 400, says: "active"},
		{name: "E11", get: "Patient?identifier:of-type=MR|RX-0042", status: 400, says: "identifier:of-type three"},
		{name: "E12", get: "Patient?gender:missing=maybe", status: 400, says: "gender:missing true or false"},
		{name: "E13", get: `Appointment?identifier=a\b`, status: 400, says: "identifier escape"},
		{name: "E14", get: "Appointment?_query=mine", status: 400, says: "_query"},
		{name: "E14 lenient", get: "Appointment?_query=mine", prefer: "lenient", status: 400, says: "_query"},
		{name: "E15", get: "Appointment?status=booked&_count=0", total: 6, self: "status=booked&_count=0"},
		{name: "E16", get: "Appointment?status=booked&_summary=count", total: 6, self: "status=booked&_summary=count"},
		{name: "E18", get: "Appointment?status=booked&_sort=-date", ids: "=a05 a03 a01 a10 a09 a07"},
		{name: "E19", get: "Appointment?_sort=date", ids: "=a12 a08 a07 a13 a11 a09 a10 a01 a02 a03 a04 a05 a06 a14"},
		{name: "E19 descending", get: "Appointment?_sort=-date", ids: "=a05 a04 a03 a02 a01 a10 a09 a11 a13 a07 a08 a12 a06 a14"},
		{name: "E20", get: "Appointment?_id=a01&_include=Appointment:actor", ids: "a01", includes: "Location/l1 Patient/p1 Practitioner/pr1"},
		{name: "E21", get: "Appointment?_id=a01&_include=Appointment:actor:Location", ids: "a01", includes: "Location/l1"},
		{name: "E22", get: "Appointment?_id=a01&_include=Appointment:slot&_include:iterate=Slot:schedule&_include:iterate=Schedule:actor", ids: "a01", includes: "Location/l1 Practitioner/pr1 Schedule/sc1 Slot/s1"},
		{name: "E23", get: "Appointment?_id=a07&_include=Appointment:location", ids: "a07"},
		{name: "E24", get: "Appointment?_id=a09&_include=Appointment:actor", ids: "a09"},
		{name: "E25", get: "Slot?_id=s1&_revinclude=Appointment:slot", ids: "s1", includes: "Appointment/a01 Appointment/a13"},
		{name: "E26", get: "Slot?status=free&_include=Slot:schedule", ids: "s1 s4 s5", includes: "Schedule/sc1 Schedule/sc2"},
		{name: "E29", get: "Appointment?_id=a01&_summary=text&_include=Appointment:actor", status: 400, says: "_summary"},
		{name: "E30", get: "Appointment?status=booked&_total=none", ids: booked, total: none},
		{name: "E31", get: "Appointment?status=booked", post: "patient=p1", ids: "a01 a03 a07", self: "status=booked&patient=p1"},
		{name: "E32", get: "Appointment?_include=Appointment:nosuch", ids: all14, warned: []string{"_include"}},
		{name: "E32 strict", get: "Appointment?_include=Appointment:nosuch", prefer: "strict", status: 400, says: "_include"},
		{name: "E33", get: "Appointment?_count=-1", status: 400, says: "_count"},
		{name: "E33 letters", get: "Appointment?_count=abc", status: 400, says: "_count"},
	} {
		t.Run(x.name, func(t *testing.T) { d.try(t, x) })
	}
	t.Run("E15 and E16 links", func(t *testing.T) {
		for _, q := range []string{"_count=0", "_summary=count"} {
			a := d.page(t, "/R4/Appointment?status=booked&"+q)
			if len(a.links) != 1 || a.links["self"] == "" || a.bundle.Get("entry").Exists() {
				t.Errorf("%s has the links %v and entries: %t; want only self and none", q, a.links, a.bundle.Get("entry").Exists())
			}
		}
	})
	t.Run("E17", func(t *testing.T) {
		want := []string{"[a07 a09] of 6", "[a10 a01] of 6", "[a03 a05] of 6"}
		if got := d.pages(t, "/R4/Appointment?status=booked&_count=2&_sort=date"); !slices.Equal(got, want) {
			t.Errorf("pages %v, want %v", got, want)
		}
	})
	t.Run("E27", func(t *testing.T) {
		d.wantMembers(t, "/R4/Appointment?_id=a01&_elements=status", "id meta participant resourceType status", true)
	})
	t.Run("E28", func(t *testing.T) {
		d.wantMembers(t, "/R4/Appointment?_id=a01&_summary=true", "appointmentType end id identifier meta participant resourceType specialty start status", true)
	})
	t.Run("E31 self link", func(t *testing.T) {
		status, body, err := d.call(t.Context(), http.MethodPost, "/R4/Appointment/_search?status=booked", d.admin, []byte("patient=p1"), "Content-Type", "application/x-www-form-urlencoded")
		if err := expect(err, status, http.StatusOK, body); err != nil {
			t.Fatal(err)
		}
		if got := d.page(t, readAnswer(t, body).links["self"]).ids; !slices.Equal(got, []string{"a01", "a03", "a07"}) {
			t.Errorf("the self link finds %v", got)
		}
	})
}

// wantMembers checks the members of the one match, and whether it says that it is
// not whole.
func (d *demo) wantMembers(t *testing.T, url, want string, subsetted bool) {
	t.Helper()
	match := d.page(t, url).bundle.Get("entry").First().Get("resource")
	var names []string
	for name := range match.Members() {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s shows %s, want %s", url, got, want)
	}
	tagged := match.One(fhir.MustPath("meta.tag.where(code=SUBSETTED).system")).Text() == "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	if tagged != subsetted {
		t.Errorf("%s says that it is not whole: %t", url, tagged)
	}
}
