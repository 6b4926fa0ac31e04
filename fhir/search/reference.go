package search

import (
	"bytes"
	"slices"
	"strings"

	"slotway/fhir"
)

// A reference leads to a resource of ours (Type/id, alone or under one of our
// bases), to a contained one (#id), or elsewhere (any other URL), as
// http://hl7.org/fhir/R4/search.html#reference describes. A version in a stored
// reference does not hide it from a search that names none. What holds only an
// identifier, a display or a type is found by :identifier and :missing alone.
//
// Rows whose expression has resolve() take only references that are known to
// lead to their target: by the reference's text, by the contained resource's
// type, or, for a URL that names no type, by Reference.type. A reference that
// holds only an identifier does not resolve and so is none of them.

// reference reads an element as a reference.
func (x *extractor) reference(p *Param, n fhir.Node) {
	if !n.IsObject() {
		return
	}
	e := Entry{Param: p, System: n.Find("identifier", "system").Text(), Code: n.Find("identifier", "value").Text()}
	typ := x.target(&e, n)
	if p.only && !slices.Contains(p.Targets, typ) {
		return
	}
	for _, member := range []string{"reference", "identifier", "display", "type"} {
		if n.Get(member).Exists() {
			x.add(e)
			return
		}
	}
}

// target reads the reference's text into the entry and gives the type it leads
// to, where that is known.
func (x *extractor) target(e *Entry, n fhir.Node) string {
	r := fhir.ParseReference(n.Get("reference").Text(), x.c.bases)
	switch {
	case r.Type != "":
		e.Ref, e.Version = Ref{r.Type, r.ID}, r.Version
		return r.Type
	case r.Fragment != "":
		e.Fragment = r.Fragment
		for _, c := range x.contained {
			if c.ID == r.Fragment {
				return c.Type
			}
		}
		return ""
	case r.URL == "":
		return ""
	}
	e.URL = r.URL
	if typ := typeInURL(r.URL); typ != "" {
		return typ
	}
	return n.Get("type").Text()
}

// typeInURL gives the resource type of a URL that ends as a FHIR one does.
func typeInURL(url string) string {
	if i := strings.Index(url, "/_history/"); i >= 0 {
		url = url[:i]
	}
	i := strings.LastIndexByte(url, '/')
	if i <= 0 {
		return ""
	}
	r := fhir.ParseReference(url[strings.LastIndexByte(url[:i], '/')+1:], nil)
	return r.Type
}

// referenceTest reads one value of a reference parameter, escapes still in it.
func (p *parser) referenceTest(param *Param, m Modifier, typ, value string) (Test, error) {
	if m == ModIdentifier {
		return p.tokenTest(param, ModNone, value)
	}
	text, err := p.unescape(value)
	if err != nil {
		return Test{}, err
	}
	if typ == "" && len(param.Targets) == 1 {
		typ = param.Targets[0]
	}
	if fhir.ValidID(text) {
		return Test{Ref: Ref{typ, text}}, nil
	}
	r := fhir.ParseReference(text, p.c.bases)
	switch {
	case r.Type != "" && m == ModType && r.Type != typ:
		return Test{}, p.bad("names another type than its modifier, %s", typ)
	case r.Type != "":
		return Test{Ref: Ref{r.Type, r.ID}, Version: r.Version}, nil
	case r.URL != "" && isAbsolute(r.URL):
		return Test{URL: r.URL}, nil
	}
	return Test{}, p.bad("must be an id, Type/id such as Patient/123, or an absolute URL")
}

// isAbsolute says whether text begins with a scheme, as a URL and a urn do.
func isAbsolute(text string) bool {
	i := strings.IndexByte(text, ':')
	if i <= 0 || i == len(text)-1 || strings.ContainsAny(text, " \t\n\"<>") {
		return false
	}
	for _, c := range []byte(strings.ToLower(text[:i])) {
		if (c < 'a' || c > 'z') && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// matchReference says whether an entry meets a test under a modifier.
func matchReference(m Modifier, t *Test, e *Entry) bool {
	if m == ModIdentifier {
		return (e.System != "" || e.Code != "") && matchToken(ModNone, t, e)
	}
	if t.URL != "" {
		return e.URL == t.URL
	}
	return e.Ref.ID == t.Ref.ID && e.Ref.ID != "" &&
		(t.Ref.Type == "" || e.Ref.Type == t.Ref.Type) &&
		(t.Version == "" || e.Version == t.Version)
}

// Target is what a reference leads to: a resource of ours, or with a Version that
// version of it.
type Target struct {
	Ref
	Version string
}

// References gives the resources of ours that a resource refers to by a
// parameter, or by any reference parameter when it is nil, in the order of the
// table and as often as it does. It is what an include follows. The error is of
// Kind Invalid when there is no resource.
func References(c *Catalog, r fhir.Resource, by *Param) ([]Target, error) {
	if r.IsZero() {
		return nil, fhir.Errorf(fhir.Invalid, "There is no resource to read.")
	}
	x := &extractor{c: c} // what a resource contains is none of ours
	for _, p := range c.Params(r.Type()) {
		switch {
		case p.Kind != Reference || by != nil && p != by:
		case by != nil && p.of == nil:
			for n := range r.At(p.Path) { // of what is stored, that element alone is read
				x.read(p, n)
			}
		default:
			r = r.Opened()
			x.row(p, r.Root())
		}
	}
	var out []Target
	for _, e := range x.out {
		if e.Ref.ID != "" {
			out = append(out, Target{e.Ref, e.Version})
		}
	}
	return out, nil
}

// Likewise says whether References of a parameter are surely the same of two
// resources of one type, since they are written alike.
func Likewise(a, b fhir.Resource, by *Param) bool {
	return by != nil && by.of == nil && bytes.Equal(a.Under(by.Path), b.Under(by.Path))
}

// LinkEntry gives the entries of a reference that a store keeps beside a
// resource whose bytes do not hold it: those of the parameter, and of every
// other one that reads the same element, so that a link as actor to a Patient
// is found as patient too. The error is of Kind Internal: there is no such
// reference parameter, or it may not lead to that type.
func (c *Catalog) LinkEntry(typ, param string, to Ref) ([]Entry, error) {
	row, ok := byName[typ][param]
	if !ok || !row.mayTarget(to.Type) {
		return nil, fhir.Errorf(fhir.Internal, "%s.%s is no reference to %s.", typ, param, to.Type)
	}
	var out []Entry
	for _, p := range c.Params(typ) {
		if p.Kind == Reference && p.Path.String() == row.Path.String() && p.mayTarget(to.Type) {
			out = append(out, Entry{Param: p, Ref: to})
		}
	}
	return out, nil
}
