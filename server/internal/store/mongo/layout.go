package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// schema is raised when what is stored changes its form. There is no way yet from
// an older one.
const schema = 2

// collections are those of one database; DESIGN.md says what each holds.
type collections struct {
	log      *driver.Collection // the truth until it is applied: one record for each number
	versions *driver.Collection // every version of every resource; the newest with index fields
	claims   *driver.Collection // every claim there ever was
	streams  *driver.Collection // records of streams
	trims    *driver.Collection // up to where the records of a stream were taken away
	applied  *driver.Collection // numbers of log records that are applied
	marks    *driver.Collection // a number up to which all are
	meta     *driver.Collection // the schema
}

func collectionsOf(db *driver.Database) collections {
	return collections{
		db.Collection("log"), db.Collection("versions"), db.Collection("claims"), db.Collection("streams"), db.Collection("trims"),
		db.Collection("applied"), db.Collection("marks"), db.Collection("meta"),
	}
}

// Fields of a stored version that searches are narrowed by. A version that is not
// the newest, and a deletion, has none of them.
const (
	fieldScope = "t"   // customer and type
	fieldID    = "id"  // the resource's id
	fieldTerms = "tok" // see terms.go
	fieldState = "st"  // the status, where the type has one row of states
	fieldAt    = "at"  // the instant, microseconds since 1970
	fieldOdd   = "odd" // true where st or at cannot say it
	fieldPrint = "print"
)

// live are the fields that a version loses when another follows it.
var live = []string{fieldScope, fieldID, fieldTerms, fieldState, fieldAt, fieldOdd, fieldPrint}

// index is a row of the table of indexes. Sparse ones hold the newest versions
// only, since the others have none of their fields.
type index struct {
	in     func(*collections) *driver.Collection
	name   string
	fields []string // a hyphen before one turns its order round
	sparse bool
	serves string
}

func versionsOf(c *collections) *driver.Collection { return c.versions }
func claimsOf(c *collections) *driver.Collection   { return c.claims }

// indexes are all there are besides those of _id.
var indexes = []index{
	{versionsOf, "newest", []string{"key", "-n"}, false, "reads, histories, references"},
	{versionsOf, "listing", []string{fieldScope, fieldID}, true, "all of a type, by id"},
	{versionsOf, "terms", []string{fieldScope, fieldTerms, fieldAt, fieldState}, true, "identifiers, references and names, with a time and a status"},
	{versionsOf, "times", []string{fieldScope, fieldAt, fieldState}, true, "a time, with a status"},
	{versionsOf, "states", []string{fieldScope, fieldState, fieldAt}, true, "a status, with a time"},
	{versionsOf, "odd", []string{fieldScope, fieldOdd}, true, "what a status and a time cannot say"},
	{versionsOf, "print", []string{fieldPrint}, true, "index fields of another catalog"},
	{versionsOf, "changes", []string{"c", "-updated", "-key", "-n"}, false, "the history of everything"},
	{versionsOf, "changes-of-type", []string{"c", "r", "-updated", "-key", "-n"}, false, "the history of a type"},
	{claimsOf, "newest", []string{"name", "-seq"}, false, "who holds a key"},
	{claimsOf, "held", []string{"held"}, true, "the claims of a space that are held, in order"},
	{func(c *collections) *driver.Collection { return c.streams }, "order", []string{"stream", "at"}, false, "a stream in order"},
}

func (ix index) model() driver.IndexModel {
	var keys bson.D
	for _, f := range ix.fields {
		if f[0] == '-' {
			keys = append(keys, bson.E{Key: f[1:], Value: int32(-1)})
		} else {
			keys = append(keys, bson.E{Key: f, Value: int32(1)})
		}
	}
	o := options.Index().SetName(ix.name)
	if ix.sparse {
		o.SetSparse(true)
	}
	return driver.IndexModel{Keys: keys, Options: o}
}

// prepare checks the schema and makes the indexes, or finds them made. An index
// of the same name and other fields is an error of the server's.
func (s *Store) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 12*s.o.Timeout, errSlow)
	defer cancel()
	var found struct{ N int64 }
	err := s.db.meta.FindOne(ctx, bson.D{{Key: "_id", Value: "schema"}}).Decode(&found)
	if err == driver.ErrNoDocuments && s.o.ReadOnly {
		return errors.New("the database holds no store of this program")
	}
	if err == driver.ErrNoDocuments {
		_, err = s.db.meta.InsertOne(ctx, bson.D{{Key: "_id", Value: "schema"}, {Key: "n", Value: int64(schema)}})
		if driver.IsDuplicateKeyError(err) {
			return s.prepare(ctx) // another process was a moment faster
		}
		found.N = schema
	}
	if err != nil {
		return s.failed(ctx, err)
	}
	if found.N > schema {
		return fmt.Errorf("it was written by a newer version of this program (its schema is %d, this program knows %d): use that version", found.N, schema)
	}
	if found.N < schema {
		return fmt.Errorf("it was written by an older version of this program (its schema is %d, this program needs %d): use that version, or a new database", found.N, schema)
	}
	for _, ix := range indexes {
		name, err := ix.in(&s.db).Indexes().CreateOne(ctx, ix.model())
		if err != nil || name != ix.name {
			return fmt.Errorf("making the index %s: %w", ix.name, s.failed(ctx, err))
		}
	}
	return nil
}
