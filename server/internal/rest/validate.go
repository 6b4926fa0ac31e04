package rest

import (
	"net/http"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// mayValidate lets those validate a resource of a type who may do anything with it.
func (k *call) mayValidate() (auth.Grant, error) {
	for _, act := range []auth.Action{auth.Create, auth.Book, auth.Update, auth.Cancel, auth.Delete, auth.Search} {
		if g := k.principal.Scopes.Allows(act, k.typ.Name); g != auth.No {
			return g, nil
		}
	}
	return k.principal.Demand(auth.Read, k.typ.Name)
}

// validate checks a resource and stores nothing,
// http://hl7.org/fhir/R4/resource-operation-validate.html. The answer is 200 with
// an OperationOutcome whatever is found; other statuses say that the check could
// not be made.
func (k *call) validate() error {
	in, err := k.input()
	if err != nil {
		return err
	}
	r, err := k.validated(in)
	if err != nil {
		return err
	}
	v := &validation{k: k, r: r, issues: in.notes}
	if err := v.run(in.text("mode"), in.text("profile")); err != nil {
		return err
	}
	if !v.failed() {
		v.issues = append(v.issues, fhir.Issue{Severity: "information", Code: "informational", Text: v.verdict()})
	}
	write(k.c, k.face, http.StatusOK, r4.Outcome(&fhir.Error{Issues: v.issues}, r4.Shape{}))
	return nil
}

// validated gives the resource to check: the one sent, or the one of the address.
func (k *call) validated(in *input) (fhir.Resource, error) {
	if sent := in.one("resource"); sent.Exists() {
		return k.resource(sent)
	}
	if in.text("mode") == "delete" && k.id != "" {
		return fhir.Resource{}, nil
	}
	if k.id == "" {
		return fhir.Resource{}, fhir.Errorf(fhir.Invalid, "The resource to check is needed, as the body or as the parameter resource.").At("resource")
	}
	g, err := k.principal.Demand(auth.Read, k.typ.Name)
	if err != nil {
		return fhir.Resource{}, err
	}
	k.grant = g
	key, err := k.key()
	if err != nil {
		return fhir.Resource{}, err
	}
	rec, err := k.s.Store.Read(k.c.Request.Context(), k.see, key)
	return rec.Resource, err
}

// validation is one resource being checked.
type validation struct {
	k      *call
	r      fhir.Resource // zero when only a deletion is asked about
	mode   string
	issues []fhir.Issue
}

func (v *validation) failed() bool {
	for _, i := range v.issues {
		if i.Severity == "error" || i.Severity == "" || i.Severity == "fatal" {
			return true
		}
	}
	return false
}

func (v *validation) verdict() string {
	if v.mode == "" {
		return "The resource is valid."
	}
	return "The " + v.mode + " would be done."
}

func (v *validation) errorf(code, where, format string) {
	v.issues = append(v.issues, fhir.Issue{Severity: "error", Code: code, Text: format, Where: where})
}

func (v *validation) run(mode, profile string) error {
	if v.mode = mode; !slices.Contains([]string{"", "create", "update", "delete"}, mode) {
		return fhir.Errorf(fhir.Invalid, "The mode is create, update or delete.").At("mode")
	}
	if !v.r.IsZero() && v.r.Type() != v.k.typ.Name {
		v.errorf("invalid", "resourceType", "The resource is a "+clip(v.r.Type())+"; this address checks a "+v.k.typ.Name+".")
		return nil
	}
	if !v.r.IsZero() {
		rules := v.k.s.Booking.Rules
		rules.Advise = true
		v.issues = append(v.issues, rules.Validate(v.r)...)
		may := func(typ string) bool { return v.k.principal.Scopes.Allows(auth.Read, typ) == auth.Yes }
		missing, err := v.k.s.Booking.Unresolved(v.k.c.Request.Context(), v.k.see, v.r, may)
		if err != nil {
			return err
		}
		v.issues = append(v.issues, missing...)
	}
	if base, _, _ := strings.Cut(profile, "|"); base != "" && base != "http://hl7.org/fhir/StructureDefinition/"+v.k.typ.Name {
		v.errorf("not-supported", "profile", "The profile is not known here, so the resource was not checked against it.")
	}
	switch {
	case mode == "":
		return nil
	case v.failed():
		return nil
	}
	return v.would(mode)
}

// would tries the write that a mode means.
func (v *validation) would(mode string) error {
	k := v.k
	c := booking.Change{Request: k.request(), Key: store.Key{Type: k.typ.Name, ID: k.id}, Resource: v.r}
	var act auth.Action
	switch mode {
	case "create":
		act, c.Op, c.Key.ID = auth.Create, booking.Create, ""
		if k.typ.Name == "Appointment" {
			act = auth.Book
		}
		var err error
		if c.Resource, err = v.r.Apply(fhir.Change{Path: pathID, Op: fhir.Remove}); err != nil {
			return err
		}
	case "update":
		act, c.Op = auth.Update, booking.Update
		if c.Key.ID == "" {
			c.Key.ID = v.r.ID()
		}
		if c.Key.ID != v.r.ID() || c.Key.ID == "" {
			v.errorf("invalid", k.typ.Name+".id", "The resource of an update has the id of the one that it updates.")
			return nil
		}
		c.Create = k.principal.UpdateAsCreate
	case "delete":
		act, c.Op = auth.Delete, booking.Delete
		if c.Key.ID == "" {
			c.Key.ID = v.r.ID()
		}
	}
	if _, err := k.principal.Demand(act, k.typ.Name); err != nil {
		return err
	}
	err := k.s.Booking.Would(k.c.Request.Context(), c)
	if kind := fhir.KindOf(err); err != nil && kind != fhir.Internal && kind != fhir.Busy {
		v.issues = append(v.issues, fhir.AsError(err).AllIssues()...)
		return nil
	}
	return err
}
