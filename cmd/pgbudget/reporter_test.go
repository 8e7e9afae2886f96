package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestProgressTellsWhatIsWaitedForAndHowLong moves the bar of a terminal by samples, and prints events above it.
func TestProgressTellsWhatIsWaitedForAndHowLong(t *testing.T) {
	var out bytes.Buffer
	j := &reporter{w: &out, bar: newReporterBar(&out)}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "ci/1", Alias: "app",
		Key: fleet.KeySize, From: 5, To: 8}}}
	s := control.State{Samples: control.Samples{Now: now}, Policy: state.DefaultPolicy(),
		Journal: state.JournalState{Seq: 3,
			StepInHand: state.StepInHand{Step: &step, SettledAt: now.Add(-5 * time.Minute)}}}
	j.seen(s, state.Action{Kind: state.Wait})
	j.event(state.Event{At: now, Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "cpu 0.9 > 0.85")})
	j.event(state.Event{At: now, Kind: state.Intended})
	s.Now = now.Add(time.Second)
	j.seen(s, state.Action{Kind: state.Wait, Held: true, Reason: verdict.Of(verdict.Note, "cpu 0.9 > 0.85")})
	j.end()
	for _, want := range []string{"soaking ci/app 5 → 8; 0 steps to come, about 10m0s", "\n",
		"03:04:05Z  hold     cpu 0.9 > 0.85\n", "held: cpu 0.9 > 0.85; 0 steps to come, about 9m59s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines in %q", n, out.String())
	}
}

// TestAStepCountsItsOwnActionsAndSaysHowFarThePlanIs: what comes after the step is none of its bar, and is said at its
// end.
func TestAStepCountsItsOwnActionsAndSaysHowFarThePlanIs(t *testing.T) {
	for _, c := range []struct {
		steps, done int
		inHand      bool
		a, b        int // sizes; 16 and 14 is the plan
		bar, end    string
	}{
		{1, 0, false, 20, 10, "1 step to come", "2 steps to come"},
		{1, 0, true, 20, 10, "0 steps to come", "1 step to come"},
		{1, 1, false, 18, 12, "0 steps to come", "1 step to come"},
		{3, 1, false, 20, 10, "2 steps to come", "2 steps to come"},
		{0, 1, false, 20, 10, "2 steps to come", "2 steps to come"},
		{1, 1, false, 16, 14, "0 steps to come", "the sizes equal the plan's"},
		{0, 1, false, 16, 14, "0 steps to come", ""},
	} {
		var out bytes.Buffer
		j := &reporter{w: &out, bar: newReporterBar(&out)}
		stage := plannertest.NewTwoPools(0)
		stage.Observe(c.a, c.a, c.b, c.b)
		stage.Policy.Percent = 7
		s := control.State{Samples: control.Samples{Now: stage.Now, Fleet: stage.Fleet, Sample: stage.Sample},
			RunGoal: control.RunGoal{Goal: stage.Goal, Steps: c.steps}, Policy: stage.Policy, Journal: state.JournalState{Seq: 3,
				Run: state.Run{Steps: c.done}}}
		if c.inHand {
			s.Journal.Step = &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
				Key: fleet.KeySize, From: 20, To: 18},
				{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 12}}}
		}
		j.seen(s, state.Action{Kind: state.Wait})
		if !strings.Contains(out.String(), c.bar) {
			t.Errorf("%+v: the bar says %q", c, out.String())
		}
		out.Reset()
		j.far(sizing.Plan{At: time.Date(2026, 11, 30, 0, 30, 7, 0, time.UTC)}, s.Journal)
		want := ""
		if c.end != "" {
			want = "plan of 2026-11-30 00:30:07 UTC: a/db 16, b/db 14; " + c.end + "\n"
		}
		if out.String() != want {
			t.Errorf("%+v: the end is %q, want %q", c, out.String(), want)
		}
	}
}
