package booking

import (
	"bytes"
	"context"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// unique is a row of the table of identifiers that one resource of a customer
// has at most.
var unique = []struct {
	Type, System string
	Space        string // of claims, with key customer\0value
	Code         string
	Text         string
}{
	{"Appointment", fhir.ExternalIDSystem, "external", "EXTERNAL_ID_EXISTS", "Another appointment of this customer has that external identifier."},
	{"Patient", fhir.NHSNumberSystem, "nhs-number", "NHS_NUMBER_EXISTS", "Another patient of this customer has that NHS number."},
}

var pathIdentifier = fhir.MustPath("identifier")

// uniqueKeys gives the claims a resource needs.
func uniqueKeys(customer string, r fhir.Resource) []store.Claim {
	var claims []store.Claim
	root := r.Root()
	for _, u := range unique {
		if u.Type != r.Type() {
			continue
		}
		for id := range root.At(pathIdentifier) {
			if v := id.Get("value").Text(); v != "" && id.Get("system").Text() == u.System {
				claims = append(claims, store.Claim{Space: u.Space, Key: customer + "\x00" + v})
			}
		}
	}
	return claims
}

// identifiersOf gives the text of a resource's identifiers, nil where it has none.
func identifiersOf(r fhir.Resource) []byte {
	if r.IsZero() {
		return nil
	}
	return r.Root().Get("identifier").Raw()
}

// claimUnique takes the unique identifiers of a new version and gives up those
// that it has no longer.
func (s *Service) claimUnique(ctx context.Context, tx store.Tx, w write) error {
	if before := identifiersOf(w.old.Resource); before != nil && bytes.Equal(before, identifiersOf(w.resource)) {
		return nil
	}
	had := map[string]bool{}
	for _, c := range uniqueKeys(w.key.Customer, w.old.Resource) {
		had[c.Space+"\x00"+c.Key] = true
	}
	for _, c := range uniqueKeys(w.key.Customer, w.resource) {
		id := c.Space + "\x00" + c.Key
		if had[id] {
			delete(had, id)
			continue
		}
		c.Holder = w.key.ID
		err := tx.Claim(ctx, c)
		if held, taken := store.IsTaken(err); taken {
			if held.Holder == w.key.ID {
				continue
			}
			return duplicate(c.Space)
		}
		if err != nil {
			return err
		}
	}
	for _, c := range uniqueKeys(w.key.Customer, w.old.Resource) {
		if had[c.Space+"\x00"+c.Key] {
			if err := tx.Release(ctx, c.Space, c.Key, w.key.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func duplicate(space string) error {
	for _, u := range unique {
		if u.Space == space {
			return fhir.Errorf(fhir.Duplicate, "%s", u.Text).Coded(u.Code).At(u.Type + ".identifier")
		}
	}
	return fhir.Duplicate
}
