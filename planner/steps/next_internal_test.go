package steps

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAStepIsThatOfTheSlowSearch compares it, unit by unit, with a search that visits every pool for every unit, on
// fleets of pools above and below their goals, with caps, reserves, refusals and budgets of all kinds.
func TestAStepIsThatOfTheSlowSearch(t *testing.T) {
	full, empty, over := 0, 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 31))
		f, _ := ManyPools(3 + r.IntN(20))
		var g sizing.Goal
		var refused []state.Refusal
		for i := range f.Pools {
			p := &f.Pools[i]
			p.Rules.Count = []budget.Count{budget.CountWorst, budget.CountWorst, budget.CountHighest}[r.IntN(3)]
			p.ReserveConns = r.IntN(3)
			size := 2 + r.IntN(12)
			for k := range p.Sizes {
				p.Sizes[k].Conns = size
				if r.IntN(4) == 0 {
					p.Sizes[k].CapConns = 5 + r.IntN(10)
				}
				if r.IntN(5) == 0 {
					p.LinePools[k].MaybeConns = 4 + r.IntN(5)
				}
			}
			p.Tally()
			if r.IntN(10) > 0 {
				g.Pools = append(g.Pools, sizing.GoalPool{Pool: p.ID, Server: "pg", Size: max(1, size+r.IntN(9)-4),
					Reserve: r.IntN(3)})
			}
			if r.IntN(8) == 0 {
				refused = append(refused, state.Refusal{Pool: p.ID, Key: []fleet.Key{fleet.KeySize, fleet.KeyReserve}[r.IntN(2)],
					Least: r.IntN(10), Reason: verdict.Of(verdict.ClientWaits, p.ID)})
			}
		}
		f.Servers[0].BudgetConns = f.WorstConns("pg") + []int{0, 0, 1, 2, 5, 50, -10}[r.IntN(7)]
		policy := state.Policy{Percent: []float64{0.5, 1, 5, 25, 100}[r.IntN(5)]}
		changes, note, blocked := newPath(f, g, f.Servers[0], policy, refused).step()
		wantChanges, wantNote, wantBlocked := newSlowPath(f, g, f.Servers[0], policy, refused).step()
		if !reflect.DeepEqual(changes, wantChanges) || !reflect.DeepEqual(note, wantNote) ||
			!reflect.DeepEqual(blocked, wantBlocked) {
			t.Fatalf("seed %d: got %v %q %q, want %v %q %q", seed, changes, note.Text(), blocked.Text(), wantChanges,
				wantNote.Text(),
				wantBlocked.Text())
		}
		switch {
		case f.SpareConns("pg") < 0:
			over++
		case len(changes) == 0:
			empty++
		default:
			full++
		}
	}
	if full < 1000 || empty < 3 || over < 100 {
		t.Errorf("the instances show too little: %d steps, %d empty ones, %d over the budget", full, empty, over)
	}
}

// slowPath is one server's part of a step in the making.
type slowPath struct {
	fleet            budget.Fleet
	server           budget.FleetServer
	pools            []pathPool
	spare            int // connections that nobody claims; negative: over the budget
	grants, releases int // that this step may still spend
	granted          bool
	released         bool
	note             verdict.Reason
}

func newSlowPath(f budget.Fleet, g sizing.Goal, s budget.FleetServer, policy state.Policy,
	refused []state.Refusal) *slowPath {
	w := &slowPath{fleet: f, server: s, spare: f.SpareConns(s.Name)}
	w.grants = policy.StepConns(s.BudgetConns)
	w.releases = w.grants
	for _, p := range f.Pools {
		goal, ours := g.Pool(p.ID)
		if p.Server != s.Name || !ours {
			continue
		}
		size := p.LargestSize()
		x := pathPool{FleetPool: p, from: size, size: size, to: goal.Size, reserveFrom: p.ReserveConns,
			reserve:   p.ReserveConns,
			reserveTo: goal.Reserve, curve: sizing.CurveOf(p)}
		x.unit, x.reserveUnit = max(1, p.Sized()), max(1, p.Reserved())
		for _, r := range refused {
			if r.Pool == p.ID && r.Key == fleet.KeySize && x.to < r.Least {
				x.to, x.refused = min(r.Least, size), r.Reason
			}
			if r.Pool == p.ID && r.Key == fleet.KeyReserve && x.reserveTo < r.Least {
				x.reserveTo, x.refused = min(r.Least, x.reserve), r.Reason
			}
		}
		w.pools = append(w.pools, x)
	}
	return w
}

// step chooses units one by one until the percent is spent or the goal is reached.
func (w *slowPath) step() (changes []fleet.SettingChange, note, blocked verdict.Reason) {
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
				changes = append(changes, fleet.SettingChange{Process: s.Process, Alias: p.Alias, Key: fleet.KeySize, From: p.from,
					To: p.size})
			}
			if p.reserve != p.reserveFrom {
				changes = append(changes, fleet.SettingChange{Process: s.Process, Alias: p.Alias, Key: fleet.KeyReserve,
					From: p.reserveFrom,
					To:   p.reserve})
			}
		}
	}
	if len(changes) == 0 {
		blocked = (&path{pools: w.pools, spare: w.spare, server: w.server}).blocked()
	}
	return changes, w.note, blocked
}

// more reports whether a pool is below its goal.
func (w *slowPath) more() bool {
	return slices.ContainsFunc(w.pools, func(p pathPool) bool { return p.size < p.to || p.reserve < p.reserveTo })
}

// grant gives one more to the pool whose waiting it lessens most for its connections, and releases for it where nothing
// is spare; false: no pool may have more.
func (w *slowPath) grant() bool {
	best, gain := -1, -1.0
	for i, p := range w.pools {
		if p.size >= p.to && p.reserve >= p.reserveTo || p.more() > w.grants && w.granted {
			continue
		}
		if g := p.gain(p.size) / float64(p.more()); g > gain && w.fundable(p.costs()) {
			best, gain = i, g
		}
	}
	if best < 0 {
		return false
	}
	p := &w.pools[best]
	unit, more := p.costs(), p.more()
	for w.spare < unit {
		w.release()
	}
	if more > w.grants {
		w.note = verdict.Of(verdict.UnitCosts, p.ID, verdict.Conns(more))
	}
	if p.size < p.to {
		p.size++
	} else {
		p.reserve++
	}
	w.granted = true
	w.grants -= more
	w.spare -= unit
	return true
}

// fundable reports whether a unit can come out of spare connections and of what this step may still release.
func (w *slowPath) fundable(unit int) bool {
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
func (w *slowPath) release() bool {
	best, cost := -1, 0.0
	for i, p := range w.pools {
		if p.size <= p.to && p.reserve <= p.reserveTo || p.fewer() > w.releases && w.released {
			continue
		}
		c := 0.0 // an unused reserve costs nothing
		if p.reserve <= p.reserveTo {
			c = p.gain(p.size-1) / float64(p.unit)
		}
		if best < 0 || c < cost {
			best, cost = i, c
		}
	}
	if best < 0 {
		return false
	}
	p := &w.pools[best]
	fewer := p.fewer()
	if fewer > w.releases {
		w.note = verdict.Of(verdict.UnitFrees, p.ID, verdict.Conns(fewer))
	}
	before := p.WorstAt(p.size, p.reserve)
	if p.reserve > p.reserveTo {
		p.reserve--
	} else {
		p.size--
	}
	w.released = true
	w.releases -= fewer
	w.spare += before - p.WorstAt(p.size, p.reserve)
	return true
}
