package journal

import (
	"context"
	"encoding/json"
	"time"

	"slotway/server/internal/store"
)

// Access is the record of somebody's looking at messages or deciding about them.
type Access struct {
	At           time.Time `json:"at"`
	Client       string    `json:"client"`
	Subject      string    `json:"subject,omitempty"`
	Organisation string    `json:"organisation,omitempty"`
	Act          string    `json:"act"`                 // such as review.view or messages.search
	Customers    []string  `json:"customers,omitempty"` // whose
	Of           []string  `json:"of,omitempty"`        // ids of items or entries
	Why          string    `json:"why,omitempty"`
}

// AccessStream is the stream of accesses.
const AccessStream = "access"

// Record adds an access, within an Update that is at work.
func (a Access) Record(ctx context.Context, tx store.Tx) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return tx.Append(ctx, AccessStream, b)
}
