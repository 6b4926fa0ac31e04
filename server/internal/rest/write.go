package rest

import (
	"errors"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

func (k *call) request() booking.Request {
	return booking.Request{Principal: k.principal, IfVersion: store.Any}
}

var pathID = fhir.MustPath("id")

// conditional gives the request of a change under its If-Match.
func (k *call) conditional(key store.Key) (booking.Request, error) {
	req := k.request()
	tags := wire.ReadTags(k.c.Request.Header["If-Match"])
	if !tags.Given {
		return req, nil
	}
	rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, key)
	if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) || err == nil && !tags.Match(rec.Version) {
		return req, fhir.Errorf(fhir.PreconditionFailed, "The version named by If-Match is not the current one.").At("If-Match")
	}
	req.IfVersion = rec.Version
	return req, err
}

// create stores a new resource, http://hl7.org/fhir/R4/http.html#create.
func (k *call) create() error {
	req := k.request()
	req.RequestID = k.requestID
	req.SlotNeeded = k.face.SlotNeeded
	r, err := k.body()
	if err != nil {
		return err
	}
	if r.ID() != "" {
		if k.face.RefuseID {
			return fhir.Errorf(fhir.Invalid, "A new resource must not have an id; it is given one.").Coded("MSG_RESOURCE_ID_FAIL").At(r.Type() + ".id")
		}
		if r, err = r.Apply(fhir.Change{Path: pathID, Op: fhir.Remove}); err != nil {
			return err
		}
	}
	rec, err := k.s.Booking.Create(k.c.Request.Context(), req, r)
	if err != nil {
		return err
	}
	k.c.Header("Location", k.location(rec))
	return k.send(http.StatusCreated, rec)
}

// update stores the next version of a resource, http://hl7.org/fhir/R4/http.html#update.
func (k *call) update() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	req, err := k.conditional(key)
	if err != nil {
		return err
	}
	req.Create = req.IfVersion == store.Any && k.principal.UpdateAsCreate
	r, err := k.body()
	if err != nil {
		return err
	}
	if r.ID() != key.ID {
		return fhir.Errorf(fhir.Invalid, "The id of the body must be that of the address.").At(k.typ.Name + ".id")
	}
	rec, created, err := k.s.Booking.Update(k.c.Request.Context(), req, key, r)
	if err != nil {
		if errors.Is(err, fhir.NotFound) && !req.Create {
			return fhir.Errorf(fhir.MethodNotAllowed, "There is no %s of that id, and this client may not create one by PUT; use POST.", k.typ.Name)
		}
		return err
	}
	if created {
		k.c.Header("Location", k.location(rec))
		return k.send(http.StatusCreated, rec)
	}
	return k.send(http.StatusOK, rec)
}

// delete deletes a resource, http://hl7.org/fhir/R4/http.html#delete. Deleting
// what is deleted, or was never there, is no error.
func (k *call) delete() error {
	key, err := k.key()
	if err != nil {
		return err
	}
	req, err := k.conditional(key)
	if err != nil {
		return err
	}
	rec, err := k.s.Booking.Delete(k.c.Request.Context(), req, key)
	if err != nil && !errors.Is(err, fhir.NotFound) && !errors.Is(err, fhir.Gone) {
		return err
	}
	if err == nil {
		k.c.Header("ETag", wire.ETag(rec.Version))
	}
	k.empty(http.StatusNoContent)
	return nil
}
