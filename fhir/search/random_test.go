package search

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"slotway/fhir"
)

// Random resources and queries that often meet: both draw from few values.

func one[T any](t *rapid.T, label string, from ...T) T { return rapid.SampledFrom(from).Draw(t, label) }

var (
	randomDates = []string{"2025-10-25T09:00:00Z", "2025-10-25T09:00:00.250Z", "2025-10-25T10:00:00+01:00", "2025-10-26T01:30:00+01:00", "2025-10-26T01:30:00Z", "2024-02-29T00:00:00Z"}
	randomCodes = []string{
		`{"coding":[{"system":"urn:s","code":"A","display":"Alpha one"}]}`, `{"coding":[{"code":"a"}],"text":"Beta"}`,
		`{"text":"Älpha"}`, `{"coding":[{"system":"http://hl7.org/fhir/x","code":"A"},{"system":"urn:t","code":"b"}]}`,
	}
	randomActors = []string{
		`{"reference":"Patient/1"}`, `{"reference":"http://fhir.example.test/fhir/Patient/2"}`, `{"reference":"Patient/1/_history/2"}`, `{"reference":"Location/1"}`,
		`{"reference":"#p"}`, `{"reference":"https://other.example/Patient/1"}`, `{"identifier":{"system":"urn:s","value":"A"}}`, `{"display":"x"}`,
	}
	randomNames   = []string{"Smith", "Van der Smith", "Ångström-Smith", "ann smith", "Jones"}
	randomPeriods = []string{`{"start":"2025-10-01"}`, `{"end":"2025-10-25"}`, `{"start":"2025-10-25","end":"2025-10-26T12:00:00Z"}`, `{"start":"2024","end":"2024"}`}
)

// drawResource gives a resource of a type with that id.
func drawResource(t *rapid.T, typ, id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":%q,"id":%q`, typ, id)
	maybe := func(format string, from []string) {
		if n := rapid.IntRange(0, 2).Draw(t, "values"); n > 0 && strings.Contains(format, "[") {
			var all []string
			for range n {
				all = append(all, one(t, "value", from...))
			}
			fmt.Fprintf(&b, ","+format, strings.Join(all, ","))
		} else if n > 0 {
			fmt.Fprintf(&b, ","+format, one(t, "value", from...))
		}
	}
	maybe(`"meta":{"lastUpdated":"%s"}`, randomDates)
	maybe(`"identifier":[%s]`, []string{`{"system":"urn:s","value":"A"}`, `{"value":"a"}`, `{"value":"A","type":{"coding":[{"system":"urn:s","code":"b"}]}}`})
	switch typ {
	case "Appointment":
		maybe(`"status":"%s"`, []string{"booked", "pending", "Booked"})
		maybe(`"start":"%s"`, randomDates)
		maybe(`"end":"%s"`, randomDates)
		maybe(`"specialty":[%s]`, randomCodes)
		maybe(`"slot":[%s]`, []string{`{"reference":"Slot/1"}`, `{"reference":"Slot/2"}`})
		var actors []string
		for _, a := range randomActors {
			actors = append(actors, `{"actor":`+a+`,"status":"accepted"}`)
		}
		maybe(`"participant":[%s]`, actors)
		b.WriteString(`,"contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Smith"}]}]`)
	case "Patient":
		maybe(`"active":%s`, []string{"true", "false"})
		maybe(`"birthDate":"%s"`, []string{"2025", "2025-10", "2025-10-25"})
		var names []string
		for _, n := range randomNames {
			names = append(names, `{"family":"`+n+`","given":["`+n+`"]}`)
		}
		maybe(`"name":[%s]`, names)
	case "Schedule":
		maybe(`"planningHorizon":%s`, randomPeriods)
		maybe(`"actor":[%s]`, randomActors)
	case "Slot":
		maybe(`"start":"%s"`, randomDates)
		maybe(`"schedule":%s`, []string{`{"reference":"Schedule/1"}`, `{"reference":"Schedule/2"}`})
	}
	return b.String() + "}"
}

var randomTypes = []string{"Appointment", "Patient", "Schedule", "Slot", "Location"}

// drawMemory gives two resources of each type.
func drawMemory(t *rapid.T, c *Catalog) *memory {
	m := &memory{}
	for _, typ := range randomTypes {
		for _, id := range []string{"1", "2"} {
			text := drawResource(t, typ, id)
			r, err := fhir.Parse([]byte(text))
			if err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			d, err := Extract(c, r)
			if err != nil {
				t.Fatal(err)
			}
			m.add(d)
		}
	}
	return m
}

var randomValues = map[Kind][]string{
	Token:     {"A", "a", "%7Ca", "urn:s%7CA", "urn:s%7C", "booked", "true", "http://hl7.org/fhir/appointmentstatus%7Cbooked"},
	Date:      {"2025", "2025-10-25", "ge2025-10-25", "lt2025-10-26", "ne2025-10", "sa2025-10-25T09:00:00Z", "eb2025-10-25", "gt2025-10-25T09:00:00.25Z", "le2024", "ap2025-10-25", "2025-10-26T01:30"},
	Reference: {"1", "Patient/1", "Patient/2", "Slot/1", "http://fhir.example.test/fhir/Location/1", "https://other.example/Patient/1", "Patient/1/_history/2"},
	String:    {"smith", "SMITH", "van+der", "angstrom", "ann"},
	URI:       {"urn:x"},
}

// randomParams are the parameters that random resources have values of.
var randomParams = map[string][]string{
	"Appointment": {"status", "date", "-end", "-period", "specialty", "identifier", "actor", "patient", "location", "slot", "_id", "_lastUpdated"},
	"Patient":     {"birthdate", "family", "name", "given", "identifier", "deceased", "phonetic", "_lastUpdated"},
	"Schedule":    {"date", "actor", "identifier"},
	"Slot":        {"start", "schedule", "identifier"},
	"Location":    {"identifier", "_id"},
}

// drawKey gives a key for a type and the parameter at its end.
func drawKey(t *rapid.T, typ string, depth int) (string, *Param) {
	if depth < 3 {
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0:
			links := map[string][]string{
				"Appointment": {"patient Patient", "actor:Patient Patient", "slot Slot", "location Location", "actor:Location Location"},
				"Slot":        {"schedule Schedule"}, "Schedule": {"actor:Patient Patient", "actor:Location Location"},
			}[typ]
			if links != nil {
				link, to, _ := strings.Cut(one(t, "link", links...), " ")
				key, p := drawKey(t, to, depth+1)
				return link + "." + key, p
			}
		case 1:
			sources := map[string][]string{
				"Patient": {"Appointment:patient", "Appointment:actor", "Schedule:actor"}, "Slot": {"Appointment:slot"},
				"Schedule": {"Slot:schedule"}, "Location": {"Appointment:location"},
			}[typ]
			if sources != nil {
				source := one(t, "source", sources...)
				from, _, _ := strings.Cut(source, ":")
				key, p := drawKey(t, from, depth+1)
				return "_has:" + source + ":" + key, p
			}
		}
	}
	p := byName[typ][one(t, "parameter", randomParams[typ]...)]
	return p.Name, p
}

func drawValue(t *rapid.T, p *Param) string {
	switch p.form {
	case asBoolean:
		return one(t, "boolean", "true", "false")
	case asContact:
		return "x"
	}
	return one(t, "value", randomValues[p.Kind]...)
}
