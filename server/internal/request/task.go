package request

import (
	"encoding/json"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// The systems and codes of a request's Task.
const (
	// LegacySystem is the identifier system of numeric ids (design decision 24).
	LegacySystem = "http://fhir.patientsknowbest.com/id/menudata-legacy-identifier"
	// CodeSystem is that of Task.code, and of the types of its input and output.
	CodeSystem = "http://fhir.patientsknowbest.com/codesystem/appointment-request"

	statusBefore = "status-before"
	statusAfter  = "status-after"
)

// The paths of a Task that requests use.
var (
	pathNumber  = fhir.MustPath("identifier").Where("system", LegacySystem).Then("value")
	pathBefore  = fhir.MustPath("input").Where("type.coding.code", statusBefore).Then("valueCode")
	pathAfter   = fhir.MustPath("output").Where("type.coding.code", statusAfter).Then("valueCode")
	pathMessage = fhir.MustPath("extension").Where("url", fhir.MessageID).Then("valueString")
	pathPerson  = fhir.MustPath("identifier").Where("system", LegacySystem).Then("value")
	pathLabels  = fhir.MustPath("meta.security")
)

type object = map[string]any

// put and its callers write values that are made of maps and strings.
func value(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only what cannot be written gets here
	}
	return b
}

func set(path string, v json.RawMessage) fhir.Change {
	return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: v}
}

// instantForm is how a Task's times are written.
const instantForm = "2006-01-02T15:04:05.000Z07:00"

func instant(t time.Time) json.RawMessage { return fhir.Quote(t.UTC().Format(instantForm)) }

func coded(code, text string) object {
	return object{"coding": []object{{"system": CodeSystem, "code": code}}, "text": text}
}

// view reads a Task.
func (s *Service) view(rec store.Record) (Request, error) {
	root := rec.Resource.Root()
	r := Request{
		Key: rec.Key, Version: rec.Version, State: State(root.Get("status").Text()),
		Kind: Kind(root.One(pathKind).Text()), Subject: root.Get("description").Text(),
		Progress: root.Find("businessStatus", "text").Text(), Why: root.Find("statusReason", "text").Text(),
		Before: root.One(pathBefore).Text(), After: root.One(pathAfter).Text(),
		Owner: party(root.Get("owner")), Asked: timeOf(root.Get("authoredOn")), Changed: timeOf(root.Get("lastModified")),
		Ended: timeOf(root.Find("executionPeriod", "end")),
	}
	r.Number, _ = ParseNumber(root.One(pathNumber).Text())
	r.Appointment = s.target(rec.Customer, root.Get("focus"))
	r.Patient = s.target(rec.Customer, root.Get("for"))
	for n := range root.Get("note").Each() {
		m := Message{Time: timeOf(n.Get("time")), Text: n.Get("text").Text(), Author: party(n.Get("authorReference"))}
		m.Patient = s.target(rec.Customer, n.Get("authorReference")).Type == "Patient"
		if m.Number, _ = ParseNumber(n.One(pathMessage).Text()); m.Number == 0 {
			r.Notes = append(r.Notes, m)
			continue
		}
		r.Messages = append(r.Messages, m)
	}
	if r.Kind != Change && r.Kind != Cancel {
		return r, fhir.Errorf(fhir.NotFound, "The Task is no request about an appointment.")
	}
	return r, nil
}

var pathKind = fhir.MustPath("code.coding").Where("system", CodeSystem).Then("code")

// target gives the resource that a reference is to, of the same customer.
func (s *Service) target(customer string, ref fhir.Node) store.Key {
	to := fhir.ParseReference(ref.Get("reference").Text(), s.Bases)
	return store.Key{Customer: customer, Type: to.Type, ID: to.ID}
}

func party(ref fhir.Node) Party {
	n, _ := ParseNumber(ref.One(pathPerson).Text())
	return Party{Number: n, Name: ref.Get("display").Text()}
}

// reference writes a party.
func (p Party) reference() object {
	out := object{"display": p.Name}
	if p.Number != 0 {
		out["identifier"] = object{"system": LegacySystem, "value": p.Number.String()}
	}
	return out
}

func timeOf(n fhir.Node) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, n.Text())
	return t
}
