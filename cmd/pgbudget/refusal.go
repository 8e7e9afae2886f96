package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// refusalEvery is how far the samples of a refusal lie apart: three, as many as a signal or a full pool is judged by.
// chosen: a plan has taken samples for a minute, and is not to take longer.
const refusalEvery = 300 * time.Millisecond

// refused is why a step would not begin as things stand.
type refused struct {
	err  error  // nil: it would begin
	step string // which step: the next one, or what a later one would have to change
}

// nextStep is the one that pgbudget step would take now.
const nextStep = "pgbudget step"

// refusal says why a step towards a plan would not begin as things stand: who may RELOAD, what the files say, who
// else is at work, the journal, a pause, the time of day. It is the next step, or a later one of the path. Nothing is
// said where the config is not one that moves a fleet. Without a plan it is any step. Nothing is changed, and no
// lock is kept.
func (s source) refusal(ctx context.Context, planned bouncer.Survey) refused {
	if s.movable() != nil {
		return refused{}
	}
	s.bare = true
	m, err := newRunner(ctx, s, true)
	if err != nil {
		return refused{err, nextStep}
	}
	defer m.close()
	if err := m.alone(ctx); err != nil {
		return refused{err, nextStep}
	}
	if err := m.goingBack(); err != nil {
		return refused{err, nextStep}
	}
	policy := s.config.MovingPolicy()
	p, f, end := m.watching(ctx, refusalEvery)
	defer end()
	now, err := p.Gather(ctx, m.clock, f, refusalEvery, 2*refusalEvery, nil)
	if err != nil {
		return refused{err, nextStep}
	}
	c, err := p.Renewed(ctx, planned, now)
	if err == nil && m.journalState.Step == nil {
		_, err = c.Passable(policy.MostIncrement())
	}
	if err != nil {
		return refused{err, nextStep}
	}
	later := m.laterSteps(ctx, c, policy)
	step, blocked := c.FirstStep(policy, m.journalState)
	if err := m.ready(ctx, c, policy, step, blocked); err != nil && !c.HasPlan() && m.journalState.Step == nil {
		return refused{err, m.stepOf(ctx)}
	} else if err != nil {
		return refused{err, nextStep}
	}
	if blocked = verdict.Or(blocked, c.HeldNow(policy, m.journalState, step)); !blocked.Any() && !c.HasPlan() {
		blocked = c.Saturated()
	}
	if blocked.Any() {
		return refused{held("", "%s", blocked.Text()), nextStep}
	}
	if err := stopped(s.config.Journal); err != nil {
		return refused{err, nextStep}
	}
	begins := (!step.Empty() || !c.HasPlan()) && m.journalState.Step == nil
	if why := control.Closed(s.config.Windows(), time.Now()); why.Any() && begins {
		return refused{held(outside, "%s", why.Text()), nextStep}
	}
	return later
}

// laterSteps says which pools could not be changed now, of all that the path to the plan ever changes.
func (m *runner) laterSteps(ctx context.Context, c bouncer.Survey, policy state.Policy) refused {
	if m.journalState.Step != nil {
		return refused{}
	}
	policy.Percent = 100 // every line that it would ever change
	step, _ := c.FirstStep(policy, m.journalState)
	err := m.changeable(ctx, c.Fleet, policy, step.Changes, c.Evidence.Last.Processes, false)
	if err == nil {
		return refused{}
	}
	var pools []string
	for _, sets := range byProcess(step.Changes) {
		if len(sets) < len(step.Changes) &&
			m.changeable(ctx, c.Fleet, policy, sets, c.Evidence.Last.Processes, false) == nil {
			continue
		}
		for _, x := range sets {
			pools = append(pools, x.Pool())
		}
	}
	return refused{err, "the next step may begin; a later step that changes " + poolsText(pools)}
}

// byProcess are the sets of each process.
func byProcess(sets []fleet.SettingChange) (out [][]fleet.SettingChange) {
	for _, x := range sets {
		if n := len(out); n > 0 && out[n-1][0].Process == x.Process {
			out[n-1] = append(out[n-1], x)
			continue
		}
		out = append(out, []fleet.SettingChange{x})
	}
	return out
}

// poolsText names pools, or says how many they are.
func poolsText(pools []string) string {
	slices.Sort(pools)
	switch pools = slices.Compact(pools); {
	case len(pools) == 0:
		return "pools"
	case len(pools) > words.MostNamed:
		return fmt.Sprintf("%d pools", len(pools))
	}
	return strings.Join(pools, ", ")
}

// stepOf names the steps that the files of some groups keep from beginning: a step that changes none of them does not
// meet it.
func (m *runner) stepOf(ctx context.Context) string {
	var bad []string
	for _, g := range m.source.config.Groups {
		var processes []string
		for i := range g.Processes {
			processes = append(processes, fmt.Sprintf("%s/%d", g.Name, i+1))
		}
		if m.applier.CheckFiles(ctx, processes...) != nil {
			bad = append(bad, g.Name)
		}
	}
	if len(bad) == 0 || len(bad) == len(m.source.config.Groups) {
		return nextStep
	}
	return "a step that changes a pool of " + strings.Join(bad, ", ")
}

// warnRefused says on standard error that a step would be refused, with its exit code and what to do.
func warnRefused(ctx context.Context, r refused) {
	if r.err == nil {
		return
	}
	code := exitCode(context.WithoutCancel(ctx), r.err)
	text := fmt.Sprintf("note: %s would end with %d now: %s", r.step, code, r.err)
	if hint := cmp.Or(allowed(r.err), operr.HintOf(r.err)); hint != "" {
		text += "; next: " + hint
	}
	fmt.Fprintln(stderr, text)
}
