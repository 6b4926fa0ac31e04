package search

import "slotway/fhir"

// A uri is found by the whole of it as written, http://hl7.org/fhir/R4/search.html#uri.

// uri reads an element as a uri.
func (x *extractor) uri(p *Param, n fhir.Node) {
	if t := n.Text(); t != "" {
		x.add(Entry{Param: p, URL: t})
	}
}

// uriTest reads one value of a uri parameter, escapes still in it.
func (p *parser) uriTest(value string) (Test, error) {
	text, err := p.unescape(value)
	return Test{URL: text}, err
}

// matchURI says whether an entry meets a test.
func matchURI(t *Test, e *Entry) bool { return e.URL == t.URL }
