package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Unseen decides what goes back where no look shows the fleet: one takes long, a console does not answer, a file is being
// written and nobody knows when it will have been. A step goes back where a signal says so: its traffic by the switch
// alone, then what it has granted. A line that becomes smaller adds to no worst case, and one that does not answer keeps
// no other from it. What makes a line larger waits until it is seen.
func Unseen(s Situation) (a state.Act, due bool) {
	step, m := s.Memory.Step, s.Memory
	s.unseen = true
	if step == nil || s.Paused != "" || s.misread() != "" || m.Failures > 0 && s.Now.Sub(m.FailedAt) < retryAfter {
		return state.Act{}, false
	}
	if step.Kind != state.Backward {
		why := s.unseenAbort(*step)
		switch in := m.Intent; {
		case why == "":
			return state.Act{}, false
		case in != nil && in.Turn != nil && in.Turn.To == step.Turn.From: // it is on its way back already
			return *in, true
		case in != nil && in.Turn != nil: // nobody knows whether it was made
			t := step.Turn.Back()
			return state.Act{Verb: state.Flip, Turn: &t, Reason: why}, true
		}
		back := s.wayBack(*step)
		return state.Act{Verb: state.Abort, Step: &back, Reason: why}, true
	}
	if step.Turn != nil {
		if a, due := s.turn(*step.Turn); due {
			return a, a.Verb == state.Flip
		}
	}
	if m.Failures > 0 && (m.Failure == state.Drifted || m.Failure == state.LockLost) { // a look decides about those
		return state.Act{}, false
	}
	if m.Intent != nil && m.Intent.Verb == state.Retreat { // of which nobody knows how far it came
		return *m.Intent, true
	}
	act := state.Act{Verb: state.Retreat, Reason: m.Why}
	for _, x := range step.Sets {
		if x.To < x.From && m.LineUnsettled(x, x.To) {
			act.Sets = append(act.Sets, x)
		}
	}
	return act, len(act.Sets) > 0
}

// Unflush ends flushes where no look shows the fleet, over a pause, too: nobody sees whether connections are left to
// end. What goes back is more urgent and comes first; where that cannot be done, a flush does not wait for it. A
// turn, or an act whose fate a look must tell, stays the newest of which nobody knows whether it was done.
func Unflush(m state.Memory, now time.Time) (a state.Act, due bool) {
	act := state.Act{Verb: state.Restore, Sets: m.Flushed()}
	if len(act.Sets) == 0 || !endsFlush(m.Intent) {
		return state.Act{}, false
	}
	if in := m.Intent; in != nil && in.Verb == state.Restore && m.Failures > 0 && now.Sub(m.FailedAt) < retryAfter {
		return state.Act{}, false
	}
	return act, true
}

// endsFlush reports whether a flush may be ended over an act of which nobody knows whether it was done: one of its
// own kind, or a retreat, whose lines the journal knows to be unsettled all the same.
func endsFlush(intent *state.Act) bool {
	return intent == nil || intent.Verb == state.Flush || intent.Verb == state.Restore || intent.Verb == state.Retreat
}

// unseenAbort says why a step should go back, as far as signals tell: those of the server from which its traffic has moved,
// or may have, and of each on which it has granted something, or may have.
func (s Situation) unseenAbort(step state.Step) string {
	if step.Turn != nil && s.Memory.RollTo > 0 { // it is the way back itself
		return ""
	}
	if in := s.Memory.Intent; s.flipped(step) || in != nil && in.Turn != nil {
		shift, _, _ := s.shift(step.Turn.Shift)
		if why := s.Gate.Aborts(s.server(shift.From)); why != "" {
			return why
		}
	}
	for _, x := range step.Sets {
		if w, ok := s.Memory.Line(x); ok && x.Grows() && (w.To == x.To || w.Or == x.To) {
			if why := s.Gate.Aborts(s.server(x.Pool())); why != "" {
				return why
			}
		}
	}
	return ""
}

// wayBack is the step that returns to where one began: every line that is not there, as it is seen, or that the journal does
// not know to be there. A file may say what its process does not have yet.
func (s Situation) wayBack(step state.Step) state.Step {
	back := state.Step{Kind: state.Backward}
	for _, x := range step.Sets {
		at, seen := 0, false
		if !s.unseen {
			at, seen = s.at(x)
		}
		switch {
		case seen && at != x.From:
			back.Sets = append(back.Sets, fleet.Set{Process: x.Process, Alias: x.Alias, Key: x.Key, From: at, To: x.From})
		case (seen || s.unseen) && s.Memory.LineUnsettled(x, x.From):
			back.Sets = append(back.Sets, x.Back())
		}
	}
	if s.flipped(step) {
		back.Turn = &shift.Turn{Shift: step.Turn.Shift, From: step.Turn.To, To: step.Turn.From}
	}
	return back
}

// Back is the first step of a rollback as things stand: what of the step in hand is not where it was, else the next one.
func (s Situation) Back() state.Step {
	switch step := s.Memory.Step; {
	case step == nil:
		next, _, _ := s.NextStep()
		return next
	case s.Memory.Unwind:
		return s.wayBack(*step)
	default:
		next := *step
		next.Sets = s.there(step.Sets)
		return next
	}
}

// Barred says why what of the step in hand goes back first does not fit as a whole once its releases have drained; empty:
// it does. none: no part of it does, and nothing of it needs no room.
func (s Situation) Barred() (why string, none bool) {
	var releases, grants []fleet.Set
	first := s.Back()
	for _, x := range first.Sets {
		if x.To < x.From {
			releases = append(releases, x)
		} else {
			grants = append(grants, x)
		}
	}
	fleet := s.Fleet.With(releases).Drained()
	err := Promise(fleet, grants)
	if err == nil {
		return "", false
	}
	part := slices.Clone(grants)
	for i := range part {
		part[i].To = part[i].From + 1
	}
	return err.Error(), len(releases) == 0 && first.Turn == nil && Promise(fleet, part) != nil
}
