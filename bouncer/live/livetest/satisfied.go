package livetest

import (
	"github.com/pgbudget/pgbudget/planner/state"
)

// Back is what takes a release back.
func Back(n int) state.Action {
	act := state.Action{Kind: state.Undo}
	for _, x := range Release(n).Changes {
		act.Changes = append(act.Changes, x.Back())
	}
	return act
}
