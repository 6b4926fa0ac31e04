package search

import (
	"encoding/binary"
	"time"
	"unsafe"

	"slotway/fhir"
)

// Selection is a set of parameters: those of which a search reads the entries.
type Selection [4]uint64

// Select gives the parameters that Match and SortKey look at in a document that
// the query searches.
func Select(q Query) Selection {
	var s Selection
	for i := range q.Where {
		if !q.Where[i].Has {
			s.Add(q.Where[i].Param)
		}
	}
	for _, o := range q.Sort {
		s.Add(o.Param)
	}
	return s
}

// Add adds a parameter.
func (s *Selection) Add(p *Param) { s[p.index/64] |= 1 << (p.index % 64) }

func (s *Selection) has(row uint64) bool { return s[row/64]>>(row%64)&1 != 0 }

// DecodeDocument reads a whole document that AppendDocument wrote. Its texts
// share b, which must not change while they are in use. The error is of Kind
// Internal: b is something else.
func (c *Catalog) DecodeDocument(b []byte) (Document, error) {
	var d Document
	err := c.Decode(&d, b, nil)
	return d, err
}

// Decode reads a document into d, whose slices it uses again, and of its own
// entries only those selected: all when only is nil. Contained documents are
// read whole. Texts share b as those of DecodeDocument do.
func (c *Catalog) Decode(d *Document, b []byte, only *Selection) error {
	r := reader{b: b}
	if r.byte() != codecVersion {
		r.broken = true
	}
	r.document(d, only)
	if r.broken || len(r.b) > 0 {
		return fhir.Errorf(fhir.Internal, "A stored search document cannot be read.")
	}
	return nil
}

// reader takes a stored document apart. Once something is wrong it is broken,
// holds nothing more and gives only zeros.
type reader struct {
	b      []byte
	broken bool
}

func (r *reader) fail() { r.b, r.broken = nil, true }

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		return uint64(r.byte())
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	b := r.bytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (r *reader) document(d *Document, only *Selection) {
	d.Type, d.ID, d.Updated = r.text(), r.text(), time.Time{}
	if r.byte() == 1 {
		d.Updated = time.UnixMicro(r.varint()).UTC()
	}
	d.Entries, d.Contained = d.Entries[:0], d.Contained[:0]
	count := r.uvarint()
	if only == nil && uint64(cap(d.Entries)) < count && count <= uint64(len(r.b)) {
		d.Entries = make([]Entry, 0, count)
	}
	for row := r.uvarint(); row != 0 && !r.broken; row = r.uvarint() {
		group := reader{b: r.bytes()}
		if row > uint64(len(params)) {
			r.fail()
			return
		}
		if only != nil && !only.has(row-1) {
			continue
		}
		for p := &params[row-1]; len(group.b) > 0; {
			group.entry(p, d.next(p))
		}
		if group.broken {
			r.fail()
			return
		}
	}
	r.contained(d)
}

// next gives a place for one more entry.
func (d *Document) next(p *Param) *Entry {
	n := len(d.Entries)
	if n == cap(d.Entries) {
		d.Entries = append(d.Entries, Entry{})
	}
	d.Entries = d.Entries[:n+1]
	e := &d.Entries[n]
	*e = Entry{Param: p}
	return e
}

func (r *reader) contained(d *Document) {
	count := r.uvarint()
	for ; count > 0 && !r.broken; count-- {
		inner := reader{b: r.bytes()}
		var c Document
		inner.document(&c, nil)
		if inner.broken || len(inner.b) > 0 {
			r.fail()
			return
		}
		d.Contained = append(d.Contained, c)
	}
}

func (r *reader) entry(p *Param, e *Entry) {
	switch p.Kind {
	case Token:
		r.token(p, e)
	case Date, Special:
		r.date(e)
	case Reference:
		r.reference(e)
	case String:
		flags := r.byte()
		e.Folded = r.text()
		if flags&stringExact != 0 {
			e.Exact = r.text()
		}
	default:
		e.URL = r.text()
	}
}

func (r *reader) token(p *Param, e *Entry) {
	flags := r.byte()
	if flags&tokenSystem != 0 {
		e.System = r.text()
	} else if flags&tokenOfRow != 0 {
		e.System = p.system
	}
	if flags&tokenCode != 0 {
		e.Code = r.text()
	}
	if flags&tokenText != 0 {
		e.Text = r.text()
	}
	if flags&tokenType != 0 {
		e.TypeSystem, e.TypeCode = r.text(), r.text()
	}
	e.Fold = flags&tokenFold != 0
}

func (r *reader) reference(e *Entry) {
	flags := r.byte()
	if flags&refSystem != 0 {
		e.System = r.text()
	}
	if flags&refCode != 0 {
		e.Code = r.text()
	}
	if flags&refRef != 0 {
		e.Ref.Type, e.Ref.ID = r.text(), r.text()
	}
	if flags&refVersion != 0 {
		e.Version = r.text()
	}
	if flags&refFragment != 0 {
		e.Fragment = r.text()
	}
	if flags&refURL != 0 {
		e.URL = r.text()
	}
}

func (r *reader) date(e *Entry) {
	flags := r.byte()
	e.Lo, e.Hi = NoStart, NoEnd
	if flags&dateNoStart == 0 {
		e.Lo = r.varint()
	}
	switch {
	case flags&dateNoEnd != 0:
	case flags&datePoint != 0:
		e.Hi = e.Lo + 1
	default:
		e.Hi = r.varint()
	}
}
