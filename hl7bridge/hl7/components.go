package hl7

// Components are the components of the first repetition of a field, found in one pass
// for who reads several of them.
type Components struct {
	f    Field // the first repetition
	null bool  // it is the delete marker
	n    int
	ends [16]int32 // of the first n; there may be more when it is full
}

// Components returns the components of the first repetition.
func (f Field) Components() (c Components) {
	c.f = f
	if c.null = f.isNull(); c.null || f.m == nil || f.literal() {
		return c
	}
	for end := f.lo; c.n < len(c.ends); end++ {
		end = f.m.splits.next(end, f.hi)
		c.ends[c.n] = int32(end)
		if c.n++; f.endsAt(end) {
			break
		}
	}
	return c
}

// At returns component i, from 1, as Field.Component does.
func (c *Components) At(i int) Value {
	if c.null {
		return Value{State: Null}
	}
	return c.part(i).value()
}

// Sub returns subcomponent j of component i, both from 1, as Field.Sub does.
func (c *Components) Sub(i, j int) Value {
	if c.null {
		return Value{State: Null}
	}
	return c.part(i).sub(j)
}

func (c *Components) part(i int) Field {
	switch {
	case i <= c.n:
		f := c.f
		if i > 1 {
			f.lo = int(c.ends[i-2]) + 1
		}
		f.hi = int(c.ends[i-1])
		return f
	case c.n > 0 && c.n < len(c.ends):
		return Field{}
	}
	return c.f.component(i)
}
