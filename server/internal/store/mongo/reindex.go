package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"slotway/server/internal/store"
)

// reindexStep is how many resources are indexed anew at a time.
const reindexStep = 500

// reindex makes the index fields of the newest versions anew where another catalog
// made them. Cut short, it goes on at the next Open.
func (s *Store) reindex(ctx context.Context) error {
	total := 0
	for {
		n, err := s.reindexSome(ctx)
		if err != nil {
			return err
		}
		if total += n; n == 0 {
			break
		}
		s.o.Log.Info("making index fields anew", "resources", total)
	}
	return nil
}

func (s *Store) reindexSome(ctx context.Context) (int, error) {
	filter := bson.D{{Key: fieldPrint, Value: bson.D{{Key: "$exists", Value: true}, {Key: "$ne", Value: s.print}}}}
	docs, err := s.findVersions(ctx, filter, bson.D{{Key: "doc", Value: 0}}, reindexStep)
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 12*s.o.Timeout, errSlow)
	defer cancel()
	var updates []driver.WriteModel
	var nexts []string
	following := make(map[string]string)
	for i := range docs {
		d := &docs[i]
		rec := d.Version.record()
		doc, err := store.Document(s.o.Catalog, rec)
		if err != nil {
			return 0, err
		}
		set, err := toD(s.fieldsOf(rec.Customer, &doc))
		if err != nil {
			return 0, err
		}
		set = append(set, bson.E{Key: "doc", Value: s.o.Catalog.AppendDocument(nil, doc)})
		updates = append(updates, driver.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: d.Name}}).SetUpdate(update(set)))
		next := versionName(rec.Key, rec.Version+1)
		nexts = append(nexts, next)
		following[next] = d.Name
	}
	if _, err := s.db.versions.BulkWrite(ctx, updates, options.BulkWrite().SetOrdered(false)); err != nil {
		return 0, s.failed(ctx, err)
	}
	return len(docs), s.retireFollowed(ctx, nexts, following)
}

// update sets fields and takes the other index fields away.
func update(set bson.D) bson.D {
	var unset bson.D
	for _, f := range live {
		there := false
		for _, e := range set {
			there = there || e.Key == f
		}
		if !there {
			unset = append(unset, bson.E{Key: f, Value: ""})
		}
	}
	out := bson.D{{Key: "$set", Value: set}}
	if unset != nil {
		out = append(out, bson.E{Key: "$unset", Value: unset})
	}
	return out
}

// toD gives a struct as a document.
func toD(from any) (bson.D, error) {
	b, err := bson.Marshal(from)
	if err != nil {
		return nil, err
	}
	var d bson.D
	return d, bson.Unmarshal(b, &d)
}
