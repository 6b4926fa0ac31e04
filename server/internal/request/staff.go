package request

import (
	"context"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// change carries out one act on a request. ifVersion may be store.Any; it keeps two
// people from overwriting one another.
func (s *Service) change(ctx context.Context, key store.Key, ifVersion int64, act string, do func(store.Tx, store.Record, Request) ([]fhir.Change, error)) (r Request, err error) {
	key.Type = "Task"
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Read(ctx, store.Of(key.Customer), key)
		if err != nil {
			return err
		}
		if ifVersion != store.Any && rec.Version != ifVersion {
			return fhir.Errorf(fhir.PreconditionFailed, "Somebody has worked on the request since: version %d is current, not %d. Look at it again.", rec.Version, ifVersion)
		}
		if r, err = s.view(rec); err != nil {
			return err
		}
		note(tx, act, key)
		changes, err := do(tx, rec, r)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			changes = append(changes, set("lastModified", instant(later(s.Now(), r.Asked))))
			if _, err := s.put(ctx, tx, rec, rec.Key, changes...); err != nil {
				return err
			}
		}
		if rec, err = tx.Read(ctx, store.Of(key.Customer), key); err != nil {
			return err
		}
		r, err = s.view(rec)
		return err
	})
	return r, err
}

// later is the later of two times: a clock that runs back does not end what has not
// begun.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Assign gives a request to somebody, or to a team; the zero Party gives it back to
// everybody. Claiming is assigning it to oneself.
//
// fhir.NotFound, fhir.PreconditionFailed, fhir.Conflict where it is not open.
func (s *Service) Assign(ctx context.Context, key store.Key, ifVersion int64, to Party) (Request, error) {
	return s.change(ctx, key, ifVersion, "request.assign", func(_ store.Tx, _ store.Record, r Request) ([]fhir.Change, error) {
		if err := mustBeOpen(r); err != nil {
			return nil, err
		}
		if to == (Party{}) {
			return []fhir.Change{set("status", fhir.Quote(string(Requested))), {Path: pathOwner, Op: fhir.Remove}}, nil
		}
		return []fhir.Change{set("status", fhir.Quote(string(Claimed))), set("owner", value(to.reference()))}, nil
	})
}

var pathOwner = fhir.MustPath("owner")

// Note adds a note for staff, which the patient does not see; progress, where it is
// not empty, becomes the request's business status.
//
// fhir.NotFound, fhir.PreconditionFailed, fhir.Unprocessable.
func (s *Service) Note(ctx context.Context, key store.Key, ifVersion int64, by Party, text, progress string) (Request, error) {
	if err := checkText(text); err != nil {
		return Request{}, err
	}
	return s.change(ctx, key, ifVersion, "request.note", func(_ store.Tx, rec store.Record, _ Request) ([]fhir.Change, error) {
		n := annotation(by.reference(), 0, text)
		n["time"] = s.Now().UTC().Format(instantForm)
		changes := []fhir.Change{addNote(rec, n)}
		if progress = strings.TrimSpace(progress); progress != "" {
			changes = append(changes, set("businessStatus", value(object{"text": progress})))
		}
		return changes, nil
	})
}

// Done ends a request by the word of staff: Completed or Rejected. The status of the
// appointment is again what it was; what has become of it, the feed will say.
//
// fhir.NotFound, fhir.PreconditionFailed, fhir.Conflict where it is not open,
// fhir.Unprocessable.
func (s *Service) Done(ctx context.Context, key store.Key, ifVersion int64, as State, why string) (Request, error) {
	if as != Completed && as != Rejected {
		return Request{}, fhir.Errorf(fhir.Unprocessable, "A request is done as completed or rejected.").At("state")
	}
	if why = strings.TrimSpace(why); why == "" {
		why = whyDone
	}
	if err := checkText(why); err != nil {
		return Request{}, err
	}
	return s.change(ctx, key, ifVersion, "request.done", func(tx store.Tx, rec store.Record, r Request) ([]fhir.Change, error) {
		return nil, s.undo(ctx, tx, rec, r, as, why)
	})
}

// Withdraw takes a request back, for the patient who made it. The appointment's
// status is again what it was, unless the feed has said pending by itself since.
//
// fhir.NotFound where it is not there or not this patient's; fhir.PreconditionFailed;
// fhir.Conflict where it is not open any more.
func (s *Service) Withdraw(ctx context.Context, key store.Key, ifVersion int64, patient store.Key) (Request, error) {
	return s.change(ctx, key, ifVersion, "request.withdraw", func(tx store.Tx, rec store.Record, r Request) ([]fhir.Change, error) {
		if r.Patient.Customer != patient.Customer || r.Patient.ID != patient.ID {
			return nil, store.NotFound(rec.Key)
		}
		number, err := s.say(ctx, tx, rec.Key)
		if err != nil {
			return nil, err
		}
		by := object{"reference": "Patient/" + patient.ID}
		return nil, s.undo(ctx, tx, rec, r, Withdrawn, whyWithdrawn, addNote(rec, annotation(by, number, withdrawal)))
	})
}

// withdrawal is the message that tells whoever reads the conversation.
const withdrawal = "I withdraw this request. Please leave the appointment as it is."

// undo closes a request and puts the appointment's status back.
func (s *Service) undo(ctx context.Context, tx store.Tx, rec store.Record, r Request, state State, why string, more ...fhir.Change) error {
	if err := mustBeOpen(r); err != nil {
		return err
	}
	if err := s.close(ctx, tx, rec, state, why, r.Before, more...); err != nil {
		return err
	}
	appointment, err := tx.Read(ctx, store.Of(r.Appointment.Customer), r.Appointment)
	if err != nil || statusOf(appointment) == r.Before {
		return err
	}
	return s.move(ctx, tx, appointment, r.Before)
}

func mustBeOpen(r Request) error {
	if r.State.Open() {
		return nil
	}
	return fhir.Errorf(fhir.Conflict, "The request is %s, so this cannot be done any more.", r.State).Coded("REQUEST_CLOSED")
}
