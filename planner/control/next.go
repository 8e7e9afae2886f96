package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// State is all that the next action is decided from, in parts.
type State struct {
	Journal state.JournalState
	Policy  state.Policy
	Samples
	RunGoal
	TrafficNow
	Bars
	HandNow

	foreseen bool // no sample shows it: it is what Forecast thinks will be
	unseen   bool // no sample shows it, and nothing is known but what the journal has
}

// Samples are what was seen of a fleet, and of the signals.
type Samples struct {
	Now    time.Time
	Fleet  budget.Fleet // of the newest sample, with the loads that its traffic switches make
	Before budget.Fleet // of the sample before it
	Sample fleet.Observation
	Recent RecentSamples
	Guard  SaturationGuard
}

// RunGoal is where a run goes.
type RunGoal struct {
	Goal   sizing.Goal
	Target sizing.Goal // where the run goes in the end; only a rollback's says more than its plan
	Steps  int         // as many forward steps at most; 0: no limit
	Watch  bool        // no step begins: what is provisional is watched, and the run ends once nothing is
}

// TrafficNow is where traffic is, and what is seen of what has moved.
type TrafficNow struct {
	Shifts     []shift.Shift     // in the order in which they are made; At: what the switch says
	Readings   []state.Reading   // of each of them
	AsMeasured budget.Fleet      // Fleet with the loads as they were measured, when each switch said LoadsAt
	Soak       *learn.SoakResult // of a step that has moved traffic: what is seen of it since
}

// Bars are the reasons that come from beside the fleet; each may be none.
type Bars struct {
	Closed  verdict.Reason // why no step may begin now, the time of day
	Over    verdict.Reason // why the run ends before its next step
	Unsure  verdict.Reason // why the loads that it goes by may be wrong: it ends once the step in hand is done
	Unasked verdict.Reason // why no step may begin: nobody was asked, as none was due then
	Paused  verdict.Reason // why nothing may move now: a person asked for it
	Aborted verdict.Reason // why the step in hand goes back at once, and the run ends: a person asked for it
}

// HandNow is what a person is waited for, who carries actions out.
type HandNow struct {
	ByHand bool           // a person carries actions out: one that is intended may take hours
	Within time.Duration  // how long each is waited for
	Since  time.Time      // since when this run waits for the action that is intended; zero: it does not
	Lacks  verdict.Reason // what of it is not made yet
}

// late says that a person was waited for as long as one is.
func (s State) late() verdict.Reason {
	if !s.ByHand || s.Since.IsZero() || s.Now.Sub(s.Since) < s.Within {
		return verdict.Reason{}
	}
	return verdict.Of(verdict.NotMade, "", s.Within, s.Lacks)
}

// leastSamples is how many samples come before anything is decided: a hold needs two of three. chosen: those three, so
// that no decision comes before a hold can.
const leastSamples = 3

// Next decides the one thing to do now. It is pure: sizes and connections come from the samples, what they cannot show
// from the journal, and the same State always gives the same action.
//
// A step goes release, seen to be drained on two samples, grant, soak. Whatever is uncertain holds; a release that
// makes its pool wait is undone; a signal above its abort level takes the step back.
func Next(s State) state.Action {
	if len(s.Recent.samples) < leastSamples {
		return state.WaitFor(s.Policy.Every)
	}
	if why := s.Drift(); why.Any() {
		return state.StopWith(state.Drifted, why)
	}
	if m := s.Journal; m.Step != nil && !state.Back(m.Step) && !m.Unwind && !s.Paused.Any() && m.Intent != nil &&
		m.Intent.Traffic == nil && s.shifted(*m.Step) {
		if o := s.abort(*m.Step); o.any() && !o.pause { // an action that does not succeed keeps no traffic
			return s.takeBack(*m.Step, o.why)
		}
	}
	switch m := s.Journal; {
	case m.Failures > 0 && (m.Failure == state.Drifted || m.Failure == state.LockLost):
		return state.StopWith(m.Failure, m.FailedBy)
	case m.Failures > 0:
		least := s.Policy.HoldFor
		switch {
		case !state.Back(m.Step) || m.Intent == nil:
		case m.Step.Traffic != nil && m.Intent.Traffic != nil:
			least = max(least, GoBackFor)
		case m.Intent.Kind == state.Retreat:
			least = max(least, state.RetreatFor)
		}
		if s.Now.Sub(m.FailedSince) >= least {
			return state.StopWith(m.Failure, m.FailedBy)
		}
		if s.Now.Sub(m.FailedAt) < retryAfter {
			return state.HoldBecause(m.FailedBy, s.Policy.Every)
		}
	}
	if endsFlush(s.Journal.Intent) {
		if a, any := s.restore(); any { // over a pause, too: connections that end of age are no state to be left in
			return a
		}
	}
	goesBack := s.Journal.Unwind || state.Back(s.Journal.Step)
	switch unread := s.unreadSwitch(); {
	case s.aborted() && s.Journal.Step != nil && !goesBack:
		return s.abortNow(*s.Journal.Step)
	case s.Paused.Any() && !s.aborted():
		return s.Hold(s.Paused)
	case s.Journal.Reopened.Any() && s.Journal.Step != nil && !goesBack:
		return s.takeBack(*s.Journal.Step, s.Journal.Reopened)
	case unread.Any() && !goesBack: // a switch that does not answer may still be set back
		if step := s.Journal.Step; step != nil && s.Journal.Intent == nil && s.shifted(*step) {
			if o := s.abort(*step); o.any() && !o.pause {
				return s.takeBack(*step, o.why)
			}
		}
		return s.holdFor(unread, s.Policy.Stale)
	case s.Journal.Intent != nil:
		if step := s.Journal.Step; s.ByHand && step != nil && !goesBack { // it may take hours
			if o := s.abort(*step); o.any() && !o.pause {
				return s.takeBack(*step, o.why)
			}
		}
		if late := s.late(); late.Any() {
			return state.StopWith(state.Held, late)
		}
		return s.settle(*s.Journal.Intent)
	}
	switch step := s.Journal.Step; {
	case step == nil:
		return s.begin()
	case s.Journal.Unwind:
		return s.takeBack(*step, verdict.Reason{})
	default:
		return s.proceed(*step)
	}
}

// aborted reports whether a person has aborted what the run does. A rollback is no step that could go back.
func (s State) aborted() bool { return s.Aborted.Any() && s.Journal.RollTo == 0 }

// abortNow takes a step back that a person has aborted: its traffic first, where nobody knows whether that was moved.
func (s State) abortNow(step state.Step) state.Action {
	if in := s.Journal.Intent; in != nil && in.Traffic != nil {
		return state.ShiftOf(step.Traffic.Back(), s.Aborted)
	}
	return s.takeBack(step, s.Aborted)
}

// settle repeats an action of which nobody knows whether it was done, before anything else: done twice is done once,
// and its files may say what its processes do not have yet. A grant that no longer fits, or that a signal holds by now,
// is taken out of the files again. Of a step that a person takes back nothing is repeated.
func (s State) settle(action state.Action) state.Action {
	if action.Kind == state.Flush || action.Kind == state.Restore {
		return state.RestoreOf(s.Flushed(), verdict.Reason{})
	}
	if action.Traffic != nil {
		step := s.Journal.Step // what is repeated may be its undo already
		if forward := step != nil && step.Traffic != nil && !state.Back(step); forward &&
			(s.Journal.Unwind || s.trafficForbidden(step.Traffic).any()) {
			return state.ShiftOf(step.Traffic.Back(), verdict.Of(verdict.NotNow, ""))
		}
		return action
	}
	if s.Journal.Unwind { // what is to go back is not done first: it may never succeed
		return s.takeBack(*s.Journal.Step, verdict.Reason{})
	}
	action = action.Only(s.there(action.Changes))
	left := slices.DeleteFunc(slices.Clone(action.Changes), func(x fleet.SettingChange) bool {
		at,
			_ := s.at(x)
		return at == x.To || x.To < x.From
	})
	goesBack := state.Back(s.Journal.Step) || action.Kind == state.Undo // no signal keeps a pool from what it had
	if !s.broken(action.Changes).Any() && (goesBack || !s.forbidden(left).any()) {
		return action
	}
	var back []fleet.SettingChange
	for _, x := range action.Changes {
		back = append(back, x.Back())
	}
	return state.ReleaseOf(back, verdict.Of(verdict.NoLongerFits, ""))
}

// GoBackFor is how long a switch that is to go back is tried to be set, whatever a run may be held for. chosen: a
// flag service that restarts is back by then, and traffic on sizes that do not serve it is worse than a command that
// takes long.
const GoBackFor = 5 * time.Minute

// retryAfter is how long an action that failed is left alone. chosen: long enough for a disk or a console to come back,
// short against a soak.
const retryAfter = 10 * time.Second

// Hold waits with a reason, or ends the run where it has been held for as long as it may be.
func (s State) Hold(reason verdict.Reason) state.Action { return s.holdFor(reason, 0) }

// holdFor is Hold for at least so long.
func (s State) holdFor(reason verdict.Reason, least time.Duration) state.Action {
	longest := max(s.Policy.HoldFor, least)
	if longest <= 0 || !s.Journal.HeldAt.IsZero() && s.Now.Sub(s.Journal.HeldAt) >= longest {
		return state.StopWith(state.Held, reason)
	}
	return state.HoldBecause(reason, s.Policy.Every)
}

// obstacle is why something may not be done now; the zero value: it may.
type obstacle struct {
	why   verdict.Reason
	pause bool // the server paused for a moment: the next sample tells more, and nothing is wrong so far
}

func (o obstacle) any() bool { return o.why.Any() }

// or is the obstacle, or else another.
func (o obstacle) or(other obstacle) obstacle {
	if o.any() {
		return o
	}
	return other
}

// against is Hold because of an obstacle. A pause is waited for by a step that is not to be held, too: it is over soon,
// or is none.
func (s State) against(o obstacle) state.Action {
	if o.pause {
		return state.HoldBecause(o.why, s.Policy.Every)
	}
	return s.Hold(o.why)
}

// forbidden says why changes may not begin: a grant by its server's signals, a release by its pool's waiting.
func (s State) forbidden(changes []fleet.SettingChange) obstacle {
	for _, x := range changes {
		if x.To < x.From {
			o := s.suffers(x.Pool(), time.Time{})
			if !o.any() && s.Policy.MaxUse > 0 && x.Key == fleet.KeySize {
				o.why = s.Recent.used(x, s.Policy.MaxUse)
			}
			if o.any() {
				return o
			}
		} else if why := s.held(s.server(x.Pool())); why.Any() {
			return obstacle{why: why}
		}
	}
	return obstacle{}
}

// held says why nothing may be granted on a server; none: it may. A rollback returns to what was there before, because
// a person wants it: what nobody knows does not hold it, what was read does.
func (s State) held(server string) verdict.Reason {
	if s.Journal.RollTo > 0 {
		return s.Guard.Above(server)
	}
	return s.Guard.Held(server)
}

// server returns the server of a pool; empty where the pool is not there.
func (s State) server(pool string) string {
	p, _ := s.Fleet.Pool(pool)
	return p.Server
}

// suffers says why a pool waits too much: above its own promise and three times what the plan expects.
func (s State) suffers(pool string, since time.Time) obstacle {
	p, ok := s.Fleet.Pool(pool)
	if !ok || p.Rules.Throttle { // it is meant to
		return obstacle{}
	}
	bar := p.Rules.MaxWaitMean
	if goal, ok := s.Goal.Pool(pool); ok && goal.MeanWait.Known() && float64(goal.MeanWait) < time.Hour.Seconds() {
		bar = max(bar, time.Duration(3*float64(goal.MeanWait)*float64(time.Second)))
	}
	why, pause := s.Recent.suffers(pool, since, bar, s.Policy.MaxWait)
	return obstacle{why, pause}
}

// aborts says that a server's signals want what was done there taken back. While it has just paused they may say what
// the pause has done.
func (s State) aborts(server string) obstacle {
	why := s.Guard.Aborts(server)
	if !why.Any() {
		return obstacle{}
	}
	if pause := s.Recent.Paused(server, s.Policy.MaxWait); pause.Any() {
		return obstacle{pause, true}
	}
	return obstacle{why: why}
}
