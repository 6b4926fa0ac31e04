package rest

import (
	"context"
	"errors"
	"slices"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// includer gathers what a page includes, http://hl7.org/fhir/R4/search.html#include:
// each resource once, only what the caller may see, and no more than the limit.
type includer struct {
	k    *call
	seen map[store.Key]bool
	out  []store.Record
}

func (k *call) include(ctx context.Context, q search.Query, matches []store.Record) ([]store.Record, error) {
	if len(q.Include)+len(q.RevInclude) == 0 {
		return nil, nil
	}
	in := &includer{k: k, seen: map[store.Key]bool{}}
	for _, rec := range matches {
		in.seen[rec.Key] = true
	}
	round := matches
	for i := 0; i <= k.s.Limits.Iteration && len(round) > 0; i++ {
		before := len(in.out)
		for _, inc := range q.Include {
			if i == 0 || inc.Iterate {
				if err := in.forward(ctx, inc, round); err != nil {
					return nil, err
				}
			}
		}
		for _, inc := range q.RevInclude {
			if i == 0 || inc.Iterate {
				if err := in.backward(ctx, inc, round); err != nil {
					return nil, err
				}
			}
		}
		round = in.out[before:len(in.out):len(in.out)]
	}
	return in.out, nil
}

// forward follows references out of records.
func (in *includer) forward(ctx context.Context, inc search.Include, from []store.Record) error {
	for _, rec := range from {
		if inc.Source != "" && inc.Source != rec.Type {
			continue
		}
		refs, err := search.References(in.k.face.Catalog, rec.Resource, inc.Param)
		if err != nil {
			return err
		}
		for _, to := range refs {
			if inc.Target != "" && inc.Target != to.Type || !in.may(to.Type) {
				continue
			}
			found, err := in.k.s.Store.Read(ctx, in.sees(rec), store.Key{Customer: rec.Customer, Type: to.Type, ID: to.ID})
			if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) {
				continue
			}
			if err != nil {
				return err
			}
			if err := in.add(found); err != nil {
				return err
			}
		}
	}
	return nil
}

// backward finds what refers to records.
func (in *includer) backward(ctx context.Context, inc search.Include, to []store.Record) error {
	for _, p := range in.referring(inc) {
		for _, rec := range to {
			if inc.Target != "" && inc.Target != rec.Type || len(p.Targets) > 0 && !slices.Contains(p.Targets, rec.Type) {
				continue
			}
			q := search.Query{Type: p.Type, Count: in.k.s.Limits.Included + 1, Where: []search.Clause{
				{Param: p, Any: []search.Test{{Ref: search.Ref{Type: rec.Type, ID: rec.ID}}}},
			}}
			page, err := in.k.s.Store.Search(ctx, in.sees(rec), q)
			if err != nil {
				return err
			}
			for _, found := range page.Records {
				if err := in.add(found); err != nil {
					return err
				}
			}
		}
	}
	return nil
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

// sees is what the caller may see of a record's customer: references stay inside it.
func (in *includer) sees(rec store.Record) store.Visibility {
	return store.Visibility{Customers: []string{rec.Customer}, Labels: in.k.see.Labels}
}

func (in *includer) may(typ string) bool {
	if _, kept := fhir.TypeOf(typ); !kept {
		return false
	}
	g, err := in.k.principal.Demand(in.k.actionFor(typ), typ)
	return err == nil && g == auth.Yes
}

func (in *includer) add(rec store.Record) error {
	if in.seen[rec.Key] {
		return nil
	}
	if len(in.out) >= in.k.s.Limits.Included {
		return fhir.Errorf(fhir.Unprocessable, "The page would include more than %d resources; ask for a smaller _count.", in.k.s.Limits.Included).At("_include")
	}
	in.seen[rec.Key] = true
	in.out = append(in.out, rec)
	return nil
}
