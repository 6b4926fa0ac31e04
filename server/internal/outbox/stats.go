package outbox

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Length is how much of the outbox waits for a partner.
type Length struct {
	Queued, Dead int       // up to countTo each
	Oldest       time.Time // of the queue; zero where it is empty
}

const (
	countTo    = 10_000
	countEvery = 5 * time.Second
)

type stats struct {
	mu      sync.Mutex
	lengths map[string]Length
	counted map[string]time.Time
}

// Lengths gives the lengths as they were counted last, by partner.
func (s *Service) Lengths() map[string]Length {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	return maps.Clone(s.stats.lengths)
}

func (s *stats) forget(partner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lengths, partner)
	delete(s.counted, partner)
}

// count counts what waits for a partner, now and then.
func (s *Service) count(ctx context.Context, partner string) {
	s.stats.mu.Lock()
	due := s.Now().Sub(s.stats.counted[partner]) >= countEvery
	s.stats.mu.Unlock()
	if !due {
		return
	}
	var l Length
	for _, group := range []struct {
		state string
		n     *int
	}{{queued, &l.Queued}, {dead, &l.Dead}} {
		for after := ""; *group.n < countTo; {
			claims, err := s.Store.Claims(ctx, Space, prefix(partner, group.state), after, pageSize)
			if err != nil {
				return // what was counted before stands
			}
			for _, c := range claims {
				after = c.Key
				if at, ok := placeOf(c.Key); ok && group.state == queued && l.Oldest.IsZero() {
					l.Oldest, _ = time.Parse(whenFormat, at.when) // we wrote it
				}
			}
			*group.n += len(claims)
			if len(claims) == 0 {
				break
			}
		}
	}
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	if s.stats.lengths == nil {
		s.stats.lengths, s.stats.counted = map[string]Length{}, map[string]time.Time{}
	}
	s.stats.lengths[partner], s.stats.counted[partner] = l, s.Now()
}
