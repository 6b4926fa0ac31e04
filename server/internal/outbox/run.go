package outbox

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"slotway/fhir"
)

// tick is how often the outbox is looked at.
const tick = 200 * time.Millisecond

// Run sends to every subscriber, each on its own, until ctx ends. A subscriber that
// is new, or whose way has changed, is taken up as it goes.
func (s *Service) Run(ctx context.Context) {
	holder := s.NewID()
	type running struct {
		way  string
		stop context.CancelFunc
		done chan struct{}
	}
	workers := map[string]running{}
	var all sync.WaitGroup
	defer all.Wait()
	for s.wait(ctx, tick) {
		subs := map[string]Subscriber{}
		for _, sub := range s.Who.Subscribers() {
			subs[sub.Partner] = sub
		}
		for partner, r := range workers {
			if sub, still := subs[partner]; !still || sub.Way != r.way {
				r.stop()
				<-r.done
				delete(workers, partner)
				s.stats.forget(partner)
			}
		}
		for partner, sub := range subs {
			if _, has := workers[partner]; has {
				continue
			}
			own, stop := context.WithCancel(ctx)
			r := running{sub.Way, stop, make(chan struct{})}
			workers[partner] = r
			all.Go(func() {
				defer close(r.done)
				s.work(own, sub, holder)
			})
		}
	}
}

// work is a worker's life.
func (s *Service) work(ctx context.Context, sub Subscriber, holder string) {
	sub.Timeout, sub.GiveUp = cmp.Or(sub.Timeout, defaultTimeout), cmp.Or(sub.GiveUp, defaultGiveUp)
	w := &worker{s: s, sub: sub, lease: &lease{s: s, partner: sub.Partner, holder: holder}, again: map[string]trial{}}
	defer func() { w.close(context.WithoutCancel(ctx)) }()
	var looked time.Time
	for {
		if err := w.pass(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("the outbox could not be read or written; it is tried again", "partner", sub.Partner, "error", err)
			w.trial.failed(s.Now())
		}
		if now := s.Now(); now.Sub(looked) >= watchEvery {
			looked = now
			if err := w.lease.watch(ctx); err != nil && ctx.Err() == nil {
				s.Log.Warn("who sends to a partner could not be read; it is tried again", "partner", sub.Partner, "error", err)
			}
		}
		s.count(ctx, sub.Partner)
		if !s.wait(ctx, tick) {
			return
		}
	}
}

// wait waits, and gives false when ctx ends first.
func (s *Service) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func unlessAbsent(err error) error {
	if errors.Is(err, fhir.NotFound) {
		return nil
	}
	return err
}
