package mongo

import "time"

// The forms of documents. Texts that may hold anything are never part of an _id as
// they are: see names.go.

// logDoc is a record of the log: what a group of changes makes of the store.
type logDoc struct {
	ID       string       `bson:"_id"` // its number
	By       string       `bson:"by"`  // process and attempt
	At       time.Time    `bson:"written"`
	Print    string       `bson:"print"` // fingerprint of the catalog that made the documents
	Emptied  bool         `bson:"emptied,omitempty"`
	Versions []versionDoc `bson:"versions,omitempty"`
	Claims   []claimDoc   `bson:"claims,omitempty"`
	Releases []claimDoc   `bson:"releases,omitempty"` // of a claim of the number Seq
	Entries  []entryDoc   `bson:"entries,omitempty"`
	Trims    []trimDoc    `bson:"trims,omitempty"`
}

// versionDoc is a version as the log and the collection versions hold it.
type versionDoc struct {
	Customer string    `bson:"c"` // by part
	Type     string    `bson:"r"`
	ID       string    `bson:"i"`
	N        int64     `bson:"n"`
	Updated  int64     `bson:"updated"` // microseconds since 1970
	Deleted  bool      `bson:"deleted,omitempty"`
	Posted   bool      `bson:"posted,omitempty"`
	Created  bool      `bson:"created,omitempty"`
	Labels   []string  `bson:"labels,omitempty"`
	Links    []linkDoc `bson:"links,omitempty"`
	Raw      []byte    `bson:"raw,omitempty"` // the resource
	Document []byte    `bson:"doc,omitempty"` // what searches see, in search's own layout; in the log it may be missing
}

type linkDoc struct {
	Param string `bson:"p"`
	Type  string `bson:"t"`
	ID    string `bson:"i"`
}

// storedVersion is a version in the collection versions.
type storedVersion struct {
	Name    string     `bson:"_id"`
	Key     string     `bson:"key"`
	Seq     int64      `bson:"seq"` // number of the log record that made it
	Version versionDoc `bson:",inline"`
	Fields  fields     `bson:",inline"`
}

// fields are the index fields of a version that is the newest.
type fields struct {
	Scope    string   `bson:"t,omitempty"`
	Resource string   `bson:"id,omitempty"`
	Terms    []string `bson:"tok,omitempty"`
	State    string   `bson:"st,omitempty"`
	Instant  *int64   `bson:"at,omitempty"`
	Odd      bool     `bson:"odd,omitempty"`
	Print    string   `bson:"print,omitempty"`
}

// claimDoc is a claim, in the log and in the collection claims.
type claimDoc struct {
	ID      string `bson:"_id,omitempty"`
	Name    string `bson:"name"`   // space and key
	Holder  string `bson:"holder"` // by part
	Payload []byte `bson:"payload,omitempty"`
	Seq     int64  `bson:"seq,omitempty"`   // number of the log record that claimed it
	Freed   int64  `bson:"freed,omitempty"` // of the one that released it; 0 while it is held
	Held    string `bson:"held,omitempty"`  // while it is: its space and key, in order
}

// entryDoc is a record of a stream.
type entryDoc struct {
	ID     string `bson:"_id,omitempty"`
	Stream string `bson:"stream"`       // by part
	At     string `bson:"at,omitempty"` // its position; sorts as text
	Seq    int64  `bson:"seq,omitempty"`
	Data   []byte `bson:"data"`
	Time   *int64 `bson:"t,omitempty"` // in the log, of what was appended in another store: microseconds since 1970
}

// markDoc says that all records up to a number are applied, and how many resources
// there are then.
type markDoc struct {
	ID     string     `bson:"_id"` // the number
	Counts []countDoc `bson:"counts"`
}

// countDoc is how many resources of a type a customer has.
type countDoc struct {
	Scope string `bson:"s"`
	N     int    `bson:"n"`
}

// trimDoc says up to where the records of a stream are taken away.
type trimDoc struct {
	ID     string `bson:"_id,omitempty"`
	Stream string `bson:"stream"` // by part
	Before string `bson:"before"` // the position of the first that stays
}
