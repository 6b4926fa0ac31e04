package booking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Condition names a resource by a search, http://hl7.org/fhir/R4/http.html#ccreate:
// one that is met once, or by nothing yet.
type Condition struct {
	Query search.Query // its criteria; the rest of it is not looked at
	// Text is the criteria written out, Type?name=value, the same for everybody
	// who asks for the same: of those who find nothing at the same time, one
	// creates, and the others find that.
	Text string
	// Where is the place of a search in place of a reference, for its failure.
	Where string
}

// MultipleMatches is the code of the failure of a condition that several meet.
const MultipleMatches = "multiple-matches"

// find gives the one resource that meets a condition, or none, as the zero Record.
// Several are fhir.PreconditionFailed.
func find(ctx context.Context, now store.Reader, see store.Visibility, c *Condition) (store.Record, error) {
	q := search.Query{Type: c.Query.Type, Where: c.Query.Where, Count: 2, Total: search.TotalNone}
	page, err := now.Search(ctx, see, q)
	switch {
	case err != nil:
		return store.Record{}, err
	case len(page.Records) == 0:
		return store.Record{}, nil
	case len(page.Records) > 1:
		return store.Record{}, fhir.Errorf(fhir.PreconditionFailed,
			"More than one %s meets the condition, so it names none; narrow it down.", q.Type).Coded(MultipleMatches)
	}
	return page.Records[0], nil
}

// conditionSpace is the space of the claims that keep apart those who would create
// under one condition; conditionKey gives their keys.
const conditionSpace = "condition"

// conditionKey gives the key of the claim that stands for a condition in a
// customer. Of the text only 16 bits are kept: the claims stay behind, since who
// began before this one ended must still meet it, and so there are never more
// than 65,536 of a customer. Two conditions of one key wait for each other, which
// costs the later one a second run and is wrong in nothing.
func conditionKey(customer, text string) string {
	sum := sha256.Sum256([]byte(text))
	return customer + "\x00" + hex.EncodeToString(sum[:2])
}

// lock makes an Update that is to create under a condition exclude every other
// that is: what the search shows after it stays so until this one has ended. The
// claim stays behind and means nothing by itself; the next to come takes it over.
func (c *Condition) lock(ctx context.Context, tx store.Tx, key store.Key) error {
	mine := store.Claim{Space: conditionSpace, Key: conditionKey(key.Customer, c.Text), Holder: key.ID}
	held, err := tx.Claimed(ctx, mine.Space, mine.Key)
	if err == nil {
		if err := tx.Release(ctx, mine.Space, mine.Key, held.Holder); err != nil {
			return err
		}
	} else if !errors.Is(err, fhir.NotFound) {
		return err
	}
	return tx.Claim(ctx, mine)
}
