package rest

import (
	"net/http"

	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// history gives the versions of a resource, newest first,
// http://hl7.org/fhir/R4/http.html#history.
func (k *call) history() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	pages, raw, err := k.walk(k.c.Request.URL.RawQuery, k.typ.Name+"/"+k.id)
	if err != nil {
		return err
	}
	if err := pages.check(raw); err != nil {
		return err
	}
	count, err := search.ParseCount(raw)
	if err != nil {
		return err
	}
	if count < 1 {
		count = k.s.Limits.PageSize
	}
	page, err := k.s.Store.History(k.c.Request.Context(), k.see, key, pages.turn.After, count)
	if err != nil {
		return err
	}
	e := r4.Envelope{Type: r4.History, ID: k.s.NewID(), Updated: k.s.Now(), Total: page.Total}
	e.Links = pages.links(k.url("/"+k.typ.Name+"/"+k.id+"/_history"), raw, page.Next)
	b := r4.NewBundle(nil, e)
	for _, rec := range page.Records {
		entry, err := k.version(rec)
		if err != nil {
			return err
		}
		b.Add(entry)
	}
	write(k.c, k.face, http.StatusOK, b.Bytes())
	return nil
}

// version gives a record as an entry of a history.
func (k *call) version(rec store.Record) (r4.Entry, error) {
	e := r4.Entry{
		FullURL: k.url("/" + rec.Type + "/" + rec.ID), Method: http.MethodPut, URL: rec.Type + "/" + rec.ID,
		Response: &r4.Response{Status: "200", ETag: wire.ETag(rec.Version), LastModified: rec.Updated},
	}
	switch {
	case rec.Deleted:
		e.Method, e.Response.Status = http.MethodDelete, "204"
		return e, nil
	case rec.Version == 1:
		e.Response.Status = "201"
	}
	out, err := k.face.Out(rec.Resource)
	e.Resource = out.Raw()
	return e, err
}
