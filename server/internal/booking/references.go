package booking

import (
	"context"
	"fmt"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// references looks up what a resource that was stored points at (design decision
// 20): a feed may send things in any order, so what is not there yet is a note to
// whoever wants to know, and a fault only where the service is strict. What the
// caller may not see is not there.
func (s *Service) references(ctx context.Context, tx store.Tx, c Change, out *Result) error {
	if !s.StrictReferences && !c.Note || c.kept != nil || c.twin > 0 || c.Op != Create && c.Op != Update {
		return nil
	}
	known := map[store.Key]bool{}
	for place, text := range out.Record.Resource.Links {
		to := fhir.ParseReference(text, s.Bases)
		key := store.Key{Customer: out.Record.Customer, Type: to.Type, ID: to.ID}
		if _, kept := fhir.TypeOf(to.Type); !kept || known[key] {
			continue
		}
		known[key] = true
		_, err := tx.Read(ctx, c.sees(key.Customer), key)
		if err == nil {
			continue
		}
		if !absent(err) {
			return err
		}
		out.Notes = append(out.Notes, fhir.Issue{
			Severity: "warning", Code: "not-found", Where: place,
			Text: fmt.Sprintf("There is no such %s here; the reference was kept as it is.", to.Type),
		})
	}
	if !s.StrictReferences || len(out.Notes) == 0 {
		return nil
	}
	e := fhir.Errorf(fhir.Unprocessable, "A reference leads nowhere.").Coded("REFERENCE_NOT_FOUND").At(out.Notes[0].Where)
	for _, n := range out.Notes {
		n.Severity, n.Text = "error", "What this reference points at is not here; store that first, or in the same transaction."
		e.Issues = append(e.Issues, n)
	}
	return e
}
