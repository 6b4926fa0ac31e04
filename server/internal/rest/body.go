package rest

import (
	"bytes"
	"errors"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/wire"
)

// takes says what an interaction reads from its body's Content-Type before
// anything else of the request, in the order of spec nhs-booking 2.12; none for
// those that read no body, or read it themselves.
var takes = map[fhir.Interaction]func(*call) error{
	fhir.Batch:          (*call).takesResource,
	fhir.Transaction:    (*call).takesResource,
	fhir.ProcessMessage: (*call).takesResource,
	fhir.Create:         (*call).takesResource,
	fhir.Update:         (*call).takesResource,
	fhir.Patch:          (*call).takesPatch,
}

// takesResource checks that the body is in a format of the face: requirement 79.
func (k *call) takesResource() error {
	_, err := k.face.offer().BodyFormat(k.c.Request.Header)
	return err
}

// raw reads the body as it was sent, decompressed.
func (k *call) raw() ([]byte, error) {
	switch i := k.route.Interaction; {
	case i == fhir.Batch || i == fhir.Transaction:
		return wire.ReadBodyPast(k.c.Writer, k.c.Request, k.s.Limits.Bundle, heavyFrom, func() error { return k.weigh(k.lease.whole) })
	case takes[i] != nil:
		return wire.ReadBody(k.c.Writer, k.c.Request, k.s.Limits.Body)
	case k.form == nil:
		b, err := wire.ReadBody(k.c.Writer, k.c.Request, k.s.Limits.Body)
		if err != nil {
			return nil, err
		}
		k.form = b
	}
	return k.form, nil
}

// byteOrderMark begins the bodies of some senders; RFC 8259 section 8.1 lets a
// reader ignore it.
var byteOrderMark = []byte("\ufeff")

// text reads the body as JSON; from XML, as the JSON that says the same.
func (k *call) text() ([]byte, error) {
	format, b, err := k.formatted()
	if err != nil || format.Decode == nil {
		return b, err
	}
	r, err := format.Decode(b)
	return r.Raw(), err
}

// sent reads the resource of the body, of whatever type, as it is written on the
// face.
func (k *call) sent() (fhir.Resource, error) {
	format, b, err := k.formatted()
	switch {
	case err != nil:
		return fhir.Resource{}, err
	case format.Decode != nil:
		return format.Decode(b)
	}
	return fhir.Parse(b)
}

// formatted reads the body, and what format it is in.
func (k *call) formatted() (*wire.Format, []byte, error) {
	format, err := k.face.offer().BodyFormat(k.c.Request.Header)
	if err != nil {
		return nil, nil, err
	}
	b, err := k.raw()
	return format, bytes.TrimPrefix(b, byteOrderMark), err
}

// body reads the resource of the body, which must be of the type of the address,
// as R4.
func (k *call) body() (fhir.Resource, error) {
	r, err := k.typed()
	if err != nil {
		return fhir.Resource{}, err
	}
	if k.face.RefuseID && r.ID() != "" {
		return fhir.Resource{}, fhir.Errorf(fhir.Invalid, "A new resource must not have an id; it is given one.").Coded("MSG_RESOURCE_ID_FAIL").At(k.typ.Name + ".id")
	}
	if k.face.Accept != nil {
		if r, err = k.face.Accept(r, k.s.Now()); err != nil {
			return fhir.Resource{}, err
		}
	}
	return k.face.In(r)
}

// typed reads the resource of the body, which must be of the type of the address,
// as it is written on the face.
func (k *call) typed() (fhir.Resource, error) {
	r, err := k.sent()
	if e, ok := errors.AsType[*fhir.Error](err); ok && e.Kind == fhir.Invalid && e.Code == "" {
		return r, e.Coded("MESSAGE_NOT_WELL_FORMED")
	}
	if err == nil && r.Type() != k.typ.Name {
		err = fhir.Errorf(fhir.Invalid, "The body is a %s; this address takes a %s.", clip(r.Type()), k.typ.Name).At("resourceType")
	}
	return r, err
}

// once reads the X-Request-ID under which a change succeeds once, where the face
// has that: NHS booking standard, requirements 73 to 77.
func (k *call) once() error {
	if !k.face.RequestID || k.c.Request.Method != http.MethodPost && k.c.Request.Method != http.MethodPut {
		return nil
	}
	if k.requestID = k.c.GetHeader("X-Request-ID"); !isUUID(k.requestID) {
		return fhir.Errorf(fhir.Invalid, "An X-Request-ID header with a UUID is needed.").Coded("REQUEST_ID_MISSING").At("X-Request-ID")
	}
	return nil
}

// repeated refuses a request id that has succeeded, and says where what it made is.
func (k *call) repeated() error {
	if k.requestID == "" {
		return nil
	}
	made, err := k.s.Booking.Done(k.c.Request.Context(), k.principal, k.requestID)
	if err != nil || made == "" {
		return err
	}
	k.c.Header("Location", k.url("/"+made))
	return booking.Repeated()
}
