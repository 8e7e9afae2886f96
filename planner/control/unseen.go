package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Unseen decides what goes back where no sample shows the fleet: one takes long, a console does not answer, a file is
// being written and nobody knows when it will have been. A step goes back where a signal says so: its traffic by the
// switch alone, then what it has granted. A line that becomes smaller adds to no worst case, and one that does not
// answer keeps no other from it. What makes a line larger waits until it is seen.
func Unseen(s State) (a state.Action, due bool) {
	step, m := s.Journal.Step, s.Journal
	s.unseen = true
	if step == nil || s.Paused.Any() && !s.aborted() || s.switchDrift().Any() ||
		m.Failures > 0 && s.Now.Sub(m.FailedAt) < retryAfter {
		return a, false
	}
	if step.Kind != state.Backward {
		why := s.unseenAbort(*step)
		switch in := m.Intent; {
		case !why.Any():
			return a, false
		case in != nil && in.Traffic != nil && in.Traffic.To == step.Traffic.From: // it goes back already
			return *in, true
		case in != nil && in.Traffic != nil: // nobody knows whether it was made
			return state.ShiftOf(step.Traffic.Back(), why), true
		}
		return state.AbortOf(s.undoStep(*step), nil, why), true
	}
	if step.Traffic != nil {
		if a, due := s.trafficDue(*step.Traffic); due {
			return a, a.Kind == state.ShiftTraffic
		}
	}
	if m.Failures > 0 && (m.Failure == state.Drifted || m.Failure == state.LockLost) { // a sample decides about those
		return a, false
	}
	if m.Intent != nil && m.Intent.Kind == state.Retreat { // of which nobody knows how far it came
		return *m.Intent, true
	}
	var changes []fleet.SettingChange
	for _, x := range step.Changes {
		if x.To < x.From && m.LineUnsettled(x, x.To) {
			changes = append(changes, x)
		}
	}
	return state.RetreatOf(changes, m.Why), len(changes) > 0
}

// Unflush ends flushes where no sample shows the fleet, over a pause, too: nobody sees whether connections are left to
// end. What goes back is more urgent and comes first; where that cannot be done, a flush does not wait for it. A
// traffic change, or an action whose fate a sample must tell, stays the newest of which nobody knows whether it was
// done.
func Unflush(m state.JournalState, now time.Time) (a state.Action, due bool) {
	flushed := m.Flushed()
	if len(flushed) == 0 || !endsFlush(m.Intent) {
		return a, false
	}
	if in := m.Intent; in != nil && in.Kind == state.Restore && m.Failures > 0 && now.Sub(m.FailedAt) < retryAfter {
		return a, false
	}
	return state.RestoreOf(flushed, verdict.Reason{}), true
}

// endsFlush reports whether a flush may be ended over an action of which nobody knows whether it was done: one of its
// own kind, or a retreat, whose lines the journal knows to be unsettled all the same.
func endsFlush(intent *state.Action) bool {
	return intent == nil || intent.Kind == state.Flush || intent.Kind == state.Restore || intent.Kind == state.Retreat
}

// unseenAbort says why a step should go back, as far as signals tell: those of the server from which its traffic has
// moved, or may have, and of each on which it has granted something, or may have.
func (s State) unseenAbort(step state.Step) verdict.Reason {
	if step.Traffic != nil && s.Journal.RollTo > 0 { // the step is the undo itself
		return verdict.Reason{}
	}
	if s.aborted() {
		return s.Aborted
	}
	if in := s.Journal.Intent; s.shifted(step) || in != nil && in.Traffic != nil {
		shift, _, _ := s.shift(step.Traffic.Shift)
		if why := s.Guard.Aborts(s.server(shift.From)); why.Any() {
			return why
		}
	}
	for _, x := range step.Changes {
		if w, ok := s.Journal.Line(x); ok && x.Grows() && (w.To == x.To || w.Or == x.To) {
			if why := s.Guard.Aborts(s.server(x.Pool())); why.Any() {
				return why
			}
		}
	}
	return verdict.Reason{}
}

// undoStep is the step that returns to where one began: every line that is not there, as it is seen, or that the
// journal does not know to be there. A file may say what its process does not have yet.
func (s State) undoStep(step state.Step) state.Step {
	back := state.Step{Kind: state.Backward}
	for _, x := range step.Changes {
		at, seen := 0, false
		if !s.unseen {
			at, seen = s.at(x)
		}
		switch {
		case seen && at != x.From:
			back.Changes = append(back.Changes, fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: at,
				To: x.From})
		case (seen || s.unseen) && s.Journal.LineUnsettled(x, x.From):
			back.Changes = append(back.Changes, x.Back())
		}
	}
	if s.shifted(step) {
		back.Traffic = &shift.TrafficChange{Shift: step.Traffic.Shift, From: step.Traffic.To, To: step.Traffic.From}
	}
	return back
}

// Back is the first step of a rollback as things stand: what of the step in hand is not where it was, else the next
// one.
func (s State) Back() state.Step {
	switch step := s.Journal.Step; {
	case step == nil:
		next, _, _ := s.NextStep()
		return next
	case s.Journal.Unwind:
		return s.undoStep(*step)
	default:
		next := *step
		next.Changes = s.there(step.Changes)
		return next
	}
}

// Barred says why what of the step in hand goes back first does not fit as a whole once its releases have drained;
// no reason: it does. none: no part of it does, and nothing of it needs no room.
func (s State) Barred() (why verdict.Reason, none bool) {
	var releases, grants []fleet.SettingChange
	first := s.Back()
	for _, x := range first.Changes {
		if x.To < x.From {
			releases = append(releases, x)
		} else {
			grants = append(grants, x)
		}
	}
	fleet := s.Fleet.With(releases).Drained()
	if why = Broken(fleet, grants); !why.Any() {
		return why, false
	}
	part := slices.Clone(grants)
	for i := range part {
		part[i].To = part[i].From + 1
	}
	return why, len(releases) == 0 && first.Traffic == nil && Broken(fleet, part).Any()
}
