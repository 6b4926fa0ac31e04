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
	lo, hi := s.m.line(s.i)
	return s.m.raw[lo:hi:hi]
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
	if s.m == nil || !s.m.is(s.i, r.key, r.segment) {
		return Value{}
	}
	return s.m.field(s.i, int(r.field)).At(r)
}

// field gives field n of segment i.
func (m *Message) field(i, n int) Field {
	at := &m.segs[i]
	if at.key == keyMSH {
		if end := at.lo + int32(len("MSH")); n == 1 && end < m.ends[at.last-1] {
			return Field{m, int(end), int(end) + 1}
		}
		n-- // the separator is a field, and so not one before MSH-2
	}
	if n < 1 || n > int(at.last-at.first) {
		return Field{}
	}
	k := int(at.first) + n - 1
	return Field{m, int(m.ends[k-1]) + 1, int(m.ends[k])}
}

var keyMSH = keyOf("MSH")
