package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// flushAfter is the share of DrainFor after which a pool that does not drain may be flushed. chosen: an idle pool is
// drained by the first tick, and what remains of the time is enough for one connection a second (PgBouncer paces them
// server_lifetime/pool_size apart).
const flushAfter = 4

// turnovers is how often each connection must have been given back since the release, on average, before turnover and
// not a long transaction is what pins a pool. chosen: twice, as of a mean of one some were not given back at all.
const turnovers = 2

// flush lets the connections of one process end of age, where clients take each one up as soon as it is given back, so
// that none is ever idle when PgBouncer checks (janitor.c, check_pool_size). It is for a load below the new size alone:
// a load above it would only reconnect. One process at a time. An undo is flushed as a step is: what it takes back
// may be pinned as well, and what it gives back waits for that.
func (s State) flush(released []fleet.SettingChange) (a state.Action, due bool) {
	since := s.Journal.ReleasedAt
	if s.Journal.Unflushable || len(s.Flushed()) > 0 || s.Now.Sub(since) < s.Policy.DrainFor/flushAfter {
		return a, false
	}
	for _, x := range released {
		p, _ := s.Fleet.Pool(x.Pool())
		line, _ := fleet.FindAlias(s.Sample, x.Process, x.Alias)
		open := 0
		for _, g := range line.Pools {
			open += g.Conns()
		}
		switch {
		case p.OverIn(x.Process) == 0 || x.Alias == fleet.AutoDB || line.Lifetime <= state.FlushLifetime*time.Second:
		case s.suffers(p.ID, since).any(): // a release would be undone; of an undo a flush would end at once
		case s.pinnedBy(p.ID).Any() || s.Recent.xacts(x, since) < int64(turnovers*open):
		case p.Load.AtLeast || p.Load.Erlangs.Target >= float64(p.Sized()*x.To):
		default:
			return state.FlushOf(fleet.SettingChange{Process: x.Process, Alias: x.Alias, Key: fleet.KeyLifetime,
				From: int(line.Lifetime / time.Second), To: state.FlushLifetime},
				verdict.Of(verdict.TurnoverPins, "", p.OverIn(x.Process), verdict.Conns(open))), true
		}
	}
	return a, false
}

// restore gives flushed lines their lifetime back once there is nothing left to flush: their connections are gone, or
// the release is no longer waited for.
func (s State) restore() (a state.Action, due bool) {
	flushed := s.Flushed()
	if len(flushed) == 0 {
		return a, false
	}
	step := s.Journal.Step
	if s.Journal.Intent != nil { // nobody knows whether it was done
		step = nil
	}
	going := !s.Paused.Any() && step != nil && !s.Journal.Unwind && s.Now.Sub(s.Journal.ReleasedAt) < s.Policy.DrainFor
	for _, x := range flushed {
		p, _ := s.Fleet.Pool(x.Pool())
		if going && p.OverIn(x.Process) > 0 && slices.ContainsFunc(step.Changes, func(y fleet.SettingChange) bool {
			return y.Process == x.Process && y.Alias == x.Alias && y.To < y.From
		}) && !s.suffers(p.ID, s.Journal.ReleasedAt).any() {
			return a, false
		}
	}
	return state.RestoreOf(flushed, verdict.Reason{}), true
}

// Flushed is JournalState.Flushed without lines that are gone: they have no lifetime to be given back.
func (s State) Flushed() []fleet.SettingChange {
	return slices.DeleteFunc(s.Journal.Flushed(), func(x fleet.SettingChange) bool {
		_, there := fleet.FindAlias(s.Sample, x.Process, x.Alias)
		return !there
	})
}

// Lost lists what would give lines their lifetime back that are gone: a RELOAD took them, and what they had, away.
func (s State) Lost() []fleet.SettingChange {
	return slices.DeleteFunc(s.Journal.Flushed(), func(x fleet.SettingChange) bool {
		_, there := fleet.FindAlias(s.Sample, x.Process, x.Alias)
		return there
	})
}
