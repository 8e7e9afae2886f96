package planner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Waypoint returns the next step from where the fleet is towards the goal: the grants that save most waiting for their
// connections, out of spare ones first, then out of what pools above their goal release at the least cost. Grants of a
// step, and its releases, are at most percent of each server's budget; one unit may exceed that where the budget holds
// it, and the step's Note says so. A server over its budget only releases, as much as the way holds.
//
// An empty step means that there is nothing to do; blocked then says what is still to do and cannot be done, if anything.
// The processes of each pool are taken to agree: see Equal.
func Waypoint(f Fleet, g Goal, policy Policy, refused []Refusal) (step Step, blocked string) {
	step = Step{Kind: Forward}
	for _, s := range f.Servers {
		w := newWay(f, g, s, policy, refused)
		sets, note, stuck := w.step()
		step.Sets = append(step.Sets, sets...)
		step.Note = cmp.Or(step.Note, note)
		blocked = cmp.Or(blocked, stuck)
	}
	slices.SortFunc(step.Sets, compareSets)
	if len(step.Sets) > 0 {
		blocked = ""
	}
	return step, blocked
}

// Equal returns the step that gives every process of a pool the same size, where they differ and the goal sizes the
// pool: the one of today's sizes that is nearest to the goal's, or the goal's where it lies between them. Line by line,
// within percent of each server's budget.
//
// A pool whose release was refused is left as it is.
func Equal(f Fleet, g Goal, policy Policy, refused []Refusal) Step {
	step := Step{Kind: Equalise}
	for _, s := range f.Servers {
		grants, releases := policy.StepConns(s.BudgetConns), policy.StepConns(s.BudgetConns)
		spare := f.SpareConns(s.Name)
		for _, p := range f.Pools {
			goal, ours := g.Pool(p.ID)
			_, same := p.fromSize()
			if p.Server != s.Name || !ours || same || slices.ContainsFunc(refused, func(r Refusal) bool { return r.Pool == p.ID }) {
				continue
			}
			lo, hi := p.Sizes[0].Conns, p.Sizes[0].Conns
			for _, size := range p.Sizes {
				lo, hi = min(lo, size.Conns), max(hi, size.Conns)
			}
			to := min(max(goal.Size, lo), hi)
			for _, size := range p.Sizes {
				users, _ := p.usersIn(size.Process)
				units := to - size.Conns // as many of them as the step may move, and one at least where it is the first
				least := 0
				if len(step.Sets) == 0 {
					least = 1
				}
				if units > 0 {
					units = min(units, max(least, grants/max(users, 1)), max(spare, 0)/max(users, 1))
					grants, spare = grants-units*users, spare-units*users
				} else {
					units = -min(-units, max(least, releases/max(users, 1)))
					releases += units * users
				}
				if units != 0 {
					step.Sets = append(step.Sets, Set{size.Process, p.Alias, KeySize, size.Conns, size.Conns + units})
				}
			}
		}
	}
	slices.SortFunc(step.Sets, compareSets)
	return step
}

// way is one server's part of a step in the making.
type way struct {
	fleet            Fleet
	server           FleetServer
	pools            []waypool
	spare            int // connections that nobody claims; negative: over the budget
	grants, releases int // that this step may still spend
	granted          bool
	released         bool
	note             string
}

// waypool is one pool on the way.
type waypool struct {
	FleetPool
	from, size, to          int
	fromR, reserve, reserTo int
	curve                   poolCurve
	copies                  int // connections of one more, whatever caps say: what counts against the percent
	refused                 string
}

func newWay(f Fleet, g Goal, s FleetServer, policy Policy, refused []Refusal) *way {
	w := &way{fleet: f, server: s, spare: f.SpareConns(s.Name)}
	w.grants = policy.StepConns(s.BudgetConns)
	w.releases = w.grants
	for _, p := range f.Pools {
		goal, ours := g.Pool(p.ID)
		if p.Server != s.Name || !ours {
			continue
		}
		size := p.largestSize()
		x := waypool{FleetPool: p, from: size, size: size, to: goal.Size, fromR: p.ReserveConns, reserve: p.ReserveConns, reserTo: goal.Reserve, curve: curveOf(p)}
		x.copies = max(1, p.sized())
		for _, r := range refused {
			if r.Pool == p.ID && r.Key == KeySize && x.to < r.Least {
				x.to, x.refused = min(r.Least, size), r.Reason
			}
			if r.Pool == p.ID && r.Key == KeyReserve && x.reserTo < r.Least {
				x.reserTo, x.refused = min(r.Least, x.reserve), r.Reason
			}
		}
		w.pools = append(w.pools, x)
	}
	return w
}

// step chooses units one by one until the percent is spent or the goal is reached.
func (w *way) step() (sets []Set, note, blocked string) {
	switch {
	case w.spare < 0: // over budget: nothing bounds the releases that cure it
		percent := w.releases
		for w.releases = math.MaxInt; w.spare < 0 && w.release(); {
		}
		for w.releases = percent - (math.MaxInt - w.releases); w.release(); {
		}
	case !w.more():
		for w.release() {
		}
	default:
		for w.grant() {
		}
		for !w.granted && w.release() { // one more costs more than this step may release: the next has it to spare
		}
	}
	for _, p := range w.pools {
		for _, s := range p.Sizes {
			if p.size != p.from {
				sets = append(sets, Set{s.Process, p.Alias, KeySize, p.from, p.size})
			}
			if p.reserve != p.fromR {
				sets = append(sets, Set{s.Process, p.Alias, KeyReserve, p.fromR, p.reserve})
			}
		}
	}
	if len(sets) == 0 {
		blocked = w.blocked()
	}
	return sets, w.note, blocked
}

// more reports whether a pool is below its goal.
func (w *way) more() bool {
	return slices.ContainsFunc(w.pools, func(p waypool) bool { return p.size < p.to || p.reserve < p.reserTo })
}

// grant gives one more to the pool whose waiting it lessens most for its connections, and releases for it where nothing
// is spare; false: no pool may have more.
func (w *way) grant() bool {
	best, gain := -1, -1.0
	for i, p := range w.pools {
		if p.size >= p.to && p.reserve >= p.reserTo || p.copies > w.grants && w.granted {
			continue
		}
		if g := p.gain(p.size) / float64(p.copies); g > gain && w.fundable(p.costs()) {
			best, gain = i, g
		}
	}
	if best < 0 {
		return false
	}
	p := &w.pools[best]
	unit := p.costs()
	for w.spare < unit {
		w.release()
	}
	if p.copies > w.grants {
		w.note = fmt.Sprintf("one more on %s costs %d connections, more than the step's share of the budget", p.ID, p.copies)
	}
	if p.size < p.to {
		p.size++
	} else {
		p.reserve++
	}
	w.granted = true
	w.grants -= p.copies
	w.spare -= unit
	return true
}

// costs is what the ledger counts for one more of the pool: one may be free under a cap, or under a size that counts as
// larger than it is.
func (p waypool) costs() int {
	if p.Rules.Count != CountWorst {
		return p.copies
	}
	if p.size < p.to {
		return p.WorstAt(p.size+1, p.reserve) - p.WorstAt(p.size, p.reserve)
	}
	return p.WorstAt(p.size, p.reserve+1) - p.WorstAt(p.size, p.reserve)
}

// gain is what one more than n saves in waiting clients.
func (p waypool) gain(n int) float64 {
	var g [1]float64
	p.curve.Gains(n, g[:])
	return g[0]
}

// fundable reports whether a unit can come out of spare connections and of what this step may still release.
func (w *way) fundable(unit int) bool {
	trial := *w
	trial.pools = slices.Clone(w.pools)
	for trial.spare < unit {
		if !trial.release() {
			return false
		}
	}
	return true
}

// release takes one from the pool above its goal that loses least for its connections; false: there is none, or the
// step may release no more.
func (w *way) release() bool {
	best, cost := -1, 0.0
	for i, p := range w.pools {
		if p.size <= p.to && p.reserve <= p.reserTo || p.copies > w.releases && w.released {
			continue
		}
		c := 0.0 // an unused reserve costs nothing
		if p.reserve <= p.reserTo {
			c = p.gain(p.size-1) / float64(p.copies)
		}
		if best < 0 || c < cost {
			best, cost = i, c
		}
	}
	if best < 0 {
		return false
	}
	p := &w.pools[best]
	if p.copies > w.releases {
		w.note = fmt.Sprintf("one fewer on %s frees %d connections, more than the step's share of the budget", p.ID, p.copies)
	}
	before := p.WorstAt(p.size, p.reserve)
	if p.reserve > p.reserTo {
		p.reserve--
	} else {
		p.size--
	}
	w.released = true
	w.releases -= p.copies
	w.spare += before - p.WorstAt(p.size, p.reserve)
	return true
}

// blocked says why the goal is out of reach though it is not reached.
func (w *way) blocked() string {
	short, below := 0, ""
	for _, p := range w.pools {
		if p.refused != "" {
			return fmt.Sprintf("%s stays at %d: %s", p.ID, p.size, p.refused)
		}
		if more := p.to - p.size + p.reserTo - p.reserve; more > 0 {
			short += more * p.copies
			below = cmp.Or(below, fmt.Sprintf("%s from %d to %d", p.ID, p.size, p.to))
		}
	}
	if short == 0 {
		return ""
	}
	return fmt.Sprintf("the way to the plan, %s first, needs %d connections more, and %d of the budget of %d on %s are spare: something takes connections that were free when it was planned; plan again",
		below, short, w.spare, w.server.BudgetConns, w.server.Name)
}
