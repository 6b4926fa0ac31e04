package store

import (
	"context"
	"errors"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

// Key names a resource. Customer is the alias of the data controller; ids are
// unique within a customer and type.
type Key struct{ Customer, Type, ID string }

// Visibility is what the caller of a read may see.
type Visibility struct {
	// Customers are those whose resources are visible, in any order. None: nothing
	// is visible.
	Customers []string
	// Labels, when not nil, hides every resource whose meta.security names a
	// code of a labelled system that is not among them. Nil: labels hide nothing.
	// Each is system|code, as LabelsOf gives them; a system is labelled when one
	// of them is of it. A resource is hidden with all its versions by the labels
	// of its current one, and an older version by its own, too.
	Labels []string
}

// Of gives the visibility of one customer.
func Of(customer string) Visibility { return Visibility{Customers: []string{customer}} }

// Sees says whether a customer is visible.
func (v Visibility) Sees(customer string) bool {
	for _, c := range v.Customers {
		if c == customer {
			return true
		}
	}
	return false
}

// Link is an index entry that a resource's bytes do not say: the stored resource
// that a contained one stands for (design decision 18). It makes the parameter
// find the resource as if it held a reference to To.
type Link struct {
	Param string // name of a reference parameter of the resource's type
	To    search.Ref
}

// Record is one version of a resource.
type Record struct {
	Key
	Version  int64 // 1, 2, 3 …
	Updated  time.Time
	Deleted  bool          // this version is a deletion; Resource is zero
	Posted   bool          // this version was put as Posted
	Created  bool          // none was current before it: it is the first, or follows a deletion
	Resource fhir.Resource // as stored, meta included
	Links    []Link
}

// Page is one page of a search or a history. Pages hold at most as many records
// as were asked for and as PageBytes has room for, and none with 0, when there is no
// Next either: only a page without Next is the last. An After is good for the walk it
// was given for, with the same arguments, for any time.
type Page struct {
	Records []Record
	Total   int    // of all pages; -1 when not counted
	Next    string // the next page's After; empty on the last
	// Plan says, a line for each step, how a search that asks for it (Explain)
	// was answered: names of parameters and numbers, and no value of anything.
	Plan []string
}

// Reader is the read side. Every method takes what its caller may see. A Key
// with an empty Customer means any visible one; two that hold the id are a
// fhir.Conflict with Code multiple-matches.
type Reader interface {
	// Read gives the current version. fhir.NotFound when there is none or it is
	// not visible; fhir.Gone when it was deleted.
	Read(ctx context.Context, see Visibility, k Key) (Record, error)

	// Version gives one version. fhir.NotFound, or fhir.Gone for a deletion.
	Version(ctx context.Context, see Visibility, k Key, version int64) (Record, error)

	// History gives the versions of one resource, newest first, deletions
	// included; Total counts those that are visible. fhir.NotFound when there was
	// never one.
	History(ctx context.Context, see Visibility, k Key, after string, limit int) (Page, error)

	// Search gives a page of the current resources that q matches, in q's order,
	// ties and unsorted results by id (and then customer). Walking pages by
	// Next never repeats a resource and never skips one that was there,
	// unchanged, throughout. Records do not hold includes. Within a Tx, Search,
	// History, Changes and Log show what was committed; whether they show the
	// Tx's own writes is left open.
	Search(ctx context.Context, see Visibility, q search.Query) (Page, error)

	// Changes gives a page of the versions of all resources of a type (empty: of
	// all types), deletions included, those stamped before since left out (zero:
	// none is). They stand by their Updated, newest first; of one resource the
	// later version stands first; any others of the same millisecond stand in an
	// order of the engine's that does not change. A version is visible as in
	// History. Total is -1: they are not counted. Walking pages by Next never
	// repeats a version and never skips one that was there when the walk began; one
	// written since is shown only where the clock had run back. A page costs what
	// it shows and what labels hide, not what is stored.
	Changes(ctx context.Context, see Visibility, typ string, since time.Time, after string, limit int) (Page, error)

	// Claimed gives a claim that is held. fhir.NotFound when the key is free.
	Claimed(ctx context.Context, space, key string) (Claim, error)

	// Claims gives the claims of a space that are held and whose keys begin with
	// prefix, in the order of the keys' bytes, from the one behind the key given
	// on (empty: the first; it need not be held), at most limit. It costs what it
	// gives, so a space whose keys are made for it is a queue: keys that begin
	// with a time are in its order. It gives as many as PageBytes has room for: only
	// where there is none is the end. Within a Tx it shows what the Tx claimed and
	// released, too, and whatever its size all up to the limit.
	Claims(ctx context.Context, space, prefix, after string, limit int) ([]Claim, error)

	// Log gives records of a stream; see LogRange for which, and in which order. It
	// gives as many as PageBytes has room for: only where there is none is the end.
	Log(ctx context.Context, stream string, r LogRange) ([]LogRecord, error)
}

// Claim is the exclusive hold of a key within a space. Keys begin with their
// customer where they have one.
type Claim struct {
	Space, Key string
	Holder     string // who holds it: release asks for the same
	Payload    []byte // what the holder wants remembered with it
}

// Taken is the cause of the fhir.Conflict that Claim answers for a key that is
// held: it shows who holds it.
type Taken struct{ Claim Claim }

// Error names the space, not the key, which may identify a patient.
func (t *Taken) Error() string { return "the key is held in space " + t.Claim.Space }

// Put is a write of one resource.
type Put struct {
	Key      Key // Type and ID must be the resource's; a resource without id gets this one
	Resource fhir.Resource
	// IfVersion is the version that must be current: a number from 1, 0 for
	// none (it must not exist, or be deleted), or Any.
	IfVersion int64
	Links     []Link
	// Posted says that this makes a new resource under an id of ours, as a POST
	// does; a history tells it from one that was put under an id of the sender's.
	Posted bool
}

// Any is the IfVersion that accepts whatever is current.
const Any int64 = -1

// Tx is what happens together in one Update. It reads its own writes by Read,
// Version, Claimed and Claims. It is for one goroutine at a time, and ends with the
// function of its Update: what is asked of it afterwards is fhir.Internal.
type Tx interface {
	Reader

	// Put stores the next version of a resource and gives it. Content and links
	// equal to the current version's keep that version and write nothing.
	// fhir.PreconditionFailed when IfVersion does not hold.
	Put(ctx context.Context, p Put) (Record, error)

	// Delete stores a deletion as the next version; deleting what is deleted
	// writes nothing. fhir.NotFound when there was never one,
	// fhir.PreconditionFailed when ifVersion does not hold.
	Delete(ctx context.Context, k Key, ifVersion int64) (Record, error)

	// Claim takes a key. fhir.Conflict caused by *Taken (Held gives it) when it is
	// held, whoever holds it.
	Claim(ctx context.Context, c Claim) error

	// Release frees a key if that holder holds it, and does nothing otherwise.
	Release(ctx context.Context, space, key, holder string) error

	// Append adds a record at the end of a stream.
	Append(ctx context.Context, stream string, data []byte) error

	// Restore stores a version as another store gave it: its number, its time and
	// all else are those of rec. fhir.PreconditionFailed when it is not the one
	// after the current version.
	Restore(ctx context.Context, rec Record) error

	// AppendAt adds a record that was appended at a time. Where the stream has a
	// later one already, it has the time of that one.
	AppendAt(ctx context.Context, stream string, at time.Time, data []byte) error
}

// Inventory is all that a store holds, whoever's it is: what moving it to another
// takes, together with Claims and Log. Each gives what follows a place, in an order
// of the engine's, and the place to go on from, which is empty at the end. A page
// holds at most as many as were asked for, and may hold fewer before the end. They
// show what is committed, and a walk over several pages is of one moment only if
// Moment gives the same before and after it.
type Inventory interface {
	// Moment names what is committed: it changes with every Update that wrote
	// something.
	Moment(ctx context.Context) (string, error)

	// Versions gives the versions of all resources, deletions included. Those of one
	// resource follow one another, oldest first.
	Versions(ctx context.Context, after string, limit int) (records []Record, next string, err error)

	// Spaces gives the spaces in which claims are held.
	Spaces(ctx context.Context, after string, limit int) (spaces []string, next string, err error)

	// Streams gives the streams that have records.
	Streams(ctx context.Context, after string, limit int) (streams []string, next string, err error)
}

// Store is a place where resources are kept.
type Store interface {
	Reader
	Inventory

	// Update runs fn and makes what it did durable, all or nothing. An error of
	// fn is given back as it is and leaves nothing; one that panics leaves nothing
	// either, and gives an error. fn may run more than once before one run counts,
	// so it must do nothing but use its Tx and fill in results, and must not call
	// Update. It may go on after an error of the Tx: a Put, Delete or Claim that
	// fails has done nothing. A store that cannot write answers fhir.Busy.
	Update(ctx context.Context, fn func(Tx) error) error

	// Trim takes away the records of a stream that stand before a position, oldest
	// first. It works in steps, not as one Update: cut short, by an error or a
	// crash, it leaves a later part of the stream, whole. fhir.Invalid for what is
	// no position. The newest record always stays, since no position stands behind it. Whoever
	// reads on from a position that was taken away goes on with what is left.
	Trim(ctx context.Context, stream, before string) error

	// Ready says why the store cannot serve, or nil. After a write that failed it
	// tries whether writes are taken again.
	Ready(ctx context.Context) error

	// Close waits for what is at work and lets go of everything. It may be called
	// again; whatever else is asked afterwards is fhir.Busy.
	Close() error
}

// IsTaken gives the claim that was in the way, when err is that of a taken key.
func IsTaken(err error) (Claim, bool) {
	t, ok := errors.AsType[*Taken](err)
	if !ok {
		return Claim{}, false
	}
	return t.Claim, true
}
