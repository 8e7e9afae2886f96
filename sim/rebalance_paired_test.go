package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// minutes are what each pool waited, minute by minute.
type minutes struct {
	w     *World
	first int64
	last  int64
	// by pool: Σ waited and transactions assigned at the end of each minute, one after the other
	past map[string][]float64
}

func newMinutes(w *World) *minutes {
	now := w.now / int64(time.Minute)
	return &minutes{w: w, first: now, last: now, past: map[string][]float64{}}
}

// note is called after every event.
func (m *minutes) note() {
	for ; m.last < m.w.now/int64(time.Minute); m.last++ {
		for _, t := range m.w.tallies {
			m.past[t.id] = append(m.past[t.id], t.waitSum, float64(t.assigned))
		}
	}
}

// mean is the mean wait of a pool in a minute, from 1, and how many transactions it is of.
func (m *minutes) mean(pool string, minute int) (time.Duration, float64) {
	p := m.past[pool]
	if 2*minute+1 >= len(p) {
		return 0, 0
	}
	n := p[2*minute+1] - p[2*minute-1]
	if n == 0 {
		return 0, 0
	}
	return time.Duration((p[2*minute] - p[2*minute-2]) / n), n
}

// TestNoPoolWaitsForOthersSake runs each fleet twice, with steps and without, and holds the pools' waits against each
// other minute by minute. A pool that no step has made smaller never waits more than it is promised where it would not
// have without steps. One that has been made smaller may, for as long as it takes to see that and to undo it, or where
// its load has grown beyond what was planned for: those minutes are counted.
func TestNoPoolWaitsForOthersSake(t *testing.T) {
	above, alone, total := 0, 0, 0
	for seed := range fleets(30, 2, 2000) {
		x := newRig(t, seed)
		if x == nil {
			continue
		}
		m := newMinutes(x.w)
		x.w.after = func() { x.watch(); m.note() }
		if _, err := x.rebalancer().Run(t.Context(), x.goal, state.JournalState{}); err != nil {
			t.Fatal(err)
		}
		y := newRig(t, seed)
		n := newMinutes(y.w)
		y.w.after = n.note
		if err := y.w.Sleep(t.Context(), time.Duration(x.w.now-y.w.now)); err != nil {
			t.Fatal(err)
		}
		for _, p := range x.w.spec.Pools {
			for k := 1; 2*k < len(m.past[p.ID]); k++ {
				total++
				wait, xacts := m.mean(p.ID, k)
				if wait <= budget.DefaultMaxWaitMean {
					continue
				}
				above++
				paired, _ := n.mean(p.ID, k)
				if paired > budget.DefaultMaxWaitMean {
					continue
				}
				alone++
				ends := x.w.spec.Start.Add(time.Duration(m.first+int64(k)+1) * time.Minute)
				if !x.released(p.ID, ends) {
					t.Errorf("seed %d: %s waits %v in minute %d (%.0f transactions), %v without steps, and was never made smaller",
						seed, p.ID, wait, k, xacts, paired)
				}
			}
		}
	}
	t.Logf("%d pool-minutes, %d of them above %v, %d where the run without steps is not", total, above,
		budget.DefaultMaxWaitMean, alone)
	if alone > 2+total/100 {
		t.Errorf("%d of %d pool-minutes wait because of steps", alone, total)
	}
}

// released reports whether a pool was made smaller before a time.
func (x *rig) released(pool string, before time.Time) bool {
	return slices.ContainsFunc(x.events, func(e state.Event) bool {
		return e.Kind == state.Acted && e.Action.Kind == state.Release && e.At.Before(before) &&
			slices.ContainsFunc(e.Action.Changes, func(s fleet.SettingChange) bool { return s.Pool() == pool })
	})
}
