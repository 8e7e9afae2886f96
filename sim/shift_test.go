package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

// phase4 is GitLab's phase 4 with holds ten times as long and a tenth of the arrivals: what a connection is worth stays, and
// fifty times as much of it can be simulated. See fixtures/scenarios/gitlab-phase-4.yaml for where its figures come from.
func phase4(seed uint64, faults bool) (Spec, *rand.Rand) {
	r := rand.New(rand.NewPCG(seed, 44))
	spec := Spec{Servers: []ServerSpec{{Name: "pg", MaxConns: 500, SuperuserReservedConns: 3, Cores: 96, DirectConns: 20, Budget: 472}}}
	for _, g := range []string{"ci", "main", "sidekiq"} {
		spec.Groups = append(spec.Groups, GroupSpec{Name: g, Processes: 3, Version: []string{"1.18", "1.24"}[seed%2]})
	}
	spec.Pools = []PoolSpec{{ID: "ci/app", Server: "pg", SizeConns: 5}, {ID: "main/app", Server: "pg", SizeConns: 90}, {ID: "sidekiq/app", Server: "pg", SizeConns: 50}}
	spec.Loads = []LoadSpec{
		{Name: "web", Pool: "main/app", Hold: Law{Mean: time.Second}, CPU: 0.15, Open: &OpenSpec{PerSec: 200}},
		{Name: "jobs", Pool: "sidekiq/app", Hold: Law{Mean: 2500 * time.Millisecond}, CPU: 0.2, Open: &OpenSpec{PerSec: 40}},
	}
	spec.Signals = []SignalSpec{{Name: "cpu", Server: "pg", Builtin: "cpu", Interval: 15 * time.Second}}
	spec.Shifts = []ShiftSpec{{From: "main/app", To: "ci/app", Fraction: 0.35}}
	if faults {
		for range r.IntN(4) {
			f := []Fault{{Kind: Autovacuum, Server: "pg", Cores: 70}, {Kind: DirectConns, Server: "pg", Conns: 1 + r.IntN(10)},
				{Kind: LostScrape}, {Kind: Silent, Process: "ci/1"}, {Kind: SilentReload, Process: "main/2"}, {Kind: SlowPlan, Pool: "main/app", Times: 1.1}}[r.IntN(6)]
			f.From, f.For = 10*time.Minute+time.Duration(r.IntN(90))*time.Minute, time.Duration(1+r.IntN(10))*time.Minute
			spec.Faults = append(spec.Faults, f)
		}
	}
	return spec, r
}

// rollout is a run of a shift.
type rollout struct {
	*expedition
	prior planner.Range
	until int
	steps planner.Policy
}

// roll makes phase 4 with a prior, measures it for a while, and makes what runs it.
func roll(t testing.TB, spec Spec, seed uint64, prior planner.Range, percent float64) *expedition {
	t.Helper()
	x := &expedition{t: t, claims: make([]int, 1)}
	w, err := New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	x.w = w
	x.policy = planner.Policy{Percent: percent, Soak: 15 * time.Minute, DrainFor: 2 * time.Minute, HoldFor: time.Hour, Every: time.Second,
		SoakEvery: 5 * time.Second, MaxWait: 10 * time.Second, Stale: time.Minute}
	x.rules = []planner.Threshold{{Name: "cpu", Server: "pg", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
	if err := w.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	x.measure(5*time.Second, 5*time.Minute)
	for i, s := range w.servers {
		x.claims[i] = s.claims
	}
	w.after = x.watch
	x.traffic = []bouncer.Traffic{{Shift: planner.Shift{From: "main/app", To: "ci/app", Fraction: prior, Until: 100}, Switch: w.Switch(0)}}
	for _, p := range spec.Pools {
		x.rulesOf = append(x.rulesOf, planner.DeclaredPool{ID: p.ID, Weight: 1, Min: 1, Utilization: planner.DefaultUtilization,
			MaxWaitMean: 10 * planner.DefaultMaxWaitMean, MaxWaitP99: 10 * planner.DefaultMaxWaitP99, Count: planner.CountWorst})
	}
	return x
}

func third(phi float64) planner.Range {
	return planner.Range{Lower: phi * 2 / 3, Target: phi, Upper: min(1, phi*4/3)}
}

func TestTrafficAndSizesGoTogether(t *testing.T) {
	spec, _ := phase4(1, false)
	for _, prior := range []planner.Range{third(0.35), third(0.2), third(0.7)} {
		for _, percent := range []float64{5, 100} {
			x := roll(t, spec, 1, prior, percent)
			begun := x.w.At()
			report, err := x.rebalancer().Run(t.Context(), planner.Goal{}, planner.Memory{})
			if err != nil {
				t.Fatal(err)
			}
			if testing.Verbose() {
				for _, e := range x.events {
					switch {
					case e.Kind == planner.StepBegan:
						fmt.Println(e.At.Sub(Epoch), e.Step.Text())
					case e.Kind == planner.StepEnded && e.Point != nil:
						p := e.Point
						share, _ := p.Share()
						b := planner.Learn(prior, report.Memory.Points)
						_ = b
						fmt.Printf("   x %d share %.4f expected %+v verdict %s %s %s\n", p.X, share, p.Expected, p.Verdict, p.Text, p.Useless)
					case e.Kind != planner.Intended && e.Kind != planner.Acted && e.Kind != planner.StepEnded:
						fmt.Println(e.At.Sub(Epoch), e.Kind, e.Reason)
					}
				}
			}
			t.Logf("prior %.2f percent %v: %s %s after %v, %d steps, φ %+v", prior.Target, percent, report.Outcome, report.Reason, x.w.At()-begun, report.Memory.Steps, planner.Learn(prior, report.Memory.Points).Fraction)
			if report.Outcome != planner.Done || x.w.shares[0] != 100 || len(x.broken) > 0 {
				t.Errorf("%v", x.broken)
			}
		}
	}
	_ = math.Pi
}
