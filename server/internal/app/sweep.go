package app

import (
	"context"
	"time"
)

// sweepEvery is how often holds that are over are ended. Nobody waits for it: a
// hold that is over is in nobody's way before.
const sweepEvery = 5 * time.Second

// sweep ends holds whose time is over, until ctx ends.
func (a *App) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ended, err := a.booking.Sweep(ctx, a.partners.now().aliases())
		if err != nil && ctx.Err() == nil {
			a.log.Warn("holds that are over could not be ended; the next round tries again", "error", err)
		}
		if ended > 0 {
			a.log.Info("holds ended", "count", ended)
		}
		if _, err := a.grants.Forget(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("codes and tokens that are over could not be forgotten; the next round tries again", "error", err)
		}
	}
}
