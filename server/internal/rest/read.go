package rest

import (
	"context"
	"net/http"
	"strconv"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// read gives the current version, http://hl7.org/fhir/R4/http.html#read.
func (k *call) read() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	rec, err := k.source().Read(k.c.Request.Context(), k.see, key)
	if err != nil {
		return err
	}
	return k.show(rec)
}

// source is what reads and searches of a type go to.
type source interface {
	Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error)
	Search(ctx context.Context, see store.Visibility, q search.Query) (store.Page, error)
}

// source gives where the resources of the call's type come from: the store, or the
// records that they are made of.
func (k *call) source() source {
	if k.typ.IsRecorded() {
		return k.s.Events
	}
	return k.s.Store
}

// show answers with a version, or that the caller has it already.
func (k *call) show(rec store.Record) error {
	k.touchOne(rec)
	if wire.Unchanged(k.c.Request.Header, rec.Version, rec.Updated) {
		k.tags(rec)
		k.empty(http.StatusNotModified)
		return nil
	}
	shown, err := k.shape()
	if err != nil {
		return err
	}
	r, err := k.shown(rec.Resource, shown)
	if err != nil {
		return err
	}
	k.tags(rec)
	write(k.c, k.face, http.StatusOK, r.Raw())
	return nil
}

// shape gives how much of the resource is asked for, by _summary and _elements.
func (k *call) shape() (subset, error) {
	raw := k.c.Request.URL.RawQuery
	if raw == "" {
		return nil, nil
	}
	asked, err := search.ParseRead(k.face.Catalog, k.typ.Name, raw)
	if err != nil {
		return nil, err
	}
	if k.prefer.Strict {
		err = k.strict(asked.Warnings) // a read has no place to warn in, so only who asks is told
	}
	return subsetOf(asked.Query), err
}

// shown gives a resource as the face shows it, or the part that is asked for.
func (k *call) shown(r fhir.Resource, part subset) (fhir.Resource, error) {
	r, err := k.out(r)
	if err != nil || part == nil {
		return r, err
	}
	return part.of(r)
}

// vread gives one version, http://hl7.org/fhir/R4/http.html#vread.
func (k *call) vread() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(k.c.Param("vid"), 10, 64)
	if err != nil || version < 1 || itoa(version) != k.c.Param("vid") {
		return fhir.Errorf(fhir.NotFound, "There is no such version of that %s.", k.typ.Name)
	}
	rec, err := k.s.Store.Version(k.c.Request.Context(), k.see, key, version)
	if err != nil {
		return err
	}
	return k.show(rec)
}
