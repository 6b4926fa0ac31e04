package booking

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Actors are those of whom a schedule must be, any of them will do.
type Actors struct {
	// Type is what they are where a reference does not say it: Practitioner,
	// Location, Organization … It is the only one they may be, unless empty.
	Type string
	// References are FHIR References, by literal or by identifier.
	References []fhir.Node
	// Addresses are parts of the address of a Location.
	Addresses []string
	// Where names the parameter, for errors.
	Where string
}

// maxActors is how many schedule actors one list may mean.
const maxActors = 100

// stands is the table of what an actor of a schedule may be instead of the one
// asked for: a practitioner's role, a service at a location. The schedule of any
// of them is a schedule of theirs.
var stands = map[string][]struct{ typ, param string }{
	"Practitioner":      {{"PractitionerRole", "practitioner"}},
	"Location":          {{"HealthcareService", "location"}, {"PractitionerRole", "location"}},
	"Organization":      {{"HealthcareService", "organization"}, {"PractitionerRole", "organization"}, {"Location", "organization"}},
	"HealthcareService": {{"PractitionerRole", "service"}},
}

// actorsMeant gives the references that a schedule's actor may have, none where
// those asked for are nobody here.
func (s *Service) actorsMeant(ctx context.Context, see store.Visibility, list Actors, looks func(string) bool) (refs []string, err error) {
	m := &meant{s: s, ctx: ctx, see: see, list: list, looks: looks}
	for _, ref := range list.References {
		if err := m.reference(ref); err != nil {
			return nil, err
		}
	}
	for _, part := range list.Addresses {
		if err := m.found("Location", "address="+url.QueryEscape(escaped(part))); err != nil {
			return nil, err
		}
	}
	return m.refs, nil
}

// meant gathers the references that a list of actors means.
type meant struct {
	s    *Service
	ctx  context.Context
	see  store.Visibility
	list Actors
	refs []string

	looks func(typ string) bool
}

func (m *meant) bad(text string) error {
	return fhir.Errorf(fhir.Invalid, "%s", text).At(m.list.Where)
}

// reference adds whom a Reference names, by literal or by identifier.
func (m *meant) reference(n fhir.Node) error {
	if text := n.Get("reference").Text(); text != "" {
		to := fhir.ParseReference(text, m.s.Bases)
		if to.Type == "" && fhir.ValidID(text) && m.list.Type != "" {
			to = fhir.Reference{Type: m.list.Type, ID: text}
		}
		if to.Type == "" || m.list.Type != "" && to.Type != m.list.Type {
			return m.bad("A reference to a " + m.named() + " of this server is needed, as Type/id.")
		}
		return m.add(to.Type, to.ID)
	}
	typ := m.list.Type
	if typ == "" {
		typ = n.Get("type").Text()
	}
	value := n.Find("identifier", "value").Text()
	if _, kept := fhir.TypeOf(typ); !kept || value == "" {
		return m.bad("A reference is needed, or an identifier with its value and the type of whom it names.")
	}
	token := escaped(value)
	if system := n.Find("identifier", "system").Text(); system != "" {
		token = escaped(system) + "|" + token
	}
	return m.found(typ, "identifier="+url.QueryEscape(token))
}

func (m *meant) named() string {
	if m.list.Type == "" {
		return "resource"
	}
	return m.list.Type
}

// found adds whom a search finds.
func (m *meant) found(typ, raw string) error {
	if m.looks != nil && !m.looks(typ) {
		return fhir.Errorf(fhir.Forbidden, "The access token does not allow looking for a %s; name it by its reference.", typ).At(m.list.Where)
	}
	ids, err := m.ids(typ, raw)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := m.add(typ, id); err != nil {
			return err
		}
	}
	return nil
}

// add adds somebody and those who stand for them.
func (m *meant) add(typ, id string) error {
	m.put(typ, id)
	for _, s := range stands[typ] {
		if m.looks != nil && !m.looks(s.typ) {
			continue
		}
		ids, err := m.ids(s.typ, s.param+"="+url.QueryEscape(typ+"/"+id))
		if err != nil {
			return err
		}
		for _, id := range ids {
			m.put(s.typ, id)
		}
	}
	if len(m.refs) > maxActors {
		return fhir.Errorf(fhir.Unprocessable, "That means more than %d actors of schedules; name fewer.", maxActors).At(m.list.Where)
	}
	return nil
}

func (m *meant) put(typ, id string) {
	if ref := typ + "/" + id; !slices.Contains(m.refs, ref) {
		m.refs = append(m.refs, ref)
	}
}

// ids gives the ids that a search of a type finds, one more than may be at most.
func (m *meant) ids(typ, raw string) (ids []string, err error) {
	parsed, err := search.Parse(m.s.Catalog, typ, raw, m.s.Now())
	if err != nil {
		return nil, m.bad("The value cannot be read.")
	}
	parsed.Query.Count, parsed.Query.Total = maxActors+1, search.TotalNone
	records, err := store.Every(m.ctx, m.s.Store, m.see, parsed.Query)
	for _, rec := range records {
		ids = append(ids, rec.ID)
	}
	return ids, err
}

// escaped writes text so that a search takes it as it is,
// http://hl7.org/fhir/R4/search.html#escaping.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(text)
}
