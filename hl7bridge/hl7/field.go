package hl7

import (
	"iter"
	"strings"
)

// Field is a field of a segment with all its repetitions, or one repetition of it. The
// zero Field is absent.
//
// Component, Sub and Text read the first repetition.
type Field struct {
	m      *Message
	lo, hi int
}

// State returns what was sent for the field as a whole. A field of nothing but blanks
// and delimiters is Empty.
func (f Field) State() State {
	s := f.rawState()
	if s == Present && f.onlyDelimiters() {
		return Empty
	}
	return s
}

// Raw returns the field's bytes, undecoded and untrimmed. They are part of the message;
// do not change them.
func (f Field) Raw() []byte {
	if f.m == nil {
		return nil
	}
	return f.m.raw[f.lo:f.hi:f.hi]
}

// Repetitions yields the repetitions in order; each is a Field whose Repetitions yields
// only itself. An absent field yields none, an empty one a single empty repetition.
func (f Field) Repetitions() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		if f.m == nil {
			return
		}
		for rest := f; ; {
			first := rest.first()
			if !yield(first) || first.hi == rest.hi {
				return
			}
			rest.lo = first.hi + 1
		}
	}
}

// Component returns component i, from 1, as one text: of a component with several
// subcomponents, all of them with the separators between. Sub gives one of them.
func (f Field) Component(i int) Value {
	rep := f.first()
	if rep.rawState() == Null {
		return Value{State: Null}
	}
	return rep.component(i).value()
}

// Sub returns subcomponent j of component i, both from 1. A component without
// separators has just subcomponent 1.
func (f Field) Sub(i, j int) Value {
	rep := f.first()
	if rep.rawState() == Null {
		return Value{State: Null}
	}
	c := rep.component(i)
	if c.rawState() == Null {
		return Value{State: Null}
	}
	if c.m == nil {
		return Value{}
	}
	return c.part(c.m.delims.Subcomponent, j).value()
}

// Text returns the first repetition as one text: component and subcomponent separators
// stay as they are. It suits free text, such as NTE-3, whose senders rarely escape.
func (f Field) Text() Value { return f.first().value() }

// HoldsNUL reports whether any repetition of the field holds the character NUL, as such
// or as an escape. A Value leaves NUL out, so two identifiers that differ only by one
// would look the same: refuse such a field instead.
func (f Field) HoldsNUL() bool {
	if f.m == nil {
		return false
	}
	return strings.IndexByte(f.m.decode(f.text(), keepControls), 0) >= 0
}

// at reads the part that r names.
func (f Field) at(r Ref) Value {
	if r.sub > 0 {
		return f.Sub(int(r.component), int(r.sub))
	}
	return f.Component(max(int(r.component), 1))
}

func (f Field) text() string { return f.m.text[f.lo:f.hi] }

// rawState judges the field as a text that is not split.
func (f Field) rawState() State {
	if f.m == nil {
		return Absent
	}
	switch trim(f.text()) {
	case "":
		return Empty
	case nullMarker:
		return Null
	}
	return Present
}

// first returns the first repetition.
func (f Field) first() Field {
	if f.m == nil || f.literal() {
		return f
	}
	return f.part(f.m.delims.Repetition, 1)
}

func (f Field) component(i int) Field {
	if f.m == nil {
		return f
	}
	return f.part(f.m.delims.Component, i)
}

// literal reports whether this is MSH-1 or MSH-2, whose content is the delimiters.
func (f Field) literal() bool { return f.lo < f.m.encoding }

// part returns part n, from 1, of the pieces between the separators. Separator 0 splits nothing.
func (f Field) part(sep byte, n int) Field {
	if f.literal() || sep == 0 {
		if n == 1 {
			return f
		}
		return Field{}
	}
	for ; n > 0; n-- {
		next := strings.IndexByte(f.m.text[f.lo:f.hi], sep)
		switch {
		case next < 0 && n == 1:
			return f
		case next < 0:
			return Field{}
		case n == 1:
			f.hi = f.lo + next
			return f
		}
		f.lo += next + 1
	}
	return Field{}
}

// value decodes the whole of f.
func (f Field) value() Value {
	s := f.rawState()
	if s != Present {
		return Value{State: s}
	}
	if f.literal() {
		return Value{Text: strings.ToValidUTF8(f.text(), "\ufffd"), State: Present}
	}
	text := trim(f.m.decode(trim(f.text()), dropControls))
	if text == "" {
		return Value{State: Empty}
	}
	return Value{Text: text, State: Present}
}

func (f Field) onlyDelimiters() bool {
	if f.literal() {
		return false
	}
	d := f.m.delims
	for i := f.lo; i < f.hi; i++ {
		switch c := f.m.text[i]; c {
		case ' ', '\t', d.Component, d.Repetition, d.Subcomponent:
		default:
			return false
		}
	}
	return true
}
