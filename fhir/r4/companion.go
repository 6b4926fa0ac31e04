package r4

import "slotway/fhir"

// companion checks the _name that carries id and extensions of a primitive of n,
// http://hl7.org/fhir/R4/json.html#primitive.
func (c *checker) companion(n fhir.Node, f *field, v fhir.Node) {
	value := n.Get(f.name)
	switch {
	case v.IsArray() != f.many:
		c.errorf("structure", "%s is a list where %s is one, and not where it is not.", f.companion, f.name)
		return
	case f.many && value.IsArray() && value.Len() != v.Len():
		c.errorf("structure", "%s and %s have one element each for every value, null where there is nothing to say; their lengths differ.", f.name, f.companion)
		return
	case f.many && v.Len() == 0:
		c.errorf("structure", "An empty list says nothing; leave the element out (ele-1).")
		return
	}
	c.each(v, func(el fhir.Node, at int) {
		switch said := says(value, at); {
		case !f.many || !el.IsNull():
			c.object(el, primitiveBase)
			if !said && onlyID(el) {
				c.errorf("structure", "An element with an id alone says nothing; leave it out (ele-1).")
			}
		case !value.Exists(): // a null in a list of values is found there
			c.errorf("structure", "A null beside no value says nothing; leave it out (ele-1).")
		}
	})
}

// says whether a primitive, or that element of a list of them, has a value.
func says(value fhir.Node, at int) bool {
	i := 0
	for el := range value.Each() {
		if i == at {
			return !el.IsNull()
		}
		i++
	}
	return false
}

// onlyID says whether an object has an id and nothing else.
func onlyID(n fhir.Node) bool { return n.Len() == 1 && n.Get("id").Exists() }

// explained says whether the list of companions has an object at a position: a
// null beside it stands for a value that only has extensions.
func explained(companions fhir.Node, at int) bool {
	i := 0
	for el := range companions.Each() {
		if i == at {
			return el.IsObject()
		}
		i++
	}
	return false
}
