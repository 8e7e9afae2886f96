package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAPreviewShowsWhatIsLeft: of a step in hand the actions that are still to be done, and no share of the budget that
// it does not go by; of a rollback the same as of a step.
func TestAPreviewShowsWhatIsLeft(t *testing.T) {
	x := fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 18}
	y := fleet.SettingChange{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 12}
	at := time.Date(2026, 11, 30, 0, 34, 13, 0, time.UTC)
	inHand := state.JournalState{StepInHand: state.StepInHand{Step: &state.Step{Kind: state.Forward,
		Changes: []fleet.SettingChange{x, y}}, StepAt: at, StepSeq: 9, StepNumber: 4}}
	goesBack := inHand
	goesBack.Step = &state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{x.Back(), y.Back()}}
	ofRollback := state.JournalState{StepInHand: state.StepInHand{Step: &state.Step{Kind: state.Forward,
		Changes: []fleet.SettingChange{y.Back()}}, StepAt: at, StepTo: 2}, Run: state.Run{RollTo: 2}}
	for _, c := range []struct {
		name         string
		a, b         int // their sizes
		journalState state.JournalState
		rollTo       int64
		policy       func(*state.Policy)
		want         string
		without      []string
	}{
		{"a step", 20, 10, state.JournalState{}, 0, nil,
			`pg   at most 2 connections are granted and 2 released (7 % of 30); worst case 30 now, 30 at most during the step, 30 after; budget 30 of max_connections 63
  1  release  a/db 20 → 18
  2  drain    until two samples show them closed, 2m0s at most
  3  grant    b/db 10 → 12
  4  soak     15m0s: signals below their hold levels, waits no longer than planned
undo: pgbudget abort while the step is in hand, pgbudget rollback after it
2 steps to the plan in all, about 30m8s. A rollback to today's sizes: possible.
`, nil},
		{"a step that can be no smaller", 20, 10, state.JournalState{}, 0, func(p *state.Policy) { p.Percent = 0.01 },
			"at most 0 connections are granted and 0 released (0.01 % of 30), here 1 and 1, because a size changes by one at " +
				"least; worst case", nil},
		{"it is granted", 18, 12, inHand, 0, func(p *state.Policy) { p.Percent = 50 },
			`continues step 4 of 2026-11-30 00:34:13 UTC (released, granted; 15m0s of soak left), whatever --percent is
pg   worst case 30 now, 30 at most during the step, 30 after; budget 30 of max_connections 63
  1  soak     15m0s: signals below their hold levels, waits no longer than planned
undo: pgbudget abort while the step is in hand, pgbudget rollback after it
then 1 step to the plan, about 30m8s in all. A rollback to today's sizes: possible.
`, []string{"at most 15", "release ", "grant ", "0s."}},
		{"it is released", 18, 10, inHand, 0, nil, `(released; 15m0s of soak left)`, []string{"  1  release"}},
		{"its way back", 18, 12, goesBack, 0, nil,
			`continues to take back step 4, begun 2026-11-30 00:34:13 UTC, whatever --percent is
pg   worst case 30 now, 30 at most during the step, 30 after; budget 30 of max_connections 63
  1  release  b/db 12 → 10
  2  drain    until two samples show them closed, 2m0s at most
  3  grant    a/db 18 → 20
then 2 steps to the plan`, []string{"soak "}},
		{"a rollback of it", 18, 12, inHand, 2, nil,
			`takes step 4 back first, in hand since 2026-11-30 00:34:13 UTC, whatever --percent is
pg   worst case 30 now, 30 at most during the step, 30 after; budget 30 of max_connections 63
  1  release  b/db 12 → 10
  2  drain    until two samples show them closed, 2m0s at most
  3  grant    a/db 18 → 20
then 2 steps back, about 30m12s in all.
`, []string{"soak ", "to the plan", "Rollback from"}},
		{"a step of a rollback", 20, 10, ofRollback, 2, nil,
			"continues a step of the rollback (released; 15m0s of soak left), whatever", nil},
		{"a rollback without a soak", 20, 10, state.JournalState{}, 2, func(p *state.Policy) { p.Percent, p.Soak = 100, 0 },
			"  3  grant    b/db 10 → 14\n1 step back in all, about 4s.\n", []string{"soak"}},
	} {
		s := plannertest.NewTwoPools(0)
		s.Observe(c.a, c.a, c.b, c.b)
		s.Policy.Percent = 7
		if c.policy != nil {
			c.policy(&s.Policy)
		}
		from := bouncer.Survey{Fleet: s.Fleet, Measured: s.Fleet, Goal: s.Goal, RollTo: c.rollTo}
		from.Evidence.Last = s.Sample
		step, _ := from.FirstStep(s.Policy, c.journalState)
		var out bytes.Buffer
		output{w: &out}.preview(foresee(from, s.Policy, c.journalState, step))
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, out.String(), c.want)
		}
		for _, w := range c.without {
			if strings.Contains(out.String(), w) {
				t.Errorf("%s: %q is in\n%s", c.name, w, out.String())
			}
		}
	}
	var out bytes.Buffer
	s := plannertest.NewTwoPools(0)
	s.Observe(20, 20, 10, 10)
	from := bouncer.Survey{Fleet: s.Fleet, Measured: s.Fleet, Goal: sizing.Goal{}}
	from.Evidence.Last = s.Sample
	if (output{w: &out}).preview(foresee(from, s.Policy, state.JournalState{},
		state.Step{})); !strings.HasSuffix(out.String(), "\nnothing to do: the sizes equal those of the plan\n") {
		t.Errorf("at the plan: %s", out.String())
	}
}
