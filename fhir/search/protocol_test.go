package search

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
)

// fhir-search 10.3: what is refused, and by what name.
func TestRefused(t *testing.T) {
	tests := []struct{ name, typ, query, where string }{
		{"E3", "Appointment", "status:exact=booked", "status:exact"},
		{"E4", "Appointment", "date:not=2025-10-25", "date:not"},
		{"E5 order", "Appointment", "date=25-10-2025", "date"},
		{"E5 month", "Appointment", "date=2025-13-01", "date"},
		{"E5 day", "Appointment", "date=2025-02-30", "date"},
		{"E5 junk", "Appointment", "date=junk", "date"},
		{"E5 prefix", "Appointment", "date=xx2025-01-01", "date"},
		{"E5 hour", "Appointment", "date=2025-10-25T14", "date"},
		{"E5 capitals", "Appointment", "date=GE2025-10-25", "date"},
		{"E5 offset", "Appointment", "date=2025-10-25T14:30:00%2B0100", "date"},
		{"E5 midnight", "Appointment", "date=2025-10-25T24:00", "date"},
		{"E8", "Appointment", "patient.birthdate=junk", "patient.birthdate"},
		{"E8 untyped", "Appointment", "actor.birthdate=junk", "actor.birthdate"},
		{"E9 type", "Appointment", "actor:Banana.name=x", "actor:Banana.name"},
		{"E9 no reference", "Appointment", "status.foo=x", "status.foo"},
		{"E9 parameter", "Appointment", "actor:Patient.nosuch=x", "actor:Patient.nosuch"},
		{"E9 parameter further on", "Appointment", "slot.schedule.nosuch=x", "slot.schedule.nosuch"},
		{"E10", "Patient", "active=%7Ctrue", "active"},
		{"E11", "Patient", "identifier:of-type=MR%7CRX-0042", "identifier:of-type"},
		{"E12", "Patient", "gender:missing=maybe", "gender:missing"},
		{"E13", "Appointment", `identifier=a%5Cb`, "identifier"},
		{"E13 at the end", "Appointment", `identifier=a%5C`, "identifier"},
		{"E14", "Appointment", "_query=mine", "_query"},
		{"E33", "Appointment", "_count=-1", "_count"},
		{"E33 letters", "Appointment", "_count=abc", "_count"},
		{"count twice", "Appointment", "_count=1&_count=2", "_count"},
		{"E29", "Appointment", "_summary=text&_include=Appointment:actor", "_summary"},
		{"summary", "Appointment", "_summary=yes", "_summary"},
		{"total", "Appointment", "_total=some", "_total"},
		{"elements", "Appointment", "_elements=a.b", "_elements"},
		{"modifier of a result parameter", "Appointment", "_sort:desc=date", "_sort:desc"},
		{"modifier of an include", "Appointment", "_include:always=Appointment:actor", "_include:always"},
		{"boolean", "Patient", "active=yes", "active"},
		{"contact with a system", "Patient", "phone=phone%7C07700900123", "phone"},
		{"two pipes", "Patient", "identifier=a%7Cb%7Cc", "identifier"},
		{"nothing round the pipe", "Patient", "identifier=%7C", "identifier"},
		{"of-type of no identifier", "Appointment", "status:of-type=a%7Cb%7Cc", "status:of-type"},
		{"of-type with an empty part", "Patient", "identifier:of-type=a%7C%7Cc", "identifier:of-type"},
		{"value set", "Appointment", "specialty:in=http://a.example/vs", "specialty:in"},
		{"subsumption", "Appointment", "specialty:below=x", "specialty:below"},
		{"uri subsumption", "Appointment", "_profile:below=http://a.example", "_profile:below"},
		{"string modifier", "Patient", "family:text=x", "family:text"},
		{"modifier without a name", "Patient", "family:=x", "family:"},
		{"nothing to search for", "Patient", "family=-", "family"},
		{"nothing to sound", "Patient", "phonetic=7", "phonetic"},
		{"nothing to read", "Appointment", "specialty:text=!", "specialty:text"},
		{"type that is none", "Appointment", "supporting-info:Banana=1", "supporting-info:Banana"},
		{"elements of elements", "Appointment", "_elements=participant.actor", "_elements"},
		{"type outside the targets", "Appointment", "actor:Organization=o1", "actor:Organization"},
		{"type against its modifier", "Appointment", "actor:Patient=Practitioner/pr1", "actor:Patient"},
		{"reference", "Appointment", "actor=two+words", "actor"},
		{"reference in small letters", "Appointment", "actor=patient/p1", "actor"},
		{"reference into the resource", "Appointment", "actor=%23pat", "actor"},
		{"chain from an identifier", "Appointment", "actor:identifier.name=x", "actor:identifier.name"},
		{"_has without a type", "Patient", "_has:Banana:patient:status=x", "_has:Banana:patient:status"},
		{"_has without a reference", "Patient", "_has:Appointment:status:status=x", "_has:Appointment:status:status"},
		{"_has of another type", "Patient", "_has:Slot:schedule:status=x", "_has:Slot:schedule:status"},
		{"_has cut short", "Patient", "_has:Appointment:patient=x", "_has:Appointment:patient"},
		{"_has without such a parameter", "Patient", "_has:Appointment:patient:nosuch=x", "_has:Appointment:patient:nosuch"},
		{"percent", "Appointment", "status=%zz", "status"},
		{"bytes", "Appointment", "status=%ff", "status"},
		{"zero", "Appointment", "status=a%00b", "status"},
		{"chained sort", "Appointment", "_sort=-patient.family", "_sort"},
		{"sort with a modifier", "Appointment", "_sort=date:missing", "_sort"},
		{"explain", "Appointment", "_explain=please", "_explain"},
		{"explain with a modifier", "Appointment", "_explain:deep=true", "_explain:deep"},
	}
	c := NewCatalog([]string{fixtureBase}, nil)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse(c, tc.typ, tc.query, now)
			e := fhir.AsError(err)
			if err == nil || e.Kind != fhir.Invalid || e.Where != tc.where {
				t.Fatalf("Parse(%s?%s) = %v, want an Invalid at %q", tc.typ, tc.query, err, tc.where)
			}
			if e.Text == "" || len(e.AllIssues()) != 1 || e.AllIssues()[0].Code == "" {
				t.Errorf("the error shows %+v, want one issue with a code and text", e.AllIssues())
			}
		})
	}
}

// security-reliability S90, and no quadratic cost: each is refused at its limit.
func TestLimits(t *testing.T) {
	repeat := func(n int, part, join string) string { return strings.TrimSuffix(strings.Repeat(part+join, n), join) }
	tests := []struct {
		name, query string
		ok          bool
	}{
		{"parameters", repeat(MaxParams, "status=booked", "&"), true},
		{"parameters and one more", repeat(MaxParams+1, "status=booked", "&"), false},
		{"parameters that are ignored", repeat(MaxParams+1, "family=", "&"), false},
		{"values", "_id=" + repeat(MaxValues, "a", ","), true},
		{"values and one more", "_id=" + repeat(MaxValues+1, "a", ","), false},
		{"escaped commas", "identifier=" + repeat(MaxValues+1, "a", `%5C,`), true},
		{"chain", "location." + repeat(MaxChain-1, "partof", ".") + ".name=x", true},
		{"chain and one more", "location." + repeat(MaxChain, "partof", ".") + ".name=x", false},
		{"includes", repeat(MaxIncludes+1, "_include=Appointment:actor:Patient", "&"), true},
		{"different includes", "_include=Appointment:actor:" + strings.Join([]string{"Patient", "Location", "Practitioner", "Device", "PractitionerRole", "HealthcareService", "RelatedPerson&_include=Appointment:slot&_include=Appointment:patient&_include=Appointment:location&_include=Appointment:based-on"}, "&_include=Appointment:actor:"), false},
		{"length", "identifier=" + strings.Repeat("a", MaxQuery-11), true},
		{"length once encoded", "identifier=" + strings.Repeat("é", (MaxQuery-11)/6), true},
		{"length once encoded, and more", "identifier=" + strings.Repeat("é", (MaxQuery-11)/6+1), false},
		{"length and one more", "identifier=" + strings.Repeat("a", MaxQuery-10), false},
	}
	c := NewCatalog(nil, nil)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse(c, "Appointment", tc.query, now)
			if got := err == nil; got != tc.ok {
				t.Errorf("Parse = %v, want ok %t", err, tc.ok)
			}
			if err != nil && fhir.KindOf(err) != fhir.Invalid {
				t.Errorf("Parse = %v, want Invalid", err)
			}
		})
	}
}

// fhir-search 7.3 and 10.3 (E1, E2, E32): what is ignored is said, and the self
// link does not claim it.
func TestIgnored(t *testing.T) {
	tests := []struct {
		name, typ, query, self string
		warned                 []string
	}{
		{"E1", "Appointment", "foo=bar&status=booked", "status=booked", []string{"foo"}},
		{"E32", "Appointment", "_include=Appointment:nosuch", "", []string{"_include"}},
		{"include of a token", "Appointment", "_include=Appointment:status", "", []string{"_include"}},
		{"include of a type not kept", "Appointment", "_include=Medication:subject", "", []string{"_include"}},
		{"include of no target", "Appointment", "_include=Appointment:patient:Location", "", []string{"_include"}},
		{"unknown with a modifier", "Appointment", "foo:exact=a&foo.bar=b", "", []string{"foo:exact", "foo.bar"}},
		{"name in capitals", "Appointment", "Status=booked", "", []string{"Status"}},
		{"known and not supported", "Appointment", "_text=x&_filter=y&_list=z", "", []string{"_text", "_filter", "_list"}},
		{"contained ones too", "Appointment", "_contained=both&_containedType=contained", "", []string{"_contained", "_containedType"}},
		{"contained ones as ever", "Appointment", "_contained=false&_containedType=container", "_contained=false&_containedType=container", nil},
		{"an element that is none", "Appointment", "_elements=status,colour,,Appointment.start", "_elements=status,Appointment.start", []string{"_elements"}},
		{"only elements that are none", "Appointment", "_elements=colour", "", []string{"_elements"}},
		{"sort by what has no order", "Location", "_sort=near,-name", "_sort=-name", []string{"_sort"}},
		{"sort by nothing", "Appointment", "_sort=,", "", nil},
		{"sort key", "Appointment", "_sort=-date,nosuch,status", "_sort=-date,status", []string{"_sort"}},
		{"only sort key", "Appointment", "_sort=nosuch", "", []string{"_sort"}},
		{"empty values", "Patient", "family=&name=&foo=&&given:exact=", "", nil},
		{"empty value of a chain", "Appointment", "patient.family=", "", nil},
		{"cursor", "Appointment", "status=booked&_page=abc", "status=booked", nil},
		{"others' parameters", "Appointment", "_format=json&_pretty=true", "_format=json&_pretty=true", nil},
	}
	c := NewCatalog(nil, nil)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := parse(t, c, tc.typ, tc.query)
			var warned []string
			for _, w := range p.Warnings {
				warned = append(warned, w.Where)
				if w.Severity != "warning" || w.Code != "not-supported" || w.Text == "" {
					t.Errorf("warning %+v, want severity warning, code not-supported and a text", w)
				}
			}
			if diff := cmp.Diff(tc.warned, warned); diff != "" {
				t.Errorf("warnings (-want +got)\n%s", diff)
			}
			if p.Self != tc.self {
				t.Errorf("Self = %q, want %q", p.Self, tc.self)
			}
		})
	}
}

// fhir-search 7.9: the self link can be sent again, so nothing in it is raw.
func TestSelf(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"as it was", "status=booked&date=ge2025-10-25", "status=booked&date=ge2025-10-25"},
		{"pipes and colons", "actor%3APatient.identifier=https%3A%2F%2Fa.example%2Fid%7C1", "actor:Patient.identifier=https://a.example/id%7C1"},
		{"order", "_sort=date&status=booked&_count=5", "_sort=date&status=booked&_count=5"},
		{"E6: the plus that was lost", "date=2025-10-25T14:30:00+01:00", "date=2025-10-25T14:30:00%2B01:00"},
		{"E6: in each value", "date=ge2025-10-25T14:30+01:00,2025-10-25T14:30:00.5%2001:00", "date=ge2025-10-25T14:30%2B01:00,2025-10-25T14:30:00.5%2B01:00"},
		{"E6: at the end of a chain", "slot.start=2025-10-25T14:30:00+01:00", "slot.start=2025-10-25T14:30:00%2B01:00"},
		{"blanks stay blanks elsewhere", "patient.name=zo%C3%AB+anne", "patient.name=zo%C3%AB%20anne"},
		{"count is cut down", "_count=100000", "_count=1000"},
		{"count is cut down even when absurd", "_count=99999999999999999999", "_count=1000"},
		{"the plus that a telephone number lost", "patient.phone=+447700900123,%2B447700900124", "patient.phone=%2B447700900123,%2B447700900124"},
		{"the plus that an e-mail address lost", "patient.email=zoe+nhs@example.test,07700+900123", "patient.email=zoe%2Bnhs@example.test,07700%20900123"},
		{"ampersand in a value", "identifier=a%26b%3Dc", "identifier=a%26b%3Dc"},
	}
	c := NewCatalog(nil, nil)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := parse(t, c, "Appointment", tc.query).Self; got != tc.want {
				t.Errorf("Self = %s, want %s", got, tc.want)
			}
		})
	}
}

// No message repeats a value, since it may be a patient's.
func TestMessagesHoldNoValues(t *testing.T) {
	const secret = "9991230017"
	c := NewCatalog(nil, nil)
	for _, query := range []string{
		"identifier=" + secret + "%7Ca%7Cb", "date=" + secret, "actor=x%20" + secret, "identifier=%5C" + secret,
		"status:missing=" + secret, "_count=x" + secret, "_summary=" + secret, "foo=" + secret, "patient.birthdate=" + secret,
		"patient.active=" + secret, "_elements=" + secret, "_text=" + secret, "_query=" + secret,
	} {
		p, err := Parse(c, "Appointment", query, now)
		text := ""
		for _, w := range p.Warnings {
			text += w.Text + w.Where
		}
		if err != nil {
			for _, i := range fhir.AsError(err).AllIssues() {
				text += i.Text + i.Where
			}
		}
		if text == "" || strings.Contains(text, secret) {
			t.Errorf("Parse(%s) says %q, want a message without the value", query, text)
		}
	}
}
