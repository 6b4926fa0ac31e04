package fhir

import (
	"bytes"
	"strconv"
	"strings"
)

// linkNames are the members that hold a link besides reference: those of the
// types uri, url, oid and uuid that our resources and extensions have. A
// canonical is none (http://hl7.org/fhir/R4/http.html#trules).
var linkNames = map[string]bool{
	"url": true, "uri": true, "source": true,
	"valueUri": true, "valueUrl": true, "valueOid": true, "valueUuid": true,
}

// Links gives every text of a Reference in the resource and in what it contains,
// with its place, such as Slot.schedule.reference, in the order written; a text
// comes as often as it stands there.
func (r Resource) Links(yield func(place, text string) bool) {
	links(r.Root(), []string{r.typ}, yield)
}

func links(n Node, place []string, yield func(place, text string) bool) bool {
	switch {
	case n.IsArray():
		i := 0
		last := len(place) - 1
		name := place[last]
		for el := range n.Each() {
			place[last] = name + "[" + strconv.Itoa(i) + "]"
			if !links(el, place, yield) {
				return false
			}
			i++
		}
		place[last] = name
	case n.IsObject():
		for name, v := range n.Members() {
			if name == "reference" && v.IsString() {
				if !yield(strings.Join(place, ".")+".reference", v.Text()) {
					return false
				}
			} else if !links(v, append(place, name), yield) {
				return false
			}
		}
	}
	return true
}

// Repoint gives the resource with its links pointing elsewhere: every
// Reference.reference, and every URI and link of the narrative that is one, for
// which to gives another text and true. reference says which of the two a text
// is. All other bytes stay.
func (r Resource) Repoint(to func(text string, reference bool) (string, bool)) (Resource, error) {
	p := repointer{src: r.raw, to: to}
	p.walk(r.Root())
	if p.out == nil {
		return r, nil
	}
	return Parse(append(p.out, p.src[p.from:]...))
}

// repointer copies a text and puts other links into it.
type repointer struct {
	src  []byte
	out  []byte // nil until something changed
	from uint32 // where what is not copied yet begins
	to   func(string, bool) (string, bool)
}

func (p *repointer) walk(n Node) {
	switch {
	case n.IsArray():
		for el := range n.Each() {
			p.walk(el)
		}
	case n.IsObject():
		for name, v := range n.Members() {
			switch {
			case !v.IsString():
				p.walk(v)
			case name == "reference" || linkNames[name]:
				if text, other := p.to(v.Text(), name == "reference"); other {
					p.swap(v, Quote(text))
				}
			case name == "div":
				p.narrative(v)
			}
		}
	}
}

func (p *repointer) swap(n Node, with []byte) {
	t := n.tok()
	p.out = append(append(p.out, p.src[p.from:t.start]...), with...)
	p.from = t.end
}

// narrative puts other links into the href and src of an XHTML text.
func (p *repointer) narrative(n Node) {
	raw := n.Raw()
	if !bytes.Contains(raw, []byte("href=")) && !bytes.Contains(raw, []byte("src=")) {
		return
	}
	text := n.Text()
	var out strings.Builder
	changed := false
	for at := attribute(text); at > 0; at = attribute(text) {
		link, _, closed := strings.Cut(text[at:], text[at-1:at])
		if !closed {
			break
		}
		out.WriteString(text[:at])
		text = text[at+len(link):]
		if other, ok := p.to(link, false); ok {
			link, changed = other, true
		}
		out.WriteString(link)
	}
	if changed {
		out.WriteString(text)
		p.swap(n, Quote(out.String()))
	}
}

// attribute gives the place behind the quote that opens the first href or src of
// a text, or 0.
func attribute(text string) int {
	for i := range len(text) {
		for _, name := range [...]string{"href=", "src="} {
			if at := i + len(name); strings.HasPrefix(text[i:], name) && at < len(text) && (text[at] == '"' || text[at] == '\'') {
				return at + 1
			}
		}
	}
	return 0
}
