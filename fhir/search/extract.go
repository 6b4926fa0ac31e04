package search

import (
	"time"

	"slotway/fhir"
)

// Extract reads a resource by the rows of the table. A value that cannot be
// read, such as a date that is none, yields no entry: whether it may be stored
// is another question. The error is of Kind Invalid when there is no resource.
func Extract(c *Catalog, r fhir.Resource) (Document, error) {
	root := r.Root()
	if !root.IsObject() {
		return Document{}, fhir.Errorf(fhir.Invalid, "There is no resource to read.")
	}
	x := newExtractor(c, root)
	d := Document{Ref: Ref{r.Type(), r.ID()}, Updated: c.updated(root), Entries: x.entries(r.Type(), root)}
	for i, n := range x.inside {
		ref := x.contained[i]
		d.Contained = append(d.Contained, Document{Ref: ref, Entries: x.entries(ref.Type, n)})
	}
	return d, nil
}

// updated gives meta.lastUpdated, to the microsecond.
func (c *Catalog) updated(root fhir.Node) time.Time {
	lo, _, ok := parseDate(root.Find("meta", "lastUpdated").Text(), c.zone)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(lo).UTC()
}

// extractor reads one resource and what it contains.
type extractor struct {
	c         *Catalog
	contained []Ref       // what a reference #id may lead to
	inside    []fhir.Node // the same resources
	out       []Entry
}

func newExtractor(c *Catalog, root fhir.Node) *extractor {
	x := &extractor{c: c}
	for n := range root.Get("contained").Each() {
		if ref := (Ref{n.Get("resourceType").Text(), n.Get("id").Text()}); ref.Type != "" && ref.ID != "" {
			x.contained = append(x.contained, ref)
			x.inside = append(x.inside, n)
		}
	}
	return x
}

// entries reads a resource by every row of its type.
func (x *extractor) entries(typ string, root fhir.Node) []Entry {
	x.out = make([]Entry, 0, 24)
	for _, p := range x.c.Params(typ) {
		x.row(p, root)
	}
	return x.out
}

// row reads a resource by one row.
func (x *extractor) row(p *Param, root fhir.Node) {
	if p.of != nil {
		for _, n := range p.of(root) {
			x.read(p, n)
		}
		return
	}
	for n := range root.At(p.Path) {
		x.read(p, n)
	}
}

// read adds the entries of one element.
func (x *extractor) read(p *Param, n fhir.Node) {
	if n.IsNull() {
		return
	}
	switch p.Kind {
	case Token:
		x.token(p, n)
	case Date:
		x.date(p, n)
	case Reference:
		x.reference(p, n)
	case String:
		x.string(p, n)
	case URI:
		x.uri(p, n)
	case Special:
		x.position(p, n)
	}
}

func (x *extractor) add(e Entry) { x.out = append(x.out, e) }

// yes and no are the two booleans as elements, for rows that compute one.
var yes, no = func() (fhir.Node, fhir.Node) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","yes":true,"no":false}`))
	if err != nil {
		panic(err)
	}
	return r.Root().Get("yes"), r.Root().Get("no")
}()

var deceased = path("deceased[x]")

// existsAndNotFalse is FHIRPath's deceased.exists() and deceased != false.
func existsAndNotFalse(root fhir.Node) []fhir.Node {
	if n := root.One(deceased); n.Exists() && !n.IsNull() && n.Text() != "false" {
		return []fhir.Node{yes}
	}
	return []fhir.Node{no}
}

// nameOrAlias gives the name and the aliases.
func nameOrAlias(root fhir.Node) []fhir.Node {
	var all []fhir.Node
	for _, member := range []string{"name", "alias"} {
		for n := range root.Get(member).Each() {
			all = append(all, n)
		}
	}
	return all
}

var (
	agentWho   = path("agent.who")
	entityWhat = path("entity.what")
)

// whoOrWhat gives who acted in an AuditEvent, and on what.
func whoOrWhat(root fhir.Node) (all []fhir.Node) {
	for n := range root.At(agentWho) {
		all = append(all, n)
	}
	for n := range root.At(entityWhat) {
		all = append(all, n)
	}
	return all
}
