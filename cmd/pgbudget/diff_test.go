package main

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestProcessesOfAPoolThatDifferAreNamed, though each has what its file and the journal say.
func TestProcessesOfAPoolThatDifferAreNamed(t *testing.T) {
	of := func(sizes ...int) (o fleet.Observation) {
		for i, n := range sizes {
			o.Processes = append(o.Processes, fleet.Process{ID: "ci/" + itoa(i+1), Group: "ci",
				Aliases: []fleet.Alias{{Name: "app", SizeConns: n}}})
		}
		return o
	}
	if d := differences(of(5, 5), nil, state.JournalState{}); len(d.Uneven) > 0 {
		t.Errorf("equal sizes: %v", d.Uneven)
	}
	d := differences(of(4, 5), nil, state.JournalState{})
	if got := strings.Join(d.Uneven, "; "); got != "ci/app runs with pool_size 4 in ci/1, 5 in ci/2: pgbudget step makes "+
		"them equal first" {
		t.Errorf("%q", got)
	}
}
