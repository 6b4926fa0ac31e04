package r4

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// reference checks the text of a Reference, http://hl7.org/fhir/R4/references.html:
// its form, that a contained resource it names is there (ref-1), and that it may
// point at that type. Whether the resource exists is not asked.
func (c *checker) reference(f *field, v fhir.Node) {
	text := v.Text()
	if text == "" {
		return
	}
	ref := fhir.ParseReference(text, nil)
	typ := ref.Type
	switch {
	case text == "#":
		if !c.inside {
			c.in("reference", func() { c.errorf("value", "Only within a contained resource does # name the resource that holds it.") })
		}
	case ref.Fragment != "":
		var found bool
		if typ, found = c.contained[ref.Fragment]; !found {
			c.in("reference", func() { c.errorf("invariant", "The reference names a contained resource that is not there (ref-1).") })
			return
		}
	case ref.URL != "" && !absolute(text):
		c.in("reference", func() {
			c.errorf("value", "A reference is Type/id, an absolute URL, or # and the id of a contained resource.")
		})
		return
	}
	if typ != "" && f.targets != nil && !slices.Contains(f.targets, typ) {
		c.in("reference", func() {
			c.errorf("value", "%s may not point at a %s; it points at %s.", f.name, typeName(typ), strings.Join(f.targets, " or "))
		})
	}
}

// absolute says whether the text is a URI with a scheme.
func absolute(text string) bool {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || scheme == "" || rest == "" || !isURI(text) {
		return false
	}
	for _, r := range scheme {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '+' && r != '-' && r != '.' {
			return false
		}
	}
	return true
}

// typeName gives a type's name if it is one we know, so that no text a sender
// chose is shown back.
func typeName(typ string) string {
	if _, kept := resources[typ]; kept {
		return typ
	}
	return "resource of another type"
}
