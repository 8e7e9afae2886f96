package steps

import (
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// path is one server's part of a step in the making.
type path struct {
	server           budget.FleetServer
	pools            []pathPool
	spare            int // connections that nobody claims; negative: over the budget
	grants, releases int // that this step may still spend
	rooms            []budget.LimitRoom
	granted          bool
	released         bool
	note             verdict.Reason

	wanting poolQueue // pools below their goal, the one whose waiting one more lessens most first
	giving  poolQueue // pools above it, the one that loses least first
	most    int       // spare connections that releases can make at most, where it is known; else math.MaxInt
	given   []given   // what was released, the newest last
}

// given is a pool as it was before it released one.
type given struct{ pool, size, reserve int }

// roomUse is what one more of a pool takes of one of the rooms: of its size, and of its reserve.
type roomUse struct{ room, size, reserve int }

// pathPool is one pool on the path.
type pathPool struct {
	budget.FleetPool
	from, size, to                  int
	reserveFrom, reserve, reserveTo int
	curve                           sizing.PoolCurve
	// connections of one more, and of one more in reserve, whatever caps say: what counts against the percent
	unit, reserveUnit int
	under             []roomUse
	bent              bool // a cap, or a doubtful size, makes what one more costs depend on where it stands
	refused           verdict.Reason
}

func newPath(f budget.Fleet, g sizing.Goal, s budget.FleetServer, policy state.Policy, refused []state.Refusal) *path {
	w := &path{server: s, spare: f.SpareConns(s.Name), rooms: f.Rooms(s.Name)}
	under := map[string][]roomUse{}
	for k, r := range w.rooms {
		for pool := range r.Sizes {
			size, reserve := r.Use(pool)
			under[pool] = append(under[pool], roomUse{k, size, reserve})
		}
	}
	w.grants = policy.StepConns(s.BudgetConns)
	w.releases = w.grants
	for _, p := range f.Pools {
		if p.Server != s.Name {
			continue
		}
		goal, ours := g.Pool(p.ID)
		if !ours {
			continue
		}
		if lines := g.LinesOf(p.ID); len(lines) > 0 {
			w.addLines(p, lines, refused)
			continue
		}
		size := p.LargestSize()
		x := newPathPool(p, size, goal.Size, goal.Reserve)
		x.under = under[p.ID]
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
	w.enqueue()
	return w
}

// newPathPool is a pool that is to go from a size to another.
func newPathPool(p budget.FleetPool, from, to, reserve int) pathPool {
	x := pathPool{FleetPool: p, from: from, size: from, to: to, reserveTo: reserve, curve: sizing.CurveOf(p)}
	x.reserveFrom, x.reserve = p.ReserveConns, p.ReserveConns
	x.unit, x.reserveUnit = max(1, p.Sized()), max(1, p.Reserved())
	x.bent = slices.ContainsFunc(p.Sizes, func(s budget.Size) bool { return s.CapConns > 0 }) ||
		slices.ContainsFunc(p.LinePools, func(c budget.LinePool) bool { return c.MaybeConns > 0 })
	return x
}

// enqueue puts the pools into the queues.
func (w *path) enqueue() {
	w.giving = nil
	for i, p := range w.pools {
		if p.above() {
			w.giving = append(w.giving, waiting{p.loses(), i})
		}
	}
	w.giving.order()
	w.requeue()
}

// requeue lines up the pools below their goal from new: what one of them costs has changed by what was released of it.
func (w *path) requeue() {
	w.wanting, w.most = nil, math.MaxInt
	for i, p := range w.pools {
		if p.below() {
			w.wanting = append(w.wanting, waiting{-p.gain(p.size) / float64(p.more()), i})
		}
	}
	w.wanting.order()
}

// step chooses units one by one until the percent is spent or the goal is reached.
func (w *path) step() (changes []fleet.SettingChange, note, blocked verdict.Reason) {
	switch {
	case w.spare < 0: // over budget: nothing bounds the releases that cure it
		percent := w.releases
		for w.releases = math.MaxInt; w.spare < 0 && w.release(); {
		}
		for w.releases = percent - (math.MaxInt - w.releases); w.release(); {
		}
	case len(w.wanting) == 0:
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
		blocked = w.blocked()
	}
	return changes, w.note, blocked
}

// below reports whether the pool shall get more.
func (p pathPool) below() bool { return p.size < p.to || p.reserve < p.reserveTo }

// above reports whether the pool shall have less.
func (p pathPool) above() bool { return p.size > p.to || p.reserve > p.reserveTo }

// more is the connections of the next one that the pool gets: sizes come first.
func (p pathPool) more() int {
	if p.size < p.to {
		return p.unit
	}
	return p.reserveUnit
}

// fewer is the connections of the next one that it gives: reserves go first.
func (p pathPool) fewer() int {
	if p.reserve > p.reserveTo {
		return p.reserveUnit
	}
	return p.unit
}

// costs is what the ledger counts for one more of the pool: one may be free under a cap, or under a size that counts as
// larger than it is.
func (p pathPool) costs() int {
	if p.Rules.Count != budget.CountWorst {
		return p.more()
	}
	if p.size < p.to {
		return p.WorstAt(p.size+1, p.reserve) - p.worst()
	}
	return p.WorstAt(p.size, p.reserve+1) - p.worst()
}

// worst is what the ledger counts for the pool as it is in the step; one that is not there yet opens no reserve either.
func (p pathPool) worst() int {
	if p.size == 0 {
		return 0
	}
	return p.WorstAt(p.size, p.reserve)
}

// gain is what one more than n saves in waiting clients.
func (p pathPool) gain(n int) float64 {
	var g [1]float64
	p.curve.Gains(n, g[:])
	return g[0]
}

// loses is what one fewer costs in waiting clients a connection; an unused reserve costs nothing.
func (p pathPool) loses() float64 {
	if p.reserve > p.reserveTo {
		return 0
	}
	return p.gain(p.size-1) / float64(p.unit)
}

// release takes one from the pool above its goal that loses least for its connections; false: there is none, or the
// step may release no more.
func (w *path) release() bool {
	for len(w.giving) > 0 {
		i := w.giving[0].pool
		if p := w.pools[i]; p.fewer() > w.releases && w.released {
			w.giving.drop()
			continue
		}
		w.give(i)
		if p := w.pools[i]; p.above() {
			w.giving.again(p.loses())
		} else {
			w.giving.drop()
		}
		return true
	}
	return false
}

// releaseUnder is release for pools under one limit, but for one that shall grow there.
func (w *path) releaseUnder(room, but int) bool {
	best := -1
	for i, p := range w.pools {
		if i == but || !p.above() || p.fewer() > w.releases && w.released ||
			!slices.ContainsFunc(p.under, func(u roomUse) bool { return u.room == room }) {
			continue
		}
		if best < 0 || p.loses() < w.pools[best].loses() {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	w.give(best)
	w.giving = slices.DeleteFunc(w.giving, func(x waiting) bool { return x.pool == best })
	if p := w.pools[best]; p.above() {
		w.giving = append(w.giving, waiting{p.loses(), best})
	}
	w.giving.order()
	return true
}

// give takes one from a pool.
func (w *path) give(i int) {
	p := &w.pools[i]
	fewer := p.fewer()
	if fewer > w.releases {
		w.note = verdict.Of(verdict.UnitFrees, p.ID, verdict.Conns(fewer))
	}
	w.given = append(w.given, given{i, p.size, p.reserve})
	before := p.WorstAt(p.size, p.reserve)
	if p.reserve > p.reserveTo {
		p.reserve--
		w.free(p, func(u roomUse) int { return u.reserve })
	} else {
		p.size--
		w.free(p, func(u roomUse) int { return u.size })
	}
	w.released = true
	w.releases -= fewer
	w.spare += before - p.WorstAt(p.size, p.reserve)
}

// blocked says why the goal is out of reach though it is not reached.
func (w *path) blocked() verdict.Reason {
	short, first := 0, verdict.Reason{}
	for _, p := range w.pools {
		if p.refused.Any() {
			return verdict.Of(verdict.SizeStays, p.ID, p.size, p.refused)
		}
		if more := p.to - p.size + p.reserveTo - p.reserve; more > 0 {
			short += max(0, p.to-p.size)*p.unit + max(0, p.reserveTo-p.reserve)*p.reserveUnit
			first = verdict.Or(first, verdict.Of(verdict.FromTo, p.ID, p.size, p.to))
		}
	}
	if short == 0 {
		return verdict.Reason{}
	}
	for i, p := range w.pools {
		if k := w.tight(i); p.below() && k >= 0 {
			return verdict.Of(verdict.PathBarred, w.rooms[k].Text, first, verdict.Conns(w.rooms[k].Conns), p.ID, p.more())
		}
	}
	return verdict.Of(verdict.PathShort, w.server.Name, first, verdict.Conns(short), w.spare, w.server.BudgetConns)
}
