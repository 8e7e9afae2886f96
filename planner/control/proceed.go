package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// proceed does what is next in a step.
func (s State) proceed(step state.Step) state.Action {
	var releases, grants, released []fleet.SettingChange
	back := step.Kind == state.Backward
	step.Changes = s.there(step.Changes)
	made := s.madeEarly(step)
	for _, x := range step.Changes {
		at, _ := s.at(x)
		again := back && s.Journal.LineUnsettled(x, x.To) || // its file may say something else
			slices.ContainsFunc(made, x.Same) // and the journal is to have it
		switch {
		case (at != x.To || again) && x.To < x.From:
			releases = append(releases, x)
		case at != x.To || again:
			grants = append(grants, x)
		case x.To < x.From:
			released = append(released, x)
		}
	}
	if back && step.Traffic != nil { // traffic goes back first: that takes seconds, and no RELOAD
		if a, due := s.trafficDue(*step.Traffic); due {
			return a
		}
	}
	if !back {
		switch o := s.abort(step); {
		case o.pause:
			return s.against(o)
		case o.any():
			return s.takeBack(step, o.why)
		}
		if a, wrong := s.undo(step, released); wrong {
			return a
		}
	}
	if len(releases) > 0 {
		if o := s.forbidden(releases); o.any() && !back {
			return s.against(o)
		}
		if back { // one that does not answer keeps no other from it
			return state.RetreatOf(releases, verdict.Reason{})
		}
		return state.ReleaseOf(releases, verdict.Reason{})
	}
	if len(released) > 0 && !s.apart() {
		return state.WaitBecause(verdict.Of(verdict.TwoSamples, ""), s.Policy.Every)
	}
	if id, why := s.pinned(released); id != "" {
		late := s.Now.Sub(s.Journal.ReleasedAt) >= s.Policy.DrainFor
		switch {
		case !late:
			if a, ok := s.flush(released); ok {
				return a
			}
			return state.WaitBecause(why, s.Policy.Every)
		case !back:
			late := verdict.Of(verdict.NotDrained, id, why, s.Policy.DrainFor)
			if by := s.pinnedBy(id); by.Any() {
				late = late.And(by)
			}
			return s.undoPool(id, step, released, late)
		}
	}
	if len(grants) > 0 {
		if o := s.forbidden(grants); o.any() && !back {
			return s.against(o)
		}
		if why := s.broken(grants); why.Any() && back {
			return s.backInPart(step, grants, why)
		} else if why.Any() {
			return state.TrimOf(s.achieved(step), why)
		}
		return state.GrantOf(grants, verdict.Reason{})
	}
	if step.Traffic != nil {
		if a, due := s.trafficDue(*step.Traffic); due {
			// a person is not asked, either
			if o := s.trafficForbidden(step.Traffic); o.any() && (a.Kind == state.ShiftTraffic || a.Held) && !back {
				return s.against(o)
			}
			return a
		}
	}
	return s.soak(step)
}

// soak watches a step whose lines are all written.
func (s State) soak(step state.Step) state.Action {
	if step.Kind == state.Backward {
		return state.CompleteOf(nil, verdict.Of(verdict.StepBack, ""))
	}
	longest := longestGap(s.Policy)
	watched := s.Now.Sub(s.Journal.SettledAt) - s.Recent.unwatched(s.Journal.SettledAt, longest)
	if left := s.Policy.Soak - watched; left > 0 && !step.Empty() {
		if late := s.Recent.late(longest); late > 0 { // else it would never end, and nobody would know why
			return s.Hold(s.whatIsSlow(verdict.Of(verdict.SamplesApart, "", late.Round(time.Second), longest)))
		}
		return state.WaitFor(min(left, s.Policy.SoakEvery))
	}
	if why := s.stopped(step); why.Any() && s.Journal.RollTo == 0 {
		return s.Hold(verdict.Of(verdict.UnseenThere, "", why))
	}
	if step.Traffic != nil && s.Journal.RollTo > 0 { // what it goes back from may be what the signals are about
		return state.CompleteOf(s.Soak, verdict.Reason{})
	}
	for _, x := range step.Changes {
		if why := s.held(s.server(x.Pool())); why.Any() && x.To > x.From {
			return s.Hold(why)
		}
	}
	if step.Traffic == nil {
		return state.CompleteOf(nil, unsoaked(s.Policy))
	}
	shift, _, _ := s.shift(step.Traffic.Shift)
	switch why := s.Guard.Held(s.server(shift.From)); {
	case why.Any():
		return s.Hold(why)
	case s.Soak == nil:
		return state.WaitBecause(verdict.Of(verdict.Measuring, ""), s.Policy.Every)
	case s.Soak.Verdict == learn.NotMoved || s.Journal.Unmoved != nil && s.Soak.Verdict != learn.Moved && !s.Soak.Risen:
		unmoved := s.Soak
		if s.Soak.Verdict != learn.NotMoved { // it was seen before the program was begun again
			unmoved = s.Journal.Unmoved
		}
		action := s.Hold(verdict.Of(verdict.NothingMoved, step.Traffic.Shift, shift.At, unmoved.Why))
		if !unmoved.All { // what all soaks say is found again
			action = action.Saw(unmoved)
		}
		return action
	}
	return state.CompleteOf(s.Soak, verdict.Reason{})
}

// unsoaked says that a step ends without a soak; none: it has had one.
func unsoaked(p state.Policy) verdict.Reason {
	if p.Soak > 0 {
		return verdict.Reason{}
	}
	return verdict.Of(verdict.Unsoaked, "")
}

// stopped says which line of a step is not served, because somebody with a console wants it so; none: all are.
func (s State) stopped(step state.Step) verdict.Reason {
	for _, x := range step.Changes {
		if a, ok := fleet.FindAlias(s.Sample, x.Process, x.Alias); ok {
			if why := Stopped(x.Process, a); why.Any() {
				return why
			}
		}
	}
	return verdict.Reason{}
}

// backInPart gives back as much of what an undo grants as fits now, every line as far as the others. Where nothing
// does, it is waited for, and then the rest is given up: kept in hand it would bar every other release, which alone can
// make room. A rollback still knows it.
func (s State) backInPart(step state.Step, grants []fleet.SettingChange, why verdict.Reason) state.Action {
	most := 0
	for _, x := range grants {
		at, _ := s.at(x)
		most = max(most, x.To-at)
	}
	for by := most - 1; by > 0; by-- {
		var part []fleet.SettingChange
		for _, x := range grants {
			if at, _ := s.at(x); at < x.To {
				x.From, x.To = at, min(x.To, at+by)
				part = append(part, x)
			}
		}
		if !s.broken(part).Any() {
			return state.GrantOf(part, verdict.Of(verdict.BackInPart, ""))
		}
	}
	if why.Is(verdict.MayBeMade) { // no run sees the end of it, and then it fits
		return state.StopWith(state.Held, why)
	}
	reason := verdict.Of(verdict.BackNoRoom, "", why)
	if a := s.holdFor(reason, s.Policy.DrainFor); a.Kind != state.Stop {
		return a
	}
	return state.TrimOf(s.achieved(step), reason)
}

// longestGap is how far two samples may lie apart for the time between them to count as watched. chosen: three
// intervals, and 10 s for one slow sample.
func longestGap(p state.Policy) time.Duration { return 3*max(p.Every, p.SoakEvery) + 10*time.Second }

// whatIsSlow adds to why samples lie too far apart what may take so long.
func (s State) whatIsSlow(why verdict.Reason) verdict.Reason {
	for _, r := range s.Readings {
		if r.Err != nil {
			return why.And(r.Err)
		}
	}
	return why
}

// achieved is what of a step stands in the fleet.
func (s State) achieved(step state.Step) state.Step {
	step.Changes = slices.DeleteFunc(slices.Clone(step.Changes), func(x fleet.SettingChange) bool {
		at, ok := s.at(x)
		return !ok || at != x.To
	})
	if !s.shifted(step) {
		step.Traffic = nil
	}
	return step
}

// abort says why the step should go back.
func (s State) abort(step state.Step) obstacle {
	if step.Traffic != nil && s.Journal.RollTo > 0 { // the step is the undo itself
		return obstacle{}
	}
	for _, x := range step.Changes {
		if x.To > x.From {
			if o := s.aborts(s.server(x.Pool())); o.any() {
				return o
			}
		}
	}
	if !s.shifted(step) {
		return obstacle{}
	}
	shift, _, _ := s.shift(step.Traffic.Shift)
	gets := shift.To // the other has less to carry than before: setting the switch back would not help
	if step.Traffic.To < step.Traffic.From {
		gets = shift.From
	}
	return s.aborts(s.server(shift.From)).or(s.suffers(gets, s.Journal.SettledAt.Add(fills)))
}

// fills is how long a pool that gets traffic may take to open its connections, before its queue says anything of its
// size: it logs in one at a time (launch_new_connection). chosen: a hundred logins of 50 ms.
const fills = 5 * time.Second

// takeBack begins the undo of a step: its traffic first, then its sizes.
func (s State) takeBack(step state.Step, why verdict.Reason) state.Action {
	var soak *learn.SoakResult
	if t := step.Traffic; t != nil {
		if shift, _, _ := s.shift(t.Shift); s.shifted(step) {
			if why.Any() {
				soak = &learn.SoakResult{Shift: t.Shift, At: s.Now, X: t.To, Excluded: learn.Excluded(verdict.Of(verdict.TakenBack,
					"", why)),
					Back: !s.Guard.Aborts(s.server(shift.From)).Any()}
			}
		}
	}
	return state.AbortOf(s.undoStep(step), soak, why)
}

// undo takes back the releases of the first pool that they make wait. Where its connections have been granted away
// already, the whole step goes back.
func (s State) undo(step state.Step, released []fleet.SettingChange) (a state.Action, wrong bool) {
	for _, x := range released {
		if o := s.suffers(x.Pool(), s.Journal.ReleasedAt); o.any() {
			if o.pause || s.gives(step, x.Pool()) && s.broken(state.BackOf(released, x.Pool())).Any() {
				return s.against(o), true
			}
			return s.undoPool(x.Pool(), step, released, o.why), true
		}
	}
	return a, false
}

// gives reports whether the step's traffic has left the pool: taking it back would bring that again.
func (s State) gives(step state.Step, pool string) bool {
	if !s.shifted(step) {
		return false
	}
	shift, _, _ := s.shift(step.Traffic.Shift)
	if step.Traffic.To < step.Traffic.From {
		return pool == shift.To
	}
	return pool == shift.From
}

func (s State) undoPool(pool string, step state.Step, released []fleet.SettingChange,
	why verdict.Reason) state.Action {
	changes := state.BackOf(released, pool)
	if s.broken(changes).Any() {
		return s.takeBack(step, why)
	}
	return state.UndoOf(pool, changes, why)
}

// apart reports whether the two samples may count as having seen a drain: both after the release, and LeastApart from
// each other.
func (s State) apart() bool {
	return s.Fleet.At.Sub(s.Before.At) >= state.LeastApart && !s.Before.At.Before(s.Journal.ReleasedAt)
}

// pinned returns a pool whose release has not been seen to be drained on both samples, and what the newer sample shows
// of it, or else the one before.
func (s State) pinned(released []fleet.SettingChange) (pool string, why verdict.Reason) {
	for _, x := range released {
		now, _ := s.Fleet.Pool(x.Pool())
		before, _ := s.Before.Pool(x.Pool())
		switch {
		case now.OverConns > 0:
			return x.Pool(), verdict.Of(verdict.StillOpen, x.Pool(), verdict.Conns(now.OverConns))
		case before.OverConns > 0:
			return x.Pool(), verdict.Of(verdict.WasOpen, x.Pool(), verdict.Conns(before.OverConns))
		}
	}
	return "", verdict.Reason{}
}

// pinnedBy names who pins a pool's connections, as far as a sample shows it.
func (s State) pinnedBy(pool string) verdict.Reason {
	for _, p := range s.Sample.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name == pool && a.PoolMode == "session" {
				return verdict.Of(verdict.PoolsSessions, "")
			}
		}
	}
	for _, srv := range s.Sample.Servers {
		for _, h := range srv.IdleInTransaction {
			if h.Pool == pool {
				return verdict.Of(verdict.IdleInTransaction, "", h.PID, h.User, verdict.Named(h.Application),
					h.Age.Round(time.Second))
			}
		}
	}
	return verdict.Reason{}
}
