package app

import (
	"context"
	"time"

	"slotway/server/internal/intake"
)

// pruneEvery is how often what is kept too long is taken away, and queuesEvery how
// often the review queues are counted.
const (
	pruneEvery  = time.Hour
	queuesEvery = 30 * time.Second
)

// prune takes away what is kept or remembered too long, and counts what waits for review, until
// ctx ends.
func (a *App) prune(ctx context.Context) {
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	r := a.cfg.Retention
	keep := intake.Retention{Messages: days(r.Messages), Review: days(r.Review), Undecided: days(r.Undecided), Access: days(r.Access)}
	tick := time.NewTicker(queuesEvery)
	defer tick.Stop()
	var last time.Time
	for {
		if now := a.now(); now.Sub(last) >= pruneEvery {
			last = now
			n, err := a.intake.Prune(ctx, a.partners.now().aliases(), keep)
			if err != nil && ctx.Err() == nil {
				a.log.Warn("what is kept too long could not be taken away; the next round goes on", "error", err)
			}
			if n > 0 {
				a.log.Info("messages and items taken away, or expired", "count", n)
			}
		}
		if err := (replays{a.store}).forget(ctx, a.now()); err != nil && ctx.Err() == nil {
			a.log.Warn("tokens that are over could not be forgotten; the next round tries again", "error", err)
		}
		for _, customer := range a.partners.now().aliases() {
			if n, err := a.intake.OpenItems(ctx, customer); err == nil {
				a.metrics.review.WithLabelValues(customer).Set(float64(n))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
