package mappings

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/hl7bridge/hl7"
)

type object = map[string]any

// drawText draws text of all that is hard to carry: delimiters, line ends, escapes,
// other scripts, and what means deletion.
func drawText(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{
		"Knee", "a^b&c~d|e\\f", "two\nlines", "\\T\\ is no escape", "Ünïcode – 日本", `"quoted"`, `""`, "<b>", "  padded  ", "x\\.br\\y", "#", "a\x0bb\x1cc",
	}).Draw(t, name)
}

// drawAppointment draws an appointment that a client might write.
func drawAppointment(t *rapid.T) fhir.Resource {
	maybe := func(name string) bool { return rapid.Bool().Draw(t, name) }
	start := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 600_000).Draw(t, "start"), 0, rapid.SampledFrom([]int{0, 500_000_000}).Draw(t, "ms"), time.UTC)
	a := object{
		"resourceType": "Appointment", "id": "a", "status": rapid.SampledFrom([]string{"booked", "arrived", "checked-in", "fulfilled"}).Draw(t, "status"),
		"start": fhir.FormatInstant(start),
	}
	if maybe("ends") {
		a["end"] = fhir.FormatInstant(start.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute))
	}
	if maybe("subject") {
		a["appointmentType"] = object{"coding": []object{{"code": "C1", "system": rapid.SampledFrom([]string{systemOfSNOMED, systemOfReason, "https://s.example/x?a&b"}).Draw(t, "system"), "display": drawText(t, "subject")}}}
	}
	if maybe("comment") {
		a["comment"] = drawText(t, "comment")
	}
	if maybe("url") {
		a["extension"] = []object{{"url": fhir.ManagementURL, "valueUrl": rapid.SampledFrom([]string{"https://h.example/m?a=1&b=~c", "https://h.example/%2F"}).Draw(t, "url text")}}
	}
	if maybe("specialty") {
		a["specialty"] = []object{{"coding": []object{{"code": "110", "display": drawText(t, "specialty"), "system": "https://s.example"}}}}
	}
	if maybe("service") {
		a["serviceType"] = []object{{"coding": []object{{"code": "S1", "system": "https://s.example", "display": "One"}}}, {"coding": []object{{"code": "S2"}}}}
	}
	if maybe("priority") {
		a["priority"] = rapid.IntRange(1, 7).Draw(t, "urgency")
	}
	var parts []object
	for _, typ := range []string{"Location", "Practitioner", "Practitioner"} {
		if !maybe("a " + typ) {
			continue
		}
		actor := object{"type": typ, "display": drawText(t, typ)}
		if typ == "Practitioner" && maybe("identified") {
			actor["identifier"] = object{"system": "https://id.example/gmc", "value": drawText(t, "value")}
		}
		status := "accepted" // that of a place is not told
		if typ == "Practitioner" {
			status = rapid.SampledFrom([]string{"accepted", "tentative", "declined", "needs-action"}).Draw(t, "accepts")
		}
		parts = append(parts, object{"actor": actor, "status": status})
	}
	if parts != nil {
		a["participant"] = parts
	}
	return asResource(t, a)
}

func asResource(t rapid.TB, o object) fhir.Resource {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func partiesIn(r fhir.Resource) (all []Party) {
	for n := range r.Root().Get("participant").Each() {
		if p := PartyOf(n); p.Type != "Patient" {
			all = append(all, p)
		}
	}
	return all
}

func noticeOf(t rapid.TB, event string, now, before fhir.Resource) Notice {
	n := Notice{
		Event: event, Control: "c1", At: time.Date(2026, 5, 12, 10, 0, 0, 0, time.UTC), Zone: londonTime, Alias: "trust", App: "SLOTWAY", Processing: "P", Standard: "2.5.1",
		Placer: "a", Appointment: now, Parties: partiesIn(now), Before: before,
	}
	if !before.IsZero() {
		n.PartiesBefore = partiesIn(before)
	}
	n.Patient, _ = fhir.Parse([]byte(`{"resourceType":"Patient","id":"p","identifier":[{"system":"` + fhir.NHSNumberSystem + `","value":"9990000018"}],"name":[{"family":"O^Sample","given":["Ada","B"],"prefix":["Dr"]}],"birthDate":"1980-02-29","gender":"female"}`))
	return n
}

// readBack gives what a receiver makes of a notice: of an appointment that it has, or
// a new one.
func readBack(t rapid.TB, n Notice, had fhir.Resource) fhir.Resource {
	t.Helper()
	raw, err := n.Message()
	if err != nil {
		t.Fatal(err)
	}
	m, err := hl7.Parse(raw)
	if err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	in, err := Map(m, Options{Zone: time.UTC})
	if err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	if in.Placer != "a" || len(in.Lacking) > 0 || len(in.Person.Identifiers) != 1 || in.Person.BirthDate != "1980-02-29" {
		t.Fatalf("placer %q, lacking %v, person %+v: %q", in.Placer, in.Lacking, in.Person, raw)
	}
	changes := append(append([]fhir.Change{}, in.Defaults...), in.ChangesToNew()...)
	if had.IsZero() {
		had = fhir.Empty("Appointment")
	} else {
		changes = in.ChangesTo(had)
	}
	r, err := had.Apply(changes...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is sent is read as the appointment it is about: sent on from there, it is the
// same message.
func TestNoticeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := noticeOf(t, "S12", drawAppointment(t), fhir.Resource{})
		got := readBack(t, n, fhir.Resource{})
		want := n.Body()
		if !n.Appointment.Root().Get("appointmentType").Exists() { // the receiver's default
			got, _ = got.Apply(remove(fhir.MustPath("appointmentType")))
		}
		again := noticeOf(t, "S12", got, fhir.Resource{})
		if diff := cmp.Diff(strings.Split(want, "\r"), strings.Split(again.Body(), "\r")); diff != "" {
			t.Errorf("sent, and what is read of it sent on (-first +second):\n%s", diff)
		}
	})
}

// A change makes of what the receiver has what a booking of the new version makes of
// nothing: what is gone here is gone there.
func TestNoticeOfChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, now := drawAppointment(t), drawAppointment(t)
		event := EventOfChange(before, now)
		if event != "S13" && event != "S14" {
			t.Fatalf("event %s", event)
		}
		had := readBack(t, noticeOf(t, "S12", before, fhir.Resource{}), fhir.Resource{})
		got := readBack(t, noticeOf(t, event, now, before), had)
		want := readBack(t, noticeOf(t, "S12", now, fhir.Resource{}), fhir.Resource{})
		if !now.Root().Get("appointmentType").Exists() {
			got, _ = got.Apply(remove(fhir.MustPath("appointmentType")))
			want, _ = want.Apply(remove(fhir.MustPath("appointmentType")))
		}
		first, second := noticeOf(t, "S12", want, fhir.Resource{}), noticeOf(t, "S12", got, fhir.Resource{})
		if diff := cmp.Diff(strings.Split(first.Body(), "\r"), strings.Split(second.Body(), "\r")); diff != "" {
			t.Errorf("booked anew, and changed (-new +changed):\n%s", diff)
		}
	})
}

func TestEventOfChange(t *testing.T) {
	of := func(status string) fhir.Resource {
		if status == "" {
			return fhir.Resource{}
		}
		return fhirtest.Parse(t, `{"resourceType":"Appointment","status":"`+status+`","start":"2026-01-01T10:00:00Z"}`)
	}
	for _, tc := range []struct{ before, now, want string }{
		{"", "booked", "S12"},
		{"", "pending", ""},
		{"", "cancelled", ""},
		{"proposed", "booked", "S12"},
		{"pending", "cancelled", ""}, // a hold that ended
		{"booked", "booked", "S14"},
		{"booked", "arrived", "S14"},
		{"booked", "cancelled", "S15"},
		{"booked", "noshow", "S26"},
		{"booked", "entered-in-error", "S17"},
		{"booked", "", "S17"},
		{"booked", "waitlist", "S15"},
		{"cancelled", "booked", "S12"},
		{"cancelled", "cancelled", ""},
		{"cancelled", "", ""},
	} {
		if got := EventOfChange(of(tc.before), of(tc.now)); got != tc.want {
			t.Errorf("%q to %q: %q, want %q", tc.before, tc.now, got, tc.want)
		}
	}
	moved := fhirtest.Parse(t, `{"resourceType":"Appointment","status":"booked","start":"2026-01-01T11:00:00Z"}`)
	if got := EventOfChange(of("booked"), moved); got != "S13" {
		t.Errorf("moved: %q, want S13", got)
	}
	same := fhirtest.Parse(t, `{"resourceType":"Appointment","status":"booked","start":"2026-01-01T11:00:00+01:00"}`)
	if got := EventOfChange(of("booked"), same); got != "S14" {
		t.Errorf("the same time of another offset: %q, want S14", got)
	}
}

// Every status that can be told of is understood as what it is.
func TestStatusCode(t *testing.T) {
	for status, code := range statusCode {
		if got := bookingStatus[strings.ToLower(code)]; got != status {
			t.Errorf("%s is sent as %s, which is read as %s", status, code, got)
		}
	}
}

// Each row has something to say of the example, and the message is the one that is
// printed in testdata.
func TestTellings(t *testing.T) {
	a := fhirtest.Parse(t, `{"resourceType":"Appointment","id":"a","status":"cancelled","extension":[{"url":"`+fhir.ManagementURL+`","valueUrl":"https://h.example/m?a=1&b=2"}],
"cancelationReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0276","code":"pat","display":"Patient"}],"text":"Feels better"},
"serviceType":[{"coding":[{"system":"http://snomed.info/sct","code":"1","display":"X-ray"}]}],"specialty":[{"coding":[{"system":"https://s.example/spec","code":"110","display":"Orthopaedics"}]}],
"appointmentType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0276","code":"ROUTINE","display":"Knee & hip"}],"text":"t"},
"reasonCode":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0276","code":"CHECKUP"}]}],"priority":3,"description":"d",
"start":"2026-06-01T09:00:00Z","end":"2026-06-01T09:20:00Z","comment":"Bring:\nshoes",
"participant":[{"actor":{"type":"Location","display":"Clinic 4"},"status":"accepted"},{"actor":{"type":"Practitioner","display":"Dr Black","identifier":{"system":"https://id.example/gmc","value":"7777777"}},"type":[{"coding":[{"code":"ATND","display":"attender"}]}],"status":"tentative"},{"actor":{"type":"Device","display":"Scanner"},"status":"accepted"}]}`)
	n := noticeOf(t, "S15", a, fhir.Resource{})
	n.Customer = "Riverside NHS Trust"
	raw, err := n.Message()
	if err != nil {
		t.Fatal(err)
	}
	want := `MSH|^~\&|SLOTWAY|trust{trust}|||20260512110000+0100||SIU^S15^SIU_S12|c1|P|2.5.1||||||UNICODE UTF-8
SCH|a|||||pat^Feels better^HL70276|CHECKUP^Knee \T\ hip|ROUTINE^^HL70276|20|min|^^^20260601100000+0100^20260601102000+0100^R|||||^Riverside NHS Trust||||^SLOTWAY|||||Cancelled
TQ1|1||||||20260601100000+0100|20260601102000+0100|R
NTE|1||Bring:\.br\shoes
ZAP|https://h.example/m?a=1\T\b=2
PID|1||9990000018^^^NHS^NH||O\S\Sample^Ada^B^^Dr||19800229|F
PV1|1|O|^^^^^^^^Clinic 4|||||||110^Orthopaedics^https://s.example/spec
RGS|1
AIS|1||1^X-ray^SCT
AIG|1||^Scanner
AIL|1||^^^^^^^^Clinic 4
AIP|1||7777777^Dr Black^^^^^^^&https://id.example/gmc&URI|ATND^attender||||||||Pending
`
	if diff := cmp.Diff(want, strings.ReplaceAll(string(raw), "\r", "\n")); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	named := fhirtest.Parse(t, `{"resourceType":"Appointment","status":"cancelled","participant":[
{"extension":[{"url":"`+SegmentExtension+`","valueCode":"SCH-16"}],"actor":{"display":"Front desk","identifier":{"value":"9"}},"required":"information-only","status":"accepted"},
{"extension":[{"url":"`+SegmentExtension+`","valueCode":"SCH-20"}],"actor":{"display":"Night clerk","identifier":{"value":"8"}},"required":"information-only","status":"accepted"}]}`)
	for i, row := range Tellings() {
		says := false
		for _, one := range []fhir.Resource{a, named} {
			says = says || row.Say(&n, tell{root: one.Root(), node: one.Root().One(row.path), parties: n.Parties}) != ""
		}
		if !says {
			t.Errorf("row %d, %s of %s, says nothing of the example", i, row.To, row.From)
		}
	}
}

// What the standard wants filled is filled (HL7 v2, 10.6.2), and a reason that is not
// known is read as none.
func TestRequiredOutbound(t *testing.T) {
	const clerk = `"participant":[{"extension":[{"url":"` + SegmentExtension + `","valueCode":"SCH-20"}],"actor":{"display":"Night clerk","identifier":{"value":"8"}},"status":"accepted"}],`
	const reason = `"cancelationReason":{"text":"Feels better"},`
	for _, tc := range []struct {
		event, has           string
		reason, contact, who string // SCH-6, SCH-16, SCH-20
	}{
		{"S12", "", "NEW^New booking", "^Riverside NHS Trust", "^SLOTWAY"},
		{"S13", clerk, "MOVED^Rescheduled", "^Riverside NHS Trust", "8^Night clerk"},
		{"S14", "", "CHANGED^Modified", "^Riverside NHS Trust", "^SLOTWAY"},
		{"S15", reason, "^Feels better", "^Riverside NHS Trust", "^SLOTWAY"},
		{"S15", "", "U^Unknown^HL70353", "^Riverside NHS Trust", "^SLOTWAY"},
		{"S17", "", "U^Unknown^HL70353", "^Riverside NHS Trust", "^SLOTWAY"},
	} {
		n := noticeOf(t, tc.event, fhirtest.Parse(t, `{"resourceType":"Appointment",`+tc.has+`"status":"booked","start":"2026-06-01T09:00:00Z"}`), fhir.Resource{})
		n.Customer = "Riverside NHS Trust"
		raw, err := n.Message()
		if err != nil {
			t.Fatal(err)
		}
		m, err := hl7.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range map[int]string{6: tc.reason, 16: tc.contact, 20: tc.who} {
			if got, _ := m.RawField("SCH", field); string(got) != want {
				t.Errorf("%s %s: SCH-%d is %s, want %s", tc.event, tc.has, field, got, want)
			}
		}
		in, err := Map(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range in.Changes {
			if c.Path.String() == "cancelationReason" && c.Op == fhir.Set && tc.has != reason {
				t.Errorf("%s: the reason is read as %s", tc.event, c.Value)
			}
		}
	}
}

// Whose or when it is must be known.
func TestNoticeRefused(t *testing.T) {
	a := fhirtest.Parse(t, `{"resourceType":"Appointment","status":"booked"}`)
	if _, err := noticeOf(t, "S12", a, fhir.Resource{}).Message(); fhir.KindOf(err) != fhir.Unprocessable {
		t.Errorf("without a start: %v", err)
	}
	n := noticeOf(t, "S12", a, fhir.Resource{})
	n.Patient = fhir.Resource{}
	if _, err := n.Message(); fhir.KindOf(err) != fhir.Unprocessable {
		t.Errorf("of nobody: %v", err)
	}
}

var londonTime, _ = time.LoadLocation("Europe/London") // nil would be UTC, and TestTellings see it
