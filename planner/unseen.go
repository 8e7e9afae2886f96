package planner

import "slices"

// Unseen decides what goes back where no look shows the fleet: one takes long, a console does not answer, a file is being
// written and nobody knows when it will have been. A step goes back where a signal says so: its traffic by the switch
// alone, then what it has granted. A line that becomes smaller adds to no worst case, and one that does not answer keeps
// no other from it. What makes a line larger waits until it is seen.
func Unseen(s Situation) (a Act, due bool) {
	step, m := s.Memory.Step, s.Memory
	again := m.Intent != nil && m.Intent.Verb == Retreat
	failed := m.Failures > 0 || again
	if step == nil || s.Paused != "" || s.misread() != "" || failed && s.Now.Sub(m.FailedAt) < retryAfter {
		return Act{}, false
	}
	if step.Kind != Backward {
		why := s.unseenAbort(*step)
		return Act{Verb: Abort, Step: s.unseenBack(*step), Reason: why}, why != ""
	}
	if step.Turn != nil {
		if a, due := s.turn(*step.Turn); due {
			return a, a.Verb == Flip
		}
	}
	if failed && (m.Failure == Drifted || m.Failure == LockLost) { // a look decides about those
		return Act{}, false
	}
	if again { // of which nobody knows how far it came
		return *m.Intent, true
	}
	act := Act{Verb: Retreat, Reason: m.Why}
	for _, x := range step.Sets {
		if w, ok := m.line(x); ok && x.To < x.From && (w.To != x.To || w.Or != x.To) {
			act.Sets = append(act.Sets, x)
		}
	}
	return act, len(act.Sets) > 0
}

// unseenAbort says why a step should go back, as far as signals tell: those of the server from which its traffic has moved,
// and of each on which it has granted something, or may have.
func (s Situation) unseenAbort(step Step) string {
	if step.Turn != nil && s.Memory.RollTo > 0 { // it is the way back itself
		return ""
	}
	if s.flipped(step) {
		shift, _, _ := s.shift(step.Turn.Shift)
		if why := s.Gate.Aborts(s.server(shift.From)); why != "" {
			return why
		}
	}
	for _, x := range step.Sets {
		if w, ok := s.Memory.line(x); ok && x.Grows() && (w.To == x.To || w.Or == x.To) {
			if why := s.Gate.Aborts(s.server(x.Pool())); why != "" {
				return why
			}
		}
	}
	return ""
}

// unseenBack is the way back of a step: of every line that the journal does not know to be where it was.
func (s Situation) unseenBack(step Step) *Step {
	back := &Step{Kind: Backward}
	if s.flipped(step) {
		back.Turn = &Turn{step.Turn.Shift, step.Turn.To, step.Turn.From}
	}
	for _, x := range step.Sets {
		if w, ok := s.Memory.line(x); ok && (w.To != x.From || w.Or != x.From) {
			back.Sets = append(back.Sets, x.Back())
		}
	}
	return back
}

// line is what the journal has of the line of a set.
func (m Memory) line(x Set) (Written, bool) {
	i, found := slices.BinarySearchFunc(m.Written, x, compareWritten)
	if !found {
		return Written{}, false
	}
	return m.Written[i], true
}
