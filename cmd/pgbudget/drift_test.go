package main

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

// TestDriftKeepsTheWayBack: to take what is there as right gives up the step in hand, so a run that ends with drift names
// that only where there is none.
func TestDriftKeepsTheWayBack(t *testing.T) {
	step := &planner.Step{Kind: planner.Forward, Sets: []planner.Set{{Process: "main/1", Alias: "app", Key: planner.KeySize, From: 10, To: 9}}}
	for name, c := range map[string]struct {
		memory        planner.Memory
		hint          string
		want, without string
	}{
		"nothing in hand":         {planner.Memory{}, "", "pgbudget forget --sizes", "rollback"},
		"a step in hand":          {planner.Memory{Step: step}, "", "pgbudget rollback goes back", "forget"},
		"a step that goes back":   {planner.Memory{Step: step, RollTo: 3}, "", "pgbudget rollback goes on", "forget"},
		"something better to say": {planner.Memory{Step: step}, "reload it", "reload it", "forget"},
	} {
		err := ended(bouncer.Report{Outcome: planner.Drifted, Reason: "somebody", Memory: c.memory, Hint: c.hint}, "pgbudget run")
		got := planner.HintOf(err)
		if planner.KindOf(err) != planner.KindDrift || !strings.Contains(got, c.want) || strings.Contains(got, c.without) {
			t.Errorf("%s: %v; next: %q; want %q and no %q", name, err, got, c.want, c.without)
		}
	}
}
