package planner

import (
	"errors"
	"fmt"
	"slices"
)

// known is every word of an event that this pgbudget gives a meaning to.
var (
	knownKinds = []EventKind{RunBegan, Replanned, StepBegan, Intended, Acted, Failed, HoldBegan, HoldEnded, StepCut,
		StepAbort, StepEnded, RunEnded, Relocked, Noted, Accepted}
	knownVerbs = []Verb{Open, Release, Grant, Undo, Retreat, Flush, Restore, Flip, Aim, Cut, Close, Abort, Wait, Stop}
	knownSteps = []StepKind{Forward, Equalise, Backward}
	knownEnds  = []Outcome{Done, Held, Aborted, Drifted, Blind, LockLost, Interrupted}
)

// ErrNewer is the error of an event with a word that this pgbudget does not know: a newer one wrote it.
var ErrNewer = errors.New("written by a newer pgbudget")

// Refuses says why an event cannot be the next one, such as one of its parts that is missing; nil: After may take it.
// What After takes without it is what this pgbudget itself has decided; a file may say anything.
func (m Memory) Refuses(e Event) error {
	missing := func(part string) error { return fmt.Errorf("the event %q has no %s", e.Kind, part) }
	switch {
	case e.Seq != m.Seq+1:
		return fmt.Errorf("event %d follows event %d", e.Seq, m.Seq)
	case e.Kind == "":
		return errors.New("the event has no kind")
	case !slices.Contains(knownKinds, e.Kind):
		return fmt.Errorf("%w: the kind of event %q is not known", ErrNewer, e.Kind)
	case slices.Contains([]EventKind{RunBegan, Replanned}, e.Kind) && e.Goal == nil:
		return missing("goal")
	case slices.Contains([]EventKind{StepBegan, StepAbort, StepCut}, e.Kind) && e.Step == nil:
		return missing("step")
	case slices.Contains([]EventKind{Intended, Acted, Failed}, e.Kind) && e.Act == nil:
		return missing("act")
	case slices.Contains([]EventKind{RunEnded, Failed}, e.Kind) && e.Outcome == "":
		return missing("outcome")
	case e.Kind == StepCut && m.Step == nil:
		return errors.New("a step is cut, and none is in hand")
	}
	if e.Outcome != "" && !slices.Contains(knownEnds, e.Outcome) {
		return fmt.Errorf("%w: the outcome %q is not known", ErrNewer, e.Outcome)
	}
	if e.Step != nil && !slices.Contains(knownSteps, e.Step.Kind) {
		return fmt.Errorf("%w: the kind of step %q is not known", ErrNewer, e.Step.Kind)
	}
	if e.Act == nil {
		return nil
	}
	switch a := e.Act; {
	case a.Verb == "":
		return missing("verb of its act")
	case !slices.Contains(knownVerbs, a.Verb):
		return fmt.Errorf("%w: the act %q is not known", ErrNewer, a.Verb)
	case a.Verb == Flip && a.Turn == nil:
		return missing("turn of its act")
	case a.Verb == Undo && e.Kind == Acted && m.Step == nil:
		return errors.New("a release is undone, and no step is in hand")
	}
	return nil
}
