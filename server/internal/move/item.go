package move

import (
	"encoding/binary"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// item is one thing that a store holds: a version, a claim, or a record of a stream.
type item struct {
	version *store.Record
	claim   *store.Claim
	record  *store.LogRecord
	stream  string
}

// at gives where a walk goes on behind it.
func (it item) at() string {
	if it.claim != nil {
		return it.claim.Key
	}
	return it.record.At
}

// The first byte of an item says what it is; for a version it is added to what kind
// of one.
const (
	kindClaim   byte = 1
	kindRecord  byte = 2
	kindVersion byte = 0x10
	posted      byte = 1
	created     byte = 2
	deleted     byte = 4
)

// append writes an item: numbers as varints, texts and bytes after their length. Two
// items that are written alike are the same, in whatever stores they are.
func (it item) append(b []byte) []byte {
	switch {
	case it.version != nil:
		return appendVersion(b, it.version)
	case it.claim != nil:
		c := it.claim
		b = appendText(append(b, kindClaim), c.Space)
		return appendText(appendText(appendText(b, c.Key), c.Holder), c.Payload)
	}
	b = appendText(append(b, kindRecord), it.stream)
	return appendText(binary.AppendVarint(b, it.record.Time.UnixMicro()), it.record.Data)
}

func appendVersion(b []byte, r *store.Record) []byte {
	kind := kindVersion
	for _, flag := range []struct {
		on  bool
		bit byte
	}{{r.Posted, posted}, {r.Created, created}, {r.Deleted, deleted}} {
		if flag.on {
			kind |= flag.bit
		}
	}
	b = appendText(appendText(appendText(append(b, kind), r.Customer), r.Type), r.ID)
	b = binary.AppendVarint(binary.AppendVarint(b, r.Version), r.Updated.UnixMicro())
	b = binary.AppendVarint(b, int64(len(r.Links)))
	for _, l := range r.Links {
		b = appendText(appendText(appendText(b, l.Param), l.To.Type), l.To.ID)
	}
	return appendText(b, []byte(r.Resource.Raw()))
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// errItem is what is wrong with bytes that append did not write.
var errItem = errors.New("the export holds something that this program does not know: it may be of a newer version")

// readItem reads what append wrote, and gives what follows.
func readItem(b []byte) (item, []byte, error) {
	r := reader{b: b}
	var it item
	switch kind := r.byte(); {
	case kind == kindClaim:
		it.claim = &store.Claim{Space: r.text(), Key: r.text(), Holder: r.text(), Payload: r.bytes()}
	case kind == kindRecord:
		it.stream = r.text()
		it.record = &store.LogRecord{Time: time.UnixMicro(r.varint()).UTC(), Data: r.bytes()}
	case kind&^(posted|created|deleted) == kindVersion:
		it.version = r.version(kind)
	default:
		r.bad = true
	}
	if r.bad {
		return item{}, nil, errItem
	}
	return it, r.b, nil
}

// reader takes bytes apart. After the first fault it gives nothing, and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) version(kind byte) *store.Record {
	rec := &store.Record{
		Key:     store.Key{Customer: r.text(), Type: r.text(), ID: r.text()},
		Version: r.varint(), Updated: time.UnixMicro(r.varint()).UTC(),
		Posted: kind&posted != 0, Created: kind&created != 0, Deleted: kind&deleted != 0,
	}
	for n := r.varint(); n > 0 && !r.bad; n-- {
		rec.Links = append(rec.Links, store.Link{Param: r.text(), To: search.Ref{Type: r.text(), ID: r.text()}})
	}
	if raw := r.bytes(); !rec.Deleted {
		rec.Resource = fhir.Stored(raw, rec.Type, rec.ID)
	}
	return rec
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) bytes() []byte {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(len(r.b)-size) {
		r.b, r.bad = nil, true
		return nil
	}
	out := r.b[size : size+int(n) : size+int(n)]
	r.b = r.b[size+int(n):]
	return out
}

func (r *reader) text() string { return string(r.bytes()) }
