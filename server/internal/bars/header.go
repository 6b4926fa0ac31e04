package bars

import (
	"encoding/base64"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Identifier is an identifier of a service or an organisation.
type Identifier struct{ System, Value string }

// DoSSystem is the system of a service's id in the Directory of Services.
const DoSSystem = "https://fhir.nhs.uk/Id/dos-service-id"

// odsSystem is the system of ODS codes, in lower case: senders differ in theirs.
const odsSystem = "https://fhir.nhs.uk/id/ods-organization-code"

// The headers that say who asks for what, each base64 of JSON.
const (
	TargetHeader       = "NHSD-Target-Identifier"
	OrganisationHeader = "NHSD-End-User-Organisation"
	SoftwareHeader     = "NHSD-Requesting-Software"
	PractitionerHeader = "NHSD-Requesting-Practitioner"
)

// Headers are what the NHSD headers of a request say.
type Headers struct {
	Target       Identifier
	Organisation Identifier // ODS code of the organisation whose user asks
	Name         string     // of that organisation
}

// ReadHeaders reads the NHSD headers; get gives a header by name. One that is
// missing is fhir.Invalid with the issue type required; one that is not what it
// should be, structure.
func ReadHeaders(get func(name string) string) (h Headers, err error) {
	target, err := header(get, TargetHeader, true)
	if err != nil {
		return h, err
	}
	h.Target = Identifier{target.Get("system").Text(), target.Get("value").Text()}
	if h.Target.System == "" || h.Target.Value == "" {
		return h, broken(TargetHeader, `{"system": "`+DoSSystem+`", "value": "…"}`)
	}
	organisation, err := header(get, OrganisationHeader, true)
	if err != nil {
		return h, err
	}
	if organisation, err = ofType(organisation, OrganisationHeader, "Organization"); err != nil {
		return h, err
	}
	h.Name = organisation.Get("name").Text()
	for id := range organisation.Get("identifier").Each() {
		if strings.ToLower(id.Get("system").Text()) == odsSystem && h.Organisation.Value == "" {
			h.Organisation = Identifier{id.Get("system").Text(), id.Get("value").Text()}
		}
	}
	if !auth.OrganisationCode(h.Organisation.Value) {
		return h, broken(OrganisationHeader, "an Organization with its ODS code as an identifier")
	}
	for _, other := range []struct {
		name, typ string
		needed    bool
	}{{SoftwareHeader, "Device", true}, {PractitionerHeader, "Practitioner", false}} {
		n, err := header(get, other.name, other.needed)
		if err == nil && n.Exists() {
			_, err = ofType(n, other.name, other.typ)
		}
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// header decodes a header. The node does not exist where the header is missing and
// may be.
func header(get func(string) string, name string, needed bool) (fhir.Node, error) {
	text := get(name)
	if text == "" {
		if needed {
			return fhir.Node{}, fault(fhir.Invalid, "required", name, "The header "+name+" is needed.")
		}
		return fhir.Node{}, nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	b, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return fhir.Node{}, broken(name, "a JSON object")
	}
	n, err := fhir.ParseValue(b)
	if err != nil || !n.IsObject() {
		return fhir.Node{}, broken(name, "a JSON object")
	}
	return n, nil
}

// ofType gives the resource of a header: the object itself, or, as some senders
// write it, the only member of the object.
func ofType(n fhir.Node, header, typ string) (fhir.Node, error) {
	within := func(n fhir.Node) bool { return strings.HasPrefix(n.Get("resourceType").Text(), typ) }
	if within(n) {
		return n, nil
	}
	for _, v := range n.Members() {
		if v.IsObject() && within(v) {
			return v, nil
		}
	}
	return n, broken(header, "a "+typ)
}

func broken(name, want string) error {
	return fault(fhir.Invalid, "structure", name, "The header "+name+" must be "+want+", in base64.")
}
