package planner

import (
	"fmt"
	"slices"
	"time"
)

// stands reports whether every line of a step is as the step makes it.
func (s Situation) stands(step Step) bool {
	if s.unseen { // as far as the journal knows
		return !slices.ContainsFunc(step.Sets, func(x Set) bool { return s.Memory.unsettled(x, x.To) })
	}
	return !slices.ContainsFunc(step.Sets, func(x Set) bool { at, _ := s.at(x); return at != x.To })
}

// flipped reports whether the step's traffic has moved, or may have: the switch was told, or says so.
func (s Situation) flipped(step Step) bool {
	return step.Turn != nil && (s.told(step.Turn.Shift) == step.Turn.To || s.says(step.Turn.Shift) == step.Turn.To)
}

// told is what a switch was told last, as far as the journal knows.
func (s Situation) told(shift string) int {
	if known, ok := s.Memory.Switch(shift); ok {
		return known.X
	}
	return s.says(shift)
}

// says is what a switch says, which may be what it was told before.
func (s Situation) says(shift string) int {
	x, _, _ := s.shift(shift)
	return x.At
}

// turn is what is due for a step's turn, if anything is: to make it, to wait for the person who makes it, or to wait until
// the switch says what it was told.
func (s Situation) turn(t Turn) (Act, bool) {
	shift, reading, _ := s.shift(t.Shift)
	told := s.told(t.Shift)
	switch {
	case shift.ByHand && shift.At == t.To && told != t.To:
		return Act{Verb: Flip, Turn: &t, Reason: "by hand"}, true
	case shift.ByHand && shift.At != t.To:
		why := fmt.Sprintf("turn the traffic of %s from %d to %d %% now: this waits until the switch says so", t.Shift, shift.At, t.To)
		if s.Now.Sub(s.Memory.SettledAt) >= s.Policy.FlipFor {
			return Act{Verb: Stop, Outcome: Held, Reason: fmt.Sprintf("nobody turned the traffic of %s to %d %% within %v", t.Shift, t.To, s.Policy.FlipFor)}, true
		}
		return Act{Verb: Wait, Held: true, Reason: why, For: s.Policy.Every}, true
	case told != t.To:
		t.From = told
		return Act{Verb: Flip, Turn: &t}, true
	case reading.Said && reading.X != t.To:
		why := fmt.Sprintf("the traffic of %s was turned to %d %%, and its switch still says %d %%", t.Shift, t.To, reading.X)
		if known, _ := s.Memory.Switch(t.Shift); s.Now.Sub(known.At) >= s.Policy.Stale {
			return s.Hold(why), true
		}
		return Act{Verb: Wait, Reason: why, For: s.Policy.Every}, true
	}
	return Act{}, false
}

// turnable says why traffic may not move now: a signal of its server, or a pool that waits and would get more. What goes back
// in a rollback is held by nothing.
func (s Situation) turnable(t *Turn) obstacle {
	if t == nil || s.Memory.RollTo > 0 {
		return obstacle{}
	}
	shift, _, _ := s.shift(t.Shift)
	if why := s.Gate.Held(s.server(shift.From)); why != "" {
		return obstacle{why: why}
	}
	if t.To < t.From {
		return s.suffers(shift.From, time.Time{})
	}
	return s.suffers(shift.To, time.Time{})
}
