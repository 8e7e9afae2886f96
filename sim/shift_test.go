package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// shiftFleet is GitLab's phase 4 with holds ten times as long and a tenth of the arrivals: what a connection is worth
// stays, and fifty times as much of it can be simulated. See fixtures/scenarios/gitlab-phase-4.yaml for where its
// figures come from.
func shiftFleet(seed uint64, faults bool) (Spec, *rand.Rand) {
	r := rand.New(rand.NewPCG(seed, 44))
	spec := Spec{Servers: []ServerSpec{{Name: "pg", MaxConns: 500, SuperuserReservedConns: 3, Cores: 96, DirectConns: 20,
		Budget: 472}}}
	for _, g := range []string{"ci", "main", "sidekiq"} {
		spec.Groups = append(spec.Groups, GroupSpec{Name: g, Processes: 3, Version: []string{"1.18", "1.24"}[seed%2]})
	}
	spec.Pools = []PoolSpec{{ID: "ci/app", Server: "pg", SizeConns: 5}, {ID: "main/app", Server: "pg", SizeConns: 90},
		{ID: "sidekiq/app", Server: "pg", SizeConns: 50}}
	spec.Loads = []LoadSpec{
		{Name: "web", Pool: "main/app", Hold: Law{Mean: time.Second}, CPU: 0.15, Open: &OpenSpec{PerSec: 200}},
		{Name: "jobs", Pool: "sidekiq/app", Hold: Law{Mean: 2500 * time.Millisecond}, CPU: 0.2, Open: &OpenSpec{PerSec: 40}},
	}
	spec.Signals = []SignalSpec{{Name: "cpu", Server: "pg", Builtin: "cpu", Interval: 15 * time.Second}}
	spec.Shifts = []ShiftSpec{{From: "main/app", To: "ci/app", Fraction: 0.35}}
	if faults {
		for range r.IntN(4) {
			f := []Fault{{Kind: Autovacuum, Server: "pg", Cores: 70}, {Kind: DirectConns, Server: "pg", Conns: 1 + r.IntN(10)},
				{Kind: LostScrape}, {Kind: Silent, Process: "ci/1"}, {Kind: SilentReload, Process: "main/2"},
				{Kind: SlowPlan, Pool: "main/app", Times: 1.1}}[r.IntN(6)]
			f.From, f.For = 10*time.Minute+time.Duration(r.IntN(90))*time.Minute, time.Duration(1+r.IntN(10))*time.Minute
			spec.Faults = append(spec.Faults, f)
		}
		slices.SortFunc(spec.Faults, func(a, b Fault) int { return cmp.Compare(a.From, b.From) })
	}
	return spec, r
}

// shiftSoak is the soak of these runs. chosen: a third of the default, as a soak's transactions are what it costs to
// simulate.
const shiftSoak = 5 * time.Minute

// shiftRig makes a shift with a prior, and what runs it.
func shiftRig(t testing.TB, spec Spec, seed uint64, prior load.Range, percent float64) *rig {
	t.Helper()
	x := &rig{t: t, claims: make([]int, 1)}
	w, err := New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	x.w = w
	x.policy = state.Policy{Percent: percent, Soak: shiftSoak, DrainFor: 2 * time.Minute, HoldFor: time.Hour,
		Every:     time.Second,
		SoakEvery: 15 * time.Second, MaxWait: 10 * time.Second, Stale: time.Minute}
	x.rules = []control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
	for _, p := range spec.Pools {
		x.rulesOf = append(x.rulesOf, budget.DeclaredPool{ID: p.ID, Weight: 1, Min: 1, Utilization: budget.DefaultUtilization,
			MaxWaitMean: shiftWait, MaxWaitP99: 10 * budget.DefaultMaxWaitP99, Count: budget.CountWorst})
	}
	if err := w.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	for i, s := range w.servers {
		x.claims[i] = w.granted(s)
	}
	x.traffic = []bouncer.Traffic{{Shift: shift.Shift{From: "main/app", To: "ci/app", Fraction: prior, Until: 100},
		Switch: w.Switch(0)}}
	return x
}

// shiftWait is the mean wait that these pools are promised: the default's, ten times as long, as holds are.
const shiftWait = 10 * budget.DefaultMaxWaitMean

// mostRuns is how often a run that ended before its shift did is begun again. chosen: more than there are faults.
const mostRuns = 8

// through runs until the shift is done: a run that is held, or whose step went back, is begun again a quarter of an
// hour later, as a person would once a fault is gone.
func (x *rig) through() (bouncer.Report, int, error) {
	for runs := 1; ; runs++ {
		x.before = load.Evidence{}
		var report bouncer.Report
		err := bouncer.Watch(x.t.Context(), x.w, x, 5*time.Second, time.Minute, func(o fleet.Observation) error {
			var err error
			x.before, err = x.before.Add(o)
			return err
		})
		if err == nil {
			if x.loads, err = load.Estimate(x.before); err == nil {
				x.traffic[0].LoadsAt = int(x.w.shares[0])
				report, err = x.rebalancer().Run(x.t.Context(), sizing.Goal{}, bouncer.Replay(x.events))
			}
		}
		if operr.KindOf(err) == operr.KindUnreachable { // a console was silent in the samples before
			err = nil
		}
		if err != nil || report.Outcome == state.Done || runs == mostRuns {
			return report, runs, err
		}
		if err := x.w.Sleep(x.t.Context(), 15*time.Minute); err != nil {
			return report, runs, err
		}
	}
}

// shiftRun is what became of a run of a shift.
type shiftRun struct {
	took         time.Duration
	steps, turns int
	done         bool
	waits        int // pool-minutes above what is promised, where the run without steps has none
	minutes      int
}

// runShift runs a shift with a prior and the same without steps.
func runShift(t testing.TB, seed uint64, faults bool, prior load.Range, percent float64, paired bool) shiftRun {
	t.Helper()
	spec, _ := shiftFleet(seed, faults)
	x := shiftRig(t, spec, seed, prior, percent)
	m := newMinutes(x.w)
	x.w.after = func() { x.watch(); m.note() }
	begun := x.w.At()
	report, _, err := x.through()
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	v := shiftRun{took: x.w.At() - begun, done: report.Outcome == state.Done && x.w.shares[0] == 100}
	for _, e := range x.events {
		v.steps += b2i(e.Kind == state.StepBegan)
		v.turns += b2i(e.Kind == state.Acted && e.Action.Kind == state.ShiftTraffic)
	}
	if len(x.broken) > 0 {
		t.Fatalf("seed %d: %s", seed, x.broken[0])
	}
	if !v.done {
		t.Logf("seed %d, prior %.2f, %g %%: %s after %v at %g %%: %s", seed, prior.Target, percent, report.Outcome, v.took,
			x.w.shares[0], report.Reason.Text())
	}
	if !paired {
		return v
	}
	y := shiftRig(t, spec, seed, prior, percent)
	n := newMinutes(y.w)
	y.w.after = n.note
	if err := y.w.Sleep(t.Context(), time.Duration(x.w.now-y.w.now)); err != nil {
		t.Fatal(err)
	}
	for _, p := range spec.Pools {
		for k := 1; 2*k < len(m.past[p.ID]); k++ {
			v.minutes++
			wait, _ := m.mean(p.ID, k)
			if alone, _ := n.mean(p.ID, k); wait > shiftWait && alone <= shiftWait {
				v.waits++
			}
		}
	}
	return v
}

// TestAShiftWithARoughPriorTakesHardlyLongerThanOneThatKnows moves all of the CI queries with a prior that is between
// half and twice the truth, faults on, against a clairvoyant that knows the fraction: nothing over the budget, no
// waiting that steps bring, and hardly more time.
func TestAShiftWithARoughPriorTakesHardlyLongerThanOneThatKnows(t *testing.T) {
	const truth = 0.35
	seeds := fleets(15, 1, 1000)
	percents := []float64{100, 5}
	if few() { // hours of it take minutes then
		percents = percents[:1]
	}
	for _, percent := range percents {
		if percent == 5 { // each takes six times as long
			seeds = fleets(3, 1, 1000)
		}
		ours, theirs := make([]shiftRun, seeds), make([]shiftRun, seeds)
		t.Run(fmt.Sprintf("%g", percent), func(t *testing.T) {
			for seed := range seeds {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					t.Parallel()
					r := rand.New(rand.NewPCG(seed, 45))
					guess := truth * math.Exp2(2*r.Float64()-1)
					ours[seed] = runShift(t, seed, true, load.Range{Lower: guess / 2, Target: guess, Upper: min(1, 2*guess)}, percent,
						true)
					theirs[seed] = runShift(t, seed, true, load.Range{Lower: truth, Target: truth, Upper: truth}, percent, false)
				})
			}
		})
		done, waits, minutes, steps := 0, 0, 0, 0
		for _, v := range ours {
			done += b2i(v.done)
			waits, minutes, steps = waits+v.waits, minutes+v.minutes, steps+v.steps
		}
		a, b := median(ours), median(theirs)
		t.Logf("%g %%: %d of %d done, in %.2f h and %.1f steps; the clairvoyant in %.2f h: %.2f times; %d of %d "+
			"pool-minutes wait because of steps",
			percent, done, seeds, a, float64(steps)/float64(seeds), b, a/b, waits, minutes)
		if done < int(seeds)*9/10 {
			t.Errorf("%g %%: only %d of %d are done", percent, done, seeds)
		}
		if a > 1.5*b {
			t.Errorf("%g %%: %.2f h against %.2f h", percent, a, b)
		}
		if waits > 2+minutes/500 {
			t.Errorf("%g %%: %d of %d pool-minutes wait because of steps", percent, waits, minutes)
		}
	}
}

// median is that of the hours.
func median(v []shiftRun) float64 {
	v = slices.SortedFunc(slices.Values(v), func(a, b shiftRun) int { return cmp.Compare(a.took, b.took) })
	return v[len(v)/2].took.Hours()
}
