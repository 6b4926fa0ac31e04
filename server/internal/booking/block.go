package booking

import (
	"context"
	"time"

	"slotway/server/internal/store"
)

// blockedStatus is that of a slot which is not to be booked, though nobody has it.
const blockedStatus = "busy-unavailable"

// Span is a time of schedules that a feed blocks, or opens again.
type Span struct {
	Customer   string
	Schedules  []string // ids
	Start, End time.Time
	Block      bool
}

// Block makes the free slots of a time unavailable, or those that are unavailable
// free, within an Update that is at work. One that is booked stays so. It gives how many
// slots it changed, and how many there are at that time.
func (s *Service) Block(ctx context.Context, tx store.Tx, span Span) (changed, of int, err error) {
	from, to := blockedStatus, "free"
	if span.Block {
		from, to = to, from
	}
	under := &work{Tx: tx}
	for _, schedule := range span.Schedules {
		found, err := s.slotsAt(ctx, tx, span.Customer, schedule, span.Start, span.End)
		if err != nil {
			return 0, 0, err
		}
		of += len(found)
		for _, rec := range found {
			if rec.Resource.Root().Get("status").Text() != from {
				continue
			}
			if _, held, err := s.claimOf(ctx, tx, span.Customer, rec.ID); err != nil || held {
				if err != nil {
					return 0, 0, err
				}
				continue
			}
			if err := s.mark(ctx, under, rec, to); err != nil {
				return 0, 0, err
			}
			changed++
		}
	}
	return changed, of, nil
}
