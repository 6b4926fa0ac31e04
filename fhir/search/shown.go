package search

import (
	"slices"
	"strings"

	"slotway/fhir/elements"
)

// maxElements is how many names _elements may have.
const maxElements = 100

// elements reads _elements=a,b: the names of elements at the top of a resource. Of
// a choice of types the name without one means each of them. A name that is none
// is left out and warned of.
func (p *parser) elements() (bool, error) {
	if strings.Count(p.value, ",") >= maxElements {
		return false, p.refuse("too-costly", "_elements has more than %d names.", maxElements)
	}
	var used []string
	for key := range strings.SplitSeq(p.value, ",") {
		name := strings.TrimPrefix(key, p.typ+".")
		if key == "" || slices.Contains(used, key) {
			continue
		}
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false, p.bad("must be names of elements such as status,start")
		}
		names := p.c.written(p.typ, name)
		if names == nil {
			p.warn("%s has no element %s, which _elements asks for.", p.typ, clip(name))
			continue
		}
		used = append(used, key)
		for _, n := range names {
			if !slices.Contains(p.out.Query.Elements, n) {
				p.out.Query.Elements = append(p.out.Query.Elements, n)
			}
		}
	}
	p.value = strings.Join(used, ",")
	return len(used) > 0, nil
}

// written gives the names that an element may be written under in a resource of
// this face; none for an element that the type does not have.
func (c *Catalog) written(typ, name string) []string {
	version := elements.R4
	if c.stu3 {
		version = elements.STU3
	}
	t := version.Type(typ)
	if t == nil || name == "resourceType" || t.Find(name) >= 0 {
		return []string{name}
	}
	var all []string
	for _, e := range t.Elements {
		if e.Type != "" && e.Name == name+strings.ToUpper(e.Type[:1])+e.Type[1:] {
			all = append(all, e.Name)
		}
	}
	return all
}

// isResource says whether R4 has a resource type of that name.
func isResource(name string) bool {
	t := elements.R4.Type(name)
	return t != nil && t.Resource
}
