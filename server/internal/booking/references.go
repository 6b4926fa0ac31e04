package booking

import (
	"context"
	"errors"
	"slices"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// references looks up what a resource that was stored points at (design decision
// 20): a feed may send things in any order, so what is not there yet is a note to
// whoever wants to know, and a fault only where the service is strict.
func (s *Service) references(ctx context.Context, tx store.Tx, c Change, out *Result) (err error) {
	if !s.StrictReferences && !c.Note || c.kept != nil || c.twin > 0 || c.Op != Create && c.Op != Update {
		return nil
	}
	may := func(typ string) bool {
		return s.StrictReferences || c.Principal.Scopes.Allows(auth.Read, typ) == auth.Yes
	}
	notes, err := s.unresolved(ctx, tx, c.sees(out.Record.Customer), out.Record.Resource, may)
	if err != nil || len(notes) == 0 {
		return err
	}
	if out.Notes = notes; !s.StrictReferences {
		return nil
	}
	e := fhir.Errorf(fhir.Unprocessable, "%s Store that first, or in the same transaction.", notes[0].Text).Coded("REFERENCE_NOT_FOUND").At(notes[0].Where)
	e.Issues = slices.Clone(notes)
	for i := range e.Issues {
		e.Issues[i].Severity = "error"
	}
	return e
}

// maxResolved is how many references of one resource are looked up.
const maxResolved = 200

// Unresolved gives a warning for each literal reference of a resource to one that
// should be here and is not (design decision 20), each thing once. Only types that
// may be looked at are, and what the caller may not see is not here; a reference's
// version is not looked at.
func (s *Service) Unresolved(ctx context.Context, see store.Visibility, r fhir.Resource, may func(typ string) bool) ([]fhir.Issue, error) {
	return s.unresolved(ctx, s.Store, see, r, may)
}

func (s *Service) unresolved(ctx context.Context, now store.Reader, see store.Visibility, r fhir.Resource, may func(typ string) bool) (issues []fhir.Issue, err error) {
	known := map[store.Key]bool{}
	for place, text := range r.Links {
		to := fhir.ParseReference(text, s.Bases)
		key := store.Key{Type: to.Type, ID: to.ID}
		if _, kept := fhir.TypeOf(to.Type); !kept || known[key] || len(known) == maxResolved || !may(to.Type) {
			continue
		}
		known[key] = true
		_, err := now.Read(ctx, see, key)
		switch {
		case absent(err):
			issues = append(issues, fhir.Issue{Severity: "warning", Code: "not-found", Text: "The reference names a " + to.Type + " that is not here.", Where: place})
		case err != nil && !errors.Is(err, fhir.Conflict): // several customers hold the id: it is there
			return nil, err
		}
	}
	return issues, nil
}
