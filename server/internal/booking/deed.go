package booking

import (
	"context"

	"slotway/server/internal/store"
)

// deed is one Do on its way.
type deed struct {
	s       *Service
	changes []Change // as they were asked for
	early   []Change // as they were prepared before the Update
	planned step     // of one change alone, as it was planned before the Update
}

// work is the Tx of a deed, with what its changes must know of one another.
type work struct {
	store.Tx
	// puts holds the ids of the slots that changes still to come write: those are
	// marked by nobody else.
	puts map[string]bool
	// made holds the slots that changes before made: they are free to take,
	// whatever their status.
	made map[store.Key]bool
}

// run carries out the changes within an Update. It may run more than once.
func (d *deed) run(ctx context.Context, tx store.Tx) ([]Result, error) {
	ready, err := d.settle(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := &work{Tx: tx, puts: map[string]bool{}, made: map[store.Key]bool{}}
	for _, c := range ready {
		if c.Op == Update && c.Key.Type == "Slot" {
			w.puts[c.Key.ID] = true
		}
	}
	out := make([]Result, len(ready))
	for i, c := range ready {
		if c.Op == Update && c.Key.Type == "Slot" {
			delete(w.puts, c.Key.ID)
		}
		if c.twin > 0 {
			out[i] = Result{Record: out[i-c.twin].Record}
			continue
		}
		if out[i], err = d.step(ctx, w, c); err != nil {
			return nil, d.failed(i, err)
		}
		if c.Also != nil {
			if err := c.Also(ctx, tx, out[i]); err != nil {
				return nil, d.failed(i, err)
			}
		}
		if out[i].Created && c.Key.Type == "Slot" {
			w.made[out[i].Record.Key] = true
		}
	}
	for i, c := range ready {
		if err := d.s.references(ctx, tx, c, &out[i]); err != nil {
			return nil, d.failed(i, err)
		}
	}
	return out, refresh(ctx, tx, out)
}

// failed says which change an error is of, where there are several.
func (d *deed) failed(at int, err error) error {
	if len(d.changes) == 1 {
		return err
	}
	return &Failed{At: at, Err: err}
}

func (d *deed) step(ctx context.Context, w *work, c Change) (Result, error) {
	run := d.planned
	if run == nil || !c.like(d.early[0]) {
		var err error
		if run, err = d.s.plan(ctx, w, c); err != nil {
			return Result{}, err
		}
	}
	return run(ctx, w)
}

// like says whether a change was prepared to the same end as another time.
func (c Change) like(before Change) bool {
	return c.Key == before.Key && c.fresh == before.fresh && (c.kept == nil) == (before.kept == nil)
}

// settle makes certain, within the Update, what conditions and searched
// references were found to name before it. What is to be created under a
// condition locks it first; what is found after that holds.
func (d *deed) settle(ctx context.Context, tx store.Tx) (ready []Change, err error) {
	if !conditional(d.changes) {
		return d.early, nil
	}
	ready = d.early
	locked := make([]bool, len(ready))
	for more := true; more; {
		for i, c := range ready {
			if !c.fresh || locked[i] {
				continue
			}
			if err := c.If.lock(ctx, tx, c.Key); err != nil {
				return nil, err
			}
			locked[i] = true
		}
		if ready, err = d.s.prepare(ctx, tx, d.changes); err != nil {
			return nil, err
		}
		more = false
		for i, c := range ready {
			more = more || c.fresh && !locked[i]
		}
	}
	return ready, nil
}

// refresh makes the results show what is current, where a later change wrote it
// again: a slot that was made and then booked.
func refresh(ctx context.Context, tx store.Tx, out []Result) error {
	if len(out) < 2 {
		return nil
	}
	for i := range out {
		if out[i].Record.Type != "Slot" || out[i].Record.Deleted || out[i].Record.Version == 0 {
			continue
		}
		rec, err := tx.Read(ctx, store.Of(out[i].Record.Customer), out[i].Record.Key)
		if absent(err) {
			continue
		}
		if err != nil {
			return err
		}
		out[i].Record = rec
	}
	return nil
}
