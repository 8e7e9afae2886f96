package livetest

import (
	"github.com/pgbudget/pgbudget/planner/state"
)

// Back is what takes a release back.
func Back(n int) state.Act {
	act := state.Act{Verb: state.Undo}
	for _, x := range Release(n).Sets {
		act.Sets = append(act.Sets, x.Back())
	}
	return act
}
