package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Applying a record makes of the collections what the record says. Each step
// inserts what has one form only, or takes something away for good; so a record
// may be applied twice, by several processes at once, before or after those beside
// it, and at any speed.

// apply applies records and notes that they are. Many at once cost little more
// than one.
func (s *Store) apply(ctx context.Context, records []*record) error {
	if len(records) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 6*s.o.Timeout, errSlow)
	defer cancel()
	for _, step := range []func(context.Context, []*record) error{
		s.applyVersions, s.applyClaims, s.applyReleases, s.applyStreams, s.applyTrims, s.noteApplied,
	} {
		if err := step(ctx, records); err != nil {
			return s.failed(ctx, err)
		}
	}
	for _, r := range records {
		r.applied.Store(true)
	}
	return nil
}

func (s *Store) noteApplied(ctx context.Context, records []*record) error {
	var docs []any
	for _, r := range records {
		docs = append(docs, bson.D{{Key: "_id", Value: numberName(r.n)}})
	}
	err := insertNew(ctx, s.db.applied, docs)
	s.o.reach(afterApplied)
	return err
}

// applyVersions inserts the versions and takes the index fields of those before
// them away. A version that is inserted after the one that follows it (another
// process was faster) is found by looking for that one afterwards: of the two who
// insert neighbours, the later sees the other's.
func (s *Store) applyVersions(ctx context.Context, records []*record) error {
	var docs []any
	var older []string
	following := make(map[string]string) // the name of the next version to that of one that was inserted
	var nexts []string
	for _, r := range records {
		for _, v := range r.versions {
			k, n := v.key(), v.next.Record.Version
			docs = append(docs, s.stored(v))
			if n > 1 {
				older = append(older, versionName(k, n-1))
			}
			next := versionName(k, n+1)
			following[next] = versionName(k, n)
			nexts = append(nexts, next)
		}
	}
	if err := insertNew(ctx, s.db.versions, docs); err != nil {
		return err
	}
	s.o.reach(afterVersions)
	if err := s.retireFollowed(ctx, nexts, following); err != nil {
		return err
	}
	err := s.retire(ctx, older)
	s.o.reach(afterRetire)
	return err
}

// retireFollowed retires the versions whose next one is there. It is asked after
// anything that may have given a version index fields.
func (s *Store) retireFollowed(ctx context.Context, nexts []string, following map[string]string) error {
	if len(nexts) == 0 {
		return nil
	}
	there, err := s.idsAmong(ctx, s.db.versions, nexts)
	if err != nil {
		return err
	}
	var older []string
	for next := range there {
		older = append(older, following[next])
	}
	return s.retire(ctx, older)
}

// retire takes the index fields of versions away.
func (s *Store) retire(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	unset := make(bson.D, len(live))
	for i, f := range live {
		unset[i] = bson.E{Key: f, Value: ""}
	}
	_, err := s.db.versions.UpdateMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: names}}}}, bson.D{{Key: "$unset", Value: unset}})
	return err
}

// stored gives a version as the collection versions holds the newest.
func (s *Store) stored(v *version) storedVersion {
	k := v.key()
	doc := storedVersion{Name: versionName(k, v.next.Record.Version), Key: keyName(k), Seq: int64(v.seq), Version: s.encodeVersion(v)}
	if !v.next.Record.Deleted {
		doc.Fields = s.fieldsOf(k.Customer, &v.next.Document)
	}
	return doc
}

// applyClaims inserts the claims. A claim has a document for each time it is taken.
func (s *Store) applyClaims(ctx context.Context, records []*record) error {
	var docs []any
	for _, r := range records {
		for _, h := range r.claims {
			docs = append(docs, claimOf(h))
		}
	}
	err := insertNew(ctx, s.db.claims, docs)
	s.o.reach(afterClaims)
	return err
}

// applyReleases notes when claims were released. One that is not there yet is
// inserted as released: its own insert will find it so.
func (s *Store) applyReleases(ctx context.Context, records []*record) error {
	var docs []any
	var freed []driver.WriteModel
	for _, r := range records {
		for _, h := range r.releases {
			doc := claimOf(h)
			docs = append(docs, doc)
			freed = append(freed, driver.NewUpdateOneModel().
				SetFilter(bson.D{{Key: "_id", Value: doc.ID}}).
				SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "freed", Value: doc.Freed}}}, {Key: "$unset", Value: bson.D{{Key: "held", Value: ""}}}}))
		}
	}
	if docs != nil {
		if err := insertNew(ctx, s.db.claims, docs); err != nil {
			return err
		}
		if _, err := s.db.claims.BulkWrite(ctx, freed, options.BulkWrite().SetOrdered(false)); err != nil {
			return err
		}
	}
	s.o.reach(afterReleases)
	return nil
}

func claimOf(h *held) claimDoc {
	name := h.name()
	doc := claimDoc{
		ID: name + "/" + numberName(h.seq), Name: name,
		Holder: part(h.claim.Holder), Payload: h.claim.Payload, Seq: int64(h.seq), Freed: int64(h.freed),
	}
	if h.freed == 0 {
		doc.Held = orderedName(h.claim.Space, h.claim.Key)
	}
	return doc
}

// insertNew inserts documents and leaves those alone that are there: they are the
// same.
func insertNew(ctx context.Context, in *driver.Collection, docs []any) error {
	if len(docs) == 0 {
		return nil
	}
	_, err := in.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	if onlyDuplicates(err) {
		return nil
	}
	return err
}

// onlyDuplicates says whether nothing but ids that are there kept documents from
// being inserted.
func onlyDuplicates(err error) bool {
	e, ok := err.(driver.BulkWriteException)
	if !ok || e.WriteConcernError != nil {
		return false
	}
	for _, one := range e.WriteErrors {
		if !driver.IsDuplicateKeyError(one) {
			return false
		}
	}
	return true
}
