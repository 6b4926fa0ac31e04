package hl7

// Segment is one line of a message. The zero Segment has no fields.
type Segment struct {
	m *Message
	i int
}

// Name returns the segment's name, such as "SCH": what stands before the first field
// separator. A line that is no segment has whatever name it has.
func (s Segment) Name() string {
	if s.m == nil {
		return ""
	}
	return s.m.name(s.i)
}

// Index returns the segment's position in the message, from 0 for MSH. Blank lines do
// not count.
func (s Segment) Index() int { return s.i }

// Raw returns the segment's bytes, without the line end and leading blanks. They are
// part of the message; do not change them.
func (s Segment) Raw() []byte {
	if s.m == nil {
		return nil
	}
	at := s.m.segs[s.i]
	return s.m.raw[at.lo:at.hi:at.hi]
}

// Field returns field n, from 1. MSH-1 is the field separator itself (HL7 v2, 2.13.9.1).
func (s Segment) Field(n int) Field {
	if s.m == nil {
		return Field{}
	}
	return s.m.field(s.i, n)
}

// Get returns the value at r in this segment, as Message.Get does. The value is Absent
// if r names another segment.
func (s Segment) Get(r Ref) Value {
	if r.segment != s.Name() {
		return Value{}
	}
	return s.Field(int(r.field)).at(r)
}

// field finds field n of segment i.
func (m *Message) field(i, n int) Field {
	if n < 1 {
		return Field{}
	}
	at := m.segs[i]
	lo, hi, name := int(at.lo), int(at.hi), int(at.name)
	if m.text[lo:name] == "MSH" {
		if n == 1 && name < hi {
			return Field{m, name, name + 1}
		}
		n-- // the separator is a field, and so not one before MSH-2
	}
	line, sep := m.text[:hi], m.delims.Field
	for pos := name; pos < len(line); pos++ {
		if line[pos] != sep {
			continue
		}
		if n--; n == 0 {
			return Field{m, pos + 1, indexFrom(line, sep, pos+1)}
		}
	}
	return Field{}
}
