package main

import (
	"context"
	"errors"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/signals"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// watching is the pipeline that judges samples and signals as a run does, and the fleet whose newest sample signals are
// read off. end ends the questions to Prometheus.
func (m *runner) watching(ctx context.Context, every time.Duration) (p bouncer.Pipeline, f bouncer.Fleet, end func()) {
	conf := m.source.config
	watched, levels := conf.Watched()
	asked := signals.NewPoll(ctx, m.session.prom, signals.Queries(watched, conf.Servers, nil),
		max(every/2, time.Millisecond))
	newest := &signals.Newest{Fleet: m.session.Fleet}
	p = m.session.pipeline(m.journalState)
	p.Signals, p.Thresholds = signals.Source{Watched: watched, Servers: conf.Servers, Poll: asked, Newest: newest}, levels
	p.Stale = conf.MovingPolicy().Stale
	return p, newest, asked.Close
}

// survey samples the fleet for the window, and estimates.
func (m *runner) survey(ctx context.Context, to bouncer.Purpose) (bouncer.Survey, error) {
	p, f, end := m.watching(ctx, m.source.every)
	defer end()
	s, err := m.session.gather(ctx, p, f)
	if err == nil {
		err = m.stranger(s.Evidence.Last)
	}
	if err != nil {
		return s, err
	}
	s, err = p.Estimate(ctx, s, to)
	noted(s.Notes)
	for _, id := range s.Gone {
		m.notes = append(m.notes, id+" is listed under pools: in the config, and no console shows this pool")
	}
	return s, err
}

// stranger refuses a fleet that is not the one of the journal. A process that is missing has a hint of its own, up to
// the end: what is in hand cannot be continued without it.
func (m *runner) stranger(o fleet.Observation) error {
	why := m.journalState.Stranger(o)
	if !why.Any() {
		return nil
	}
	if m.journalState.Missing(o).Any() {
		return &operr.Error{Kind: operr.KindDrift, Err: errors.New(why.Text()),
			Hint: "add the process to the config; where the process is gone for good: pgbudget accept --sizes, then pgbudget " +
				"rollback or pgbudget run"}
	}
	return ended(bouncer.Report{Outcome: state.Drifted, Reason: why, State: m.journalState}, m.command(0))
}
