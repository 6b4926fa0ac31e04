package intake

import (
	"context"
	"strconv"

	"slotway/server/internal/store"
)

// recorder is a Tx that notes the versions that are made in it, whoever makes
// them: a message's entry in the journal names them all.
type recorder struct {
	store.Tx
	wrote []string // Type/id/version
}

// Put stores a version, and notes it if it is a new one.
func (r *recorder) Put(ctx context.Context, p store.Put) (store.Record, error) {
	rec, err := r.Tx.Put(ctx, p)
	if err == nil && rec.Version != p.IfVersion {
		r.wrote = append(r.wrote, rec.Type+"/"+rec.ID+"/"+strconv.FormatInt(rec.Version, 10))
	}
	return rec, err
}
