package rest

import (
	"strings"

	"slotway/fhir"
	"slotway/server/internal/booking"
)

// references reads what a resource in a transaction points at that is not there
// under that name: searches in place of a reference, which come with what they
// ask, and links to other entries, which must be there.
func (k *call) references(b *bundle, r fhir.Resource) (map[string]*booking.Condition, error) {
	var refs map[string]*booking.Condition
	for place, text := range r.Links {
		switch {
		case strings.HasPrefix(text, "urn:uuid:") || strings.HasPrefix(text, "urn:oid:"):
			if whole, _, _ := strings.Cut(text, "#"); !b.fullURLs[whole] {
				return nil, fhir.Errorf(fhir.Unprocessable, "A reference names an entry by a fullUrl that none in this Bundle has.").At(place).Coded("REFERENCE_NOT_FOUND")
			}
		case strings.Contains(text, "?") && refs[text] == nil:
			typ, query, _ := strings.Cut(strings.TrimPrefix(k.plain(text), k.s.url(k.face, "")+"/"), "?")
			if _, kept := fhir.TypeOf(typ); !kept {
				continue
			}
			if b.searches++; b.searches > k.s.Limits.Entries {
				return nil, fhir.Errorf(fhir.TooLarge, "The Bundle has more than %d searches in place of references; send it in parts.", k.s.Limits.Entries).At(place).Coded("too-costly")
			}
			c, err := k.conditionOn(typ, query)
			if err != nil {
				return nil, inReference(err, place)
			}
			if refs == nil {
				refs = map[string]*booking.Condition{}
			}
			c.Where = place
			refs[text] = c
		}
	}
	return refs, nil
}

// apart refuses an entry of a batch that refers to one of its entries by a name
// that means nothing outside, http://hl7.org/fhir/R4/http.html#transaction: it
// would be stored with a reference that leads nowhere.
func (b *bundle) apart(e *entry) error {
	r, err := fhir.Parse(e.body)
	if err != nil {
		return nil // what reads the body says so
	}
	for place, text := range r.Links {
		if whole, _, _ := strings.Cut(text, "#"); strings.HasPrefix(whole, "urn:") && b.fullURLs[whole] {
			return fhir.Errorf(fhir.Unprocessable, "The entries of a batch are each for themselves, and none can refer to another; send a transaction.").At(place).Coded("REFERENCE_NOT_FOUND")
		}
	}
	return nil
}

// inReference gives a failure of a search that stands in place of a reference as
// that of the reference.
func inReference(err error, place string) error {
	in := fhir.AsError(err)
	return (&fhir.Error{Kind: in.Kind, Code: in.Code, Text: in.AllIssues()[0].Text, Cause: in.Cause}).At(place)
}
