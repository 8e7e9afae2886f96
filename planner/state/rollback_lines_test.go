package state_test

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAStepSaysWhichLinesDiffer: none is hidden behind the largest.
func TestAStepSaysWhichLinesDiffer(t *testing.T) {
	six := plannertest.Wrote(fleet.KeySize, 6, 5, "main/1", "main/3")
	for _, c := range []struct {
		step state.Step
		want string
	}{
		{state.Step{Changes: six}, "main/app 6 → 5"},
		{state.Step{Changes: append(slices.Clone(six), fleet.SettingChange{Process: "main/2", Alias: "app",
			Key: fleet.KeySize, From: 4, To: 5})},
			"main/app 6 → 5 (main/1, main/3), main/app 4 → 5 (main/2)"},
		{state.Step{Kind: state.Equalise, Changes: plannertest.Wrote(fleet.KeySize, 4, 6, "main/2")},
			"main/app 4 → 6 (main/2)"},
		{state.Step{Changes: append(plannertest.Wrote(fleet.KeyReserve, 2, 1, "a/1", "a/2", "a/3", "a/4", "a/5"),
			fleet.SettingChange{Process: "a/6", Alias: "app", Key: fleet.KeyReserve, From: 0,
				To: 1})},
			"a/app reserve_pool 2 → 1 (5 processes), a/app reserve_pool 0 → 1 (a/6)"},
	} {
		if got := c.step.Text(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
