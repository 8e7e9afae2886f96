package batch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// driver lets the controller move a world: sample, estimate, plan, run. It is the same controller as the live one's.
type driver struct {
	moves   scenario.Moves
	spec    sim.Spec
	pacer   *pacer
	journal []state.Event
	begun   time.Duration
	outcome state.Outcome
	reason  string
}

// noPlan is the outcome of a run that never began.
const noPlan = state.Outcome("no plan")

var _ bouncer.Journal = (*driver)(nil)

// Record keeps an event in memory.
func (m *driver) Record(e state.Event) (state.Event, error) {
	m.journal = append(m.journal, e)
	return e, nil
}

// run goes to its end, or to the horizon's. What a live run would end with, such as a console that does not answer
// while it plans, is an outcome and no error.
func (m *driver) run(ctx context.Context) error {
	if err := m.pacer.Sleep(ctx, m.moves.At-m.moves.Window-m.pacer.At()); err != nil {
		return m.ended(ctx, err)
	}
	p := bouncer.Pipeline{Declared: m.moves.Declared, Traffic: m.traffic()}
	if slices.ContainsFunc(p.Declared.Pools, func(d budget.DeclaredPool) bool { return d.Throttle }) {
		p.History = days{m.spec, p.Declared.Pools}
	}
	x, err := p.Gather(ctx, m.pacer, m.pacer, sampleEvery, m.moves.Window, nil)
	m.begun = m.pacer.At()
	if err != nil {
		return m.ended(ctx, err)
	}
	if x, err = m.plan(ctx, p, x); err != nil {
		return m.ended(ctx, err)
	}
	r := bouncer.Rebalancer{Clock: m.pacer, Fleet: m.pacer, Applier: m.pacer, Signals: m.pacer, Journal: m,
		Declared: m.moves.Declared, Loads: x.Loads,
		Evidence: x.Evidence, Traffic: x.Traffic,
		Policy: m.moves.Policy, Thresholds: m.moves.Thresholds, Steps: m.moves.Steps,
		Replans: len(m.moves.To) == 0, Closed: func(t time.Time) verdict.Reason { return control.Closed(m.moves.Windows, t) }}
	report, err := r.Run(ctx, x.Goal, state.JournalState{})
	m.outcome, m.reason = report.Outcome, report.Reason.Text()
	if errors.Is(err, errHorizon) {
		m.outcome, m.reason = "", "it had not ended at the end of the horizon"
		return nil
	}
	return err
}

// traffic are the scenario's shifts, with the world's switches.
func (m *driver) traffic() []bouncer.Traffic {
	var out []bouncer.Traffic
	for i, s := range m.moves.Shifts {
		out = append(out, bouncer.Traffic{Shift: s, Switch: m.pacer.Switch(i)})
	}
	return out
}

// sampleEvery is the time between the samples before the plan. chosen: 5 s, because `pgbudget plan` samples as often.
const sampleEvery = 5 * time.Second

// ended notes why there was no run.
func (m *driver) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.outcome, m.reason = noPlan, err.Error()
	return nil
}

// plan finds where to go: what the scenario says, or what a plan finds, as `pgbudget run` does.
func (m *driver) plan(ctx context.Context, p bouncer.Pipeline, x bouncer.Survey) (bouncer.Survey, error) {
	var err error
	if len(m.moves.To) > 0 { // sizes alone, whatever the fleet can carry
		x.Goal.Pools = m.moves.To
		x.Loads, err = bouncer.Loads(x.Evidence)
		return x, err
	}
	if x, err = p.Estimate(ctx, x, bouncer.ToPlan); err == nil {
		x, err = x.Planned(sizing.Options{})
	}
	if err == nil {
		_, err = x.Passable(m.moves.Policy.MostIncrement())
	}
	return x, err
}

// results sums the journal up.
func (m *driver) results(now time.Duration) *sim.RunResults {
	r := &sim.RunResults{Outcome: string(m.outcome), Reason: m.reason, Took: max(0, now-m.begun)}
	var journalState state.JournalState
	for _, e := range m.journal {
		if held := journalState.HeldAt; !held.IsZero() && (e.Kind == state.HoldEnded || e.Kind == state.RunEnded) {
			r.Held += e.At.Sub(held)
		}
		if e.Kind == state.StepAbort || e.Kind == state.Acted && e.Action.Kind == state.Undo {
			r.Undone++
		}
		journalState = journalState.After(e)
	}
	if !journalState.HeldAt.IsZero() {
		r.Held += m.pacer.Now().Sub(journalState.HeldAt)
	}
	r.Steps = journalState.Steps
	return r
}
