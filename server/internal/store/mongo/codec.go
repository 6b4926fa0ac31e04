package mongo

import (
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// encode gives the record as the log holds it.
func (s *Store) encode(r *record) logDoc {
	doc := logDoc{ID: numberName(r.n), By: r.by, At: r.written, Print: s.print}
	for _, v := range r.versions {
		one := s.encodeVersion(v)
		if r.size > maxSize {
			one.Document = nil // it can be made of the bytes, for which there is room
		}
		doc.Versions = append(doc.Versions, one)
	}
	for _, h := range r.claims {
		doc.Claims = append(doc.Claims, claimDoc{Name: h.name(), Holder: part(h.claim.Holder), Payload: h.claim.Payload})
	}
	for _, h := range r.releases {
		doc.Releases = append(doc.Releases, claimDoc{Name: h.name(), Holder: part(h.claim.Holder), Payload: h.claim.Payload, Seq: int64(h.seq)})
	}
	for _, e := range r.entries {
		one := entryDoc{Stream: part(e.stream), Data: e.data}
		if e.time != nil {
			one.Time = new(e.time.UnixMicro())
		}
		doc.Entries = append(doc.Entries, one)
	}
	for _, t := range r.trims {
		doc.Trims = append(doc.Trims, trimDoc{Stream: part(t.stream), Before: t.before})
	}
	return doc
}

func (s *Store) encodeVersion(v *version) versionDoc {
	rec := v.next.Record
	doc := versionDoc{
		Customer: part(rec.Customer), Type: rec.Type, ID: rec.ID, N: rec.Version,
		Updated: rec.Updated.UnixMicro(), Deleted: rec.Deleted, Posted: rec.Posted, Created: rec.Created, Labels: v.next.Labels, Raw: rec.Resource.Raw(),
	}
	for _, l := range rec.Links {
		doc.Links = append(doc.Links, linkDoc{l.Param, l.To.Type, l.To.ID})
	}
	if !rec.Deleted {
		doc.Document = v.document(s)
	}
	return doc
}

// decode gives a record of the log as this process holds it.
func (s *Store) decode(doc *logDoc) (*record, error) {
	r := &record{n: parseNumber(doc.ID), by: doc.By, written: doc.At}
	c := &change{}
	for i := range doc.Versions {
		v, err := s.decodeVersion(&doc.Versions[i], r.n, doc.Print)
		if err != nil {
			return nil, err
		}
		c.versions = append(c.versions, v)
	}
	for _, h := range doc.Claims {
		c.claims = append(c.claims, h.held())
	}
	for _, h := range doc.Releases {
		c.releases = append(c.releases, h.held())
	}
	for _, e := range doc.Entries {
		one := entry{stream: unpart(e.Stream), data: e.Data}
		if e.Time != nil {
			one.time = new(time.UnixMicro(*e.Time).UTC())
		}
		c.entries = append(c.entries, one)
	}
	for _, t := range doc.Trims {
		c.trims = append(c.trims, trim{unpart(t.Stream), t.Before})
	}
	r.add(c)
	return r, nil
}

func (d *claimDoc) held() *held {
	space, key := claimed(d.Name)
	return &held{store.Claim{Space: space, Key: key, Holder: unpart(d.Holder), Payload: d.Payload}, uint64(d.Seq), uint64(d.Freed)}
}

func (d *versionDoc) key() store.Key {
	return store.Key{Customer: unpart(d.Customer), Type: d.Type, ID: d.ID}
}

// record gives the version as the contract shows it.
func (d *versionDoc) record() store.Record {
	k := d.key()
	rec := store.Record{Key: k, Version: d.N, Updated: time.UnixMicro(d.Updated).UTC(), Deleted: d.Deleted, Posted: d.Posted, Created: d.Created}
	for _, l := range d.Links {
		rec.Links = append(rec.Links, store.Link{Param: l.Param, To: search.Ref{Type: l.Type, ID: l.ID}})
	}
	if !d.Deleted {
		rec.Resource = fhir.Stored(d.Raw, d.Type, d.ID)
	}
	return rec
}

// decodeVersion gives a version with what a search sees of it. Documents that
// another catalog made are made again.
func (s *Store) decodeVersion(d *versionDoc, seq uint64, print string) (*version, error) {
	v := &version{seq: seq, next: store.Next{Record: d.record(), Labels: d.Labels}}
	if d.Deleted {
		return v, nil
	}
	var err error
	if print == s.print && d.Document != nil {
		v.next.Document, err = s.o.Catalog.DecodeDocument(d.Document)
	} else {
		v.next.Document, err = store.Document(s.o.Catalog, v.next.Record)
	}
	return v, err
}
