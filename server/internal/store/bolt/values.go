package bolt

import (
	"encoding/binary"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/engine"
	"slotway/server/internal/store/parts"
)

// The first byte of a value of the buckets body and head: how the rest is laid
// out, and what kind of version it is.
const (
	layout1 byte = 1
	created byte = 0x20
	posted  byte = 0x40
	deleted byte = 0x80
)

// body is one version of a resource: the truth, from which head and index are made.
type body struct {
	deleted bool
	posted  bool
	created bool
	updated int64 // microseconds since 1970
	labels  []string
	links   []store.Link
	raw     []byte
}

func bodyOf(next store.Next) body {
	rec := next.Record
	return body{rec.Deleted, rec.Posted, rec.Created, rec.Updated.UnixMicro(), next.Labels, rec.Links, rec.Resource.Raw()}
}

func (v body) encode() []byte {
	b := make([]byte, 0, len(v.raw)+64)
	layout := layout1
	if v.deleted {
		layout |= deleted
	}
	if v.posted {
		layout |= posted
	}
	if v.created {
		layout |= created
	}
	b = append(b, layout)
	b = binary.AppendVarint(b, v.updated)
	b = appendTexts(b, v.labels)
	b = appendLinks(b, v.links)
	return append(b, v.raw...)
}

// readBody takes the value apart; raw is part of it.
func readBody(value []byte) (body, error) {
	r := reader{parts.Reader{Rest: value}}
	m := r.Byte()
	v := body{deleted: m&deleted != 0, posted: m&posted != 0, created: m&created != 0, updated: r.Varint(), labels: r.texts(), links: r.links()}
	v.raw = r.Rest
	if r.Bad || m&^(deleted|posted|created) != layout1 {
		return body{}, errDamaged
	}
	return v, nil
}

// record gives the version as the contract shows it, but for its bytes, which are
// still those of the file: view.Keep copies them.
func (v body) record(k store.Key, version int64) store.Record {
	rec := store.Record{Key: k, Version: version, Updated: time.UnixMicro(v.updated).UTC(), Deleted: v.deleted, Posted: v.posted, Created: v.created, Links: v.links}
	if !v.deleted {
		rec.Resource = fhir.Stored(v.raw, k.Type, k.ID)
	}
	return rec
}

func (v body) version(k store.Key, version int64) engine.Version {
	return engine.Version{Record: v.record(k, version), Labels: v.labels}
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
	r := reader{parts.Reader{Rest: value}}
	m := r.Byte()
	v := head{seq: r.Uvarint(), labels: r.texts()}
	v.doc = r.Rest
	if r.Bad || m != layout1 {
		return head{}, errDamaged
	}
	return v, nil
}

// errDamaged is what reading a value that this package did not write gives.
var errDamaged = errors.New("the store's file holds a value that cannot be read: restore it from a backup")

func appendTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, t := range texts {
		b = parts.AppendText(b, t)
	}
	return b
}

// reader takes a value of this store apart.
type reader struct{ parts.Reader }

func (r *reader) texts() []string {
	n := r.Uvarint()
	if n > uint64(len(r.Rest)) {
		r.Fail()
		return nil
	}
	var out []string
	for range n {
		out = append(out, r.Text())
	}
	return out
}

func appendLinks(b []byte, links []store.Link) []byte {
	b = binary.AppendUvarint(b, uint64(len(links)))
	for _, l := range links {
		b = parts.AppendText(parts.AppendText(parts.AppendText(b, l.Param), l.To.Type), l.To.ID)
	}
	return b
}

func (r *reader) links() []store.Link {
	n := r.Uvarint()
	if n > uint64(len(r.Rest)) {
		r.Fail()
		return nil
	}
	var out []store.Link
	for range n {
		out = append(out, store.Link{Param: r.Text(), To: search.Ref{Type: r.Text(), ID: r.Text()}})
	}
	return out
}
