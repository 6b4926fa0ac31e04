package hl7

import (
	"fmt"
	"strings"
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
	m := &Message{raw: raw, text: string(raw), charset: utf8Set}
	if err := m.findHeader(); err != nil {
		return nil, err
	}
	headerErr := m.readDelimiters()
	indexErr := m.index()
	charsetErr := m.readCharset(charset)
	m.plain = m.isPlain()
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
		return malformed(2, "two to five different characters must follow the field separator, none a letter or digit, such as the usual circumflex, tilde, backslash and ampersand")
	}
	m.reply, m.delims = d, d
	if m.encoding == len(m.text) || m.text[m.encoding] != field {
		return malformed(0, "the segment ends after MSH-2")
	}
	return nil
}

// index finds the segments. It looks for the next CR and the next LF apart, so that a
// message is scanned twice at most.
func (m *Message) index() *ParseError {
	m.segs, m.ends = m.segsInline[:0], m.endsInline[:0]
	var strange int
	var second bool
	cr, lf := indexFrom(m.text, '\r', m.start), indexFrom(m.text, '\n', m.start)
	for pos := m.start; pos < len(m.text); {
		end := min(cr, lf)
		if !m.addSegment(pos, end) {
			return &ParseError{Code: CodeTooLarge, Text: fmt.Sprintf("the message has more than %d segments", maxSegments)}
		}
		if end == cr {
			cr = indexFrom(m.text, '\r', end+1)
		}
		if end == lf {
			lf = indexFrom(m.text, '\n', end+1)
		}
		pos = end + 1
	}
	for i := range m.segs {
		second = second || i > 0 && m.segs[i].key == keyMSH
		if !validName(m.name(i)) {
			strange++
		}
	}
	if strange > 0 {
		m.warnings = append(m.warnings, fmt.Sprintf("%d lines do not begin with a segment name and are ignored", strange))
	}
	if second {
		return &ParseError{Code: CodeSegmentDuplicate, Segment: "MSH", Text: "there are two MSH; send one message at a time"}
	}
	return nil
}

// addSegment adds the line text[lo:hi] unless it is blank. It reports whether there was room.
func (m *Message) addSegment(lo, hi int) bool {
	for lo < hi && (m.text[lo] == ' ' || m.text[lo] == '\t') {
		lo++
	}
	if lo == hi {
		return true
	}
	if len(m.segs) == maxSegments {
		return false
	}
	end := indexFrom(m.text[:hi], m.delims.Field, lo)
	name := lo + len(trim(m.text[lo:end])) // nothing to trim on the left
	m.ends = append(m.ends, int32(end))
	s := segment{lo: int32(lo), name: int32(name), hi: int32(hi), first: int32(len(m.ends)), key: keyOf(m.text[lo:name])}
	for end < hi {
		end = indexFrom(m.text[:hi], m.delims.Field, end+1)
		m.ends = append(m.ends, int32(end))
	}
	s.last = int32(len(m.ends))
	m.segs = append(m.segs, s)
	return true
}

// indexFrom returns where c is next at or after from, or the length of s.
func indexFrom(s string, c byte, from int) int {
	if from < len(s) {
		if i := strings.IndexByte(s[from:], c); i >= 0 {
			return from + i
		}
	}
	return len(s)
}
