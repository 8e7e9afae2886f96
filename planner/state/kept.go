package state

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/learn"
)

// JournalStateVersion is the version of JournalState as JSON, and of how After folds events into it. A state of another
// version is not read: the events are folded again.
const JournalStateVersion = 14

// A journal of years has more steps and soaks than anybody goes back to, and a state that kept them all would be read
// and written whole, again and again. So the newest are kept.
const (
	pastKept  = 1000 // steps. chosen: ten runs of 1 % a step, a hundred steps each
	soaksKept = 1000 // soaks of each shift. chosen: the oldest weighs a thousandth of what is learnt by then
)

// Stepped adds a step that ended, and lets go of the oldest beyond pastKept.
func (m JournalState) Stepped(p Past) JournalState {
	m.Past = append(slices.Clip(m.Past), p)
	if more := len(m.Past) - pastKept; more > 0 {
		m.Past = slices.Clone(m.Past[more:])
	}
	return m
}

// withSoaks returns the soaks with those added, without the oldest beyond soaksKept of a shift.
func (m Learned) withSoaks(soaks ...learn.SoakResult) []learn.SoakResult {
	if len(soaks) == 0 {
		return m.Soaks
	}
	out := slices.Concat(m.Soaks, soaks)
	if len(out) <= soaksKept {
		return out
	}
	of := map[string]int{}
	for _, p := range out {
		of[p.Shift]++
	}
	return slices.DeleteFunc(out, func(p learn.SoakResult) bool {
		old := of[p.Shift] > soaksKept
		if old {
			of[p.Shift]--
		}
		return old
	})
}

// known is every word of an event that this pgbudget gives a meaning to.
var (
	knownKinds = []EventKind{RunBegan, Replanned, StepBegan, Intended, Asked, CalledOff, Acted, Failed, HoldBegan,
		HoldEnded, StepTrimmed,
		StepAbort, StepEnded, StepConfirmed,
		StepProlonged, StepReopened, RunEnded, Relocked, Noted, Adjusted, Accepted}
	knownActions = []ActionKind{BeginStep, Release, Grant, Undo, Retreat, Flush, Restore, ShiftTraffic, SetGoal, TrimStep,
		CompleteStep, ConfirmStep, ProlongStep, ReopenStep, AbortStep, Wait, Stop}
	knownSteps = []StepKind{Forward, Equalise, Backward}
	knownEnds  = []Outcome{Done, Held, Aborted, Drifted, Blind, LockLost, Interrupted}
)

// ErrNewer is the error of an event with a word that this pgbudget does not know: a newer one wrote it.
var ErrNewer = errors.New("written by a newer pgbudget")

// Refuses says why an event cannot be the next one, such as one of its parts that is missing; nil: After may take it.
// What After takes without it is what this pgbudget itself has decided; a file may say anything.
func (m JournalState) Refuses(e Event) error {
	if e.Seq != m.Seq+1 {
		return fmt.Errorf("event %d follows event %d", e.Seq, m.Seq)
	}
	if err := e.Lacks(); err != nil {
		return err
	}
	switch {
	case e.Kind == StepTrimmed && m.Step == nil:
		return errors.New("a step is trimmed, and none is in hand")
	case slices.Contains([]EventKind{StepReopened, StepConfirmed, StepProlonged}, e.Kind) && (m.Step != nil ||
		len(m.Past) == 0):
		return errors.New("a step is no longer provisional, and none was")
	case e.Kind == Acted && e.Action.Kind == Undo && m.Step == nil:
		return errors.New("a release is undone, and no step is in hand")
	}
	return nil
}

// Lacks says which of its parts an event lacks, or which word of it this pgbudget does not know, whatever it follows;
// nil: none.
func (e Event) Lacks() error {
	missing := func(part string) error { return fmt.Errorf("the event %q has no %s", e.Kind, part) }
	switch {
	case e.Kind == "":
		return errors.New("the event has no kind")
	case !slices.Contains(knownKinds, e.Kind):
		return fmt.Errorf("%w: the kind of event %q is not known", ErrNewer, e.Kind)
	case slices.Contains([]EventKind{RunBegan, Replanned}, e.Kind) && e.Goal == nil:
		return missing("goal")
	case slices.Contains([]EventKind{StepBegan, StepAbort, StepTrimmed}, e.Kind) && e.Step == nil:
		return missing("step")
	case slices.Contains([]EventKind{Intended, Asked, CalledOff, Acted, Failed}, e.Kind) && e.Action == nil:
		return missing("action")
	case slices.Contains([]EventKind{RunEnded, Failed}, e.Kind) && e.Outcome == "":
		return missing("outcome")
	}
	if e.Outcome != "" && !slices.Contains(knownEnds, e.Outcome) {
		return fmt.Errorf("%w: the outcome %q is not known", ErrNewer, e.Outcome)
	}
	if e.Step != nil && !slices.Contains(knownSteps, e.Step.Kind) {
		return fmt.Errorf("%w: the kind of step %q is not known", ErrNewer, e.Step.Kind)
	}
	if e.Action == nil {
		return nil
	}
	switch a := e.Action; {
	case a.Kind == "":
		return missing("kind of its action")
	case !slices.Contains(knownActions, a.Kind):
		return fmt.Errorf("%w: the action %q is not known", ErrNewer, a.Kind)
	case a.Kind == ShiftTraffic && a.Traffic == nil:
		return missing("traffic change of its action")
	}
	return nil
}
