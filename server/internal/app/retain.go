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
	keep := intake.Retention{Messages: days(r.Messages), Review: days(r.Review), Undecided: days(r.Undecided)}
	a.reseal(ctx)
	tick := time.NewTicker(queuesEvery)
	defer tick.Stop()
	var last time.Time
	for {
		if now := a.now(); now.Sub(last) >= pruneEvery {
			last = now
			n, err := a.intake.Prune(ctx, a.partners.now().aliases(), keep)
			if r.Outbox > 0 && err == nil {
				var dropped int
				dropped, err = a.outbox.Prune(ctx, now.Add(-days(r.Outbox)))
				n += dropped
			}
			if r.BaRS > 0 && err == nil {
				var dropped int
				dropped, err = a.bars.Prune(ctx, now.Add(-days(r.BaRS)))
				n += dropped
			}
			if err != nil && ctx.Err() == nil {
				a.log.Warn("what is kept too long could not be taken away; the next round goes on", "error", err)
			}
			if r.Audit > 0 {
				if err := a.audit.Trim(ctx, now.Add(-days(r.Audit))); err != nil && ctx.Err() == nil {
					a.log.Warn("old records of the audit could not be taken away; the next round goes on", "error", err)
				}
			}
			if n > 0 {
				a.log.Info("messages and items taken away, or expired", "count", n)
			}
		}
		if err := (replays{a.store}).forget(ctx, a.now()); err != nil && ctx.Err() == nil {
			a.log.Warn("tokens that are over could not be forgotten; the next round tries again", "error", err)
		}
		if err := a.sessions.Forget(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("sessions that are over could not be forgotten; the next round tries again", "error", err)
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

// reseal encrypts what is kept of messages under the key in use, where older ones are
// configured, and says when these are needed no longer.
func (a *App) reseal(ctx context.Context) {
	if len(a.cfg.Keys.Messages.Older) == 0 {
		return
	}
	done, err := a.intake.Reseal(ctx, a.sealed.Stale)
	if err == nil {
		var letters int
		letters, err = a.outbox.Reseal(ctx, a.sealed.Stale)
		done.Done += letters
	}
	switch {
	case ctx.Err() != nil: // the next start goes on
	case err != nil:
		a.log.Warn("messages could not be encrypted under the new key; the next start goes on", "error", err, "done", done.Done)
	case done.Lost > 0:
		a.log.Warn("some messages were encrypted under a key that is not known: name it under keys.messages.older", "count", done.Lost, "done", done.Done)
	default:
		a.log.Info("all messages are encrypted under the key in use: the older ones may be taken out of the configuration", "done", done.Done)
	}
}
