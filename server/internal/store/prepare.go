package store

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

// Next is what a write makes current: the record, and what an engine keeps
// beside it. The record and the labels are the truth; the document follows from
// them and the catalog and can be made again.
type Next struct {
	Record   Record
	Labels   []string        // LabelsOf the resource; a deletion keeps those of what it deleted
	Document search.Document // what searches see; zero for a deletion
	Same     bool            // it is the current version already: nothing is to be written
}

// Prepare works out what p makes of old, the current version (the zero Record
// when there is none). It is shared by all engines, so that they agree on
// versions, on times and on what a search sees. Updated is now in whole
// milliseconds, and never before that of old. Errors: PreconditionFailed,
// Unprocessable or Invalid for a key that is not the resource's.
func Prepare(c *search.Catalog, now time.Time, old Record, p Put) (Next, error) {
	if err := p.check(); err != nil {
		return Next{}, err
	}
	if err := checkVersion(old, p.IfVersion); err != nil {
		return Next{}, err
	}
	rec := Record{Key: p.Key, Version: old.Version + 1, Updated: stampTime(now, old), Posted: p.Posted, Created: old.Version == 0 || old.Deleted, Links: slices.Clone(p.Links)}
	var err error
	if rec.Resource, err = p.Resource.Stamp(p.Key.ID, rec.Version, rec.Updated); err != nil {
		return Next{}, err
	}
	if isCurrent(old, p, rec) {
		return Next{Record: old, Same: true}, nil
	}
	doc, err := Document(c, rec)
	return Next{Record: rec, Labels: LabelsOf(rec.Resource), Document: doc}, err
}

// isCurrent says whether rec, the version that would follow, has the content and the
// links of old.
func isCurrent(old Record, p Put, rec Record) bool {
	return old.Version > 0 && !old.Deleted && slices.Equal(old.Links, p.Links) &&
		rec.Resource.Stamped(old.Resource, old.Version, old.Updated)
}

// PrepareDelete works out the deletion of old, whose labels are given. Errors:
// NotFound when there was never a version, PreconditionFailed.
func PrepareDelete(now time.Time, old Record, labels []string, ifVersion int64) (Next, error) {
	if old.Version == 0 {
		return Next{}, NotFound(old.Key)
	}
	if err := checkVersion(old, ifVersion); err != nil {
		return Next{}, err
	}
	if old.Deleted {
		return Next{Record: old, Labels: labels, Same: true}, nil
	}
	rec := Record{Key: old.Key, Version: old.Version + 1, Updated: stampTime(now, old), Deleted: true}
	return Next{Record: rec, Labels: labels}, nil
}

// PrepareRestore works out how rec is stored as the version after old, whose labels
// are given. Errors: PreconditionFailed when it is not that.
func PrepareRestore(c *search.Catalog, old Record, labels []string, rec Record) (Next, error) {
	if rec.Version != old.Version+1 {
		return Next{}, fhir.Errorf(fhir.PreconditionFailed, "Version %d does not follow the current one, %d.", rec.Version, old.Version)
	}
	rec.Links = slices.Clone(rec.Links)
	if rec.Deleted {
		return Next{Record: rec, Labels: labels}, nil
	}
	if err := (Put{Key: rec.Key, Resource: rec.Resource}).check(); err != nil {
		return Next{}, err
	}
	rec.Resource = fhir.Stored(bytes.Clone(rec.Resource.Raw()), rec.Type, rec.ID)
	doc, err := Document(c, rec)
	return Next{Record: rec, Labels: LabelsOf(rec.Resource), Document: doc}, err
}

// Document gives what searches see of a record: the entries of its resource,
// and for each link those it would have if it held that reference.
func Document(c *search.Catalog, rec Record) (search.Document, error) {
	doc, err := search.Extract(c, rec.Resource)
	if err != nil {
		return search.Document{}, err
	}
	for _, l := range rec.Links {
		entries, err := c.LinkEntry(rec.Type, l.Param, l.To)
		if err != nil {
			return search.Document{}, err
		}
		doc.Entries = append(doc.Entries, entries...)
	}
	return doc, nil
}

// check says whether the key names the resource.
func (p Put) check() error {
	k := p.Key
	switch {
	case k.Customer == "" || strings.IndexByte(k.Customer, 0) >= 0:
		return fhir.Errorf(fhir.Internal, "a resource is to be stored without a customer, or with one that holds a zero byte")
	case p.Resource.Type() != k.Type || !isName(k.Type):
		return fhir.Errorf(fhir.Invalid, "The resource is not of the type it is stored under.").At("resourceType")
	case !fhir.ValidID(k.ID):
		return fhir.Errorf(fhir.Invalid, "The id must be 1 to 64 letters, digits, hyphens and full stops.").At(k.Type + ".id")
	case p.Resource.ID() != "" && p.Resource.ID() != k.ID:
		return fhir.Errorf(fhir.Invalid, "The id in the resource is not the one it is stored under.").At(k.Type + ".id")
	}
	return nil
}

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

func checkVersion(old Record, ifVersion int64) error {
	switch {
	case ifVersion == Any, ifVersion == old.Version, ifVersion == 0 && old.Deleted:
		return nil
	case old.Version == 0:
		return fhir.Errorf(fhir.PreconditionFailed, "Version %d is asked for, but there is no such resource.", ifVersion)
	case ifVersion == 0:
		return fhir.Errorf(fhir.PreconditionFailed, "There must be no such resource yet, but there is one.")
	}
	return fhir.Errorf(fhir.PreconditionFailed, "Version %d is asked for, but the current one is %d.", ifVersion, old.Version)
}

// stampTime gives the time of the version after old: FHIR instants are written in
// milliseconds, and a clock that was set back must not turn history round.
func stampTime(now time.Time, old Record) time.Time {
	t := now.UTC().Truncate(time.Millisecond)
	if t.Before(old.Updated) {
		return old.Updated
	}
	return t
}
