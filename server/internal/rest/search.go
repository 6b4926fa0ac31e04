package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// search gives a page of matches with what they include,
// http://hl7.org/fhir/R4/http.html#search.
func (k *call) search() error {
	raw, err := k.query()
	if err != nil {
		return err
	}
	pages, raw, err := k.walk(raw, k.typ.Name)
	if err != nil {
		return err
	}
	began := pages.turn.Began
	k.asked = raw
	if k.face.Rewrite != nil {
		if raw, err = k.face.Rewrite(k.typ.Name, raw, began); err != nil {
			return err
		}
	}
	parsed, err := search.Parse(k.face.Catalog, k.typ.Name, raw, began)
	if e, ok := errors.AsType[*fhir.Error](err); ok && e.Code == "" {
		return e.Coded("INVALID_PARAMETER")
	}
	if err != nil {
		return err
	}
	if err := pages.check(parsed.Self); err != nil {
		return err
	}
	if k.face.Passes != nil && !k.prefer.Strict {
		parsed.Warnings = slices.DeleteFunc(parsed.Warnings, func(i fhir.Issue) bool { return k.face.Passes(i.Where) })
	}
	if err := k.strict(parsed.Warnings); err != nil {
		return err
	}
	q := parsed.Query
	if err := k.allowed(q); err != nil {
		return err
	}
	if q.Count < 0 {
		q.Count = cmp.Or(k.face.PageSize, k.s.Limits.PageSize)
	}
	q.After = pages.turn.After
	ctx, cancel := context.WithTimeout(k.sparing(), deadline)
	defer cancel()
	k.includes = len(q.Include)+len(q.RevInclude) > 0
	if k.face.Look != nil {
		if k.lens, err = k.face.Look(ctx, k, raw, &q); err != nil {
			return err
		}
	}
	found, err := k.page(ctx, q)
	if err != nil {
		return err
	}
	found.notes = slices.Concat(ignored(parsed.Warnings), found.notes)
	return k.searchset(pages, parsed.Self, q, found)
}

// found is what is shown of a search.
type found struct {
	page     store.Page
	included []store.Record
	notes    []fhir.Issue // on the search itself
}

// page gives a page of matches with what they include. Where that is more than a page
// has room for, the page ends earlier, with half as many matches.
func (k *call) page(ctx context.Context, q search.Query) (f found, err error) {
	for {
		began := k.s.Now()
		if f.page, err = k.source().Search(ctx, k.see, q); err != nil {
			return f, err
		}
		f.notes = k.plan(q, f.page, k.s.Now().Sub(began))
		matches := len(f.page.Records)
		if k.face.Horizon && q.Type == "Slot" {
			if f.page, err = k.s.Booking.Offered(ctx, k.see, f.page); err != nil {
				return f, err
			}
		}
		if k.lens.check != nil {
			if err := k.lens.check(f.page); err != nil {
				return f, err
			}
		}
		if err := k.lens.all(f.page.Records); err != nil {
			return f, err
		}
		if err := k.spare(sizeOf(f.page.Records)); err != nil {
			return f, err // it is not the store's
		}
		included, left, err := k.include(ctx, q, f.page.Records)
		switch {
		case !errors.Is(err, errWide):
			f.included, f.notes = included, append(f.notes, left...)
			k.settle(sizeOf(f.page.Records) + sizeOf(f.included))
			return f, err
		case matches < 2:
			return f, k.tooWide()
		}
		q.Count = matches / 2
	}
}

// query gives the search of a request: of its address, and of its body when it
// is a POST, http://hl7.org/fhir/R4/http.html#search-post.
func (k *call) query() (string, error) {
	raw := k.c.Request.URL.RawQuery
	if k.c.Request.Method != http.MethodPost {
		return raw, nil
	}
	body, err := k.raw()
	if err != nil {
		return "", err
	}
	if body = bytes.TrimRight(body, "\r\n"); len(body) > 0 {
		if err := isForm(k.c.GetHeader("Content-Type")); err != nil {
			return "", err
		}
		raw = strings.Trim(raw+"&"+string(body), "&")
	}
	return raw, k.ask(raw)
}

// hasForm says whether the request is a search whose parameters are in its body.
func (k *call) hasForm() bool {
	return k.route.Interaction == fhir.SearchType && k.route.Method == http.MethodPost
}

// isForm checks the Content-Type of a search that is posted.
func isForm(contentType string) error {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/x-www-form-urlencoded" {
		return fhir.Errorf(fhir.Unsupported, "The Content-Type of a search must be application/x-www-form-urlencoded.").At("Content-Type")
	}
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") && !strings.EqualFold(cs, "us-ascii") {
		return fhir.Errorf(fhir.Unsupported, "The charset of a search is utf-8.").At("Content-Type")
	}
	return nil
}

// strict refuses what was ignored, where the caller or the face wants that.
func (k *call) strict(warnings []fhir.Issue) error {
	if len(warnings) == 0 || !k.face.Handling.refuses(k.prefer.Strict, k.prefer.Lenient) {
		return nil
	}
	return refuse(warnings)
}

// refuse makes a failure of warnings.
func refuse(warnings []fhir.Issue) error {
	issues := make([]fhir.Issue, len(warnings))
	for i, w := range warnings {
		w.Severity = "error"
		issues[i] = w
	}
	return &fhir.Error{Kind: fhir.Invalid, Code: "INVALID_PARAMETER", Text: issues[0].Text, Where: issues[0].Where, Issues: issues}
}

// allowed asks the caller's scopes for every type that a search looks into: a
// chain through a type tells about its resources (spec security-reliability 1.2).
func (k *call) allowed(q search.Query) error {
	for _, c := range q.Where {
		if k.action() == auth.List && ofPatient(c) {
			continue
		}
		if err := k.allowedClause(c); err != nil {
			return err
		}
	}
	return nil
}

func (k *call) allowedClause(c search.Clause) error {
	if c.Has {
		if _, err := k.principal.Demand(auth.Search, c.Param.Type); err != nil {
			return err
		}
	}
	for _, inner := range c.Chain {
		if _, kept := fhir.TypeOf(inner.Type); kept {
			if _, err := k.principal.Demand(k.throughAction(c, inner.Type), inner.Type); err != nil {
				return err
			}
		}
		for _, next := range inner.Where {
			if err := k.allowedClause(next); err != nil {
				return err
			}
		}
	}
	return nil
}

// throughAction is what a chain through a type demands. A search for slots brings
// in what it leads to; no list does, and nothing brings in what points at a slot.
func (k *call) throughAction(c search.Clause, typ string) auth.Action {
	if c.Has || k.action() == auth.List {
		return auth.Search
	}
	return k.actionFor(typ)
}

// ofPatient says whether a clause is that of a patient's list: it goes by the
// patient's identifier, and by nothing else of the patient.
func ofPatient(c search.Clause) bool {
	if c.Has || c.Param.Name != "patient" || len(c.Chain) != 1 || len(c.Chain[0].Where) != 1 {
		return false
	}
	of := c.Chain[0].Where[0]
	return of.Param.Name == "identifier" && of.Modifier == search.ModNone && len(of.Any) == 1 && len(of.Chain) == 0
}

// action is what the route demands of the caller's scopes.
func (k *call) action() auth.Action {
	switch {
	case k.route.Interaction == fhir.SearchType:
		return k.actionFor(k.typ.Name)
	case k.route.Action == auth.Create && k.typ.Name == "Appointment":
		return auth.Book
	case k.route.Action == auth.Update && k.face.PutCancels:
		return auth.Cancel
	}
	return k.route.Action
}

func (k *call) actionFor(typ string) auth.Action {
	if k.face.SearchAction != nil {
		return k.face.SearchAction(typ)
	}
	return auth.Search
}
