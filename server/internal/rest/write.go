package rest

import (
	"errors"
	"net/http"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// changes is the table of the interactions that write: each makes of a request
// the change that it asks for, which is carried out alone or in a transaction.
var changes = map[fhir.Interaction]func(*call) (booking.Change, error){
	fhir.Create: (*call).create,
	fhir.Update: (*call).update,
	fhir.Patch:  (*call).patch,
	fhir.Delete: (*call).delete,
}

// change makes the change that the request asks for.
func (k *call) change() (booking.Change, error) { return changes[k.route.Interaction](k) }

// write carries out the change that the request asks for.
func (k *call) write() error {
	c, err := k.change()
	if err != nil {
		return err
	}
	out, err := k.s.Booking.Do(k.c.Request.Context(), c)
	if err != nil {
		return k.refused(c, err)
	}
	return k.written(c, out[0])
}

// refused gives the failure of a change as it is answered: without the right to
// make a resource by PUT, one that is not there cannot be put.
func (k *call) refused(c booking.Change, err error) error {
	if errors.Is(err, fhir.PreconditionFailed) {
		return k.unmet(c, err)
	}
	if c.Op != booking.Update || c.Edit != nil || c.Request.Create || !errors.Is(err, fhir.NotFound) {
		return err
	}
	if c.If != nil && c.Resource.ID() == "" {
		_, err := k.principal.Demand(auth.Create, k.typ.Name)
		return err
	}
	return fhir.Errorf(fhir.MethodNotAllowed, "There is no such %s, and this client may not create one by PUT; use POST.", k.typ.Name)
}

// unmet gives the failure of a precondition under the header that states it.
func (k *call) unmet(c booking.Change, err error) error {
	e := *fhir.AsError(err)
	switch many := e.Code == booking.MultipleMatches; {
	case e.Where != "":
	case many && c.Op == booking.Create:
		e.Where = "If-None-Exist"
	case !many && c.IfVersion == 0:
		e.Where = "If-None-Match"
	case !many && c.IfVersion > 0:
		e.Where = "If-Match"
	}
	return &e
}

// written answers with what a change came to.
func (k *call) written(c booking.Change, out booking.Result) error {
	switch {
	case c.Op == booking.Delete:
		return k.deleted(out)
	case c.Op == booking.Create || out.Created || k.face.PutCancels, k.prefer.Minimal && c.If != nil: // who searched learns what was found
		k.c.Header("Location", k.location(out.Record))
	}
	if out.Created {
		return k.send(http.StatusCreated, out.Record, out.Notes...)
	}
	return k.send(http.StatusOK, out.Record, out.Notes...)
}

// deleted answers a deletion, also of what was not there.
func (k *call) deleted(out booking.Result) error {
	if out.Record.Version > 0 {
		k.c.Header("ETag", wire.ETag(out.Record.Version))
	}
	if !k.prefer.Outcome {
		k.empty(http.StatusNoContent)
		return nil
	}
	k.c.Header("Preference-Applied", "return=OperationOutcome")
	note := fhir.Issue{Severity: "information", Code: "informational", Text: "The " + k.typ.Name + " is deleted."}
	write(k.c, k.face, http.StatusOK, r4.Outcome(&fhir.Error{Issues: []fhir.Issue{note}}, r4.Shape{}))
	return nil
}

func (k *call) request() booking.Request {
	return booking.Request{
		Principal: k.principal, Copies: k.face.Copies, IfVersion: store.Any, Note: k.prefer.Outcome,
		// Who may state what is, is no consumer of it.
		Consumer: k.principal.Scopes.Allows(auth.Update, "Appointment") != auth.Yes,
	}
}

var pathID = fhir.MustPath("id")

// create stores a new resource, http://hl7.org/fhir/R4/http.html#create.
func (k *call) create() (c booking.Change, err error) {
	c = booking.Change{Request: k.request(), Op: booking.Create, Key: store.Key{Type: k.typ.Name}}
	c.RequestID, c.SlotNeeded, c.LocalID = k.requestID, k.face.SlotNeeded, k.face.LocalID
	if err := k.repeated(); err != nil {
		return c, err
	}
	if c.If, err = k.ifNoneExist(); err != nil {
		return c, err
	}
	if c.Resource, err = k.body(); err != nil {
		return c, err
	}
	if c.Resource.ID() == "" {
		return c, nil
	}
	c.Resource, err = c.Resource.Apply(fhir.Change{Path: pathID, Op: fhir.Remove})
	return c, err
}

// update stores the next version of a resource, or the first where the caller may
// do that, http://hl7.org/fhir/R4/http.html#update.
func (k *call) update() (c booking.Change, err error) {
	if k.face.PutCancels {
		return k.cancellation()
	}
	if k.id != "" && !fhir.ValidID(k.id) {
		return c, fhir.Errorf(fhir.Invalid, "The id of the address must be 1 to 64 letters, digits, hyphens and full stops.").At(k.typ.Name + ".id")
	}
	if c, err = k.target(booking.Update); err != nil {
		return c, err
	}
	if c.Resource, err = k.body(); err != nil {
		return c, err
	}
	id := c.Resource.ID()
	switch {
	case c.If == nil && id != c.Key.ID:
		return c, fhir.Errorf(fhir.Invalid, "The id of the body must be that of the address.").At(k.typ.Name + ".id")
	case c.If != nil && id == "":
		c.Request.Create = k.principal.Scopes.Allows(auth.Create, k.typ.Name) == auth.Yes
	default:
		c.Key.ID = id
		c.Request.Create = c.IfVersion <= 0 && k.principal.UpdateAsCreate
	}
	return c, nil
}

// delete deletes a resource, http://hl7.org/fhir/R4/http.html#delete. Deleting
// what is deleted, or was never there, is no error.
func (k *call) delete() (booking.Change, error) {
	c, err := k.target(booking.Delete)
	c.MayBeGone = true
	return c, err
}

// target begins a change of the resource that the address names, by its id or by
// a search, in the version that If-Match names.
func (k *call) target(op booking.Op) (c booking.Change, err error) {
	c = booking.Change{Request: k.request(), Op: op}
	if k.id == "" {
		c.Key.Type = k.typ.Name
		c.If, err = k.condition(k.c.Request.URL.RawQuery)
	} else {
		c.Key, err = k.key()
	}
	if err != nil {
		return c, err
	}
	return c, k.versions(&c)
}

// versions reads of a change which version it is to change: If-Match, and for
// one that must not be there yet If-None-Match: *.
func (k *call) versions(c *booking.Change) error {
	h := k.c.Request.Header
	tags := wire.ReadTags(h["If-Match"])
	none := wire.ReadTags(h["If-None-Match"]).Any() && k.route.Interaction == fhir.Update
	switch {
	case none && tags.Given:
		return fhir.Errorf(fhir.PreconditionFailed, "If-Match wants a version and If-None-Match: * none, which cannot both hold.").At("If-Match")
	case none:
		c.IfVersion = 0
		return nil
	case !tags.Given:
		return nil
	}
	stale := fhir.Errorf(fhir.PreconditionFailed, "The version named by If-Match is not the current one.").At("If-Match")
	if c.If != nil {
		var one bool
		if c.IfVersion, one = tags.One(); !one {
			return fhir.Errorf(fhir.Invalid, "With a search in the address, If-Match must name one version.").At("If-Match")
		}
		return nil
	}
	if c.Own { // what is not the caller's own is not there
		var err error
		if c.Key, err = k.s.Booking.Owned(k.c.Request.Context(), k.principal, c.Key); err != nil {
			return stale
		}
	}
	rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, c.Key)
	if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) || err == nil && !tags.Match(rec.Version) {
		return stale
	}
	c.IfVersion = rec.Version
	return err
}
