package planner

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Situation is all that the next act is decided from.
type Situation struct {
	Now    time.Time
	Fleet  Fleet // of the newest look
	Before Fleet // of the look before it
	Look   Observation
	Trail  Trail
	Gate   Gate
	Memory Memory
	Goal   Goal
	Policy Policy
	Steps  int    // as many forward steps at most; 0: no limit
	Closed string // why no step may begin now, the time of day; empty: one may
	Over   string // why the run ends before its next step; empty: it does not
	Paused string // why nothing may move now: a person asked for it; empty: it may
}

// leastLooks is how many looks come before anything is decided: a hold needs two of three. chosen: those three.
const leastLooks = 3

// Next decides the one thing to do now. It is pure: sizes and connections come from the looks, what they cannot show
// from memory, and the same situation always gives the same act.
//
// A step goes release, seen to be drained on two looks, grant, soak. Whatever is uncertain holds; a release that makes
// its pool wait is undone; a signal above its abort level takes the step back.
func Next(s Situation) Act {
	if len(s.Trail.looks) < leastLooks {
		return Act{Verb: Wait, For: s.Policy.Every}
	}
	if why := s.drift(); why != "" {
		return Act{Verb: Stop, Outcome: Drifted, Reason: why}
	}
	switch m := s.Memory; {
	case m.Failures > 0 && (m.Failure == Drifted || m.Failure == LockLost):
		return Act{Verb: Stop, Outcome: m.Failure, Reason: m.FailedBy}
	case m.Failures > 0:
		if s.Now.Sub(m.FailedSince) >= s.Policy.HoldFor {
			return Act{Verb: Stop, Outcome: m.Failure, Reason: m.FailedBy}
		}
		if s.Now.Sub(m.FailedAt) < retryAfter {
			return Act{Verb: Wait, Held: true, Reason: m.FailedBy, For: s.Policy.Every}
		}
	}
	switch step := s.Memory.Step; {
	case s.Paused != "":
		return s.hold(s.Paused)
	case s.Memory.Intent != nil:
		return s.settle(*s.Memory.Intent)
	case step == nil:
		return s.begin()
	case s.Memory.Unwind:
		return s.takeBack(*step, "")
	}
	return s.proceed(*s.Memory.Step)
}

// settle repeats an act of which nobody knows whether it was done, before anything else: done twice is done once, and its
// files may say what its processes do not have yet. A grant that no longer fits is taken out of the files again.
func (s Situation) settle(act Act) Act {
	if Promise(s.Fleet, act.Sets) == nil {
		return act
	}
	back := Act{Verb: Release, Reason: "it no longer fits"}
	for _, x := range act.Sets {
		back.Sets = append(back.Sets, x.Back())
	}
	return back
}

// retryAfter is how long an act that failed is left alone. chosen: long enough for a disk or a console to come back,
// short against a soak.
const retryAfter = 10 * time.Second

// hold waits with a reason, or ends the run where it has been held for as long as it may be.
func (s Situation) hold(reason string) Act {
	if s.Policy.HoldFor <= 0 || !s.Memory.HeldAt.IsZero() && s.Now.Sub(s.Memory.HeldAt) >= s.Policy.HoldFor {
		return Act{Verb: Stop, Outcome: Held, Reason: reason}
	}
	return Act{Verb: Wait, Held: true, Reason: reason, For: s.Policy.Every}
}

// begin opens the next step, or ends the run.
func (s Situation) begin() Act {
	m := s.Memory
	switch {
	case m.Aborted != "" && m.RollTo == 0:
		return Act{Verb: Stop, Outcome: Aborted, Reason: m.Aborted}
	case s.Steps > 0 && m.Steps >= s.Steps && len(m.Refused) > 0:
		return Act{Verb: Stop, Outcome: Held, Reason: m.Refused[0].Reason}
	case s.Steps > 0 && m.Steps >= s.Steps:
		return Act{Verb: Stop, Outcome: Done, Reason: fmt.Sprintf("%d of %d steps", m.Steps, s.Steps)}
	}
	if m.CutBy != "" && len(m.Refused) > 0 {
		return Act{Verb: Stop, Outcome: Held, Reason: m.Refused[0].Reason}
	} else if m.CutBy != "" {
		return Act{Verb: Stop, Outcome: Held, Reason: m.CutBy}
	}
	if s.Over != "" {
		return Act{Verb: Stop, Outcome: Done, Reason: s.Over}
	}
	for _, g := range s.Goal.Pools {
		if s.server(g.Pool) == "" {
			return Act{Verb: Stop, Outcome: Drifted, Reason: fmt.Sprintf("%s, which is to be moved, is no longer there", g.Pool)}
		}
	}
	step, blocked := s.aligned(Equal(s.Fleet, s.Goal, s.Policy, m.Refused)), ""
	if len(step.Sets) == 0 {
		if id := s.unequal(); id != "" {
			why := fmt.Sprintf("the processes of %s have different sizes, and there is no room to make them the same", id)
			if len(m.Refused) > 0 {
				return Act{Verb: Stop, Outcome: Held, Reason: m.Refused[0].Reason}
			}
			return s.hold(why)
		}
		step, blocked = Waypoint(s.Fleet, s.Goal, s.Policy, m.Refused)
		step = s.aligned(step)
	}
	if why := s.forbidden(step.Sets); why != "" { // of several servers, those that nothing holds go on
		if rest := s.allowed(step); len(rest.Sets) > 0 {
			step = rest
		}
	}
	switch {
	case len(step.Sets) > 0:
	case blocked == "":
		return Act{Verb: Stop, Outcome: Done, Reason: "the sizes are those of the plan"}
	case len(m.Refused) > 0:
		return Act{Verb: Stop, Outcome: Held, Reason: blocked}
	default:
		return s.hold(blocked)
	}
	if s.Closed != "" {
		return Act{Verb: Wait, Reason: s.Closed, For: s.Policy.SoakEvery}
	}
	if why := s.forbidden(step.Sets); why != "" {
		return s.hold(why)
	}
	return Act{Verb: Open, Step: &step}
}

// aligned takes what each line says as where the step finds it: the fleet counts the largest of a pool's processes.
func (s Situation) aligned(step Step) Step {
	var sets []Set
	for _, x := range step.Sets {
		if at, ok := s.at(x); ok && at != x.To {
			x.From = at
			sets = append(sets, x)
		}
	}
	step.Sets = sets
	return step
}

// allowed leaves out the sets of every server on which one of them may not begin.
func (s Situation) allowed(step Step) Step {
	held := map[string]bool{}
	for _, x := range step.Sets {
		held[s.server(x.Pool())] = held[s.server(x.Pool())] || s.forbidden([]Set{x}) != ""
	}
	step.Sets = slices.DeleteFunc(slices.Clone(step.Sets), func(x Set) bool { return held[s.server(x.Pool())] })
	return step
}

func (s Situation) unequal() string {
	for _, p := range s.Fleet.Pools {
		if _, ours := s.Goal.Pool(p.ID); !ours {
			continue
		}
		if _, same := p.fromSize(); !same {
			return p.ID
		}
	}
	return ""
}

// forbidden says why sets may not begin: a grant by its server's signals, a release by its pool's waiting.
func (s Situation) forbidden(sets []Set) string {
	for _, x := range sets {
		if x.To < x.From {
			if why := s.suffers(x.Pool(), time.Time{}); why != "" {
				return why
			}
		} else if why := s.Gate.Held(s.server(x.Pool())); why != "" {
			return why
		}
	}
	return ""
}

func (s Situation) server(pool string) string {
	i := slices.IndexFunc(s.Fleet.Pools, func(p FleetPool) bool { return p.ID == pool })
	if i < 0 {
		return ""
	}
	return s.Fleet.Pools[i].Server
}

// suffers says why a pool waits too much: above its own promise and three times what the plan expects.
func (s Situation) suffers(pool string, since time.Time) string {
	i := slices.IndexFunc(s.Fleet.Pools, func(p FleetPool) bool { return p.ID == pool })
	if i < 0 {
		return ""
	}
	bar := s.Fleet.Pools[i].Rules.MaxWaitMean
	if goal, ok := s.Goal.Pool(pool); ok && goal.MeanWait.Known() && float64(goal.MeanWait) < time.Hour.Seconds() {
		bar = max(bar, time.Duration(3*float64(goal.MeanWait)*float64(time.Second)))
	}
	return s.Trail.suffers(pool, since, bar, s.Policy.MaxWait)
}

// at returns what a line says now.
func (s Situation) at(x Set) (int, bool) {
	a, ok := findAlias(s.Look, x.Process, x.Alias)
	if !ok {
		return 0, false
	}
	if x.Key == KeyReserve {
		return a.ReserveConns, true
	}
	return a.SizeConns, true
}

// drift says what the journal does not explain.
func (s Situation) drift() string {
	if step := s.Memory.Step; step != nil {
		for _, x := range step.Sets {
			at, ok := s.at(x)
			switch {
			case !ok:
				return fmt.Sprintf("%s no longer has %s, whose %s is being changed", x.Process, x.Alias, x.Key)
			case at != x.From && at != x.To:
				return fmt.Sprintf("%s of %s in %s is %d: the step in hand takes it from %d to %d, so somebody else wrote it", x.Key, x.Alias, x.Process, at, x.From, x.To)
			}
		}
	}
	for _, w := range s.Memory.Written {
		at, ok := s.at(w.Set)
		if explained, _ := s.Memory.explains(w.Set, at); ok && !explained {
			return fmt.Sprintf("%s of %s in %s is %d, and was written as %d at %s: somebody else changed it", w.Key, w.Alias, w.Process, at, w.To, w.Intent.Format(time.RFC3339))
		}
	}
	return ""
}

// proceed does what is next in a step.
func (s Situation) proceed(step Step) Act {
	var releases, grants, released []Set
	for _, x := range step.Sets {
		at, _ := s.at(x)
		switch {
		case at != x.To && x.To < x.From:
			releases = append(releases, x)
		case at != x.To:
			grants = append(grants, x)
		case x.To < x.From:
			released = append(released, x)
		}
	}
	back := step.Kind == Backward
	if !back {
		if why := s.abort(step); why != "" {
			return s.takeBack(step, why)
		}
		if a, wrong := s.undo(step, released); wrong {
			return a
		}
	}
	if len(releases) > 0 {
		if why := s.forbidden(releases); why != "" && !back {
			return s.hold(why)
		}
		return Act{Verb: Release, Sets: releases}
	}
	if len(released) > 0 && !s.apart() {
		return Act{Verb: Wait, Reason: "a drain is seen by two looks", For: s.Policy.Every}
	}
	if id, open := s.pinned(released); id != "" {
		late := s.Now.Sub(s.Memory.ReleasedAt) >= s.Policy.DrainFor
		why := fmt.Sprintf("%s has %d connections more open than it may have", id, open)
		switch {
		case !late:
			return Act{Verb: Wait, Reason: why, For: s.Policy.Every}
		case !back:
			return s.undoPool(id, step, released, fmt.Sprintf("%s, %v after the release%s", why, s.Policy.DrainFor, s.holders(id)))
		}
	}
	if len(grants) > 0 {
		if why := s.forbidden(grants); why != "" && !back {
			return s.hold(why)
		}
		if err := Promise(s.Fleet, grants); err != nil && back { // it is kept in hand: a way back is not given up
			return s.hold("the way back does not fit: " + err.Error())
		} else if err != nil {
			return Act{Verb: Cut, Step: s.achieved(step), Reason: err.Error()}
		}
		return Act{Verb: Grant, Sets: grants}
	}
	return s.soak(step)
}

// soak watches a step whose lines are all written.
func (s Situation) soak(step Step) Act {
	if step.Kind == Backward {
		return Act{Verb: Close}
	}
	if left := s.Policy.Soak - s.Now.Sub(s.Memory.SettledAt); left > 0 && len(step.Sets) > 0 {
		return Act{Verb: Wait, For: min(left, s.Policy.SoakEvery)}
	}
	for _, x := range step.Sets {
		if why := s.Gate.Held(s.server(x.Pool())); why != "" && x.To > x.From {
			return s.hold(why)
		}
	}
	return Act{Verb: Close}
}

// achieved is what of a step stands in the fleet.
func (s Situation) achieved(step Step) *Step {
	step.Sets = slices.DeleteFunc(slices.Clone(step.Sets), func(x Set) bool {
		at, ok := s.at(x)
		return !ok || at != x.To
	})
	return &step
}

// abort says why the step should go back.
func (s Situation) abort(step Step) string {
	for _, x := range step.Sets {
		if why := s.Gate.Aborts(s.server(x.Pool())); why != "" && x.To > x.From {
			return why
		}
	}
	return ""
}

func (s Situation) takeBack(step Step, why string) Act {
	back := step.back(s.at)
	return Act{Verb: Abort, Step: &back, Reason: why}
}

// undo takes back the releases of the first pool that they make wait. Where its connections have been granted away
// already, the whole step goes back.
func (s Situation) undo(step Step, released []Set) (Act, bool) {
	for _, x := range released {
		if why := s.suffers(x.Pool(), s.Memory.ReleasedAt); why != "" {
			return s.undoPool(x.Pool(), step, released, why), true
		}
	}
	return Act{}, false
}

func (s Situation) undoPool(pool string, step Step, released []Set, why string) Act {
	var sets []Set
	for _, x := range released {
		if x.Pool() == pool {
			sets = append(sets, x.Back())
		}
	}
	if Promise(s.Fleet, sets) != nil {
		return s.takeBack(step, why)
	}
	return Act{Verb: Undo, Sets: sets, Pool: pool, Reason: why}
}

// apart reports whether the two looks may count as having seen a drain: both after the release, and LeastApart from
// each other.
func (s Situation) apart() bool {
	return s.Fleet.At.Sub(s.Before.At) >= LeastApart && !s.Before.At.Before(s.Memory.ReleasedAt)
}

// pinned returns a pool whose release has not been seen to be drained on both looks, and how many connections it has
// too many.
func (s Situation) pinned(released []Set) (pool string, conns int) {
	for _, x := range released {
		if conns := max(s.Fleet.over(x.Pool()), s.Before.over(x.Pool())); conns > 0 {
			return x.Pool(), conns
		}
	}
	return "", 0
}

// over is how many connections of a pool are open beyond what its lines allow.
func (f Fleet) over(pool string) int {
	for _, p := range f.Pools {
		if p.ID == pool {
			return p.OverConns
		}
	}
	return 0
}

// holders names who pins a pool's connections.
func (s Situation) holders(pool string) string {
	for _, srv := range s.Look.Servers {
		for _, h := range srv.Holders {
			if h.Pool == pool {
				return fmt.Sprintf("; backend %d of %s (%s) has been idle in transaction for %v", h.PID, h.User, cmp.Or(h.Application, "no application_name"), h.Age.Round(time.Second))
			}
		}
	}
	return ""
}
