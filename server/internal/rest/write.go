package rest

import (
	"errors"
	"io"
	"net/http"
	"os"

	"slotway/fhir"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// body reads the resource of a request, as R4.
func (k *call) body() (fhir.Resource, error) {
	if err := contentType(k.face, k.c.Request.Header); err != nil {
		return fhir.Resource{}, err
	}
	if enc := k.c.Request.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return fhir.Resource{}, fhir.Errorf(fhir.Unsupported, "The body must not be encoded.").At("Content-Encoding")
	}
	b, err := readAll(k.c.Request, k.c.Writer, k.s.Limits.Body)
	if err != nil {
		return fhir.Resource{}, err
	}
	r, err := fhir.Parse(b)
	if err != nil {
		return fhir.Resource{}, err
	}
	if r.Type() != k.typ.Name {
		return fhir.Resource{}, fhir.Errorf(fhir.Invalid, "The body is a %s; this address takes a %s.", clip(r.Type()), k.typ.Name).At("resourceType")
	}
	return k.face.In(r)
}

// The codes of failures that HTTP has a status of its own for.
const (
	codeSlow      = "timeout"
	codeThrottled = "throttled"
)

// statusOf gives the status of a failure in a style.
func statusOf(e *fhir.Error, s fhir.Style) int {
	switch {
	case e.Code == codeSlow:
		return http.StatusRequestTimeout
	case e.Code == codeThrottled:
		return http.StatusTooManyRequests
	case e.Code == "invalid_request" && s == fhir.StyleRFC6750:
		return http.StatusBadRequest // RFC 6750 section 3.1
	}
	return e.Kind.Status(s)
}

// readAll reads a body of at most limit bytes: fhir.TooLarge beyond.
func readAll(r *http.Request, w http.ResponseWriter, limit int64) ([]byte, error) {
	tooLarge := fhir.Errorf(fhir.TooLarge, "The body is larger than the %d bytes that are read.", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fhir.Errorf(fhir.Invalid, "The body did not come to its end in time.").Coded(codeSlow)
	}
	if err != nil {
		return nil, fhir.Errorf(fhir.Invalid, "The body could not be read to its end.").Because(err)
	}
	return b, nil
}

func (k *call) request() booking.Request {
	return booking.Request{Principal: k.principal, IfVersion: store.Any}
}

var pathID = fhir.MustPath("id")

// conditional gives the request of a change under its If-Match.
func (k *call) conditional(key store.Key) (booking.Request, error) {
	req := k.request()
	tags := readETags(k.c.Request.Header.Values("If-Match"))
	if !tags.given {
		return req, nil
	}
	rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, key)
	if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) || err == nil && !tags.match(rec.Version) {
		return req, fhir.Errorf(fhir.PreconditionFailed, "The version named by If-Match is not the current one.").At("If-Match")
	}
	req.IfVersion = rec.Version
	return req, err
}

// create stores a new resource, http://hl7.org/fhir/R4/http.html#create.
func (k *call) create() error {
	req := k.request()
	if k.face.RequestID {
		if req.RequestID = k.c.GetHeader("X-Request-ID"); !validRequestID(req.RequestID) {
			return fhir.Errorf(fhir.Invalid, "An X-Request-ID header with a UUID is needed.").Coded("BAD_REQUEST").At("X-Request-ID")
		}
	}
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
		k.c.Header("ETag", etag(rec.Version))
	}
	k.c.Status(http.StatusNoContent)
	return nil
}
