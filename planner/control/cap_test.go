package control_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARollbackGoesBackAboveACap that a forward step stays under, step by step, too.
func TestARollbackGoesBackAboveACap(t *testing.T) {
	x := plannertest.NewTwoPools(10)
	x.Cap, x.Policy.Percent = 26, 3 // a step is of one connection
	x.Observe(16, 16, 10, 10)
	x.Goal = sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db", Server: "pg", Size: 20}, {Pool: "b/db", Server: "pg",
		Size: 10}}}
	for back, want := range map[int64]string{0: "", 7: "a/db 16 → 17"} {
		s := control.State{Samples: control.Samples{Now: x.Now, Fleet: x.Fleet, Sample: x.Sample, Recent: x.Recent},
			TrafficNow: control.TrafficNow{AsMeasured: x.Fleet}, RunGoal: control.RunGoal{Goal: x.Goal}, Policy: x.Policy,
			Journal: state.JournalState{Run: state.Run{RollTo: back}}}
		step, _, blocked := s.NextStep()
		if got := step.Text(); len(step.Changes) > 0 != (want != "") || want != "" && got != want ||
			want == "" && !blocked.Any() {
			t.Errorf("rollback to %d: %q, blocked by %q", back, got, blocked.Text())
		}
	}
}
