package control

import (
	"cmp"
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// standing leaves out the lines that are gone: they have nowhere to go, and would take what others need.
func (s State) standing(g sizing.Goal) sizing.Goal {
	out := sizing.Goal{}
	for _, l := range g.Lines {
		if _, ok := s.at(l.Change()); ok {
			out.Lines = append(out.Lines, l)
		}
	}
	for _, p := range g.Pools {
		if !g.ByLine(p.Pool) || out.ByLine(p.Pool) {
			out.Pools = append(out.Pools, p)
		}
	}
	return out
}

// notBack says which line a rollback has not brought to where it was; none: none that is still there.
func (s State) notBack() verdict.Reason {
	for _, p := range s.Fleet.Pools {
		for _, x := range s.Goal.Changes(p) {
			if x.Key == fleet.KeyReserve && !s.Goal.ByLine(p.ID) { // the fleet counts what is in force, and that may be none
				continue
			}
			if at, ok := s.at(x); ok && at != x.To {
				return verdict.Of(verdict.LineNotBack, x.Process, x.Key, x.Alias, at, x.To)
			}
		}
	}
	return verdict.Reason{}
}

// reserveLines is the next step towards the reserves of a goal's lines. The fleet counts the largest reserve of a
// pool's processes for each of them, so what one more costs is what the promise says. What is released comes first, by
// itself.
func (s State) reserveLines(f budget.Fleet, g sizing.Goal, policy state.Policy,
	refused []state.Refusal) (step state.Step, blocked verdict.Reason) {
	step = state.Step{Kind: state.Forward}
	for _, server := range f.Servers {
		most := policy.StepConns(server.BudgetConns)
		var releases, grants []fleet.SettingChange
		for _, l := range g.Lines {
			x := l.Change()
			p, _ := f.Pool(x.Pool())
			at, ok := s.at(x)
			if !ok || x.Key != fleet.KeyReserve || p.Server != server.Name {
				continue
			}
			for _, r := range refused {
				if least := min(r.Least, at); r.Pool == p.ID && r.Key == fleet.KeyReserve && x.To < least {
					x.To, blocked = least, verdict.Or(blocked, verdict.Of(verdict.ReserveStays, p.ID, at, r.Reason))
				}
			}
			if x.From = at; x.To < at {
				releases = append(releases, x)
			} else if x.To > at {
				grants = append(grants, x)
			}
		}
		changes := s.within(most, releases, nil)
		if len(changes) == 0 {
			changes = s.within(most, grants, func(changes []fleet.SettingChange) bool {
				why := Broken(f, changes)
				blocked = verdict.Or(blocked, why)
				return !why.Any()
			})
		}
		step.Changes = append(step.Changes, changes...)
	}
	slices.SortFunc(step.Changes, fleet.CompareChanges)
	return step, blocked
}

// within is as much of the changes as a step may move of so many connections, one unit at least, and as fits.
func (s State) within(most int, changes []fleet.SettingChange,
	fits func([]fleet.SettingChange) bool) (out []fleet.SettingChange) {
	for _, x := range changes {
		p, _ := s.Fleet.Pool(x.Pool())
		part, _ := p.Only(x.Process)
		unit := max(1, part.Reserved())
		by := max(x.To-x.From, x.From-x.To)
		for by = min(by, max(most/unit, b2i(len(out) == 0))); by > 0; by-- {
			y := x
			if y.To = x.From + by; x.To < x.From {
				y.To = x.From - by
			}
			if fits == nil || fits(append(slices.Clone(out), y)) {
				out, most = append(out, y), most-by*unit
				break
			}
		}
	}
	return out
}

// AboveMax says which pool would grow above the max: that was declared for it; none: none would. One that is above it
// already, and goes back to less, comes nearer to it: nothing forbids that.
func AboveMax(f budget.Fleet, g sizing.Goal) verdict.Reason {
	for _, x := range g.Pools {
		p, ok := f.Pool(x.Pool)
		if !ok || p.Rules.Max <= 0 {
			continue
		}
		if !g.ByLine(x.Pool) && x.Size > max(p.Rules.Max, p.LargestSize()) {
			return verdict.Of(verdict.AboveMax, x.Pool, x.Size, p.Rules.Max)
		}
		for _, l := range g.LinesOf(x.Pool) {
			if at, ok := at(f, l.Change()); ok && l.Key == fleet.KeySize && l.To > max(p.Rules.Max, at) {
				return verdict.Of(verdict.LineAboveMax, x.Pool, l.To, l.Process, p.Rules.Max)
			}
		}
	}
	return verdict.Reason{}
}

// RollbackTo is where a rollback goes.
type RollbackTo struct {
	To      int64                 // every step from that event on is taken back
	Goal    sizing.Goal           // the sizes before
	Traffic []shift.TrafficChange // of each traffic switch that was set: what it said before is To, sorted by shift
	Gone    []string              // pools, and lines of pools, that the steps moved and that are no longer there; sorted
}

// Rollback returns where a fleet goes that takes back every step which began at event `to` or later: for each line that
// they wrote its value before the first of them that did, and what each traffic switch said before. 0 is the newest
// step, or what a rollback that has not ended goes back to. What the step in hand moved goes back by itself. It is
// false where there is nothing to take back. A line that is no longer there keeps no other from going back.
func Rollback(m state.JournalState, f budget.Fleet, to int64) (RollbackTo, bool) {
	switch {
	case to != 0:
	case m.RollTo > 0: // of a rollback that was not finished
		to = m.RollTo
	case m.Step != nil && m.StepTo > 0: // the same, and a run has been there since
		to = m.StepTo
	case m.Step != nil:
		to = m.StepSeq
	case len(m.Past) > 0:
		to = m.Past[len(m.Past)-1].Seq
	}
	back := RollbackTo{To: to}
	before := map[fleet.SettingChange]int{} // by line, and what it is about
	for _, p := range slices.Backward(m.Past) {
		if p.Seq < to {
			break
		}
		back.trafficBack(p.Step.Traffic)
		for _, x := range p.Step.Changes {
			before[fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: x.Key, From: 0, To: 0}] = x.From
		}
	}
	back.backTo(f, before)
	if m.Step != nil {
		for _, x := range m.Step.Changes {
			back.goneToo(f, x)
		}
	}
	slices.Sort(back.Gone)
	back.Gone = slices.Compact(back.Gone)
	return back, len(back.Goal.Pools) > 0 || len(back.Traffic) > 0 || m.Step != nil || m.RollTo > 0
}

// goneToo notes a pool, or its line in one process, that is no longer there; false: it is there.
func (w *RollbackTo) goneToo(f budget.Fleet, x fleet.SettingChange) bool {
	p, there := f.Pool(x.Pool())
	switch {
	case !there:
		w.Gone = append(w.Gone, x.Pool())
	case !slices.ContainsFunc(p.Sizes, func(s budget.Size) bool { return s.Process == x.Process }):
		w.Gone = append(w.Gone, x.Pool()+" in "+x.Process)
	default:
		return false
	}
	return true
}

// backTo makes the goal of what lines said before. A pool all of whose lines were alike, and are, goes back as a whole,
// as it came; any other line by line.
func (w *RollbackTo) backTo(f budget.Fleet, before map[fleet.SettingChange]int) {
	lines := map[string][]sizing.GoalLine{} // by pool
	for x, value := range before {
		if !w.goneToo(f, x) {
			lines[x.Pool()] = append(lines[x.Pool()], sizing.GoalLine{Process: x.Process, Alias: x.Alias, Key: x.Key, To: value})
		}
	}
	for pool, of := range lines {
		p, _ := f.Pool(pool)
		g := present(f, pool)
		sizes, even := valuesOf(of, fleet.KeySize, len(p.Sizes))
		reserves, evenReserve := valuesOf(of, fleet.KeyReserve, len(p.Sizes))
		if len(sizes) > 0 && even {
			g.Size = sizes[0]
		}
		if len(reserves) > 0 && evenReserve {
			g.Reserve = reserves[0]
		}
		if _, same := p.FromSize(); !even || !evenReserve || !same || len(reserves) > 0 && p.Uneven {
			if len(w.Traffic) > 0 {
				of = append(of, untouched(p, of)...)
			}
			w.Goal.Lines = append(w.Goal.Lines, of...)
		}
		w.Goal.Pools = append(w.Goal.Pools, g)
	}
	slices.SortFunc(w.Goal.Pools, func(a, b sizing.GoalPool) int { return cmp.Compare(a.Pool, b.Pool) })
	slices.SortFunc(w.Goal.Lines, sizing.CompareLines)
	for i, g := range w.Goal.Pools {
		if p, _ := f.Pool(g.Pool); w.Goal.ByLine(g.Pool) {
			after, _ := f.With(w.Goal.Changes(p)).Pool(g.Pool)
			w.Goal.Pools[i].Size, w.Goal.Pools[i].Reserve = after.LargestSize(), after.ReserveConns
		}
	}
}

// valuesOf are the values of lines of a pool of so many processes, and whether they are one value of all, or none of
// any.
func valuesOf(lines []sizing.GoalLine, key fleet.Key, processes int) (values []int, even bool) {
	for _, l := range lines {
		if l.Key == key {
			values = append(values, l.To)
		}
	}
	return values, len(values) == 0 || len(values) == processes && slices.Min(values) == slices.Max(values)
}

// untouched are the sizes of a pool's other lines, as they are: the sizes that traffic needs to return are those of
// all.
func untouched(p budget.FleetPool, lines []sizing.GoalLine) []sizing.GoalLine {
	var out []sizing.GoalLine
	for _, s := range p.Sizes {
		x := sizing.GoalLine{Process: s.Process, Alias: p.Alias, Key: fleet.KeySize, To: s.Conns}
		if !slices.ContainsFunc(lines, func(l sizing.GoalLine) bool { return l.Change().Same(x.Change()) }) {
			out = append(out, x)
		}
	}
	return out
}

// trafficBack notes a traffic change that is taken back; those after it have been.
func (w *RollbackTo) trafficBack(t *shift.TrafficChange) {
	if t == nil {
		return
	}
	i, found := slices.BinarySearchFunc(w.Traffic, t.Shift, func(x shift.TrafficChange,
		id string) int {
		return cmp.Compare(x.Shift, id)
	})
	if !found {
		w.Traffic = slices.Insert(w.Traffic, i, shift.TrafficChange{Shift: t.Shift, From: t.To})
	}
	w.Traffic[i].To = t.From
}

// present is a pool's part of a goal that leaves it where it is.
func present(f budget.Fleet, pool string) sizing.GoalPool {
	p, _ := f.Pool(pool)
	return sizing.GoalPool{Pool: pool, Server: p.Server, Size: p.LargestSize(), Reserve: p.ReserveConns,
		MeanWait: fleet.Unknown()}
}

// Reachable says why a goal cannot be stood at: its worst case, with what is open now, is above a server's budget.
// None: it can, if nothing else changes.
func Reachable(f budget.Fleet, g sizing.Goal) verdict.Reason {
	return beyond(f, g, func(server string) int { return f.WorstConns(server) })
}

// Unreturnable says why a rollback could not go back to before steps that are still to come; none: it could, if
// nothing else changes.
func Unreturnable(path []ForecastStep) verdict.Reason {
	if len(path) == 0 {
		return verdict.Reason{}
	}
	var m state.JournalState
	for i, st := range path {
		m.Past = append(m.Past, state.Past{Number: i + 1, Seq: int64(i + 1), Step: st.Step})
	}
	after := path[len(path)-1].After
	back, _ := Rollback(m, after, 1)
	return verdict.Or(Reachable(after, back.Goal), AboveMax(after, back.Goal))
}

// Outsized says which server's budget the sizes of a goal are above, whether they stand there already or not. None:
// none.
func Outsized(f budget.Fleet, g sizing.Goal) verdict.Reason {
	return beyond(f, g, func(string) int { return 0 })
}

// beyond says which server's worst case at a goal is above its budget and above what is let pass.
func beyond(f budget.Fleet, g sizing.Goal, pass func(server string) int) verdict.Reason {
	var changes []fleet.SettingChange
	for _, p := range f.Pools {
		changes = append(changes, g.Changes(p)...)
	}
	after := f.With(changes)
	for _, s := range f.Servers {
		worst := 0
		for _, p := range after.Pools {
			if p.On(s.Name) {
				worst += p.CountedConns() - p.OverConns // what is open too much will have drained
			}
		}
		if worst > s.BudgetConns && worst > pass(s.Name) {
			return verdict.Of(verdict.Outsized, s.Name, verdict.Conns(worst), worst-s.BudgetConns, s.BudgetConns)
		}
	}
	return verdict.Reason{}
}
