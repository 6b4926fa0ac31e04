package r4

import "slotway/fhir"

// containedResource checks a resource within another.
func (c *checker) containedResource(n fhir.Node) {
	typ := n.Get("resourceType").Text()
	if typ == "" {
		c.in("resourceType", func() { c.errorf("required", "A contained resource needs its resourceType.") })
	}
	if id := n.Get("id").Text(); c.ids[id] {
		c.in("id", func() { c.errorf("structure", "Two contained resources have the same id.") })
	} else if id != "" {
		c.ids[id] = true
	}
	was := c.inside
	c.inside = true
	c.resource(n, typ)
	c.inside = was
}
