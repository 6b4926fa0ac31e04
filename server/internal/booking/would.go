package booking

import (
	"context"
	"errors"
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// errNotDone ends an Update that was only tried.
var errNotDone = errors.New("tried only")

// Would says whether a change would be done now: it is carried out whole, and
// nothing of it is kept. Its error is the one that Do would give.
func (s *Service) Would(ctx context.Context, c Change) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := s.DoIn(ctx, tx, c); err != nil {
			return err
		}
		return errNotDone
	})
	if errors.Is(err, errNotDone) {
		return nil
	}
	return err
}

// maxResolved is how many references of one resource are looked up.
const maxResolved = 200

// Unresolved gives a warning for each literal reference of a resource to one that
// should be here and is not (design decision 20). Only types that may be looked
// at are; a reference's version is not.
func (s *Service) Unresolved(ctx context.Context, see store.Visibility, r fhir.Resource, may func(typ string) bool) ([]fhir.Issue, error) {
	u := &unresolved{s: s, ctx: ctx, see: see, may: may, known: map[store.Key]bool{}}
	err := u.walk(r.Root(), r.Type())
	return u.issues, err
}

type unresolved struct {
	s      *Service
	ctx    context.Context
	see    store.Visibility
	may    func(string) bool
	known  map[store.Key]bool
	issues []fhir.Issue
}

func (u *unresolved) walk(n fhir.Node, where string) error {
	if n.IsArray() {
		i := 0
		for el := range n.Each() {
			if err := u.walk(el, where+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
			i++
		}
		return nil
	}
	for name, v := range n.Members() {
		if name == "reference" && v.IsString() {
			if err := u.look(v.Text(), where+"."+name); err != nil {
				return err
			}
			continue
		}
		if err := u.walk(v, where+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func (u *unresolved) look(text, where string) error {
	to := fhir.ParseReference(text, u.s.Bases)
	if _, kept := fhir.TypeOf(to.Type); !kept || !u.may(to.Type) {
		return nil
	}
	key := store.Key{Type: to.Type, ID: to.ID}
	there, known := u.known[key]
	if !known && len(u.known) < maxResolved {
		_, err := u.s.Store.Read(u.ctx, u.see, key)
		if err != nil && !absent(err) && !errors.Is(err, fhir.Conflict) {
			return err
		}
		there = !absent(err)
		u.known[key] = there
	} else if !known {
		return nil
	}
	if !there {
		u.issues = append(u.issues, fhir.Issue{Severity: "warning", Code: "not-found", Text: "The reference names a " + to.Type + " that is not here.", Where: where})
	}
	return nil
}
