package steps

import (
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/verdict"
)

// grant gives one more to the pool whose waiting it lessens most for its connections, and releases for it where nothing
// is spare; false: no pool may have more. A pool that may have none now may have none later: what is left only gets
// less.
func (w *path) grant() bool {
	for len(w.wanting) > 0 {
		i := w.wanting[0].pool
		p := &w.pools[i]
		unit, more, released := p.costs(), p.more(), len(w.given)
		if more > w.grants && w.granted || !w.fund(i, unit) {
			w.wanting.drop()
			continue
		}
		both := p.bent && p.above() || slices.ContainsFunc(w.given[released:], w.stirred)
		if more > w.grants {
			w.note = verdict.Of(verdict.UnitCosts, p.ID, verdict.Conns(more))
		}
		w.granted = true
		w.grants -= more
		w.spare -= unit
		if p.size < p.to {
			p.size++
			w.free(p, func(u roomUse) int { return -u.size })
		} else {
			p.reserve++
			w.free(p, func(u roomUse) int { return -u.reserve })
		}
		if w.most < math.MaxInt {
			w.most -= unit
		}
		switch {
		case both:
			w.requeue()
		case p.below():
			w.wanting.again(-p.gain(p.size) / float64(p.more()))
		default:
			w.wanting.drop()
		}
		return true
	}
	return false
}

// stirred reports whether a release has changed what one more of the same pool costs, or saves.
func (w *path) stirred(g given) bool {
	p := w.pools[g.pool]
	return p.below() && (p.bent || p.size != g.size)
}

// fund releases until so many connections are spare, and one more of the pool fits under its limits: under those first,
// as only what is under them makes room there. False: it cannot be, and nothing is released.
func (w *path) fund(pool, unit int) bool {
	if w.spare >= unit && w.tight(pool) < 0 {
		return true
	}
	if unit > w.most {
		return false
	}
	was := *w
	was.giving, was.rooms = slices.Clone(w.giving), slices.Clone(w.rooms)
	undo := func() bool {
		for _, g := range slices.Backward(w.given[len(was.given):]) {
			w.pools[g.pool].size, w.pools[g.pool].reserve = g.size, g.reserve
		}
		*w = was
		return false
	}
	for k := w.tight(pool); k >= 0; k = w.tight(pool) {
		if !w.releaseUnder(k, pool) {
			return undo()
		}
	}
	for w.spare < unit {
		if !w.release() {
			was.most = w.spare
			return undo()
		}
	}
	return true
}

// tight is a room in which one more of the pool does not fit; -1: there is none.
func (w *path) tight(pool int) int {
	p := w.pools[pool]
	for _, u := range p.under {
		more := u.reserve
		if p.size < p.to {
			more = u.size
		}
		if w.rooms[u.room].Conns < more {
			return u.room
		}
	}
	return -1
}

// free adds to the rooms what one fewer of a pool leaves there.
func (w *path) free(p *pathPool, left func(roomUse) int) {
	for _, u := range p.under {
		w.rooms[u.room].Conns += left(u)
	}
}
