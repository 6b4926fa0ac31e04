package rest

import (
	"bytes"
	"context"
	"mime"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/patch"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// acceptsPatch says which patches are read, RFC 5789 section 3.1.
func (k *call) acceptsPatch() { k.c.Header("Accept-Patch", strings.Join(patch.Formats(), ", ")) }

// takesPatch checks that the body is a patch of a kind that is read here, and
// says which are, RFC 5789 section 2.2.
func (k *call) takesPatch() error {
	if k.isJSONPatch() {
		return nil
	}
	err := k.takesResource()
	if err == nil {
		return nil
	}
	k.acceptsPatch()
	if slices.Contains(k.face.ContentTypes, k.mediaType()) {
		return err
	}
	return fhir.Errorf(fhir.Unsupported, "The Content-Type of a patch must be %s.", strings.Join(patch.Formats(), " or ")).At("Content-Type")
}

// mediaType gives the type of the body without its parameters, or nothing.
func (k *call) mediaType() string {
	media, _, err := mime.ParseMediaType(k.c.GetHeader("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

func (k *call) isJSONPatch() bool { return k.mediaType() == patch.JSONPatchType }

// document reads the patch of a request. Plain JSON may be of either kind: they
// cannot be taken for one another.
func (k *call) document() (*patch.Patch, error) {
	if k.isJSONPatch() {
		b, err := k.raw()
		if err != nil {
			return nil, err
		}
		return patch.ParseJSON(bytes.TrimPrefix(b, byteOrderMark))
	}
	b, err := k.text()
	if err != nil {
		return nil, err
	}
	return patch.Parse(b)
}

// patch changes parts of a resource, http://hl7.org/fhir/R4/http.html#patch. It is
// an update of the version that is current when it is made: without If-Match, of
// several at once each finds what the one before it left.
func (k *call) patch() (booking.Change, error) {
	c, err := k.target(booking.Update)
	if err != nil {
		return c, err
	}
	p, err := k.document()
	if err != nil {
		return c, err
	}
	c.Edit = k.edit(p)
	return c, nil
}

// edit makes the next version of a resource by a patch.
func (k *call) edit(p *patch.Patch) func(store.Record) (fhir.Resource, error) {
	return func(current store.Record) (fhir.Resource, error) {
		ctx, cancel := context.WithTimeout(k.c.Request.Context(), deadline)
		defer cancel()
		r, err := p.Apply(ctx, current.Resource)
		if err == nil && int64(len(r.Raw())) > k.s.Limits.Body {
			return r, fhir.Errorf(fhir.TooLarge, "The patch makes the resource larger than the %d bytes that are kept.", k.s.Limits.Body)
		}
		return r, err
	}
}
