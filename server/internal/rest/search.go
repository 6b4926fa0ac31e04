package rest

import (
	"cmp"
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"slotway/fhir"
	"slotway/fhir/r4"
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
	now := k.s.Now()
	turn, raw, err := k.turnTo(raw, k.typ.Name)
	if err != nil {
		return err
	}
	if k.face.Rewrite != nil {
		if raw, err = k.face.Rewrite(k.typ.Name, raw, now); err != nil {
			return err
		}
	}
	parsed, err := search.Parse(k.face.Catalog, k.typ.Name, raw, now)
	if err != nil {
		return err
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
	q.After = turn.After
	ctx, cancel := context.WithTimeout(k.c.Request.Context(), deadline)
	defer cancel()
	page, err := k.s.Store.Search(ctx, k.see, q)
	if err != nil {
		return err
	}
	if k.face.Check != nil {
		if err := k.face.Check(ctx, k.s, k.see, k.typ.Name, raw, page); err != nil {
			return err
		}
	}
	return k.searchset(ctx, parsed, q, page)
}

// query gives the search of a request: of its address, and of its body when it
// is a POST, http://hl7.org/fhir/R4/http.html#search-post.
func (k *call) query() (string, error) {
	raw := k.c.Request.URL.RawQuery
	if k.c.Request.Method != http.MethodPost {
		return raw, nil
	}
	if media, _, err := mime.ParseMediaType(k.c.GetHeader("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return "", fhir.Errorf(fhir.Unsupported, "The Content-Type of a search must be application/x-www-form-urlencoded.").At("Content-Type")
	}
	body, err := k.raw()
	if err != nil {
		return "", err
	}
	raw = strings.Trim(raw+"&"+string(body), "&")
	return raw, k.ask(raw)
}

// hasForm says whether the request is a search whose parameters are in its body.
func (k *call) hasForm() bool {
	return k.route.Interaction == fhir.SearchType && k.route.Method == http.MethodPost
}

// strict refuses what was ignored, where that was asked for: by the caller, or
// by the face unless the caller asked for the contrary.
func (k *call) strict(warnings []fhir.Issue) error {
	if len(warnings) == 0 || !k.prefer.Strict && !(k.face.Strict && !k.prefer.Lenient) {
		return nil
	}
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
	if k.action() == auth.List {
		return nil // a patient's list goes by the patient's identifier, and by nothing else of the patient
	}
	for _, c := range q.Where {
		if c.Has {
			if _, err := k.principal.Demand(k.actionFor(c.Param.Type), c.Param.Type); err != nil {
				return err
			}
		}
		for _, inner := range c.Chain {
			if _, kept := fhir.TypeOf(inner.Type); kept {
				if _, err := k.principal.Demand(k.actionFor(inner.Type), inner.Type); err != nil {
					return err
				}
			}
			if err := k.allowed(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// action is what the route demands of the caller's scopes.
func (k *call) action() auth.Action {
	switch {
	case k.route.Interaction == fhir.SearchType:
		return k.actionFor(k.typ.Name)
	case k.route.Action == auth.Create && k.typ.Name == "Appointment":
		return auth.Book
	}
	return k.route.Action
}

func (k *call) actionFor(typ string) auth.Action {
	if k.face.SearchAction != nil {
		return k.face.SearchAction(typ)
	}
	return auth.Search
}

// searchset writes the answer, spec fhir-search 7.9. Stored bytes are copied, not read.
func (k *call) searchset(ctx context.Context, parsed search.Parsed, q search.Query, page store.Page) error {
	e := r4.Envelope{Type: r4.Searchset, ID: k.s.NewID(), Updated: k.s.Now(), Total: page.Total}
	base := k.s.url(k.face, "/"+k.typ.Name)
	e.Links = append(e.Links, r4.Link{Relation: "self", URL: address(base, parsed.Self)})
	if page.Next != "" {
		e.Links = append(e.Links, r4.Link{Relation: "next", URL: address(base, k.next(k.typ.Name, parsed.Self, page.Next))})
	}
	b := r4.NewBundle(nil, e)
	if q.Summary != search.SummaryCount && q.Count != 0 {
		if err := k.entries(ctx, b, q, page); err != nil {
			return err
		}
	}
	if len(parsed.Warnings) > 0 {
		b.Outcome(r4.Outcome(&fhir.Error{Issues: parsed.Warnings}, r4.Shape{}))
	}
	write(k.c, k.face, http.StatusOK, b.Bytes())
	return nil
}

func (k *call) entries(ctx context.Context, b *r4.Bundle, q search.Query, page store.Page) error {
	shown := subsetOf(q)
	for _, rec := range page.Records {
		if err := k.entry(b.Match, rec, shown); err != nil {
			return err
		}
	}
	included, err := k.include(ctx, q, page.Records)
	if err != nil {
		return err
	}
	for _, rec := range included {
		if err := k.entry(b.Include, rec, nil); err != nil {
			return err
		}
	}
	return nil
}

func (k *call) entry(add func(fullURL string, raw []byte), rec store.Record, shown subset) error {
	r, err := k.face.Out(rec.Resource)
	if err != nil {
		return err
	}
	if shown != nil {
		if r, err = shown.of(r); err != nil {
			return err
		}
	}
	add(k.s.url(k.face, "/"+rec.Type+"/"+rec.ID), r.Raw())
	return nil
}

func address(base, query string) string {
	if query == "" {
		return base
	}
	return base + "?" + query
}

// turn is what a paging token says: where the page begins, of what, in which
// search, for whom. It is encrypted, so a link shows nothing that the caller did not write,
// and bound to the search and the client.
type turn struct {
	Of, Self, After, Client string
}

// pageParam is the parameter that carries a paging token.
const pageParam = "_page"

// next gives the query of the next page's link. After a GET the search stays
// readable beside the token; a search that was posted stays inside it.
func (k *call) next(of, self, after string) string {
	token := k.s.sealTurn(turn{of, self, after, k.principal.Client})
	if k.c.Request.Method == http.MethodPost || k.posted() || self == "" {
		return pageParam + "=" + token
	}
	return self + "&" + pageParam + "=" + token
}

// posted says whether this page was reached by a link that holds the token only.
func (k *call) posted() bool {
	return strings.HasPrefix(k.c.Request.URL.RawQuery, pageParam+"=") && !strings.Contains(k.c.Request.URL.RawQuery, "&")
}

// turnTo takes the paging token out of a query. A query of a token alone is the
// search that the token holds.
func (k *call) turnTo(raw, of string) (turn, string, error) {
	var kept []string
	token := ""
	for part := range strings.SplitSeq(raw, "&") {
		if v, ok := strings.CutPrefix(part, pageParam+"="); ok {
			token = v
		} else if part != "" {
			kept = append(kept, part)
		}
	}
	raw = strings.Join(kept, "&")
	if token == "" {
		return turn{}, raw, nil
	}
	bad := fhir.Errorf(fhir.Invalid, "The paging token is not one of this search; begin again from its first page.").At(pageParam)
	text, err := url.QueryUnescape(token)
	if err != nil {
		return turn{}, "", bad
	}
	t, err := k.s.openTurn(text)
	if err != nil || t.Of != of || t.Client != k.principal.Client {
		return turn{}, "", bad
	}
	if raw == "" {
		return t, t.Self, nil
	}
	if raw != t.Self {
		return turn{}, "", bad
	}
	return t, raw, nil
}
