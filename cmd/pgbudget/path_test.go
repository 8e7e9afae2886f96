package main

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAStepThatTakesMoreThanItsShareIsKnown: by what it grants, or releases; not by what cures a server that is over
// its budget.
func TestAStepThatTakesMoreThanItsShareIsKnown(t *testing.T) {
	for _, c := range []struct {
		worst []int // of 100, at most 5 a step
		want  bool
	}{
		{[]int{50, 50, 55}, false}, {[]int{50, 50, 56}, true}, {[]int{50, 45, 50}, false}, {[]int{50, 44, 44}, true},
		{[]int{100, 94, 94}, true}, {[]int{101, 95, 95}, false}, {[]int{110, 90, 96}, true},
	} {
		x := plannedStep{WorstConns: c.worst, Budget: 100}
		if got := x.exceeds(state.Policy{Percent: 5}); got != c.want {
			t.Errorf("%v: %v, want %v", c.worst, got, c.want)
		}
	}
}
