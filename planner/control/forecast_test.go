package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestForecastBeginsWhereTheStepInHandEnds, or is back, however far it has come; and what is left of it are the actions
// that are not done yet.
func TestForecastBeginsWhereTheStepInHandEnds(t *testing.T) {
	x := fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 18}
	y := fleet.SettingChange{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 12}
	forward := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{x, y}}
	back := &state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{x.Back(), y.Back()}}
	for _, c := range []struct {
		name    string
		a, b    int // their sizes
		journal state.JournalState
		ahead   int
		left    string
		most    int
	}{
		{"none in hand", 20, 10, state.JournalState{}, 2, "", 30},
		{"nothing of it is done", 20, 10, state.JournalState{StepInHand: state.StepInHand{Step: forward}}, 1,
			"release a/db 20 → 18, drain, grant b/db 10 → 12, soak 15m0s", 30},
		{"it is released", 18, 10, state.JournalState{StepInHand: state.StepInHand{Step: forward}}, 1,
			"grant b/db 10 → 12, soak 15m0s, released", 30},
		{"it is granted", 18, 12, state.JournalState{StepInHand: state.StepInHand{Step: forward}}, 1,
			"soak 15m0s, released, granted", 30},
		{"it is to go back", 18, 12, state.JournalState{StepInHand: state.StepInHand{Step: forward, Unwind: true},
			Run: state.Run{RollTo: 1}}, 2,
			"release b/db 12 → 10, drain, grant a/db 18 → 20", 30},
		{"it goes back", 20, 12, state.JournalState{StepInHand: state.StepInHand{Step: back}}, 2,
			"release b/db 12 → 10, drain, granted", 32},
	} {
		s := plannertest.NewTwoPools(0)
		s.Observe(c.a, c.a, c.b, c.b)
		s.Policy.Percent = 7 // 2 of 30
		now := control.State{Samples: control.Samples{Fleet: s.Fleet, Sample: s.Sample},
			RunGoal: control.RunGoal{Goal: s.Goal},
			Policy:  s.Policy, Journal: c.journal}
		if c.journal.RollTo > 0 {
			now.Journal.RollTo = 0 // the steps forward are counted
		}
		if path, blocked := now.Forecast(); len(path) != c.ahead || blocked.Any() {
			t.Errorf("%s: %d steps ahead (%s), want %d", c.name, len(path), blocked.Text(), c.ahead)
		}
		now.Journal = c.journal
		step := now.InHand()
		l, text := now.Left(step), ""
		add := func(part string) {
			if text != "" {
				text += ", "
			}
			text += part
		}
		if len(l.Releases) > 0 {
			add("release " + state.Step{Changes: l.Releases}.Text())
		}
		if l.Drains {
			add("drain")
		}
		if len(l.Grants) > 0 {
			add("grant " + state.Step{Changes: l.Grants}.Text())
		}
		if l.Soak > 0 {
			add(fmt.Sprint("soak ", l.Soak.Round(time.Second)))
		}
		if l.Released {
			add("released")
		}
		if l.Granted {
			add("granted")
		}
		if text != c.left || l.Most["pg"] != c.most {
			t.Errorf("%s: left is %q, %d at most; want %q, %d", c.name, text, l.Most["pg"], c.left, c.most)
		}
	}
}
