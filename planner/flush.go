package planner

import (
	"fmt"
	"slices"
	"time"
)

// flushAfter is the share of DrainFor after which a pool that does not drain may be flushed. chosen: an idle pool is
// drained by the first tick, and what remains of the time is enough for one connection a second (PgBouncer paces them
// server_lifetime/pool_size apart).
const flushAfter = 4

// turnovers is how often each connection must have been given back since the release, on average, before turnover and
// not a long transaction is what pins a pool. chosen: twice.
const turnovers = 2

// flushLifetime is server_lifetime while a line is flushed, in seconds; the least that PgBouncer takes for a line.
const flushLifetime = 1

// flush lets the connections of one process end of age, where clients take each one up as soon as it is given back, so
// that none is ever idle when PgBouncer looks (janitor.c, check_pool_size). It is for a load below the new size alone: a
// load above it would only reconnect. One process at a time.
func (s Situation) flush(released []Set) (Act, bool) {
	since := s.Memory.ReleasedAt
	if s.Memory.Unflushable || len(s.Flushed()) > 0 || s.Now.Sub(since) < s.Policy.DrainFor/flushAfter {
		return Act{}, false
	}
	for _, x := range released {
		p, _ := s.Fleet.pool(x.Pool())
		a, _ := findAlias(s.Look, x.Process, x.Alias)
		open := 0
		for _, g := range a.Pools {
			open += g.Conns()
		}
		switch {
		case p.overIn(x.Process) == 0 || x.Alias == AutoDB || a.Lifetime <= flushLifetime*time.Second:
		case s.holders(p.ID) != "" || s.Trail.xacts(x, since) < int64(turnovers*open):
		case p.Load.AtLeast || p.Load.Erlangs.Target >= float64(p.sized()*x.To):
		default:
			return Act{Verb: Flush, Sets: []Set{{x.Process, x.Alias, KeyLifetime, int(a.Lifetime / time.Second), flushLifetime}},
				Reason: fmt.Sprintf("%d of %d connections are too many, and clients take each one up as it is given back", p.overIn(x.Process), open)}, true
		}
	}
	return Act{}, false
}

// restore gives flushed lines their lifetime back once there is nothing left to flush: their connections are gone, or the
// release is no longer waited for.
func (s Situation) restore() (Act, bool) {
	flushed := s.Flushed()
	if len(flushed) == 0 {
		return Act{}, false
	}
	step := s.Memory.Step
	if s.Memory.Intent != nil { // nobody knows whether it was done
		step = nil
	}
	going := s.Paused == "" && step != nil && step.Kind != Backward && !s.Memory.Unwind && s.Now.Sub(s.Memory.ReleasedAt) < s.Policy.DrainFor
	for _, x := range flushed {
		p, _ := s.Fleet.pool(x.Pool())
		if going && p.overIn(x.Process) > 0 && slices.ContainsFunc(step.Sets, func(y Set) bool {
			return y.Process == x.Process && y.Alias == x.Alias && y.To < y.From
		}) && !s.suffers(p.ID, s.Memory.ReleasedAt).any() {
			return Act{}, false
		}
	}
	return Act{Verb: Restore, Sets: flushed}, true
}

// Flushed is Memory.Flushed without lines that are gone: they have no lifetime to be given back.
func (s Situation) Flushed() []Set {
	return slices.DeleteFunc(s.Memory.Flushed(), func(x Set) bool {
		_, there := findAlias(s.Look, x.Process, x.Alias)
		return !there
	})
}

// Lost lists what would give lines their lifetime back that are gone: a RELOAD took them, and what they had, away.
func (s Situation) Lost() []Set {
	return slices.DeleteFunc(s.Memory.Flushed(), func(x Set) bool {
		_, there := findAlias(s.Look, x.Process, x.Alias)
		return there
	})
}

// Flushed lists what gives lines their lifetime back that the journal knows to be flushed, or does not know not to be.
func (m Memory) Flushed() []Set {
	var out []Set
	for _, w := range m.Written {
		if w.Key == KeyLifetime {
			out = append(out, Set{w.Process, w.Alias, KeyLifetime, flushLifetime, w.From})
		}
	}
	return out
}

// restored forgets lifetimes that are as they were.
func (m Memory) restored(sets []Set) Memory {
	m.Written = slices.DeleteFunc(slices.Clone(m.Written), func(w Written) bool {
		return w.Key == KeyLifetime && slices.ContainsFunc(sets, w.Same)
	})
	return m
}
