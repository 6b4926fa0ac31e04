package hl7

// Writer builds a message segment by segment. Empty fields at the end of a segment are
// left out; every segment ends with CR.
type Writer struct {
	delims  Delimiters
	buf     []byte
	pending int // separators of empty fields, written when a field follows
}

// NewWriter returns a Writer that uses the delimiters.
func NewWriter(d Delimiters) *Writer { return &Writer{delims: d} }

// Segment ends the segment before and begins one of that name. MSH brings its first two
// fields along, so the next field is MSH-3.
func (w *Writer) Segment(name string) *Writer {
	w.end()
	w.buf = append(w.buf, name...)
	if name == "MSH" {
		w.buf = append(w.buf, w.delims.String()...)
	}
	return w
}

// Field adds a field of the given components, which it escapes. Field("") is an empty one.
func (w *Writer) Field(components ...string) *Writer {
	var raw []byte
	for i, c := range components {
		if i > 0 {
			raw = append(raw, w.delims.Component)
		}
		raw = append(raw, Escape(c, w.delims)...)
	}
	for len(raw) > 0 && raw[len(raw)-1] == w.delims.Component {
		raw = raw[:len(raw)-1]
	}
	return w.RawField(raw)
}

// RawField adds a field as it is. It must not hold the field separator or a line end.
func (w *Writer) RawField(raw []byte) *Writer {
	w.pending++
	if len(raw) > 0 {
		for ; w.pending > 0; w.pending-- {
			w.buf = append(w.buf, w.delims.Field)
		}
		w.buf = append(w.buf, raw...)
	}
	return w
}

// Skip adds n empty fields.
func (w *Writer) Skip(n int) *Writer {
	w.pending += n
	return w
}

// Bytes ends the last segment and returns the message. The Writer must not be used after.
func (w *Writer) Bytes() []byte {
	w.end()
	return w.buf
}

func (w *Writer) end() {
	if len(w.buf) > 0 {
		w.buf = append(w.buf, '\r')
	}
	w.pending = 0
}
