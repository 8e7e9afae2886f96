package bouncer

import (
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Report is how a run ended.
type Report struct {
	Outcome state.Outcome
	Reason  verdict.Reason        // why, a sentence with both numbers
	State   state.JournalState    // after the last event
	Hint    string                // the next command, where what ended it knows a better one than its outcome does
	Flushed []fleet.SettingChange // lines that a flush has left with a server_lifetime of a second, and what gives it back
}

// kinds is the one table between how a run ends and the kind of error that says so.
var kinds = map[state.Outcome]operr.Kind{
	state.Done:        operr.KindDone,
	state.Held:        operr.KindHeld,
	state.Aborted:     operr.KindAborted,
	state.Drifted:     operr.KindDrift,
	state.Blind:       operr.KindUnreachable,
	state.LockLost:    operr.KindBusy,
	state.Interrupted: operr.KindInterrupted,
}

// Kind is the kind of error that the end of the run is, KindDone where the run is done.
func (r Report) Kind() operr.Kind { return kinds[r.Outcome] }

// outcomeOf is what a run ends with that cannot get past an error: what a person must check, who did not answer, who
// else is at work; else it is held.
func outcomeOf(err error) state.Outcome {
	kind := operr.KindOf(err)
	for _, o := range []state.Outcome{state.Drifted, state.Blind, state.LockLost} {
		if kinds[o] == kind {
			return o
		}
	}
	return state.Held
}
