package intake

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
)

// Trial is what would come of carrying out a message of the journal again.
type Trial struct {
	Answer hl7bridge.Answer
	State  journal.State // empty where others would be carried out first
	Writes []Write       // in order
	// First says that others, which are held before it, would be carried out first, so
	// that nobody knows yet what it would do.
	First bool
}

// Write is a version that a message makes.
type Write struct {
	Old, New store.Record // Old is zero of what was not there before
}

// errTried leaves nothing of a trial.
var errTried = errors.New("a trial leaves nothing")

// Try says what Again would do now, and does nothing of it: the message is carried
// out in an Update that is given up. The look is recorded.
//
// fhir.NotFound; fhir.Conflict for what is no message of a partner's, or is not kept
// any more, or would be about another customer's patients by now.
func (s *Service) Try(ctx context.Context, p auth.Principal, id string) (t Trial, err error) {
	e, err := s.entry(ctx, p, id)
	if err != nil {
		return t, err
	}
	if !Replayable(e) {
		return t, errNotReplayable
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		return looked(tx, p, "messages.try", "", []string{e.Controller}, e.ID)
	})
	if err != nil {
		return t, err
	}
	raw, err := s.raw(ctx, e)
	if err != nil {
		return t, err
	}
	if raw == nil {
		return t, errNotKept
	}
	env, in, err := s.Bridge.Read(againBy(e, p), s.Now(), raw)
	switch {
	case err != nil:
		t.Answer = hl7bridge.AnswerTo(err)
		t.State = stateOf(t.Answer)
		return t, nil
	case !slices.Contains(p.Customers, env.Customer.Alias):
		return t, fhir.Errorf(fhir.Conflict, "The message would be about patients of another organisation by now.")
	}
	return s.try(ctx, env, in)
}

func (s *Service) try(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent) (t Trial, err error) {
	m := s.message(env, in)
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		t = Trial{}
		out, first, err := m.within(tx).run(ctx, hl7bridge.AnswerTo)
		switch {
		case first || m.unfit.note(err):
			t.First = true
			return errTried
		case fhir.KindOf(err) == fhir.Busy && err != nil:
			return err
		case err != nil:
			t.Answer = hl7bridge.AnswerTo(err)
			t.State = stateOf(t.Answer)
			return errTried
		}
		t.Answer, t.State = out, m.state
		for _, ref := range m.tx.wrote {
			w, err := written(ctx, tx, env.Customer.Alias, ref)
			if err != nil {
				return err
			}
			t.Writes = append(t.Writes, w)
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return t, err
}

// Wrote gives the versions that the message of an entry made, with what was there
// before each. Those that are not kept any more, or are deletions, are left out.
func (s *Service) Wrote(ctx context.Context, e journal.Entry) (all []Write, err error) {
	for _, ref := range e.Wrote {
		w, err := written(ctx, s.Store, e.Controller, ref)
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// written reads a version that the journal names as Type/id/version, and the one
// before it.
func written(ctx context.Context, r store.Reader, customer, ref string) (w Write, err error) {
	parts := strings.Split(ref, "/")
	if len(parts) != 3 {
		return w, fhir.Errorf(fhir.NotFound, "The version has no name that can be read.")
	}
	see, key := store.Of(customer), store.Key{Customer: customer, Type: parts[0], ID: parts[1]}
	version, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return w, fhir.Errorf(fhir.NotFound, "The version has no number.")
	}
	if w.New, err = r.Version(ctx, see, key, version); err != nil || version == 1 {
		return w, err
	}
	if w.Old, err = r.Version(ctx, see, key, version-1); absent(err) {
		err = nil
	}
	return w, err
}
