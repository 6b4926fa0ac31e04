package hl7

import (
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Limits of a message. Its size is limited by the transport.
const maxSegments = 20_000

// The codes that a ParseError carries.
const (
	CodeMSHMalformed     = "MSH_MALFORMED"     // no MSH, or one without usable delimiters
	CodeCharset          = "CHARSET"           // bytes that the declared character set does not have
	CodeTooLarge         = "TOO_LARGE"         // more than 20,000 segments
	CodeTypeUnsupported  = "TYPE_UNSUPPORTED"  // a batch (FHS, BHS) instead of a message
	CodeSegmentDuplicate = "SEGMENT_DUPLICATE" // a second MSH: two messages run together
)

// ParseError says why a message cannot be processed. Its text is for the sender and
// quotes nothing of the message.
type ParseError struct {
	Code    string // one of the Code constants
	Segment string // where the fault is, such as "MSH"; may be ""
	Field   int    // the field in Segment, from 1; 0 for the segment as a whole
	Text    string // what is wrong and what would be right
}

// Error returns the text, led by the place.
func (e *ParseError) Error() string {
	switch {
	case e.Segment == "":
		return e.Text
	case e.Field == 0:
		return e.Segment + ": " + e.Text
	}
	return fmt.Sprintf("%s-%d: %s", e.Segment, e.Field, e.Text)
}

// Parse indexes a message. CR, LF and CR LF end a segment; a byte order mark, blank
// lines and blanks before a segment are passed over.
//
// A failure is a *ParseError. If MSH was readable, the message comes with the error, so
// that it can be acknowledged; it must not be processed. Otherwise the message is nil.
// Whether MSH-7, MSH-9 and the like are there is for the caller to check.
func Parse(raw []byte) (*Message, error) { return ParseAs(raw, "") }

// ParseAs is Parse for a transport that names the character set itself, as HTTP does in
// Content-Type. A name given here beats MSH-18; "" leaves it to MSH-18.
func ParseAs(raw []byte, charset string) (*Message, error) {
	m := &Message{raw: raw, text: unsafe.String(unsafe.SliceData(raw), len(raw)), charset: utf8Set}
	if err := m.findHeader(); err != nil {
		return nil, err
	}
	headerErr := m.readDelimiters()
	indexErr := m.index()
	charsetErr := m.readCharset(charset)
	for _, err := range []*ParseError{headerErr, indexErr, charsetErr} {
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// findHeader finds MSH and a field separator.
func (m *Message) findHeader() error {
	if strings.HasPrefix(m.text, "\xfe\xff") || strings.HasPrefix(m.text, "\xff\xfe") {
		return &ParseError{Code: CodeCharset, Segment: "MSH", Field: 18, Text: "UTF-16 is not accepted; send UTF-8"}
	}
	rest := strings.TrimLeft(strings.TrimPrefix(m.text, byteOrderMark), blanks)
	m.start = len(m.text) - len(rest)
	switch {
	case strings.HasPrefix(rest, "FHS"), strings.HasPrefix(rest, "BHS"):
		return &ParseError{Code: CodeTypeUnsupported, Segment: "MSH", Field: 9, Text: "batches are not accepted; send one message, from MSH on"}
	case !strings.HasPrefix(rest, "MSH"):
		return malformed(0, "the message must begin with MSH")
	case len(rest) < 4 || !validDelimiter(rest[3]):
		return malformed(1, `MSH must be followed by the field separator, such as "|"`)
	}
	m.delims.Field = rest[3]
	return nil
}

const byteOrderMark = "\ufeff"

func malformed(field int, text string) *ParseError {
	return &ParseError{Code: CodeMSHMalformed, Segment: "MSH", Field: field, Text: text}
}

// readDelimiters reads MSH-2. If it is unusable, the message is read with the usual
// delimiters, to find MSH-10.
func (m *Message) readDelimiters() *ParseError {
	field, from := m.delims.Field, m.start+len("MSH|")
	encoding := m.text[from:]
	if end := strings.IndexAny(encoding, string([]byte{field, '\r', '\n'})); end >= 0 {
		encoding = encoding[:end]
	}
	m.encoding = from + len(encoding)
	d, ok := parseDelimiters(field, encoding)
	if !ok {
		m.reply, m.delims = DefaultDelimiters(), DefaultDelimiters()
		m.delims.Field = field
		return malformed(2, "MSH-2 must be two to five different characters, none a letter or digit, such as the usual circumflex, tilde, backslash and ampersand")
	}
	m.reply, m.delims = d, d
	if m.encoding == len(m.text) || m.text[m.encoding] != field {
		return malformed(0, "the segment ends after MSH-2")
	}
	return nil
}

// index finds the segments and their fields, and whether a text must be decoded, in one
// pass over the message.
func (m *Message) index() *ParseError {
	m.segs, m.ends = m.segsInline[:0], m.endsInline[:0]
	m.splits = splitsFor(m.splitsInline[:], len(m.text))
	m.plain = true
	marks := ordinaryMarks
	marks[m.delims.Escape] |= markOdd // also without escapes: NUL is a control character
	marks[m.delims.Field] |= markField
	marks[m.delims.Component] |= markSplit
	marks[m.delims.Repetition] |= markSplit
	strange, second := 0, false
	for pos := m.start; pos < len(m.text); pos++ {
		for pos < len(m.text) && (m.text[pos] == ' ' || m.text[pos] == '\t') {
			pos++
		}
		if pos == len(m.text) || marks[m.text[pos]]&markLine != 0 {
			continue // a blank line
		}
		if len(m.segs) == maxSegments {
			m.plain = false // nobody has looked
			return &ParseError{Code: CodeTooLarge, Text: fmt.Sprintf("the message has more than %d segments", maxSegments)}
		}
		s := segment{lo: int32(pos), first: int32(len(m.ends) + 1)}
		pos = m.indexFields(&marks, pos)
		s.last = int32(len(m.ends))
		name := trim(m.text[s.lo:m.ends[s.first-1]]) // nothing to trim on the left
		s.key = keyOf(name)
		second = second || len(m.segs) > 0 && s.key == keyMSH
		if !validName(name) {
			strange++
		}
		m.segs = append(m.segs, s)
	}
	if strange > 0 {
		m.warnings = append(m.warnings, fmt.Sprintf("%d lines do not begin with a segment name and are ignored", strange))
	}
	if second {
		return &ParseError{Code: CodeSegmentDuplicate, Segment: "MSH", Text: "there are two MSH; send one message at a time"}
	}
	return nil
}

// indexFields notes where the name and the fields of the line from pos on end, and what
// is in them, and gives where the line does.
func (m *Message) indexFields(marks *[256]uint8, pos int) int {
	_ = marks[0] // it is there: said once, not for each byte
	text, ends, splits := m.text, m.ends, m.splits
	for ; uint(pos) < uint(len(text)); pos++ {
		mark := marks[text[pos]]
		if mark == 0 {
			continue
		}
		if mark&markOdd != 0 && pos >= m.encoding {
			m.plain = false
		}
		if mark&markLine != 0 {
			break
		}
		if mark&markField != 0 { // also where the message takes for it what we fall back on for components
			ends = append(ends, int32(pos))
		} else if mark&markSplit != 0 {
			splits.add(pos)
		}
	}
	m.ends = append(ends, int32(pos))
	return pos
}

// What a byte can be to the index.
const (
	markOdd   = 1 << iota // no text that stands for itself
	markField             // the field separator
	markSplit             // ends a component or a repetition
	markLine              // ends a segment
)

// ordinaryMarks are those of bytes that no message has a say in.
var ordinaryMarks = func() (t [256]uint8) {
	for b := range t {
		if b >= utf8.RuneSelf || isDropped(rune(b)) {
			t[b] = markOdd
		}
	}
	t['\r'], t['\n'] = markLine, markLine
	return t
}()
