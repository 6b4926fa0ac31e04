package bolt

import (
	"encoding/binary"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// The first byte of a value of the buckets body and head: how the rest is laid
// out, and whether it is of a deletion.
const (
	layout1 byte = 1
	deleted byte = 0x80
)

// body is one version of a resource: the truth, from which head and index are made.
type body struct {
	deleted bool
	updated int64 // microseconds since 1970
	labels  []string
	links   []store.Link
	raw     []byte
}

func bodyOf(next store.Next) body {
	rec := next.Record
	return body{rec.Deleted, rec.Updated.UnixMicro(), next.Labels, rec.Links, rec.Resource.Raw()}
}

func (v body) encode() []byte {
	b := make([]byte, 0, len(v.raw)+64)
	if v.deleted {
		b = append(b, layout1|deleted)
	} else {
		b = append(b, layout1)
	}
	b = binary.AppendVarint(b, v.updated)
	b = appendTexts(b, v.labels)
	b = appendLinks(b, v.links)
	return append(b, v.raw...)
}

// readBody takes the value apart; raw is part of it.
func readBody(value []byte) (body, error) {
	r := reader{b: value}
	m := r.byte()
	v := body{deleted: m&deleted != 0, updated: r.varint(), labels: r.texts(), links: r.links()}
	v.raw = r.b
	if r.bad || m&^deleted != layout1 {
		return body{}, errDamaged
	}
	return v, nil
}

// record gives the version as the contract shows it. Its bytes are a copy
// appended to buf, whose capacity must suffice where several share it.
func (v body) record(k store.Key, version int64, buf *[]byte) store.Record {
	rec := store.Record{Key: k, Version: version, Updated: time.UnixMicro(v.updated).UTC(), Deleted: v.deleted, Links: v.links}
	if !v.deleted {
		from := len(*buf)
		*buf = append(*buf, v.raw...)
		rec.Resource = fhir.Stored((*buf)[from:len(*buf):len(*buf)], k.Type, k.ID)
	}
	return rec
}

// head is what a search reads of the current version of a resource that is not
// deleted.
type head struct {
	seq    uint64 // the transaction that wrote it
	labels []string
	doc    []byte // the search.Document, in search's own layout
}

func (v head) encode() []byte {
	b := append(make([]byte, 0, len(v.doc)+32), layout1)
	b = binary.AppendUvarint(b, v.seq)
	b = appendTexts(b, v.labels)
	return append(b, v.doc...)
}

// readHead takes the value apart; doc is part of it.
func readHead(value []byte) (head, error) {
	r := reader{b: value}
	m := r.byte()
	v := head{seq: r.uvarint(), labels: r.texts()}
	v.doc = r.b
	if r.bad || m != layout1 {
		return head{}, errDamaged
	}
	return v, nil
}
