package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// course is where a run goes, and what it goes by.
type course struct {
	plan     sizing.Plan
	goal     sizing.Goal
	fleet    budget.Fleet // with the loads of now
	measured budget.Fleet // with those that were measured, when each switch said LoadsAt
	loads    []load.Load
	evidence load.Evidence
	traffic  []bouncer.Traffic
	shifts   []shift.Shift // where they stand
	readings []state.Reading
	seen     lookedAt
	rollTo   int64 // every step that began at that event or later is taken back; 0: it goes forward
}

// situation is what the next step is decided from before a run.
func (c course) situation(policy state.Policy, m state.JournalState) control.State {
	m.Refused = nil // those are of the run before
	m = m.Bound(c.rollTo)
	return control.State{Fleet: c.fleet, AsMeasured: c.measured, Sample: c.evidence.Last, Goal: c.goal, Target: c.goal,
		Policy: policy, Journal: m, Shifts: c.shifts, Readings: c.readings,
		Recent: c.seen.trail, Guard: c.seen.gate}
}

// survey looks for the window and plans. Where there is no plan, the rest of the course is there with the error.
func (m *mover) survey(ctx context.Context) (course, error) {
	c, err := m.measure(ctx)
	if err != nil {
		return c, err
	}
	if c.plan, err = sizing.Solve(c.fleet, sizing.Options{}); err != nil {
		return c, err
	}
	c.goal = sizing.GoalOf(c.plan)
	return c, nil
}

// watch looks at the fleet, and at its signals, for the window.
func (m *mover) watch(ctx context.Context) (c course, err error) {
	w := newLookout(ctx, m.session, m.source.config, m.source.every)
	defer w.close()
	bar := newProgress("sampling the fleet", m.source.window, m.source.every)
	err = bouncer.Watch(ctx, clock.Wall{}, m.session.Fleet, m.source.every, m.source.window,
		func(o fleet.Observation) error {
			bar.step()
			o = m.memory.Recall(o) // who came once may come again
			w.add(ctx, o)
			var err error
			c.evidence, err = c.evidence.Add(o)
			return err
		})
	bar.done()
	if c.seen = w.seen; err != nil {
		return c, err
	}
	return c, m.stranger(c.evidence.Last)
}

// measure looks for the window, and estimates.
func (m *mover) measure(ctx context.Context) (course, error) {
	c, err := m.watch(ctx)
	if err != nil {
		return c, err
	}
	if c.evidence.History, err = m.session.history(ctx, c.evidence.Last); err != nil {
		return c, err
	}
	if c.loads, err = load.Estimate(c.evidence); err != nil {
		return c, err
	}
	if c.shifts, c.readings, err = shiftsNow(ctx, m.session.traffic(), m.memory, false); err != nil {
		return c, err
	}
	if len(c.evidence.History.Pools) > 0 {
		c.loads, c.shifts = m.memory.Rebased(c.loads, c.shifts, c.evidence.To)
	}
	return c, m.model(&c)
}

// measureBack is measure for a rollback: sizes that were there before need no estimate. What cannot be had of loads, of
// Prometheus and of switches that no step has turned is said, and keeps nothing from going back.
func (m *mover) measureBack(ctx context.Context) (course, error) {
	c, err := m.watch(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range c.evidence.Last.Signals {
		if s.Error != "" {
			fmt.Fprintf(stderr, "note: %s of %s is not known: %s; a rollback does not wait for it\n", s.Name, s.Server, s.Error)
		}
	}
	c.evidence.Last.Signals = nil
	var untold error
	if c.evidence.History, untold = m.session.history(ctx, c.evidence.Last); untold != nil {
		fmt.Fprintf(stderr, "note: %v; direct connections are counted as the last run knew them, or as this sample sees "+
			"them where that is more\n", untold)
		c.evidence.History = load.History{}
	}
	if c.loads, err = load.Estimate(c.evidence); err != nil {
		fmt.Fprintf(stderr, "note: %v; a rollback needs no loads\n", err)
		c.loads = nil
	}
	if c.shifts, c.readings, err = shiftsNow(ctx, m.session.traffic(), m.memory, true); err != nil {
		return c, err
	}
	if len(c.evidence.History.Pools) > 0 && len(c.loads) > 0 {
		c.loads, c.shifts = m.memory.Rebased(c.loads, c.shifts, c.evidence.To)
	}
	m.source.declared.Pools = slices.DeleteFunc(slices.Clone(m.source.declared.Pools), func(p budget.DeclaredPool) bool {
		gone := p.Load == nil && !slices.Contains(fleet.PoolIDs(c.evidence.Last), p.ID)
		if gone {
			m.notes = append(m.notes, p.ID+" is under pools: in the config, and no console shows it any more")
		}
		return gone
	})
	if err := m.model(&c); err != nil || untold == nil {
		return c, err
	}
	m.source.declared.Lines = append(slices.Clone(m.source.declared.Lines), m.known(c.fleet)...)
	return c, m.model(&c)
}

// known are lines for the direct connections that the newest run counted on and that this sample does not show.
func (m *mover) known(f budget.Fleet) (lines []budget.DeclaredLine) {
	for _, s := range f.Servers {
		if more := m.memory.Direct(s.Name) - s.DirectConns(); more > 0 {
			lines = append(lines, budget.DeclaredLine{Server: s.Name, Name: "direct, as the last run knew", Conns: more})
		}
	}
	return lines
}

// model makes the fleet of a course, with the loads of where its switches stand.
func (m *mover) model(c *course) (err error) {
	if c.measured, err = budget.Model(c.evidence.To, m.source.declared, c.evidence, c.loads); err != nil {
		return err
	}
	c.fleet, c.traffic = c.measured, m.session.traffic()
	for i, s := range c.shifts {
		c.fleet = s.Loaded(c.fleet, s.At)
		c.traffic[i].LoadsAt = s.LoadsAt
	}
	return nil
}

// stranger refuses a fleet that is not the one of the journal.
func (m *mover) stranger(o fleet.Observation) error {
	why := m.memory.Stranger(o)
	if why == "" {
		return nil
	}
	hint := ""
	if m.memory.Missing(o) != "" {
		hint = "give it in the config; where it is gone for good, pgbudget accept --sizes, then pgbudget rollback or run"
	}
	return ended(bouncer.Report{Outcome: state.Drifted, Reason: why, Memory: m.memory, Hint: hint}, m.command(0))
}
