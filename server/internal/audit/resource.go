package audit

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// Systems of what an AuditEvent says.
const (
	typeSystem        = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	interactionSystem = "http://hl7.org/fhir/restful-interaction"
	actSystem         = "urn:slotway:act" // acts that are no interactions of FHIR
	entitySystem      = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	roleSystem        = "http://terminology.hl7.org/CodeSystem/object-role"
	requestSystem     = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
	participantSystem = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	dicomSystem       = "http://dicom.nema.org/resources/ontology/DCM"
	odsSystem         = "https://fhir.nhs.uk/Id/ods-organization-code"
	asidSystem        = "https://fhir.nhs.uk/Id/nhsSpineASID"
)

type (
	object  = map[string]any
	objects = []any
)

func coding(system, code string) object { return object{"system": system, "code": code} }

func concept(system, code string) object { return object{"coding": objects{coding(system, code)}} }

// identified is a reference by identifier.
func identified(system, value string) object {
	id := object{"value": value}
	if system != "" {
		id["system"] = system
	}
	return object{"identifier": id}
}

// acts gives AuditEvent.action of the interactions; of any other act it is E.
var acts = map[string]string{
	"read": "R", "vread": "R", "history-instance": "R", "history-type": "R", "history-system": "R",
	"create": "C", "update": "U", "patch": "U", "delete": "D",
	"review.list": "R", "review.view": "R", "messages.search": "R", "messages.view": "R", "messages.try": "R", "outbox.list": "R",
}

// resource gives the AuditEvent of an event, http://hl7.org/fhir/R4/auditevent.html.
// It holds ids, and no value that a search was made with.
func (r *Reader) resource(f *Found) (fhir.Resource, error) {
	at := f.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	out := object{
		"id":   f.ID,
		"meta": object{"versionId": "1", "lastUpdated": at},
		"type": coding(typeSystem, "rest"), "subtype": objects{coding(actSystem, f.Act)},
		"action": action(&f.Event), "recorded": at, "outcome": outcome(&f.Event),
		"agent":  r.agents(&f.Event),
		"source": object{"site": site(f.Face), "observer": object{"display": r.Source}},
	}
	switch {
	case slices.Contains(interactions, f.Act) || strings.HasPrefix(f.Act, "$"):
		out["subtype"] = objects{coding(interactionSystem, f.Act)}
	case f.Act == "message":
		out["type"] = coding(typeSystem, "hl7-v2")
	}
	if desc := strings.TrimSpace(status(f.Status) + " " + f.Code); desc != "" {
		out["outcomeDesc"] = desc
	}
	if e := r.entities(&f.Event); len(e) > 0 {
		out["entity"] = e
	}
	b, err := json.Marshal(out)
	if err != nil {
		return fhir.Resource{}, err
	}
	return fhir.Parse(append([]byte(`{"resourceType":"AuditEvent",`), b[1:]...))
}

// interactions are the acts that are codes of FHIR.
var interactions = []string{"read", "vread", "update", "patch", "delete", "history-instance", "history-type", "history-system", "create", "search-type", "batch", "transaction"}

func site(face string) string {
	if face == "" {
		return "internal"
	}
	return face
}

func status(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// agents are the client, and whom it acts for.
func (r *Reader) agents(e *Event) (all objects) {
	client := object{"type": concept(dicomSystem, "110153"), "requestor": true}
	switch {
	case e.Client != "":
		client["altId"] = e.Client
		client["who"] = identified("", e.Client)
	case e.Act == "system":
		client["who"] = object{"display": r.Source}
	default:
		client["who"] = object{"display": "not known"}
	}
	if e.Address != "" {
		client["network"] = object{"address": e.Address, "type": "2"}
	}
	all = append(all, client)
	agent := func(part string, who object, name string) {
		a := object{"type": concept(participantSystem, part), "who": who, "requestor": false}
		if name != "" {
			a["name"] = name
		}
		all = append(all, a)
	}
	if e.Organisation != "" {
		agent("CST", identified(odsSystem, e.Organisation), "")
	}
	if e.ASID != "" {
		agent("DEV", identified(asidSystem, e.ASID), "")
	}
	if e.Subject != "" {
		agent("IRCP", identified(e.Issuer, e.Subject), "")
	}
	for _, c := range claimed(e.Claims) {
		agent(c.part, c.who, c.name)
	}
	return all
}

// claimant is somebody whom a claim of the token names.
type claimant struct {
	part string
	who  object
	name string
}

// claimants are the claims that hold a resource, and its part in the act.
var claimants = []struct{ claim, part string }{
	{"requesting_practitioner", "AUT"}, {"requesting_organization", "CST"}, {"requesting_device", "DEV"},
}

// claimed reads the claims of NHS tokens: resources of STU3, each with identifiers.
// A practitioner has all of them, since systems differ in which they fill in.
func claimed(claims string) (all []claimant) {
	if claims == "" {
		return nil
	}
	r, err := fhir.Parse([]byte(`{"resourceType":"Parameters","claims":` + claims + `}`))
	if err != nil {
		return nil
	}
	for _, c := range claimants {
		n := r.Root().Find("claims", c.claim)
		name := n.Get("name").Text()
		if name == "" {
			name = strings.TrimSpace(firstText(n.Find("name"), "given") + " " + firstText(n.Find("name"), "family"))
		}
		found := false
		for id := range n.Get("identifier").Each() {
			if v := id.Get("value").Text(); v != "" {
				all, found = append(all, claimant{c.part, identified(id.Get("system").Text(), v), name}), true
			}
		}
		if id := n.Get("id").Text(); !found && id != "" {
			all = append(all, claimant{c.part, identified("", id), name})
		}
	}
	return all
}

// firstText gives the first text of a member of an element that may be a list.
func firstText(n fhir.Node, member string) string {
	if n.IsArray() {
		for one := range n.Each() {
			return firstText(one, member)
		}
	}
	n = n.Get(member)
	if n.IsArray() {
		for one := range n.Each() {
			return one.Text()
		}
	}
	return n.Text()
}

// entities are the resources, the search by the names of its parameters, and the
// ids of the request.
func (r *Reader) entities(e *Event) (all objects) {
	add := func(reference, kind, role string) {
		all = append(all, object{"what": object{"reference": reference}, "type": coding(entitySystem, kind), "role": coding(roleSystem, role)})
	}
	for _, ref := range e.Touched {
		k, version := readRef(ref)
		to := k.Type + "/" + k.ID
		if version > 0 {
			to += "/_history/" + strconv.FormatInt(version, 10)
		}
		if k.Type == patientType {
			add(to, "1", "1")
		} else {
			add(to, "2", "4")
		}
	}
	if _, known := fhir.ServedType(e.Type); known && len(e.Touched) == 0 && fhir.ValidID(e.ID) {
		add(e.Type+"/"+e.ID, "2", "4")
	}
	if e.Query != "" {
		all = append(all, object{
			"type": coding(entitySystem, "2"), "role": coding(roleSystem, "24"),
			"detail": objects{object{"type": "parameters", "valueString": parameters(e.Query)}},
		})
	}
	for _, id := range []struct{ code, value string }{
		{"XrequestId", e.Sent}, {"correlation", e.Correlation}, {"trace", e.Trace}, {"request", e.Request},
	} {
		if id.value != "" {
			system := requestSystem
			if id.code != "XrequestId" {
				system = actSystem
			}
			all = append(all, object{"what": identified("", id.value), "type": coding(system, id.code)})
		}
	}
	for _, of := range e.Of {
		all = append(all, object{"what": identified("", of), "type": coding(actSystem, "item")})
	}
	if e.Act == "message" && e.Type != "" {
		all = append(all, object{"type": coding(actSystem, "message"), "name": e.Type})
	}
	return all
}

// parameters gives the names of a query's parameters, without values: those are of
// patients.
func parameters(query string) string {
	var names []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, valued := strings.Cut(part, "=")
		if !valued {
			continue // it may be anything
		}
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if name = name[:min(len(name), 64)]; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.ToValidUTF8(strings.Join(names, ","), "\uFFFD")
}
