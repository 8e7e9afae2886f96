package state

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/verdict"
)

// AbortsInARow are forward steps of the newest run that went back, one after the other.
type AbortsInARow struct {
	Aborts    int            `json:"aborts,omitzero"`
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
	Failures    int            `json:"failures,omitzero"`
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
