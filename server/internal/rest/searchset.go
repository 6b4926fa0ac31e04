package rest

import (
	"net/url"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// searchset writes the answer, spec fhir-search 7.9. Stored bytes are copied, not read.
func (k *call) searchset(pages *walk, self string, q search.Query, f found) error {
	e := r4.Envelope{Type: r4.Searchset, ID: k.s.NewID(), Updated: k.s.Now(), Total: f.page.Total}
	base := k.url("/" + k.typ.Name)
	if q.Count == 0 {
		e.Links = []r4.Link{{Relation: "self", URL: address(base, self)}}
		f.page.Records = nil
	} else {
		e.Links = pages.links(base, self, f.page.Next)
	}
	return k.bundled(e, func(b *r4.Bundle) error {
		if err := k.entries(b, subsetOf(q), f.page.Records, f.included); err != nil {
			return err
		}
		k.s.remark(b, f.notes)
		return nil
	})
}

// plan tells a caller who asks how the store answered: which clause led, over
// which keys, and how many of everything. No line holds a value. To a caller whom
// labels hide something from, the numbers would tell how much.
func (k *call) plan(q search.Query, page store.Page, took time.Duration) (notes []fhir.Issue) {
	if !q.Explain {
		return nil
	}
	if k.see.Labels != nil {
		return []fhir.Issue{{Severity: "information", Code: "suppressed", Text: "How a search is answered is told only to clients that may see resources of every label.", Where: "_explain"}}
	}
	for _, line := range append(page.Plan, "The store took "+took.Round(time.Microsecond).String()+".") {
		notes = append(notes, fhir.Issue{Severity: "information", Code: "informational", Text: line, Where: "_explain"})
	}
	return notes
}

// entries writes the matches, in part where that is asked for, and whole what
// they include.
func (k *call) entries(b *r4.Bundle, shown subset, matches, included []store.Record) error {
	k.touch(matches)
	k.touch(included)
	address := k.addresses(matches, included)
	if shown == nil {
		b.Grow(len(matches)+len(included), sizeOf(matches)+sizeOf(included))
	}
	for i := range matches {
		r, err := k.out(matches[i].Resource)
		if err == nil && shown != nil {
			r, err = shown.of(r)
		}
		if err != nil {
			return err
		}
		b.Match(address(&matches[i]), r.Raw())
	}
	for i := range included {
		r, err := k.out(included[i].Resource)
		if err != nil {
			return err
		}
		b.Include(address(&included[i]), r.Raw())
	}
	return nil
}

// sizeOf gives how many bytes the resources of records have.
func sizeOf(records []store.Record) (bytes int) {
	for i := range records {
		bytes += len(records[i].Resource.Raw())
	}
	return bytes
}

// addresses gives what makes the fullUrl of a record. Where two customers hold
// resources of one id, one address cannot be both: then every entry has the
// address it has in its customer, under which it can be read, and to which its
// relative references belong.
func (k *call) addresses(lists ...[]store.Record) func(*store.Record) string {
	if k.shared(lists) {
		return func(rec *store.Record) string {
			return k.s.url(k.face, customerMark+url.PathEscape(rec.Customer)+"/"+rec.Type+"/"+rec.ID)
		}
	}
	base := k.url("/")
	return func(rec *store.Record) string { return base + rec.Type + "/" + rec.ID }
}

// shared says whether two customers hold resources of one type and id among records.
func (k *call) shared(lists [][]store.Record) bool {
	if len(k.see.Customers) < 2 || !several(lists) {
		return false
	}
	type name struct{ typ, id string }
	holder := make(map[name]string)
	for _, records := range lists {
		for i := range records {
			n := name{records[i].Type, records[i].ID}
			if other, held := holder[n]; held && other != records[i].Customer {
				return true
			}
			holder[n] = records[i].Customer
		}
	}
	return false
}

// several says whether records are of more customers than one.
func several(lists [][]store.Record) bool {
	first := ""
	for _, records := range lists {
		for i := range records {
			if first == "" {
				first = records[i].Customer
			} else if records[i].Customer != first {
				return true
			}
		}
	}
	return false
}
