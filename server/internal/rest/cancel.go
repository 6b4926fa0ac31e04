package rest

import (
	"errors"

	"slotway/fhir"
	"slotway/fhir/careconnect"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

var pathStatus = fhir.MustPath("status")

// cancellation is what PUT does on the booking face, NHS booking standard, PUT
// Appointment/{id}. The order of its checks is that which the assurance scripts
// force: the version is looked at before the body is.
func (k *call) cancellation() (c booking.Change, err error) {
	c = booking.Change{Request: k.request(), Op: booking.Update}
	c.RequestID = k.requestID
	rec, err := k.cancellable(c.Request)
	if err != nil {
		return c, err
	}
	c.Key, c.IfVersion = rec.Key, rec.Version
	tags := wire.ReadTags(k.c.Request.Header["If-Match"])
	if !tags.Given || tags.Any() { // * names none, and whoever sends it has not read
		return c, fhir.Errorf(fhir.VersionMissing, "An If-Match header is needed that names the version that is cancelled, as its ETag does.").At("If-Match")
	}
	if !tags.Match(rec.Version) {
		return c, fhir.Errorf(fhir.PreconditionFailed, "The version named by If-Match is not the current one.").At("If-Match")
	}
	if err := k.repeated(); err != nil {
		return c, err
	}
	sent, err := k.typed()
	if err != nil {
		return c, err
	}
	if sent.ID() != rec.ID {
		return c, fhir.Errorf(fhir.Invalid, "The id of the body must be that of the address.").At("Appointment.id")
	}
	stored, err := k.out(rec.Resource)
	if err != nil {
		return c, err
	}
	if err := careconnect.Cancels(sent, stored, k.face.LocalID); err != nil {
		return c, err
	}
	// What is stored keeps all that the sender's version has not.
	status := fhir.Quote(sent.Root().Get("status").Text())
	c.Edit = func(now store.Record) (fhir.Resource, error) {
		return now.Resource.Apply(fhir.Change{Path: pathStatus, Op: fhir.Set, Value: status})
	}
	return c, nil
}

// cancellable finds the appointment of the address, where the caller may cancel it.
// One that the caller may not read, and the policy does not let it cancel, is like
// one that is not there.
func (k *call) cancellable(req booking.Request) (rec store.Record, err error) {
	key := store.Key{Type: k.typ.Name, ID: k.id}
	if !fhir.ValidID(k.id) {
		return rec, k.missing()
	}
	ctx := k.c.Request.Context()
	readable := k.grant == auth.Yes || k.principal.Scopes.Allows(auth.Read, key.Type) == auth.Yes
	if own, err := k.s.Booking.Owned(ctx, k.principal, key); err == nil {
		key, readable = own, true
	}
	rec, err = k.s.Store.Read(ctx, k.see, key)
	switch {
	case err == nil:
		return rec, k.s.Booking.MayCancel(ctx, req, rec)
	case errors.Is(err, fhir.NotFound) || !readable && fhir.KindOf(err) != fhir.Internal && fhir.KindOf(err) != fhir.Busy:
		return rec, k.missing()
	}
	return rec, err
}
