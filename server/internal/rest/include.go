package rest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// includer gathers what a page includes, http://hl7.org/fhir/R4/search.html#include:
// each resource once, only what the caller may see, and no more than the limit.
// References stay inside the customer of what holds them.
type includer struct {
	k     *call
	ctx   context.Context
	room  store.Room       // for what is included
	held  int              // bytes of the matches
	asked map[version]bool // what was looked for, found or not
	shown map[version]bool // what stands in the answer, by its number
	out   []store.Record

	barred []string // types that references lead to and the caller may not search
}

// errWide says that matches include more than a page has room for.
var errWide = errors.New("the matches include more than a page has room for")

// tooWide refuses a single match that includes more than a page has room for.
func (k *call) tooWide() error {
	e := fhir.Errorf(fhir.Unprocessable, "One match alone includes more than %d resources, or %d bytes of them; include less.", k.s.Limits.Included, store.PageBytes).At("_include")
	e.Issues = []fhir.Issue{{Severity: "error", Code: "too-costly", Text: e.Text, Where: e.Where}}
	return e
}

// version names a version of a resource.
type version struct {
	key    store.Key
	number int64
}

// current is the number that asks for whichever version is current.
const current int64 = 0

// include gives what the matches include, and notes on what is left out; errWide where
// that is more than a page has room for.
func (k *call) include(ctx context.Context, q search.Query, matches []store.Record) (included []store.Record, notes []fhir.Issue, err error) {
	if len(q.Include)+len(q.RevInclude) == 0 || len(matches) == 0 {
		return nil, nil, nil
	}
	in := &includer{k: k, ctx: ctx, held: sizeOf(matches), asked: make(map[version]bool, len(matches)+1), shown: make(map[version]bool, len(matches)+1)}
	for i := range matches {
		in.asked[version{matches[i].Key, current}] = true
		in.shown[version{matches[i].Key, matches[i].Version}] = true
	}
	round, cut := matches, false
	for i := 0; len(round) > 0; i++ {
		before := len(in.out)
		if err := in.round(q, round, i == 0); err != nil {
			return nil, nil, err
		}
		round = in.out[before:len(in.out):len(in.out)]
		if cut = i > k.s.Limits.Iteration && len(round) > 0; cut {
			in.out = in.out[:before]
			break
		}
	}
	return in.out, in.notes(cut), nil
}

// round follows what is to be followed from one round's records: all at first,
// then what is iterated.
func (in *includer) round(q search.Query, from []store.Record, first bool) error {
	for _, inc := range q.Include {
		if first || inc.Iterate {
			if err := in.forward(inc, from); err != nil {
				return err
			}
		}
	}
	for _, inc := range q.RevInclude {
		if first || inc.Iterate {
			if err := in.backward(inc, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// forward follows references out of records.
func (in *includer) forward(inc search.Include, from []store.Record) error {
	var last *store.Record
	for i := range from {
		rec := &from[i]
		if inc.Source != "" && inc.Source != rec.Type {
			continue
		}
		if last != nil && last.Customer == rec.Customer && last.Type == rec.Type && search.Likewise(last.Resource, rec.Resource, inc.Param) {
			continue // it leads to where the one before does
		}
		last = rec
		refs, err := search.References(in.k.face.Catalog, rec.Resource, inc.Param)
		if err != nil {
			return err
		}
		for _, to := range refs {
			if inc.Target != "" && inc.Target != to.Type || !in.may(to.Type) {
				continue
			}
			if err := in.follow(rec.Customer, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow reads what a reference leads to: of a version-specific one that version,
// as R4 asks, and where it is not kept the current one. What is not there is
// passed over.
func (in *includer) follow(customer string, to search.Target) error {
	key := store.Key{Customer: customer, Type: to.Type, ID: to.ID}
	if n, err := strconv.ParseInt(to.Version, 10, 64); err == nil && n > 0 {
		if in.met(key, n) {
			return nil
		}
		rec, err := in.k.s.Store.Version(in.ctx, in.sees(customer), key, n)
		if !missing(err) {
			return in.add(rec, err)
		}
	}
	if in.met(key, current) {
		return nil
	}
	rec, err := in.k.s.Store.Read(in.ctx, in.sees(customer), key)
	if missing(err) {
		return nil
	}
	return in.add(rec, err)
}

func missing(err error) bool { return errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) }

// together is how many records one search looks for references to.
const together = 100

// backward finds what refers to records.
func (in *includer) backward(inc search.Include, to []store.Record) error {
	for _, p := range in.referring(inc) {
		for customer, tests := range in.aims(inc, p, to) {
			for some := range slices.Chunk(tests, together) {
				if err := in.referrers(customer, p, some); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// aims gives the records that a parameter may lead to, as the values of a search
// in each customer.
func (in *includer) aims(inc search.Include, p *search.Param, to []store.Record) iter.Seq2[string, []search.Test] {
	byCustomer := make(map[string][]search.Test)
	for i := range to {
		rec := &to[i]
		if inc.Target != "" && inc.Target != rec.Type || len(p.Targets) > 0 && !slices.Contains(p.Targets, rec.Type) {
			continue
		}
		byCustomer[rec.Customer] = append(byCustomer[rec.Customer], search.Test{Ref: search.Ref{Type: rec.Type, ID: rec.ID}})
	}
	return func(yield func(string, []search.Test) bool) {
		for _, customer := range slices.Sorted(maps.Keys(byCustomer)) {
			if !yield(customer, byCustomer[customer]) {
				return
			}
		}
	}
}

func (in *includer) referrers(customer string, p *search.Param, to []search.Test) error {
	q := search.Query{Type: p.Type, Count: in.k.s.Limits.Included + 1, Total: search.TotalNone, Where: []search.Clause{{Param: p, Any: to}}}
	for {
		page, err := in.k.s.Store.Search(in.ctx, in.sees(customer), q)
		if err != nil {
			return err
		}
		for _, found := range page.Records {
			if in.met(found.Key, current) {
				continue
			}
			if err := in.add(found, nil); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// referring gives the reference parameters that a _revinclude means: the one it
// names, or with * all of them, of types that the caller may see.
func (in *includer) referring(inc search.Include) []*search.Param {
	if inc.Param != nil {
		if !in.may(inc.Param.Type) {
			return nil
		}
		return []*search.Param{inc.Param}
	}
	var all []*search.Param
	for _, t := range fhir.Types() {
		if inc.Source != "" && inc.Source != t.Name || !in.may(t.Name) {
			continue
		}
		for _, p := range in.k.face.Catalog.Params(t.Name) {
			if p.Kind == search.Reference {
				all = append(all, p)
			}
		}
	}
	return all
}

// sees is what the caller may see of a customer: references stay inside it.
func (in *includer) sees(customer string) store.Visibility {
	return store.Visibility{Customers: []string{customer}, Labels: in.k.see.Labels}
}

// may says whether the caller may search a type; where not, that is noted.
func (in *includer) may(typ string) bool {
	if _, kept := fhir.TypeOf(typ); !kept {
		return false
	}
	g, err := in.k.principal.Demand(in.k.actionFor(typ), typ)
	if may := err == nil && g == auth.Yes; may || slices.Contains(in.barred, typ) {
		return may
	}
	in.barred = append(in.barred, typ)
	return false
}

// notes tells what is not included, and why.
func (in *includer) notes(cut bool) (notes []fhir.Issue) {
	if len(in.barred) > 0 {
		notes = append(notes, fhir.Issue{
			Severity: "warning", Code: "suppressed", Where: "_include",
			Text: "The scopes of the token do not include the search of " + strings.Join(in.barred, ", ") + "; none is included.",
		})
	}
	if cut {
		notes = append(notes, fhir.Issue{
			Severity: "warning", Code: "incomplete", Where: "_include",
			Text: "References are followed " + strconv.Itoa(in.k.s.Limits.Iteration) + " times after the first; what lies beyond is not included.",
		})
	}
	return notes
}

// met says whether a version was looked for before, and notes that it now is.
func (in *includer) met(k store.Key, n int64) bool {
	v := version{k, n}
	was := in.asked[v]
	in.asked[v] = true
	return was
}

// add shows a record, once in each version: a version asked for by its number may
// be the current one.
func (in *includer) add(rec store.Record, err error) error {
	v := version{rec.Key, rec.Version}
	if err != nil || in.shown[v] {
		return err
	}
	if len(in.out) >= in.k.s.Limits.Included || !in.room.Takes(len(rec.Resource.Raw())) {
		return errWide
	}
	if err := in.k.spare(in.held + in.room.Used()); err != nil {
		return err
	}
	in.shown[v] = true
	in.out = append(in.out, rec)
	return in.k.lens.all(in.out[len(in.out)-1:])
}
