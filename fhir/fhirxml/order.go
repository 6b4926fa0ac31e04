package fhirxml

import "slotway/fhir/elements"

// order holds the elements within one to the order of their definition,
// http://hl7.org/fhir/R4/xml.html: "the elements must always appear in the order
// defined in the documentation". What the definition does not know may stand
// anywhere, and so may what every resource has: the assurance scripts of the NHS
// booking standard write the id and the language of a good booking last.
type order struct {
	row    int    // of the last that has one, plus one
	before string // the name of the element before
}

// anywhere are the elements that every resource has, of the base type Resource.
var anywhere = map[string]bool{"id": true, "meta": true, "implicitRules": true, "language": true}

// first checks the first element of a name, which has a row or none.
func (o *order) first(d *decoder, c *node, el *elements.Element, row int, t *elements.Type) *fault {
	o.before = c.name
	switch {
	case el == nil:
		return nil
	case row+1 < o.row && t.Resource && anywhere[c.name]:
		return nil
	case row+1 < o.row:
		return d.faultf(c, "it must stand before %s: the elements of FHIR have an order", t.Elements[o.row-1].Name).within(c.name, 0, false)
	}
	o.row = row + 1
	return nil
}

// again checks an element that is not the first of its name.
func (o *order) again(d *decoder, c *node, t *elements.Type) *fault {
	if before := o.before; before != c.name && t.Find(c.name) >= 0 {
		return d.faultf(c, "it must stand next to the others of its name: the elements of FHIR have an order").within(c.name, 0, false)
	}
	o.before = c.name
	return nil
}
