package patch

import (
	"bytes"
	"context"
	"strconv"

	"slotway/fhir"
)

// Limits on what one patch may cost. The document is bounded by its reader.
const (
	MaxOperations = 1000    // in one document
	MaxCopied     = 1 << 20 // bytes that copies add, all together
)

// Patch is a patch document that was read. It is safe for concurrent use.
type Patch struct{ ops []operation }

// operation is one change that a document asks for.
type operation interface {
	apply(t *target) error
}

// place names an operation for the caller, who counts from 0 as the pointers do.
type place struct {
	kind  string // what the document calls it: replace
	at    int    // its position in the document
	where string // the place in the document, for OperationOutcome.issue.expression
}

// errorf makes an error about the operation.
func (p place) errorf(k fhir.Kind, format string, args ...any) *fhir.Error {
	e := fhir.Errorf(k, format, args...)
	name := "Operation " + strconv.Itoa(p.at)
	if p.kind != "" {
		name += " (" + p.kind + ")"
	}
	e.Text = name + ": " + e.Text
	return e.At(p.where)
}

// target is a resource while a patch is applied to it.
type target struct {
	root   *fhir.Draft
	room   int // bytes that copies may still add
	visits int // elements that paths have looked at
	ctx    context.Context
}

// Apply gives the resource with the operations carried out, all of them, in
// their order. A patch that changes nothing gives the resource itself.
//
// fhir.Unprocessable when an operation cannot be carried out or what comes out
// is no resource, fhir.TooLarge when it grows beyond measure, fhir.Busy when the
// context ends before it is done.
func (p *Patch) Apply(ctx context.Context, r fhir.Resource) (fhir.Resource, error) {
	t := &target{root: r.Root().Edit(), room: MaxCopied, ctx: ctx}
	for _, op := range p.ops {
		if ctx.Err() != nil {
			return fhir.Resource{}, late(ctx)
		}
		if err := op.apply(t); err != nil {
			return fhir.Resource{}, err
		}
	}
	raw := t.root.Raw()
	if bytes.Equal(raw, r.Root().Raw()) {
		return r, nil
	}
	out, err := fhir.Parse(raw)
	if err != nil {
		return fhir.Resource{}, result(err)
	}
	return out, t.kept(r, out)
}

// result is an error about what came out of a patch.
func result(err error) error {
	e := fhir.AsError(err)
	kind := fhir.Unprocessable
	if e.Kind == fhir.TooLarge {
		kind = fhir.TooLarge
	}
	return fhir.Errorf(kind, "What the patch makes of the resource cannot be kept. %s", e.Text).At(e.Where)
}

// kept says whether what the server sets was left alone. Operations that name it
// are refused one by one; this finds those that changed what it stands in.
func (t *target) kept(before, after fhir.Resource) error {
	if before.Type() != after.Type() {
		return fhir.Errorf(fhir.Unprocessable, "A patch must not change the type of a resource.").At("resourceType")
	}
	if before.ID() != after.ID() {
		return fhir.Errorf(fhir.Unprocessable, "A patch must not change the id of a resource.").At(before.Type() + ".id")
	}
	return nil
}

// owned says whether a member is one that the server sets, and names it.
func (t *target) owned(holder *fhir.Draft, name string) (string, bool) {
	switch name {
	case "resourceType", "id":
		return name, holder == t.root
	case "versionId", "lastUpdated":
		return "meta." + name, holder == t.root.Get("meta")
	}
	return "", false
}

// guard refuses a change of a member that the server sets.
func (t *target) guard(p place, holder *fhir.Draft, name string) error {
	if what, owned := t.owned(holder, name); owned {
		return p.errorf(fhir.Unprocessable, "%s is the server's to set; a patch must leave it alone.", what)
	}
	return nil
}

// spend takes the cost of a copy from what is allowed.
func (t *target) spend(p place, bytes int) error {
	if t.room -= bytes; t.room < 0 {
		return p.errorf(fhir.TooLarge, "the copies of a patch may add %d bytes together, and this one goes beyond.", MaxCopied)
	}
	return nil
}

// late is the error of a patch whose time is up.
func late(ctx context.Context) error {
	return fhir.Errorf(fhir.Busy, "The patch was not carried out in the time it may take; send it in parts.").Because(context.Cause(ctx))
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
