package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/steps"
)

func TestOneOverTheBudgetDoesNotReleaseEverything(t *testing.T) {
	s := plannertest.NewTwoPools(-1)
	s.Policy.Percent = 7 // two connections of 29
	s.Goal.Pools[0].Size = 2
	s.Observe(20, 18, 10, 10)
	step, _ := steps.Next(s.Fleet, s.Goal, s.Policy, nil)
	if step.Text() != "a/db 20 → 18" {
		t.Error(step.Text())
	}
}

// TestForecastIsThePathThatIsTaken counts the steps to the goal and ends there.
func TestForecastIsThePathThatIsTaken(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Observe(20, 20, 10, 10)
	s.Policy.Percent = 7 // 2 of 30
	steps, _ := control.State{Samples: control.Samples{Fleet: s.Fleet}, RunGoal: control.RunGoal{Goal: s.Goal},
		Policy: s.Policy}.Forecast()
	f := s.Fleet
	for _, x := range steps {
		step := x.Step
		if err := control.Promise(f.With(step.Changes).Drained(), nil); err != nil {
			t.Fatal(err)
		}
		f = f.With(step.Changes).Drained()
		if spare := f.SpareConns("pg"); spare < 0 {
			t.Errorf("%s: %d spare", step.Text(), spare)
		}
	}
	a, _ := f.Pool("a/db")
	b, _ := f.Pool("b/db")
	if len(steps) != 2 || a.Sizes[0].Conns != 16 || b.Sizes[0].Conns != 14 || a.SeenConns != 16 {
		t.Errorf("%d steps to %d and %d", len(steps), a.Sizes[0].Conns, b.Sizes[0].Conns)
	}
	if steps, _ := (control.State{Samples: control.Samples{Fleet: f}, RunGoal: control.RunGoal{Goal: s.Goal},
		Policy: s.Policy}).Forecast(); len(steps) != 0 {
		t.Errorf("%d steps more", len(steps))
	}
	if took := control.Takes(s.Policy, 2); took < 30*time.Minute || took > 31*time.Minute {
		t.Error(took)
	}
}
