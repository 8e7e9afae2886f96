package bouncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Rebalancer moves a fleet to a goal in small steps: observe, judge, act, verify, repeat. It is the same in every
// world. Its fields are set by its maker and not changed while it runs.
type Rebalancer struct {
	Clock   Clock
	Fleet   Fleet
	Applier Applier
	Signals SignalSource // nil: no signals
	Journal Journal

	Declared   budget.Declared
	Loads      []load.Load   // as the plan took them: frozen for the run
	Evidence   load.Evidence // of the samples so far: the highest direct connections stand in it
	Policy     state.Policy
	Thresholds []control.Threshold
	// shifts, in the order in which they are made; LoadsAt: what each switch said when Loads were measured
	Traffic []Traffic
	Ready   func() error // asked before traffic goes on; nil: it always may
	Steps   int          // at most so many forward steps; 0: until the goal
	// why no step may begin at that time; nil: one always may
	Closed func(time.Time) verdict.Reason
	// why the run ends before its next step; nil: it does not
	Over    func(time.Time) verdict.Reason
	Unasked verdict.Reason // why no step may begin that is not in hand; none: one may
	// Alone says after every sample why this run is no longer the only one, an error of KindBusy; again: it had lost what
	// keeps others away, and has it again, so that the sample shows what is no more. nil: it always is.
	Alone func(context.Context) (again bool, err error)
	// Possible says why a step could not be taken now: asked before the step begins, so that none is left half-done for
	// what could have been known. nil: it always can.
	Possible func(context.Context, control.State, state.Step) error
	// Kept says why the files of processes no longer say what these have in force: asked of those that the journal has
	// changed, before anything is granted or traffic goes on, and before a step, or the run, is done. Whoever puts an old
	// file back without a RELOAD is seen by no sample. nil: they always do.
	Kept func(ctx context.Context, processes []string) error
	// why nothing can be recorded any more: asked at every sample; nil: the next event tells
	Recordable func() error
	Paused     func() verdict.Reason // why nothing may move now; nil: it always may
	Aborted    func() verdict.Reason // why the step in hand goes back at once, and the run ends; nil: nobody asks
	// Adjusted is the policy as a person wants it by now, and what that changes; none: nothing; SettingsUnread: what
	// nobody can read, which is noted once. nil: nobody asks
	Adjusted func(state.Policy) (state.Policy, verdict.Reason)
	// the goal is a plan's, and is planned anew between two steps where a load has grown beyond it
	Replans bool
	// no step begins: what is provisional is watched, and the run ends once nothing is
	Watch bool
	// the goal is that of a reviewed plan: where a load has grown beyond it, the run ends
	Fixed bool
	// carries actions out: what a step is aborted for is heeded while that is waited for; nil: Applier does
	Hand *Hand
	// Beside runs long, and tick every so often until long has ended. nil: long alone, where nothing takes long.
	Beside func(every time.Duration, long, tick func())
	// the run takes back every step from that event on, the one in hand first; 0: it goes forward
	RollTo int64
	// hears each action with the state from which it was decided; nil: nobody does
	Seen     func(control.State, state.Action)
	By       string          // who runs it, as user@host
	Again    string          // the command that goes on with it; empty: nobody says
	Reviewed *state.Reviewed // the saved plan that the goal is from; nil: it is planned now
	Notes    []string        // what the plan warns of: written into the journal as the run begins
}

// run is a Rebalancer at work.
type run struct {
	Rebalancer
	state   state.JournalState
	goal    sizing.Goal
	before  budget.Fleet
	samples control.RecentSamples
	guard   control.SaturationGuard
	// of the samples since the newest traffic change, since the newest step began, or the newest plan was made
	recent load.Evidence
	older  load.Evidence   // of the samples before those
	read   []state.Reading // of the switches, newest
	asked  <-chan struct{} // ends once the run is asked to stop
	broken error           // of the journal: nothing more is done
	barred error           // why the next step could not begin when that was asked last, and when that was
	asking time.Time
	hint   string       // the next command, of what ends it
	met    error        // the newest that an action, or the files, have met
	metBy  verdict.Code // of reasons that it is
	target sizing.Goal  // as given

	peaks       []state.Peak   // the highest loads since the newest step has been provisional; sorted by pool
	peaksAt     time.Time      // when they were looked for last
	loadsAt     []int          // what each traffic switch said when Loads were measured
	beforeShift []learn.Block  // what arrived before the newest traffic change
	unsure      verdict.Reason // why Loads may be wrong
	blind       time.Time      // since when something does not answer; zero: all answer
	blindBy     error
	unreadable  string         // the newest settings that could not be read, in words
	waiting     bool           // for a person, who is to carry the intended action out
	handed      *state.Action  // what a person was asked for in this run, newest
	since       time.Time      // when
	lacks       verdict.Reason // what of it is not made yet
	fresh       bool           // lacks is of the newest action: it may be made by now otherwise
}

// Run goes from the journal's state towards the goal until it ends by itself or ctx does, which it heeds between
// actions alone. An error is one of the journal, and nothing was done that is not in it; or of KindEvidence or
// KindUsage, where what a sample shows cannot be counted.
func (r Rebalancer) Run(ctx context.Context, goal sizing.Goal, from state.JournalState) (Report, error) {
	w := &run{Rebalancer: r, state: from, goal: goal, target: goal, asked: ctx.Done()}
	report, err := w.run(ctx)
	if report.Flushed = w.state.Flushed(); err != nil && len(report.Flushed) > 0 &&
		w.giveBack(ctx, report.Flushed) == nil {
		report.Flushed = nil
	}
	return report, err
}

// giveBack gives flushed lines their lifetime back where the journal cannot be written any more: it can only help, and
// the next run, for which they are flushed still, finds it done.
func (w *run) giveBack(ctx context.Context, flushed []fleet.SettingChange) error {
	return w.Applier.Apply(context.WithoutCancel(ctx), state.RestoreOf(flushed, verdict.Reason{}))
}

// run is Run but for what an error leaves behind.
func (w *run) run(ctx context.Context) (Report, error) {
	r, from := w.Rebalancer, w.state
	if why := from.Stranger(r.Evidence.Last); why.Any() {
		return Report{Outcome: state.Drifted, Reason: why, State: from}, nil
	}
	if err := w.record(w.began(context.WithoutCancel(ctx))); err != nil {
		return Report{State: w.state}, err
	}
	for _, text := range r.Notes {
		if err := w.record(state.Event{Kind: state.Noted, Reason: verdict.Of(verdict.Note, text)}); err != nil {
			return Report{State: w.state}, err
		}
	}
	for {
		// bounded by itself; a sample that is cut short loses the session that holds the lock
		s, err := w.sample(context.WithoutCancel(ctx))
		if w.broken != nil {
			return Report{State: w.state}, w.broken
		}
		if errors.Is(err, errOld) {
			continue
		}
		action, hint := state.StopWith(state.Interrupted, verdict.Of(verdict.AskedToStop, "")), ""
		// no later sample can be counted either
		if kind := operr.KindOf(err); ctx.Err() == nil && (kind == operr.KindEvidence || kind == operr.KindUsage) {
			failed, why := w.restoreFirst(ctx, s), verdict.Of(verdict.NotCounted, err.Error())
			if failed == nil {
				_, failed = w.do(ctx, s, state.StopWith(state.Held, why))
			}
			return Report{Outcome: state.Held, Reason: why, State: w.state}, errors.Join(err, failed)
		}
		switch {
		case ctx.Err() != nil:
		case operr.KindOf(err) == operr.KindBusy:
			action, hint = state.StopWith(state.LockLost, said(verdict.NotAlone, err)), operr.HintOf(err)
		case err != nil:
			action, hint = w.unseen(context.WithoutCancel(ctx), err), operr.HintOf(err)
		default:
			action = control.Next(s)
		}
		if why := w.outgrown(s, action); why.Any() && w.Fixed {
			action = state.StopWith(state.Held, verdict.Of(verdict.PlanOutgrown, "", why))
		} else if why.Any() {
			if action, err = w.replan(s, action, why); err != nil {
				return Report{State: w.state}, err
			}
		}
		if action.Kind == state.BeginStep {
			action = w.possible(context.WithoutCancel(ctx), s, action)
		} else if action, err = w.kept(ctx, s, action); errors.Is(err, errOld) {
			continue
		} else if err != nil {
			return Report{State: w.state}, err
		}
		if r.Seen != nil {
			r.Seen(s, action)
		}
		if hint == "" && (action.Kind == state.Stop || action.Held) && w.met != nil && action.Reason.Is(w.metBy) {
			hint = operr.HintOf(w.met)
		}
		if action.Kind == state.Stop {
			if err := w.restoreFirst(ctx, s); err != nil {
				return Report{State: w.state}, err
			}
		}
		w.hint = hint
		ended, err := w.do(ctx, s, action)
		if err != nil || ended {
			return Report{Outcome: action.Outcome, Reason: action.Reason, State: w.state, Hint: hint}, err
		}
	}
}

// restoreFirst gives flushed lines their lifetime back before a run ends, however it does: they are not left to end
// connections while nothing samples the fleet. It cannot harm the budget; where it fails, the next run does it.
func (w *run) restoreFirst(ctx context.Context, s control.State) error {
	flushed := w.state.Flushed()
	if !s.Now.IsZero() { // something was seen
		flushed = s.Flushed()
	}
	if len(flushed) == 0 {
		return nil
	}
	return w.apply(ctx, s, state.RestoreOf(flushed, verdict.Reason{}))
}

// unseen decides what to do where there is no whole picture: a flush ends, and else nothing, and after HoldFor the
// run. What answered and is not what it should be is no matter of time.
func (w *run) unseen(ctx context.Context, err error) state.Action {
	now := w.Clock.Now()
	w.samples = w.samples.Broken()
	if w.blind.IsZero() {
		w.blind = now
	}
	w.blindBy = err
	if action, due := w.backUnseen(ctx, now, w.read); due {
		return action
	}
	if action, due := control.Unflush(w.state, now); due {
		return action.Holding(said(verdict.NoPicture, err))
	}
	switch kind := operr.KindOf(err); {
	case w.Aborted != nil && w.state.Step == nil && w.state.RollTo == 0 && w.Aborted().Any():
		return state.StopWith(state.Aborted, verdict.Of(verdict.AbortedIdle, "", w.Aborted()))
	case kind == operr.KindDrift:
		return state.StopWith(state.Drifted, said(verdict.NoPicture, err))
	case now.Sub(w.blind) >= max(w.Policy.HoldFor, blindFor, w.shiftingBack(), w.state.RetreatFor()):
		return state.StopWith(state.Blind, said(verdict.NoPicture, err))
	}
	return state.HoldBecause(said(verdict.NoPicture, err), w.Policy.Every)
}

// recentFor is how far back samples count as recent, a soak if that is longer. chosen: the window
// of a plan because both answer what the load is now.
const recentFor = budget.DefaultWindow

// blindFor is how long even a single step waits for an answer. chosen: 10 s because a console that
// restarts is back by then.
const blindFor = 10 * time.Second

// do carries an action out; ended says that the run is over.
func (w *run) do(ctx context.Context, s control.State, action state.Action) (ended bool, err error) {
	if err := w.heldOrNot(action); err != nil {
		return true, err
	}
	w.fresh = false
	if err := w.calledOff(ctx, action); err != nil {
		return true, err
	}
	switch action.Kind {
	case state.BeginStep:
		if action.Goal != nil {
			w.goal = *action.Goal
		}
		if len(w.Traffic) == 0 { // else samples count from one traffic change to the next
			w.recent = load.Evidence{}
		}
		return false, w.record(state.Event{Kind: state.StepBegan, Step: action.Step, Goal: action.Goal})
	case state.SetGoal:
		w.goal = *action.Goal
		return false, w.record(state.Event{Kind: state.Replanned, Goal: action.Goal, Reason: action.Reason})
	case state.AbortStep:
		return false, w.record(state.Event{Kind: state.StepAbort, Step: action.Step, Reason: action.Reason, Next: w.hint,
			Soak: action.Soak})
	case state.TrimStep:
		return false, w.record(state.Event{Kind: state.StepTrimmed, Step: action.Step, Reason: action.Reason})
	case state.CompleteStep:
		return false, w.record(state.Event{Kind: state.StepEnded, Reason: action.Reason, Soak: action.Soak,
			Until: w.provisionalUntil()})
	case state.ConfirmStep:
		return false, w.settled(state.Event{Kind: state.StepConfirmed})
	case state.ProlongStep:
		p, _ := w.state.Provisional()
		return false, w.record(state.Event{Kind: state.StepProlonged, Reason: action.Reason, Until: w.peakOver(p.Step)})
	case state.ReopenStep:
		return false, w.settled(state.Event{Kind: state.StepReopened, Reason: action.Reason})
	case state.Stop:
		return true, w.record(state.Event{Kind: state.RunEnded, Outcome: action.Outcome, Reason: action.Reason, Next: w.hint,
			Soak: action.Soak})
	case state.ShiftTraffic:
		return false, w.shiftTraffic(ctx, action)
	case state.Wait:
		if err := w.Clock.Sleep(ctx, action.For); err != nil && ctx.Err() == nil {
			return true, err
		}
		return false, nil
	}
	return false, w.apply(ctx, s, action)
}

// apply does what changes the fleet: checked once more against the promise, in the journal first, and read back.
func (w *run) apply(ctx context.Context, s control.State, action state.Action) error {
	if err := control.Promise(s.Fleet, action.Changes); err != nil {
		return fmt.Errorf("a defect of pgbudget, nothing was done: %w", err)
	}
	s.Journal = w.state // what was called off just now may be made, too
	if why := s.Strayed(s.Fleet, action.Changes); why.Any() {
		return fmt.Errorf("a defect of pgbudget, nothing was done: %s", why.Text())
	}
	if again := w.waiting && w.state.Intent != nil && w.state.Intent.SameSets(action); !again {
		if err := w.record(state.Event{Kind: state.Intended, Action: &action}); err != nil {
			return err
		}
	}
	w.waiting = false
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	var err error
	long := func() { err = w.Applier.Apply(work, action) }
	if step := w.state.Step; step == nil || step.Kind == state.Backward { // nothing is more urgent
		long()
		// what became of it is for the next sample
	} else if undone, failed := w.beside(ctx, long, giveUp); undone || failed != nil {
		return failed
	}
	if errors.Is(err, ErrPending) {
		if err := w.waitsFor(action, err); err != nil {
			return err
		}
		if err := w.Clock.Sleep(ctx, w.Policy.Every); err != nil && ctx.Err() == nil {
			return err
		}
		return nil
	}
	if err != nil {
		w.met, w.metBy = err, verdict.ActionFailed
		return w.record(state.Event{Kind: state.Failed, Action: &action, Reason: said(verdict.ActionFailed, err),
			Outcome: outcomeOf(err)})
	}
	return w.record(state.Event{Kind: state.Acted, Action: &action})
}
