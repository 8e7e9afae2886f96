package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Run is the newest run: where it goes, and what its steps have met.
type Run struct {
	Running bool `json:"running,omitzero"` // it began and has not ended: after a crash it still stands there
	// the command that goes on with it, as it was given; empty: it is done, or did not say
	Again      string       `json:"again,omitzero"`
	Goal       *sizing.Goal `json:"goal,omitzero"`
	GoalOfStep bool         `json:"goal_of_step,omitzero"` // Goal is that of a step on the path of a shift, not the run's
	Steps      int          `json:"steps,omitzero"`        // ended in it, undone ones apart
	RollTo     int64        `json:"roll_to,omitzero"`      // it takes back every step from that event on; 0: it does not
	Refused    []Refusal    `json:"refused,omitzero"`      // in it, sorted by pool

	TrimmedAway verdict.Reason `json:"trimmed_away,omitzero"` // nothing was left of a step of it, because
	Trimmed     verdict.Reason `json:"trimmed,omitzero"`      // the rest of its newest step was given up, because
	Left        verdict.Reason `json:"left,omitzero"`         // an undo of it did not fit as a whole: what is left of it
}

// after folds an event in.
func (r Run) after(e Event, was JournalState) Run {
	switch e.Kind {
	case RunBegan: // with a step in hand its traffic is not where it goes yet, and the goal is not the one for there
		leg := e.To == 0 && was.Step != nil && was.Step.Traffic != nil
		return Run{Running: true, Again: e.Next, Goal: e.Goal, GoalOfStep: leg, RollTo: e.To}
	case StepBegan, StepAbort:
		if e.Kind == StepBegan {
			r.Trimmed = verdict.Reason{}
		}
		if e.Goal != nil {
			r.Goal, r.GoalOfStep = e.Goal, true
		}
	case Replanned:
		r.Goal, r.GoalOfStep = e.Goal, false
	case Acted:
		if e.Action.Kind == Undo {
			for _, x := range e.Action.Changes {
				r = r.refused(e.Action.Pool, x.Key, x.To, e.Action.Reason)
			}
		}
	case StepTrimmed:
		if r.Trimmed = e.Reason; Back(was.Step) {
			r = r.leftBehind(was.leftBehind(e.Step), e.Reason)
		} else if e.Step.Empty() {
			r.TrimmedAway = e.Reason
		}
	case StepEnded:
		if was.Step != nil && was.Step.Kind != Backward && !was.Step.Empty() {
			r.Steps++
		}
	case StepReopened: // it is undone, where it was this run's
		r.Steps = max(0, r.Steps-1)
	case RunEnded:
		if r.Running = false; e.Outcome == Done {
			r.Again, r.RollTo = "", 0
		}
	case Accepted:
		r.Again, r.RollTo = "", 0
	}
	return r
}

// refused remembers not to make a pool smaller than that in this run.
func (r Run) refused(pool string, key fleet.Key, least int, why verdict.Reason) Run {
	r.Refused = slices.Clone(r.Refused)
	i := slices.IndexFunc(r.Refused, func(x Refusal) bool { return x.Pool == pool && x.Key == key })
	if i < 0 {
		i = len(r.Refused)
		r.Refused = append(r.Refused, Refusal{Pool: pool, Key: key})
	}
	r.Refused[i].Least, r.Refused[i].Reason = max(r.Refused[i].Least, least), why
	return r
}

// leftBehind remembers what of an undo is given up, and not to make those pools smaller still.
func (r Run) leftBehind(left Step, why verdict.Reason) Run {
	for _, x := range left.Changes {
		r = r.refused(x.Pool(), x.Key, x.To, why)
	}
	if len(left.Changes) > 0 {
		r.Left = verdict.Of(verdict.LeftBehind, "", linesLeft(left.Changes), why).Spoken() // it is kept as it is read again
	}
	return r
}

// AbortsInARow are forward steps of the newest run that went back, one after the other.
type AbortsInARow struct {
	Aborts    int            `json:"aborts,omitzero"`     // how many forward steps went back
	Aborted   verdict.Reason `json:"aborted,omitzero"`    // the newest of them did, because
	AbortedAt time.Time      `json:"aborted_at,omitzero"` // when it was back
}

// after folds an event in.
func (a AbortsInARow) after(e Event, was JournalState) AbortsInARow {
	switch step := was.Step; {
	case e.Kind == RunBegan:
		return AbortsInARow{}
	case e.Kind != StepEnded || step == nil:
	case step.Kind == Backward && was.Why.Any():
		return AbortsInARow{Aborts: a.Aborts + 1, Aborted: was.Why, AbortedAt: e.At}
	case step.Kind != Backward && !step.Empty():
		a.Aborts, a.Aborted = 0, verdict.Reason{}
	}
	return a
}

// FailuresInARow are actions that failed, one after the other.
type FailuresInARow struct {
	Failures    int            `json:"failures,omitzero"`     // how many actions failed
	FailedSince time.Time      `json:"failed_since,omitzero"` // the first of them
	Failure     Outcome        `json:"failure,omitzero"`      // what a run ends with that cannot get past it
	FailedBy    verdict.Reason `json:"failed_by,omitzero"`    // the newest one's reason
	FailedAt    time.Time      `json:"failed_at,omitzero"`
}

// after folds an event in. A flush was worth a try: it is no failure.
func (f FailuresInARow) after(e Event) FailuresInARow {
	switch e.Kind {
	case RunBegan, StepBegan, StepAbort, Acted:
		f.Failures = 0
	case Relocked:
		if f.Failure == LockLost { // what is in hand goes on
			f.Failures = 0
		}
	case Failed:
		if e.Action.Kind == Flush {
			return f
		}
		if f.Failures++; f.Failures == 1 {
			f.FailedSince = e.At
		}
		f.Failure, f.FailedBy, f.FailedAt = e.Outcome, e.Reason, e.At
	}
	return f
}

// HoldNow says whether nothing moves.
type HoldNow struct {
	HeldAt time.Time      `json:"held_at,omitzero"` // since when nothing moves; zero: it is not held
	Hold   verdict.Reason `json:"hold,omitzero"`    // and why
}

// after folds an event in.
func (h HoldNow) after(e Event) HoldNow {
	switch e.Kind {
	case HoldBegan:
		return HoldNow{HeldAt: e.At, Hold: e.Reason}
	case RunBegan, HoldEnded, RunEnded:
		return HoldNow{}
	}
	return h
}
