package careconnect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
)

// Show gives a stored resource as consumers of the booking standard are shown it:
// under its CareConnect profile; a slot with one identifier, a relative reference
// to its schedule, and its times in UTC; a schedule with one service, and at most
// one practitioner and role; a service with an identifier and at most one place.
//
// service, when not empty, is the id of the service that was asked for: a schedule
// that several share is shown as that one's. bases are those under which absolute
// references are to resources here. What the profile cannot do without is
// fhir.Internal: a part of an answer would mislead.
func Show(r fhir.Resource, service string, bases []string) (fhir.Resource, error) {
	show, ok := shows[r.Type()]
	if !ok {
		return r, nil
	}
	changes := []fhir.Change{{Path: pathProfile, Op: fhir.Set, Value: list(fhir.Quote(Profile(r.Type())))}}
	if show != nil {
		more, err := show(viewed{r.Type() + "/" + r.ID(), r.Root(), service, bases})
		if err != nil {
			return r, err
		}
		changes = append(changes, more...)
	}
	return r.Apply(changes...)
}

// viewed is a resource on its way to being shown.
type viewed struct {
	name    string
	root    fhir.Node
	service string
	bases   []string
}

// shows are the types that are shown, and what is changed of each besides its profile.
var shows = map[string]func(viewed) ([]fhir.Change, error){
	"Slot": slot, "Schedule": schedule, "HealthcareService": healthcareService,
	"Practitioner": nil, "PractitionerRole": nil, "Location": nil, "Organization": nil,
}

var (
	pathProfile    = fhir.MustPath("meta.profile")
	pathIdentifier = fhir.MustPath("identifier")
	pathSchedule   = fhir.MustPath("schedule.reference")
	pathStart      = fhir.MustPath("start")
	pathEnd        = fhir.MustPath("end")
	pathActor      = fhir.MustPath("actor")
	pathLocation   = fhir.MustPath("location")
)

func set(p fhir.Path, value []byte) fhir.Change {
	return fhir.Change{Path: p, Op: fhir.Set, Value: value}
}

func list(elements ...[]byte) []byte {
	out := []byte{'['}
	for i, el := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, el...)
	}
	return append(out, ']')
}

func identifier(system, value string) []byte {
	return []byte(`{"system":` + string(fhir.Quote(system)) + `,"value":` + string(fhir.Quote(value)) + `}`)
}

// incomplete is what cannot be shown. It is ours: what was stored should have it.
func (v viewed) incomplete(element string) error {
	return fhir.Errorf(fhir.Internal, "%s has no %s that the CareConnect profile can show", v.name, element)
}

func slot(v viewed) ([]fhir.Change, error) {
	var changes []fhir.Change
	for _, t := range []struct {
		name string
		path fhir.Path
	}{{"start", pathStart}, {"end", pathEnd}} {
		at, err := time.Parse(time.RFC3339, v.root.Get(t.name).Text())
		if err != nil {
			return nil, v.incomplete(t.name)
		}
		changes = append(changes, set(t.path, fhir.Quote(UTC(at))))
	}
	to := fhir.ParseReference(v.root.Find("schedule", "reference").Text(), v.bases)
	if to.Type != "Schedule" {
		return nil, v.incomplete("schedule")
	}
	if v.root.Get("status").Text() == "" {
		return nil, v.incomplete("status")
	}
	return append(changes, set(pathSchedule, fhir.Quote("Schedule/"+to.ID)), set(pathIdentifier, list(v.uuid()))), nil
}

// uuid gives the identifier of a resource that is a UUID: the one it has, or one
// made of its name that never changes.
func (v viewed) uuid() []byte {
	for el := range v.root.Get("identifier").Each() {
		if el.Get("system").Text() == LocalUUID {
			return el.Raw()
		}
	}
	return identifier(LocalUUID, nameUUID(v.name))
}

// nameUUID makes a UUID of a name, after RFC 9562 section 5.8.
func nameUUID(name string) string {
	sum := sha256.Sum256([]byte("slotway:" + name))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// roles are the types of the actors that a schedule is shown with, at most one of each.
var roles = []string{"HealthcareService", "Practitioner", "PractitionerRole"}

func schedule(v viewed) ([]fhir.Change, error) {
	var changes []fhir.Change
	if !v.root.Get("identifier").Exists() {
		changes = append(changes, set(pathIdentifier, list(v.uuid())))
	}
	actors := map[string]string{}
	for el := range v.root.Get("actor").Each() {
		to := fhir.ParseReference(el.Get("reference").Text(), v.bases)
		if actors[to.Type] == "" {
			actors[to.Type] = to.ID
		}
	}
	actors["HealthcareService"] = cmp.Or(v.service, actors["HealthcareService"])
	if actors["HealthcareService"] == "" {
		return nil, v.incomplete("service")
	}
	var shown [][]byte
	for _, typ := range roles {
		if id := actors[typ]; id != "" {
			shown = append(shown, []byte(`{"reference":`+string(fhir.Quote(typ+"/"+id))+`}`))
		}
	}
	return append(changes, set(pathActor, list(shown...))), nil
}

func healthcareService(v viewed) ([]fhir.Change, error) {
	var changes []fhir.Change
	if !v.root.Get("identifier").Exists() {
		changes = append(changes, set(pathIdentifier, list(identifier(ServiceID, v.root.Get("id").Text()))))
	}
	if places := v.root.Get("location"); places.Len() > 1 {
		changes = append(changes, set(pathLocation, list(places.First().Raw())))
	}
	return changes, nil
}

// listed are the elements of an appointment in a patient's list.
var listed = []string{"resourceType", "id", "meta", "status", "start", "end", "created"}

// Listed gives an appointment as it stands in a patient's list: who, when and in
// what state, its address as its identifier, and nothing that it is about. nhs is
// the NHS number that the list was asked for, or nothing.
func Listed(r fhir.Resource, address, nhs string) (fhir.Resource, error) {
	root := r.Root()
	out := []byte{'{'}
	for name, v := range root.Members() {
		if !slices.Contains(listed, name) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, fhir.Quote(name)...), ':'), v.Raw()...)
	}
	out = append(out, `,"identifier":`...)
	out = append(out, list(identifier("urn:ietf:rfc:3986", address))...)
	if who := participants(root, nhs); len(who) > 0 {
		out = append(append(out, `,"participant":`...), list(who...)...)
	}
	listed, err := fhir.Parse(append(out, '}'))
	if err != nil {
		return r, err
	}
	return listed.Apply(set(pathProfile, list(fhir.Quote(Profile("Appointment")))))
}

// participants gives the patient among those who take part, by identifier alone, or
// where none is known by that word.
func participants(root fhir.Node, nhs string) (all [][]byte) {
	for p := range root.Get("participant").Each() {
		id := p.Find("actor", "identifier")
		if !id.Exists() && !isPatient(root, p.Get("actor")) {
			continue
		}
		actor := `"display":"Patient"`
		switch {
		case id.Exists():
			actor = `"identifier":` + string(id.Raw())
		case nhs != "":
			actor = `"identifier":` + string(identifier(fhir.NHSNumberSystem, nhs))
		}
		status := cmp.Or(p.Get("status").Text(), "accepted")
		all = append(all, []byte(`{"actor":{`+actor+`},"status":`+string(fhir.Quote(status))+`}`))
	}
	return all
}

func isPatient(root, actor fhir.Node) bool {
	text := actor.Get("reference").Text()
	for el := range root.Get("contained").Each() {
		if "#"+el.Get("id").Text() == text {
			return el.Get("resourceType").Text() == "Patient"
		}
	}
	return strings.Contains(text, "Patient/")
}
