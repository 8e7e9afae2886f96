package main

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// lookedAt is what samples and signals say of a step before it begins. The zero value says nothing.
type lookedAt struct {
	trail control.RecentSamples
	gate  control.SaturationGuard
}

// held says why nothing may be granted on a server of a sample; empty: on each it may.
func (s lookedAt) held(o fleet.Observation) string {
	for _, x := range o.Servers {
		if why := s.gate.Held(x.Name); why != "" {
			return why
		}
	}
	return ""
}

// lookout judges looks and signals as a run does, and moves nothing.
type lookout struct {
	seen   lookedAt
	levels []control.Threshold
	stale  time.Duration
	look   *lastLook
	gauge  gauge
}

// newLookout asks Prometheus beside the samples; it is closed by its user.
func newLookout(ctx context.Context, s session, conf *config.Config, every time.Duration) *lookout {
	signals, levels := watched(conf)
	w := &lookout{levels: levels, stale: conf.MovingPolicy().Stale, look: &lastLook{}}
	w.gauge = gauge{signals, conf.Servers, newPoll(ctx, s.prom, queriesOf(signals, conf.Servers, nil),
		max(every/2, time.Millisecond)), w.look}
	return w
}

// add takes one more sample, and what the signals say at it.
func (w *lookout) add(ctx context.Context, o fleet.Observation) {
	w.look.seen(o)
	w.seen.trail = w.seen.trail.Add(o)
	if len(w.levels) == 0 {
		return
	}
	signals, _ := w.gauge.Read(ctx) // one that cannot be read says so itself
	var servers []string
	for _, x := range o.Servers {
		servers = append(servers, x.Name)
	}
	w.seen.gate = w.seen.gate.Add(signals, w.levels, servers, w.stale, clock.Wall{}.Now())
}

func (w *lookout) close() { w.gauge.poll.close() }
