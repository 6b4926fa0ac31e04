package rest

import (
	"cmp"
	"context"
	"net/http"

	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// history gives the versions of a resource, of a type, or of everything, newest
// first, http://hl7.org/fhir/R4/http.html#history.
func (k *call) history() error {
	of, key, err := k.historical()
	if err != nil {
		return err
	}
	pages, raw, err := k.walk(k.c.Request.URL.RawQuery, of)
	if err != nil {
		return err
	}
	asked, err := search.ParseHistory(k.face.Catalog, k.typ.Name, raw)
	if err != nil {
		return err
	}
	if err := pages.check(asked.Self); err != nil {
		return err
	}
	if err := k.strict(asked.Warnings); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(k.sparing(), deadline)
	defer cancel()
	page, err := period{k: k, asked: asked, key: key, atOnce: pickedAtOnce}.page(ctx, pages.turn.After)
	if err != nil {
		return err
	}
	k.settle(sizeOf(page.Records))
	e := r4.Envelope{Type: r4.History, ID: k.s.NewID(), Updated: k.s.Now(), Total: page.Total}
	e.Links = pages.links(k.url("/"+of), asked.Self, page.Next)
	if asked.Count == 0 {
		e.Links = []r4.Link{{Relation: "self", URL: address(k.url("/"+of), asked.Self)}}
	}
	return k.historyOf(e, page.Records, subsetOf(asked.Query))
}

// historical gives the address, below the base, that is asked for, if the caller
// may have it. The versions of a type tell what a search of it tells, so they need
// the scope for that too.
func (k *call) historical() (of string, key store.Key, err error) {
	switch {
	case k.id != "":
		of = k.typ.Name + "/" + k.id + "/_history"
		key, err = k.key()
		return of, key, err
	case k.typ.Name != "":
		of = k.typ.Name + "/_history"
	default:
		of = "_history"
	}
	_, err = k.principal.Demand(auth.Search, cmp.Or(k.typ.Name, "*"))
	return of, store.Key{Type: k.typ.Name}, err
}

// historyOf writes the answer.
func (k *call) historyOf(e r4.Envelope, records []store.Record, shown subset) error {
	k.touch(records)
	address := k.addresses(records)
	return k.bundled(e, func(b *r4.Bundle) error {
		if shown == nil {
			b.Grow(len(records), sizeOf(records))
		}
		for i := range records {
			entry, err := k.version(&records[i], shown)
			if err != nil {
				return err
			}
			entry.FullURL = address(&records[i])
			b.Add(entry)
		}
		return nil
	})
}

// version gives a record as an entry of a history: what was asked to make it,
// and what came of that.
func (k *call) version(rec *store.Record, shown subset) (r4.Entry, error) {
	e := r4.Entry{
		Method: http.MethodPut, URL: rec.Type + "/" + rec.ID,
		Response: &r4.Response{Status: "200", ETag: wire.ETag(rec.Version), LastModified: rec.Updated},
	}
	if rec.Deleted {
		e.Method, e.Response.Status = http.MethodDelete, "204"
		return e, nil
	}
	if rec.Created {
		e.Response.Status = "201"
	}
	if rec.Posted {
		e.Method, e.URL = http.MethodPost, rec.Type
	}
	out, err := k.shown(rec.Resource, shown)
	e.Resource = out.Raw()
	return e, err
}
