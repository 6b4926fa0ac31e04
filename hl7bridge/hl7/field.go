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
	if f.isNull() {
		return Value{State: Null}
	}
	return f.component(i).value()
}

// Sub returns subcomponent j of component i, both from 1. A component without
// separators has just subcomponent 1.
func (f Field) Sub(i, j int) Value {
	if f.isNull() {
		return Value{State: Null}
	}
	return f.component(i).sub(j)
}

// sub returns subcomponent j of a component.
func (f Field) sub(j int) Value {
	if f.isNull() {
		return Value{State: Null}
	}
	return f.part(f.delims().Subcomponent, j).value()
}

// Text returns the first repetition as one text: component and subcomponent separators
// stay as they are. It suits free text, such as NTE-3, whose senders rarely escape.
func (f Field) Text() Value { return f.first().value() }

// Whole returns all of the field as one text, its repetitions and components not told
// apart. It suits what must not be split, such as a URL. Control characters stay, so
// that a caller who validates the result sees them.
func (f Field) Whole() Value {
	if f.m == nil {
		return Value{}
	}
	text := strings.Trim(f.text(), " \t")
	switch {
	case text == "":
		return Value{State: Empty}
	case text == nullMarker:
		return Value{State: Null}
	case !f.m.plain:
		text = f.m.decode(text, keepControls)
	}
	return Value{text, Present}
}

// HoldsNUL reports whether any repetition of the field holds the character NUL, as such
// or as an escape. A Value leaves NUL out, so two identifiers that differ only by one
// would look the same: refuse such a field instead.
func (f Field) HoldsNUL() bool {
	if f.m == nil || f.m.plain {
		return false
	}
	return strings.IndexByte(f.m.decode(f.text(), keepControls), 0) >= 0
}

// At reads the part that r names, as Message.Get does; r's segment and field do not
// matter.
func (f Field) At(r Ref) Value {
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
	text := f.text()
	if text != "" && isSolid(text[0]) {
		return Present
	}
	switch text = trim(text); {
	case text == "", isQuotedBlank(text):
		return Empty
	case text == nullMarker:
		return Null
	}
	return Present
}

// first returns the first repetition.
func (f Field) first() Field {
	if f.m == nil || f.literal() {
		return f
	}
	for end := f.lo; ; end++ {
		if end = f.m.splits.next(end, f.hi); f.endsAt(end) {
			f.hi = end
			return f
		}
	}
}

// endsAt reports whether the repetition ends where one of its components does.
func (f Field) endsAt(pos int) bool { return pos == f.hi || f.m.text[pos] == f.m.delims.Repetition }

// isNull reports whether the first repetition is the delete marker. Hardly any field
// so much as begins with one.
func (f Field) isNull() bool {
	return f.lo < f.hi && !isSolid(f.m.text[f.lo]) && f.first().rawState() == Null
}

// component finds component i of the first repetition.
func (f Field) component(i int) Field {
	if f.m == nil || f.literal() {
		return f.part(0, i)
	}
	for end := f.lo; ; end++ {
		end = f.m.splits.next(end, f.hi)
		if i--; i == 0 {
			f.hi = end
			return f
		}
		if f.endsAt(end) {
			return Field{}
		}
		f.lo = end + 1
	}
}

func (f Field) delims() Delimiters {
	if f.m == nil {
		return Delimiters{}
	}
	return f.m.delims
}

// literal reports whether this is MSH-1 or MSH-2, whose content is the delimiters.
func (f Field) literal() bool { return f.lo < f.m.encoding }

// part returns part n, from 1, of the pieces between the separators. Separator 0 splits nothing.
func (f Field) part(sep byte, n int) Field {
	if sep == 0 || f.literal() {
		if n == 1 {
			return f
		}
		return Field{}
	}
	text := f.m.text[:f.hi]
	for pos := f.lo; pos < len(text); pos++ {
		if text[pos] != sep {
			continue
		}
		if n--; n == 0 {
			f.hi = pos
			return f
		}
		f.lo = pos + 1
	}
	if n == 1 {
		return f
	}
	return Field{}
}

// value decodes the whole of f.
func (f Field) value() Value {
	if f.m == nil {
		return Value{}
	}
	text := f.text()
	if text != "" && isSolid(text[0]) && isSolid(text[len(text)-1]) && f.m.plain && !f.literal() {
		return Value{Text: text, State: Present} // as nearly all are
	}
	switch text = trim(text); {
	case text == "", isQuotedBlank(text):
		return Value{State: Empty}
	case text == nullMarker:
		return Value{State: Null}
	case f.literal():
		return Value{Text: strings.ToValidUTF8(f.text(), "\ufffd"), State: Present}
	case !f.m.plain:
		if text = trim(f.m.decode(text, dropControls)); text == "" {
			return Value{State: Empty}
		}
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
