package rest

import (
	"net/http"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
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
	if k.unchanged(rec) {
		k.tags(rec)
		k.c.Status(http.StatusNotModified)
		return nil
	}
	return k.send(http.StatusOK, rec)
}

// unchanged says whether the caller has this version already,
// http://hl7.org/fhir/R4/http.html#cread.
func (k *call) unchanged(rec store.Record) bool {
	h := k.c.Request.Header
	if tags := readETags(h.Values("If-None-Match")); tags.given {
		return tags.match(rec.Version)
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !rec.Updated.Truncate(time.Second).After(since)
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
	return k.send(http.StatusOK, rec)
}
