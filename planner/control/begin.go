package control

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// begin begins the next step, or ends the run.
func (s State) begin() state.Action {
	if _, is := s.Journal.Provisional(); is && s.aborted() { // it has not been confirmed, and goes back as if in hand
		return state.ReopenOf(s.Aborted)
	}
	if a, over := s.finished(); over {
		return a
	}
	if a, waits := s.provisional(); waits {
		return a
	}
	if s.Watch {
		return s.watched()
	}
	_, shifting := s.shifting()
	if !shifting && s.Journal.GoalOfStep {
		return s.newGoal()
	}
	step, goal, blocked := s.NextStep()
	switch {
	case !step.Empty():
	case blocked.Any():
		if len(s.Journal.Refused) > 0 {
			return s.short(blocked)
		}
		return s.Hold(blocked)
	case shifting:
		return s.Hold(verdict.Of(verdict.NoFurther, ""))
	case s.Journal.RollTo > 0 && s.notBack().Any():
		return s.Hold(s.notBack())
	case s.Journal.RollTo > 0: // what is over the budget is not the rollback's, and waiting does not cure it
		back := verdict.Of(verdict.AsBefore, "")
		if over := s.OverBudget(); over.Any() {
			back = back.And(over)
		}
		return state.StopWith(state.Done, back)
	case s.OverBudget().Any(): // they were within it when they were planned
		return s.Hold(s.OverBudget())
	default:
		return state.StopWith(state.Done, verdict.Of(verdict.AsPlanned, ""))
	}
	if left := s.Policy.Soak - s.Now.Sub(s.Journal.AbortedAt); s.Journal.Aborts > 0 && left > 0 {
		return state.HoldBecause(verdict.Of(verdict.SoakAfterAbort, "", s.Journal.Aborted, s.Journal.Aborts, s.Policy.Aborts),
			min(left, s.Policy.SoakEvery))
	}
	if s.Unasked.Any() {
		return state.StopWith(state.Held, s.Unasked)
	}
	if s.Closed.Any() && s.Policy.HoldFor <= 0 { // a single step waits for nothing
		return s.Hold(s.Closed)
	}
	if s.Closed.Any() {
		return state.WaitBecause(s.Closed, s.Policy.SoakEvery)
	}
	if o := s.forbidden(step.Changes).or(s.trafficForbidden(step.Traffic)); o.any() {
		return s.against(o)
	}
	if why := s.strayed(step); why.Any() { // no run sees the end of it
		return state.StopWith(state.Held, why)
	}
	return state.BeginOf(step, goal)
}

// HeldNow says what keeps a step from beginning now, or the step in hand from going on: of a grant its server's
// signals, of a release its pool's waiting, of traffic either. None: nothing does, or the server has just paused,
// which is over soon.
func (s State) HeldNow(step state.Step) verdict.Reason {
	if s.goesBack(step) {
		return verdict.Reason{}
	}
	changes := slices.DeleteFunc(slices.Clone(s.there(step.Changes)), func(x fleet.SettingChange) bool {
		at,
			_ := s.at(x)
		return at == x.To
	})
	if inHand := s.Journal.Step != nil; inHand &&
		slices.ContainsFunc(changes, func(x fleet.SettingChange) bool { return x.To < x.From }) {
		// those come once these have drained
		changes = slices.DeleteFunc(changes, func(x fleet.SettingChange) bool { return x.To > x.From })
	}
	if o := s.forbidden(changes).or(s.trafficForbidden(step.Traffic)); !o.pause && o.any() {
		return o.why
	}
	if s.Journal.Step == nil {
		return s.strayed(step)
	}
	return verdict.Reason{}
}

// goesBack reports whether a step takes another back, which nothing holds.
func (s State) goesBack(step state.Step) bool { return state.Back(&step) || s.Journal.GoesBack() }

// newGoal sets the goal to what a plan finds where the traffic stands now, or to the sizes that a rollback returns to.
func (s State) newGoal() state.Action {
	if s.Journal.RollTo > 0 {
		return state.SetGoalOf(s.Target, verdict.Of(verdict.TrafficBack, ""))
	}
	plan, err := sizing.Solve(s.Fleet, sizing.Options{})
	if err != nil {
		return s.Hold(unplanned(verdict.NoPlanThere, plan, err))
	}
	return state.SetGoalOf(sizing.GoalOf(plan), verdict.Of(verdict.TrafficThere, ""))
}

// finished ends the run where no step of it may come any more.
func (s State) finished() (a state.Action, over bool) {
	m := s.Journal
	enough := s.Steps > 0 && m.Steps >= s.Steps
	asked := m.Aborted.Is(verdict.AbortAsked) && m.RollTo == 0 // of this run, or of the one whose step it took back
	switch {
	case m.Left.Any() && (m.RollTo > 0 || enough || asked || s.aborted() || m.Aborts >= max(1, s.Policy.Aborts)):
		return state.StopWith(state.Held, verdict.Of(verdict.RestLeft, "", m.Left)), true
	case asked:
		return state.StopWith(state.Aborted, m.Aborted), true
	case s.aborted():
		return state.StopWith(state.Aborted, verdict.Of(verdict.AbortedIdle, "", s.Aborted)), true
	case m.Aborts >= max(1, s.Policy.Aborts) && m.RollTo == 0:
		return state.StopWith(state.Aborted, m.Aborted), true
	case enough && len(m.Refused) > 0 || m.TrimmedAway.Any():
		return s.short(m.TrimmedAway), true
	case enough && m.Trimmed.Any():
		return s.short(verdict.Of(verdict.RestTrimmed, "", m.Trimmed)), true
	case enough && s.OverBudget().Any() && s.arrived():
		return s.short(s.OverBudget()), true
	case enough:
		return state.StopWith(state.Done, verdict.Of(verdict.StepsDone, "", m.Steps, s.Steps)), true
	case s.Unsure.Any() && m.RollTo == 0:
		return s.short(s.Unsure), true
	case s.Over.Any() && s.OverBudget().Any(): // it ends, and not well
		return s.short(s.Over.And(s.OverBudget())), true
	case s.Over.Any():
		return state.StopWith(state.Done, s.Over), true
	}
	for _, g := range s.Goal.Pools {
		if s.server(g.Pool) == "" {
			return state.StopWith(state.Drifted, verdict.Of(verdict.PoolGone, g.Pool)), true
		}
	}
	return a, false
}

// arrived reports whether no step is left to the goal.
func (s State) arrived() bool {
	step, _, blocked := s.NextStep()
	return step.Empty() && !blocked.Any()
}

// OverBudget says which server's worst case is above its budget now, with both numbers; none: none is. Sizes that were
// within it are not where max_connections was lowered, or more connections are direct than were planned with.
func (s State) OverBudget() verdict.Reason {
	for _, x := range s.Fleet.Servers {
		if worst := s.Fleet.WorstConns(x.Name); worst > x.BudgetConns {
			return verdict.Of(verdict.OverBudget, x.Name, verdict.Conns(worst), worst-x.BudgetConns, x.BudgetConns)
		}
	}
	return verdict.Reason{}
}

// short ends a run that has not come where it was to go: because of the first release that was refused, else because of
// what is said.
func (s State) short(otherwise verdict.Reason) state.Action {
	if len(s.Journal.Refused) > 0 {
		otherwise = s.Journal.Refused[0].Reason
	}
	return state.StopWith(state.Held, otherwise)
}

// NextStep is the next step, its lines as they stand, with the goal that it has of its own, on the path of a shift;
// blocked says why there is none though the goal is not reached.
func (s State) NextStep() (step state.Step, goal *sizing.Goal, blocked verdict.Reason) {
	if shift, shifting := s.shifting(); shifting {
		return s.shiftStep(shift)
	}
	step, blocked = s.towards(s.Fleet, s.Goal)
	if rest := s.allowed(step); len(rest.Changes) > 0 { // of several servers, those that nothing holds go on
		step = rest
	}
	return step, nil, blocked
}

// towards is the next step to a goal.
func (s State) towards(f budget.Fleet, g sizing.Goal) (step state.Step, blocked verdict.Reason) {
	refused, policy := s.Journal.Refused, s.Policy.After(s.Journal.Aborts)
	if s.Journal.RollTo > 0 {
		f = f.Uncapped() // it was there before
	}
	g = s.standing(g)
	step = s.aligned(steps.Equal(f, g, policy, refused))
	if len(step.Changes) == 0 {
		step, blocked = steps.Next(f, roomFirst(f, g), policy, refused)
		if step = s.aligned(step); len(step.Changes) == 0 {
			if id := unequal(f, g, ""); id != "" {
				return step, verdict.Of(verdict.NoRoomToEqualise, id)
			}
			reserves, why := s.reserveLines(f, g, policy, refused)
			if len(reserves.Changes) > 0 {
				return reserves, verdict.Reason{}
			}
			blocked = verdict.Or(blocked, why)
		}
	}
	return step, blocked
}

// aligned takes what each line says as where the step finds it: the fleet counts the largest of a pool's processes.
func (s State) aligned(step state.Step) state.Step {
	var changes []fleet.SettingChange
	for _, x := range step.Changes {
		if at, ok := s.at(x); ok && at != x.To {
			x.From = at
			changes = append(changes, x)
		}
	}
	step.Changes = changes
	return step
}

// allowed leaves out the changes of every server on which one of them may not begin.
func (s State) allowed(step state.Step) state.Step {
	held := map[string]bool{}
	for _, x := range step.Changes {
		held[s.server(x.Pool())] = held[s.server(x.Pool())] || s.forbidden([]fleet.SettingChange{x}).any()
	}
	step.Changes = slices.DeleteFunc(slices.Clone(step.Changes),
		func(x fleet.SettingChange) bool { return held[s.server(x.Pool())] })
	return step
}

// roomFirst is the goal of a step where processes of a pool differ and could not be made equal: on their servers
// nothing becomes larger than it is, so that releases make room; such pools are left out.
func roomFirst(f budget.Fleet, g sizing.Goal) sizing.Goal {
	out := sizing.Goal{Lines: slices.Clone(g.Lines)}
	differ := map[string]bool{} // by server
	for _, s := range f.Servers {
		differ[s.Name] = unequal(f, g, s.Name) != ""
	}
	for _, x := range g.Pools {
		p, _ := f.Pool(x.Pool)
		if !differ[p.Server] {
			out.Pools = append(out.Pools, x)
		} else if g.ByLine(x.Pool) {
			out.Pools = append(out.Pools, x)
			for i, l := range out.Lines {
				if at, ok := at(f, l.Change()); ok && l.Change().Pool() == x.Pool {
					out.Lines[i].To = min(l.To, at)
				}
			}
		} else if size, same := p.FromSize(); same {
			x.Size, x.Reserve = min(x.Size, size), min(x.Reserve, p.ReserveConns)
			out.Pools = append(out.Pools, x)
		}
	}
	return out
}

// unequal returns a pool of the goal on a server, or on any, whose processes have different sizes; empty: there is
// none.
func unequal(f budget.Fleet, g sizing.Goal, server string) string {
	for _, p := range f.Pools {
		if server != "" && !p.On(server) {
			continue
		}
		if _, same := p.FromSize(); same {
			continue
		}
		if _, ours := g.Pool(p.ID); ours && !g.ByLine(p.ID) {
			return p.ID
		}
	}
	return ""
}
