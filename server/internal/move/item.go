package move

import (
	"encoding/binary"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/parts"
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
		b = parts.AppendText(append(b, kindClaim), c.Space)
		return parts.AppendText(parts.AppendText(parts.AppendText(b, c.Key), c.Holder), c.Payload)
	}
	b = parts.AppendText(append(b, kindRecord), it.stream)
	return parts.AppendText(binary.AppendVarint(b, it.record.Time.UnixMicro()), it.record.Data)
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
	b = parts.AppendText(parts.AppendText(parts.AppendText(append(b, kind), r.Customer), r.Type), r.ID)
	b = binary.AppendVarint(binary.AppendVarint(b, r.Version), r.Updated.UnixMicro())
	b = binary.AppendVarint(b, int64(len(r.Links)))
	for _, l := range r.Links {
		b = parts.AppendText(parts.AppendText(parts.AppendText(b, l.Param), l.To.Type), l.To.ID)
	}
	return parts.AppendText(b, []byte(r.Resource.Raw()))
}

// errItem is what is wrong with bytes that append did not write.
var errItem = errors.New("the export holds something that this program does not know: it may be of a newer version")

// readItem reads what append wrote, and gives what follows.
func readItem(b []byte) (item, []byte, error) {
	r := parts.Reader{Rest: b}
	var it item
	switch kind := r.Byte(); {
	case kind == kindClaim:
		it.claim = &store.Claim{Space: r.Text(), Key: r.Text(), Holder: r.Text(), Payload: r.Bytes()}
	case kind == kindRecord:
		it.stream = r.Text()
		it.record = &store.LogRecord{Time: time.UnixMicro(r.Varint()).UTC(), Data: r.Bytes()}
	case kind&^(posted|created|deleted) == kindVersion:
		it.version = readVersion(&r, kind)
	default:
		r.Bad = true
	}
	if r.Bad {
		return item{}, nil, errItem
	}
	return it, r.Rest, nil
}

func readVersion(r *parts.Reader, kind byte) *store.Record {
	rec := &store.Record{
		Key:     store.Key{Customer: r.Text(), Type: r.Text(), ID: r.Text()},
		Version: r.Varint(), Updated: time.UnixMicro(r.Varint()).UTC(),
		Posted: kind&posted != 0, Created: kind&created != 0, Deleted: kind&deleted != 0,
	}
	for n := r.Varint(); n > 0 && !r.Bad; n-- {
		rec.Links = append(rec.Links, store.Link{Param: r.Text(), To: search.Ref{Type: r.Text(), ID: r.Text()}})
	}
	if raw := r.Bytes(); !rec.Deleted {
		rec.Resource = fhir.Stored(raw, rec.Type, rec.ID)
	}
	return rec
}
