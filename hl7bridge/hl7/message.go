package hl7

import (
	"iter"
	"log/slog"
)

// Message is a parsed message. It is immutable and safe for concurrent use; the bytes
// given to Parse must not change while it lives.
type Message struct {
	raw        []byte
	text       string // raw as a string: every value without escapes is a part of it
	start      int    // where MSH begins
	encoding   int    // where MSH-2 ends
	delims     Delimiters
	reply      Delimiters // those an acknowledgement uses: delims if they were valid
	charset    *charset
	undeclared bool // the character set: it was told by the bytes
	warnings   []string
	plain      bool // nothing after MSH-2 is escaped, a control character or beyond ASCII
	segs       []segment
	ends       []int32 // where names and fields end, segment by segment
	splits     splits

	segsInline   [16]segment // room for the usual message, so that the index costs no allocation
	endsInline   [160]int32
	splitsInline [20]uint64
}

// segment is a line of the message, which begins at text[lo]. The fields, of which
// MSH-1 is none here, end at ends[first:last]; ends[first-1] is where the separator
// before the first of them stands, and ends[last-1] where the line ends.
type segment struct {
	lo, first, last int32
	key             uint32 // of its name
}

// Raw returns the bytes given to Parse.
func (m *Message) Raw() []byte { return m.raw }

// Delimiters returns the characters that split the message.
func (m *Message) Delimiters() Delimiters { return m.delims }

// Get returns the value at r in the first segment of r's name, in the first repetition
// of the field.
//
//   - SCH-7 is the same as SCH-7.1: the first component.
//   - SCH-11.4 is the whole component, subcomponent separators included.
//   - SCH-11.4.1 is one subcomponent; a component without separators has just the first.
//   - The delete marker "" as sole content of a repetition or component makes each of
//     its parts Null: for SCH-7 = "", SCH-7.2 is Null.
//   - MSH-1 and MSH-2 are given as they stand.
func (m *Message) Get(r Ref) Value {
	return m.fieldOf(r.segment, r.key, int(r.field)).At(r)
}

// Field returns field n, from 1, of the first segment of that name.
func (m *Message) Field(seg string, n int) Field { return m.fieldOf(seg, keyOf(seg), n) }

// fieldOf is Field for a name whose key is key.
func (m *Message) fieldOf(seg string, key uint32, n int) Field {
	for i := range m.segs {
		if m.is(i, key, seg) {
			return m.field(i, n)
		}
	}
	return Field{}
}

// RawField returns the bytes between the field separators around field n of the first
// segment of that name: all repetitions, undecoded and untrimmed. It is meant for
// fields that must not be split, such as MSH-10 or a URL. The state is Null only for
// the two characters "" between blanks. The bytes are part of the message; do not
// change them.
func (m *Message) RawField(seg string, n int) (raw []byte, s State) {
	f := m.Field(seg, n)
	return f.Raw(), f.rawState()
}

// ControlID returns MSH-10 byte for byte, blanks included.
func (m *Message) ControlID() []byte {
	raw, _ := m.RawField("MSH", 10)
	return raw
}

// Segments yields the segments of that name in message order; "" yields all of them.
func (m *Message) Segments(name string) iter.Seq[Segment] {
	key := keyOf(name)
	return func(yield func(Segment) bool) {
		for i := range m.segs {
			if (name == "" || m.is(i, key, name)) && !yield(Segment{m, i}) {
				return
			}
		}
	}
}

// Next returns the first segment of r's name whose Index is from or more.
func (m *Message) Next(r Ref, from int) (s Segment, ok bool) {
	for i := from; i < len(m.segs); i++ {
		if m.segs[i].key == r.key { // which says all of a name that a Ref can have
			return Segment{m, i}, true
		}
	}
	return Segment{}, false
}

// Has reports whether there is a segment of that name.
func (m *Message) Has(name string) bool {
	key := keyOf(name)
	for i := range m.segs {
		if m.is(i, key, name) {
			return true
		}
	}
	return false
}

// LogValue describes the message for the log: its type and size, nothing of its content.
func (m *Message) LogValue() slog.Value {
	if m == nil {
		return slog.StringValue("none")
	}
	return slog.GroupValue(
		slog.String("event", m.trigger()),
		slog.Int("segments", len(m.segs)),
		slog.Int("bytes", len(m.raw)),
	)
}

// is says whether segment i has a name, whose key is key.
func (m *Message) is(i int, key uint32, name string) bool {
	return m.segs[i].key == key && (key != 0 || m.name(i) == name)
}

// keyOf gives a name of three bytes as a number, and 0 for others.
func keyOf(name string) uint32 {
	if len(name) != 3 {
		return 0
	}
	return 1<<24 | uint32(name[0])<<16 | uint32(name[1])<<8 | uint32(name[2])
}

func (m *Message) name(i int) string {
	s := &m.segs[i]
	if s.key != 0 {
		return m.text[s.lo : s.lo+3]
	}
	return trim(m.text[s.lo:m.ends[s.first-1]]) // nothing to trim on the left
}

// line says where segment i begins and ends.
func (m *Message) line(i int) (lo, hi int) { return int(m.segs[i].lo), int(m.ends[m.segs[i].last-1]) }
