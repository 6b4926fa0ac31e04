package rest

import (
	"net/http"
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// read gives the current version, http://hl7.org/fhir/R4/http.html#read.
func (k *call) read() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, key)
	if err != nil {
		return err
	}
	return k.show(rec)
}

// show answers with a version, or that the caller has it already.
func (k *call) show(rec store.Record) error {
	if wire.Unchanged(k.c.Request.Header, rec.Version, rec.Updated) {
		k.tags(rec)
		k.empty(http.StatusNotModified)
		return nil
	}
	return k.send(http.StatusOK, rec)
}

// vread gives one version, http://hl7.org/fhir/R4/http.html#vread.
func (k *call) vread() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(k.c.Param("vid"), 10, 64)
	if err != nil || version < 1 {
		return fhir.Errorf(fhir.NotFound, "There is no such version of that %s.", k.typ.Name)
	}
	rec, err := k.s.Store.Version(k.c.Request.Context(), k.see, key, version)
	if err != nil {
		return err
	}
	return k.show(rec)
}
