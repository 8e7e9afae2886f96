package state

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// StepInHand is the step that has begun and has not ended.
type StepInHand struct {
	Step    *Step     `json:"step,omitzero"`     // nil: none is in hand
	StepAt  time.Time `json:"step_at,omitzero"`  // when it began
	StepSeq int64     `json:"step_seq,omitzero"` // at which event
	StepTo  int64     `json:"step_to,omitzero"`  // RollTo of the rollback that began it; 0: it goes forward
	// of a step that goes forward: the first of a journal is 1; 0: none is in hand
	StepNumber  int               `json:"step_number,omitzero"`
	ReleasedAt  time.Time         `json:"released_at,omitzero"` // when its newest release was done; zero: none
	SettledAt   time.Time         `json:"settled_at,omitzero"`  // when its newest action was done
	Intent      *Action           `json:"intent,omitzero"`      // was about to be done, and nobody knows whether it was
	Why         verdict.Reason    `json:"why,omitzero"`         // the step goes back, because
	Unwind      bool              `json:"unwind,omitzero"`      // the step goes back first
	Unflushable bool              `json:"unflushable,omitzero"` // a flush of it has failed in this run
	Unmoved     *learn.SoakResult `json:"unmoved,omitzero"`     // nothing moved, as far as was seen
	Reopened    verdict.Reason    `json:"reopened,omitzero"`    // it had ended, was provisional, and goes back, because
}

// after folds an event in.
func (h StepInHand) after(e Event, was JournalState) StepInHand {
	switch e.Kind {
	case RunBegan:
		if h.Step != nil { // nobody has watched since; what was begun is timed anew, and what failed is tried again
			h.SettledAt, h.Unflushable = e.At, false
			if !h.ReleasedAt.IsZero() {
				h.ReleasedAt = e.At
			}
		}
		h.Unwind = h.goesBackFirst(e.To)
	case StepBegan:
		if h.StepTo = was.RollTo; was.RollTo == 0 {
			h.StepNumber = was.Numbered + 1
		}
		return h.begun(e, verdict.Reason{})
	case StepAbort:
		return h.begun(e, e.Reason)
	case StepReopened:
		return h.reopened(was.Past[len(was.Past)-1], e)
	case Intended:
		h.Intent = e.Action
	case Acted:
		return h.acted(*e.Action, e.At)
	case Failed:
		h.Unflushable = h.Unflushable || e.Action.Kind == Flush // what it may have left is given back, the drain waited for
	case HoldBegan, RunEnded:
		if e.Soak != nil {
			h.Unmoved = e.Soak
		}
	case StepTrimmed:
		h.Step, h.Intent, h.SettledAt = e.Step, nil, e.At
	case StepEnded:
		h.Step, h.Intent, h.Why, h.StepTo, h.StepNumber, h.Unmoved = nil, nil, verdict.Reason{}, 0, 0, nil
		h.Reopened = verdict.Reason{}
	case Accepted:
		h.Step, h.Intent, h.StepTo, h.StepNumber, h.Unwind, h.Unmoved = nil, nil, 0, 0, false, nil
		h.Reopened = verdict.Reason{}
	}
	return h
}

// begun is the step, or its undo, as it begins.
func (h StepInHand) begun(e Event, why verdict.Reason) StepInHand {
	h.Step, h.StepAt, h.StepSeq, h.Why = e.Step, e.At, e.Seq, why
	h.ReleasedAt, h.SettledAt, h.Intent = time.Time{}, e.At, nil
	h.Unwind, h.Unflushable, h.Unmoved, h.Reopened = false, false, nil, verdict.Reason{}
	return h
}

// reopened is a step that had ended, in hand again under its number.
func (h StepInHand) reopened(p Past, e Event) StepInHand {
	h = h.begun(Event{Step: &p.Step, At: e.At, Seq: p.Seq}, verdict.Reason{})
	h.StepTo, h.StepNumber, h.Reopened = 0, p.Number, e.Reason
	return h
}

// goesBackFirst reports whether the step goes back first in a run that takes back every step from that event on; 0: it
// takes back none.
func (h StepInHand) goesBackFirst(to int64) bool {
	return to > 0 && h.Step != nil && h.Step.Kind != Backward && h.StepTo == 0
}

// acted is the step after an action of it.
func (h StepInHand) acted(a Action, at time.Time) StepInHand {
	h.Intent = nil
	if a.Kind != Flush && a.Kind != Restore {
		h.SettledAt = at
	}
	switch a.Kind {
	case Release, Retreat:
		h.ReleasedAt = at
	case Grant:
		return h.cameNearer(a.Changes)
	case Undo: // the pool's releases are no part of it any more
		step := *h.Step
		step.Changes = slices.DeleteFunc(slices.Clone(step.Changes),
			func(x fleet.SettingChange) bool { return x.Pool() == a.Pool && x.To < x.From })
		h.Step = &step
	}
	return h
}

// cameNearer lets lines of an undo that went back in part begin from where they are.
func (h StepInHand) cameNearer(changes []fleet.SettingChange) StepInHand {
	if !Back(h.Step) {
		return h
	}
	step := *h.Step
	step.Changes = slices.Clone(step.Changes)
	for i, x := range step.Changes {
		for _, y := range changes {
			if y.Same(x) && y.To != x.To {
				step.Changes[i].From = y.To
			}
		}
	}
	h.Step = &step
	return h
}

// trimmed are the lines that the journal explains once a step keeps what was achieved: the others are where they were.
func (m JournalState) trimmed(achieved *Step, at time.Time) []Written {
	var given []fleet.SettingChange
	for _, x := range m.Step.Changes {
		if !Back(m.Step) && !slices.ContainsFunc(achieved.Changes, x.Same) {
			given = append(given, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: x.From, To: x.From})
		}
	}
	m.Written = m.written(slices.DeleteFunc(given, func(x fleet.SettingChange) bool {
		_, known := m.Explains(x, x.From)
		return !known
	}), at, true)
	return m.written(achieved.Changes, at, true)
}

// leftBehind is what of an undo is given up, as a step that goes forward from where its lines should have come to.
func (m JournalState) leftBehind(achieved *Step) Step {
	left := Step{Kind: Forward}
	for _, x := range m.Step.Changes {
		if slices.ContainsFunc(achieved.Changes, x.Same) {
			continue
		}
		at := x.From
		if w, ok := m.Line(x); ok {
			at = w.To
		}
		left.Changes = append(left.Changes, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: x.To,
			To: at})
	}
	return left
}

// setAside puts what of an undo is given up with the steps that were taken, so that a rollback may give it back once
// there is room.
func (m JournalState) setAside(left Step) JournalState {
	if len(left.Changes) == 0 || m.StepTo > 0 || m.StepNumber == 0 {
		return m
	}
	return m.Stepped(Past{Number: m.StepNumber, Seq: m.StepSeq, At: m.StepAt, Step: left})
}
