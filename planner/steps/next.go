package steps

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// addLines puts the sizes of a pool's lines in the step, each by itself. Its reserve is not: see reserveLines.
func (w *path) addLines(p budget.FleetPool, lines []sizing.GoalLine, refused []state.Refusal) {
	for _, l := range lines {
		part, there := p.Only(l.Process)
		if l.Key != fleet.KeySize || !there {
			continue
		}
		x := newPathPool(part, part.LargestSize(), l.To, p.ReserveConns)
		for k, r := range w.rooms {
			if _, in := r.Sizes[p.ID]; in {
				x.under = append(x.under, roomUse{k, r.Sizes[p.ID][l.Process], r.Reserves[p.ID][l.Process]})
			}
		}
		for _, r := range refused {
			if least := min(r.Least, x.size); r.Pool == p.ID && r.Key == fleet.KeySize && x.to < least {
				x.to, x.refused = least, r.Reason
			}
		}
		w.pools = append(w.pools, x)
	}
}

// Next returns the next step from where the fleet is towards the goal: the grants that save most waiting for their
// connections, out of spare ones first, then out of what pools above their goal release at the least cost. Grants of a
// step, and its releases, are at most percent of each server's budget; one unit may exceed that where the budget holds
// it, and the step's Note says so. A server over its budget only releases, as much as the step may.
//
// An empty step means that there is nothing to do; blocked then says what is still to do and cannot be done, if
// anything. The processes of each pool are taken to agree: see Equal. Those that go line by line are sized by
// themselves.
func Next(f budget.Fleet, g sizing.Goal, policy state.Policy, refused []state.Refusal) (step state.Step,
	blocked verdict.Reason) {
	step = state.Step{Kind: state.Forward}
	for _, s := range f.Servers {
		w := newPath(f, g, s, policy, refused)
		changes, note, stuck := w.step()
		step.Changes = append(step.Changes, changes...)
		step.Note = verdict.Or(step.Note, note)
		blocked = verdict.Or(blocked, stuck)
	}
	slices.SortFunc(step.Changes, fleet.CompareChanges)
	if len(step.Changes) > 0 {
		blocked = verdict.Reason{}
	}
	return step, blocked
}

// Equal returns the step that gives every process of a pool the same size, where they differ and the goal sizes the
// pool: the one of today's sizes that is nearest to the goal's, or the goal's where it lies between them. Line by line,
// within percent of each server's budget.
//
// A pool whose release was refused is left as it is.
func Equal(f budget.Fleet, g sizing.Goal, policy state.Policy, refused []state.Refusal) state.Step {
	step := state.Step{Kind: state.Equalise}
	for _, s := range f.Servers {
		grants, releases := policy.StepConns(s.BudgetConns), policy.StepConns(s.BudgetConns)
		spare, rooms := f.SpareConns(s.Name), f.Rooms(s.Name)
		for _, p := range f.Pools {
			goal, ours := g.Pool(p.ID)
			_, same := p.FromSize()
			if p.Server != s.Name || !ours || same || g.ByLine(p.ID) ||
				slices.ContainsFunc(refused, func(r state.Refusal) bool { return r.Pool == p.ID }) {
				continue
			}
			lo, hi := p.Sizes[0].Conns, p.Sizes[0].Conns
			for _, size := range p.Sizes {
				lo, hi = min(lo, size.Conns), max(hi, size.Conns)
			}
			to := min(max(goal.Size, lo), hi)
			for _, size := range p.Sizes {
				users, _ := p.UsersIn(size.Process)
				units := to - size.Conns // as many of them as the step may move, and one at least where it is the first
				least := 0
				if len(step.Changes) == 0 {
					least = 1
				}
				if units > 0 {
					units = min(units, max(least, grants/max(users, 1)), max(spare, 0)/max(users, 1))
					for _, r := range rooms {
						if n := r.Sizes[p.ID][size.Process]; n > 0 {
							units = min(units, r.Conns/n)
						}
					}
					for i, r := range rooms {
						rooms[i].Conns -= units * r.Sizes[p.ID][size.Process]
					}
					grants, spare = grants-units*users, spare-units*users
				} else {
					units = -min(-units, max(least, releases/max(users, 1)))
					releases += units * users
				}
				if units != 0 {
					step.Changes = append(step.Changes, fleet.SettingChange{Process: size.Process, Alias: p.Alias, Key: fleet.KeySize,
						From: size.Conns, To: size.Conns + units})
				}
			}
		}
	}
	slices.SortFunc(step.Changes, fleet.CompareChanges)
	return step
}
