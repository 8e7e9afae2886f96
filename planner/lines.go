package planner

import (
	"cmp"
	"fmt"
	"slices"
)

// GoalLine is one setting of one line, where the processes of a pool are to differ, or not all of them are to be moved.
type GoalLine struct {
	Process string `json:"process"`
	Alias   string `json:"alias"`
	Key     Key    `json:"key"`
	To      int    `json:"to"`
}

// set is the line as a set that leaves it where it is to be.
func (l GoalLine) set() Set { return Set{l.Process, l.Alias, l.Key, l.To, l.To} }

func compareLines(a, b GoalLine) int { return compareSets(a.set(), b.set()) }

// linesOf are those of one pool; none: it goes to one size, or is not in the goal.
func (g Goal) linesOf(pool string) []GoalLine {
	var out []GoalLine
	for _, l := range g.Lines {
		if l.set().Pool() == pool {
			out = append(out, l)
		}
	}
	return out
}

// byLine reports whether a pool goes there line by line.
func (g Goal) byLine(pool string) bool {
	return slices.ContainsFunc(g.Lines, func(l GoalLine) bool { return l.set().Pool() == pool })
}

// sets are what makes a pool that of the goal, from where the fleet has it.
func (g Goal) sets(p FleetPool) []Set {
	goal, ours := g.Pool(p.ID)
	if !ours {
		return nil
	}
	lines, byLine := g.linesOf(p.ID), g.byLine(p.ID)
	var out []Set
	for _, s := range p.Sizes {
		for _, x := range []Set{{s.Process, p.Alias, KeySize, s.Conns, goal.Size}, {s.Process, p.Alias, KeyReserve,
			p.ReserveConns, goal.Reserve}} {
			i := slices.IndexFunc(lines, func(l GoalLine) bool { return l.set().Same(x) })
			if i >= 0 {
				x.To = lines[i].To
			}
			if i >= 0 || !byLine {
				out = append(out, x)
			}
		}
	}
	return out
}

// standing leaves out the lines that are gone: they have nowhere to go, and would take what others need.
func (s Situation) standing(g Goal) Goal {
	out := Goal{}
	for _, l := range g.Lines {
		if _, ok := s.at(l.set()); ok {
			out.Lines = append(out.Lines, l)
		}
	}
	for _, p := range g.Pools {
		if !g.byLine(p.Pool) || out.byLine(p.Pool) {
			out.Pools = append(out.Pools, p)
		}
	}
	return out
}

// notBack says which line a rollback has not brought to where it was; empty: none that is still there.
func (s Situation) notBack() string {
	for _, p := range s.Fleet.Pools {
		for _, x := range s.Goal.sets(p) {
			if x.Key == KeyReserve && !s.Goal.byLine(p.ID) { // the fleet counts what is in force, and that may be none
				continue
			}
			if at, ok := s.at(x); ok && at != x.To {
				return fmt.Sprintf("%s of %s in %s is %d, and was %d before", x.Key, x.Alias, x.Process, at, x.To)
			}
		}
	}
	return ""
}

// only is the part of a pool that one process has; false: it has none.
func (p FleetPool) only(process string) (FleetPool, bool) {
	p.Sizes = slices.DeleteFunc(slices.Clone(p.Sizes), func(s Size) bool { return s.Process != process })
	p.Copies = slices.DeleteFunc(slices.Clone(p.Copies), func(c Copy) bool { return c.Process != process })
	p.under = nil // those of all its copies
	return p, len(p.Sizes) > 0
}

// addLines puts the sizes of a pool's lines on the way, each by itself. Its reserve is not: see reserveLines.
func (w *way) addLines(p FleetPool, lines []GoalLine, refused []Refusal) {
	for _, l := range lines {
		part, there := p.only(l.Process)
		if l.Key != KeySize || !there {
			continue
		}
		x := newWaypool(part, part.largestSize(), l.To, p.ReserveConns)
		for k, r := range w.rooms {
			if _, in := r.sizes[p.ID]; in {
				x.under = append(x.under, roomUse{k, r.sizes[p.ID][l.Process], r.reserves[p.ID][l.Process]})
			}
		}
		for _, r := range refused {
			if least := min(r.Least, x.size); r.Pool == p.ID && r.Key == KeySize && x.to < least {
				x.to, x.refused = least, r.Reason
			}
		}
		w.pools = append(w.pools, x)
	}
}

// reserveLines is the next step towards the reserves of a goal's lines. The fleet counts the largest reserve of a
// pool's processes for each of them, so what one more costs is what the promise says. What is released comes first, by
// itself.
func (s Situation) reserveLines(f Fleet, g Goal, policy Policy, refused []Refusal) (step Step, blocked string) {
	step = Step{Kind: Forward}
	for _, server := range f.Servers {
		most := policy.StepConns(server.BudgetConns)
		var releases, grants []Set
		for _, l := range g.Lines {
			x := l.set()
			p, _ := f.pool(x.Pool())
			at, ok := s.at(x)
			if !ok || x.Key != KeyReserve || p.Server != server.Name {
				continue
			}
			for _, r := range refused {
				if least := min(r.Least, at); r.Pool == p.ID && r.Key == KeyReserve && x.To < least {
					x.To, blocked = least, cmp.Or(blocked, fmt.Sprintf("the reserve of %s stays at %d: %s", p.ID, at, r.Reason))
				}
			}
			if x.From = at; x.To < at {
				releases = append(releases, x)
			} else if x.To > at {
				grants = append(grants, x)
			}
		}
		sets := s.within(most, releases, nil)
		if len(sets) == 0 {
			sets = s.within(most, grants, func(sets []Set) error {
				err := Promise(f, sets)
				if err != nil {
					blocked = cmp.Or(blocked, err.Error())
				}
				return err
			})
		}
		step.Sets = append(step.Sets, sets...)
	}
	slices.SortFunc(step.Sets, compareSets)
	return step, blocked
}

// within is as much of the sets as a step may move of so many connections, one unit at least, and as fits.
func (s Situation) within(most int, sets []Set, fits func([]Set) error) (out []Set) {
	for _, x := range sets {
		p, _ := s.Fleet.pool(x.Pool())
		part, _ := p.only(x.Process)
		copies := max(1, part.reserved())
		by := max(x.To-x.From, x.From-x.To)
		for by = min(by, max(most/copies, b2i(len(out) == 0))); by > 0; by-- {
			y := x
			if y.To = x.From + by; x.To < x.From {
				y.To = x.From - by
			}
			if fits == nil || fits(append(slices.Clone(out), y)) == nil {
				out, most = append(out, y), most-by*copies
				break
			}
		}
	}
	return out
}
