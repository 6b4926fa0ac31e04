package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
)

// The demo's world: two organisations, four services with a diary each, four
// weeks of slots from the day it is made, and fifty people. Nobody in it is real.

// services are those of the demo, under their Directory of Services ids.
var services = []struct {
	id, name, organization string
	busy                   bool // it has no free slot
}{
	{"999999999", "Riverside Urgent Treatment Centre", "riverside", false},
	{"999999998", "Riverside Emergency Dental Service", "riverside", true},
	{"999999997", "Hillside Out-of-Hours GP Service", "hillside", false},
	{"999999993", "Hillside Minor Injuries Unit", "hillside", false},
}

var organizations = []struct{ id, ods, name, town, postcode string }{
	{"riverside", "RX1", "Riverside NHS Trust", "Leeds", "LS1 4AP"},
	{"hillside", "RX2", "Hillside NHS Trust", "York", "YO1 7HH"},
}

var practitioners = []struct{ prefix, given, family, gender string }{
	{"Dr", "Sarah", "Black", "female"},
	{"Dr", "Imran", "Hussain", "male"},
	{"Dr", "Grace", "Okafor", "female"},
	{"Mr", "Tom", "Fletcher", "male"},
}

const (
	demoWeeks   = 4
	slotsADay   = 16
	slotMinutes = 30
	firstHour   = 8
	people      = 50
)

var (
	givenNames  = []string{"Amelia", "Oliver", "Aisha", "George", "Isla", "Mohammed", "Zofia", "Harry", "Priya", "Jack"}
	familyNames = []string{"Ashworth", "Begum", "Carter", "Dhillon", "Ellis", "Fernandes", "Griffiths", "Hussain", "Ismail", "Jones"}
)

// resources gives the resources of the demo in batches: each refers only to
// those before it.
func (d *demo) resources() [][]doc {
	var base, service, staff, diaries, slots []doc
	for _, o := range organizations {
		base = append(base, doc{
			"resourceType": "Organization", "id": o.id, "active": true, "name": o.name,
			"identifier": []doc{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": o.ods}},
			"address":    []doc{{"line": []string{"1 Hospital Way"}, "city": o.town, "postalCode": o.postcode}},
		})
		service = append(service, doc{
			"resourceType": "Location", "id": o.id + "-site", "status": "active", "name": o.name + " main site", "mode": "instance",
			"identifier":           []doc{{"system": "https://demo.slotway.example/Id/site", "value": o.ods + "-01"}},
			"address":              doc{"line": []string{"1 Hospital Way"}, "city": o.town, "postalCode": o.postcode},
			"managingOrganization": doc{"reference": "Organization/" + o.id},
		})
	}
	for i, s := range services {
		p := practitioners[i]
		role := fmt.Sprintf("5551%08d", i+1)
		service = append(service, doc{
			"resourceType": "HealthcareService", "id": s.id, "active": true, "name": s.name,
			"identifier": []doc{{"system": "https://fhir.nhs.uk/Id/dos-service-id", "value": s.id}},
			"providedBy": doc{"reference": "Organization/" + s.organization},
			"location":   []doc{{"reference": "Location/" + s.organization + "-site"}},
		})
		service = append(service, doc{
			"resourceType": "Practitioner", "id": fmt.Sprintf("practitioner-%d", i+1), "active": true, "gender": p.gender,
			"identifier": []doc{
				{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": fmt.Sprintf("5550%08d", i+1)},
				{"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": role},
			},
			"name": []doc{{"use": "official", "family": p.family, "given": []string{p.given}, "prefix": []string{p.prefix}}},
		})
		staff = append(staff, doc{
			"resourceType": "PractitionerRole", "id": role, "active": true,
			"practitioner":      doc{"reference": fmt.Sprintf("Practitioner/practitioner-%d", i+1)},
			"organization":      doc{"reference": "Organization/" + s.organization},
			"healthcareService": []doc{{"reference": "HealthcareService/" + s.id}},
			"code":              []doc{{"coding": []doc{{"system": "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-SDSJobRoleName-1", "code": "R0260", "display": "General Medical Practitioner"}}}},
		})
		diary := "diary-" + s.id
		diaries = append(diaries, doc{
			"resourceType": "Schedule", "id": diary, "active": true, "comment": s.name,
			"identifier": []doc{{"system": "https://tools.ietf.org/html/rfc4122", "value": stableUUID("schedule", s.id)}},
			"actor": []doc{
				{"reference": "HealthcareService/" + s.id},
				{"reference": fmt.Sprintf("Practitioner/practitioner-%d", i+1)},
				{"reference": "PractitionerRole/" + role},
			},
			"planningHorizon": doc{"start": instant(d.day), "end": instant(d.day.AddDate(0, 0, 7*demoWeeks))},
		})
		slots = append(slots, d.slots(s.id, diary, s.busy)...)
	}
	return [][]doc{base, service, staff, diaries, slots}
}

// slots gives the slots of a diary: every day of four weeks, from eight o'clock.
func (d *demo) slots(service, diary string, busy bool) []doc {
	status := "free"
	if busy {
		status = "busy"
	}
	var out []doc
	for day := range 7 * demoWeeks {
		for n := range slotsADay {
			t := d.day.AddDate(0, 0, day)
			start := time.Date(t.Year(), t.Month(), t.Day(), firstHour, n*slotMinutes, 0, 0, t.Location())
			id := service + "-" + start.Format("20060102-1504")
			out = append(out, doc{
				"resourceType": "Slot", "id": id, "status": status,
				"identifier": []doc{{"system": "https://tools.ietf.org/html/rfc4122", "value": stableUUID("slot", id)}},
				"schedule":   doc{"reference": "Schedule/" + diary},
				"start":      instant(start), "end": instant(start.Add(slotMinutes * time.Minute)),
			})
		}
	}
	return out
}

func instant(t time.Time) string { return fhir.FormatInstant(t) }

// messages gives the HL7 messages of the demo in batches. Sent again they are
// answered as before and change nothing.
func (d *demo) messages() [][]string {
	persons := []string{
		segments(
			`MSH|^~\&|PAS|alias_123{alias_123}|HL7API|PKB|202204050800||ADT^A28|demo-person-0|P|2.4`,
			seedPID,
		),
	}
	bookings := []string{
		segments(
			`MSH|^~\&|PAS|alias_123{alias_123}|HL7API|PKB|202204050900||SIU^S12|demo-booking-0|P|2.4`,
			segment("SCH", map[int]string{1: "ID123", 7: "^Paediatric review", 8: "OUT^Outpatient", 11: "^^^202204201030^202204201100", 25: "Booked"}),
			seedPID,
			segment("PV1", map[int]string{2: "O", 3: "^^^^^^^^Children's Outpatients", 10: "420^Paediatrics"}),
		),
	}
	for i := range people {
		p, err := d.person(i)
		if err != nil {
			return nil
		}
		persons = append(persons, segments(
			fmt.Sprintf(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|%s||ADT^A28|demo-person-%d|P|2.4`, d.sent(), i+1), p.pid,
		))
		// A booking in the weeks to come for everybody, and one in the past for half.
		when := d.day.AddDate(0, 0, 2+i%25).Add(time.Duration(9*60+10*(i%40)) * time.Minute)
		bookings = append(bookings, d.booking(p, fmt.Sprintf("DEMO-%03d", i+1), when, "Booked"))
		if i%2 == 0 {
			bookings = append(bookings, d.booking(p, fmt.Sprintf("DEMO-%03d-P", i+1), when.AddDate(0, 0, -60), "Complete"))
		}
	}
	return [][]string{persons, bookings}
}

// sent is the MSH-7 of the demo's messages: the day they are made for.
func (d *demo) sent() string { return d.day.Format("20060102") + "0600" }

func (d *demo) booking(p person, id string, when time.Time, status string) string {
	at := func(t time.Time) string { return t.Format("20060102150405-0700") }
	return segments(
		fmt.Sprintf(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|%s||SIU^S12|booking-%s|P|2.4`, d.sent(), id),
		segment("SCH", map[int]string{1: id, 7: "^Follow-up clinic", 8: "FOLLOWUP^Follow up^HL70276", 11: "^^^" + at(when) + "^" + at(when.Add(20*time.Minute)), 25: status}),
		`ZAP|`+d.managed(id),
		p.pid,
		segment("PV1", map[int]string{2: "O", 3: "^^^^^^^^Riverside Outpatients", 10: "100^General Surgery"}),
		`RGS|1`,
		`AIP|1||^Black^Sarah^^^Dr|PPRF^Primary performer`,
	)
}

// person is one of the demo's people.
type person struct{ nhs, born, pid string }

func (d *demo) person(i int) (person, error) {
	nhs, err := demoNHS(i)
	if err != nil {
		return person{}, err
	}
	born := time.Date(1940+(i*7)%70, time.Month(1+i%12), 1+i%28, 0, 0, 0, 0, time.UTC).Format("20060102")
	sex := "F"
	if i%2 == 1 {
		sex = "M"
	}
	return person{nhs, born, segment("PID", map[int]string{
		3: nhs + "^^^NHS^NH", 5: familyNames[i%len(familyNames)] + "^" + givenNames[(i/3)%len(givenNames)], 7: born, 8: sex,
		11: fmt.Sprintf("%d High Street^^Leeds^^LS%d 1AA^GBR", i+1, 1+i%28),
	})}, nil
}

// seedPID is the patient of the owner's printed messages.
var seedPID = segment("PID", map[int]string{3: "9999999999^^^NHS^NH", 5: "Seed^Sam^^^Mx", 7: "20200101", 8: "U"})

// segment writes a segment by the numbers of its fields.
func segment(name string, fields map[int]string) string {
	var b strings.Builder
	b.WriteString(name)
	for n := 1; n <= slices.Max(slices.Collect(maps.Keys(fields))); n++ {
		b.WriteString("|" + fields[n])
	}
	return b.String()
}

// segments joins the segments of a message.
func segments(s ...string) string { return strings.Join(s, "\r") + "\r" }
