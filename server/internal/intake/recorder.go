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
	seen  map[store.Key]store.Record
}

// Read gives the current version: that which was seen before, its text read, if it is
// still the one.
func (r *recorder) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	rec, err := r.Tx.Read(ctx, see, k)
	if was, ok := r.seen[rec.Key]; ok && err == nil && was.Version == rec.Version {
		return was, nil
	}
	return rec, err
}

// Put stores a version, and notes it if it is a new one.
func (r *recorder) Put(ctx context.Context, p store.Put) (store.Record, error) {
	rec, err := r.Tx.Put(ctx, p)
	if err == nil && rec.Version != p.IfVersion {
		r.wrote = append(r.wrote, rec.Type+"/"+rec.ID+"/"+strconv.FormatInt(rec.Version, 10))
	}
	return rec, err
}
