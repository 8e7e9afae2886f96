package shift_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestQueriesThatMoveKeepTheirCPU: a switch changes where transactions run and not what they are, so a server's CPU is
// the same wherever the switch stands, onward and back, in one shift and after another.
func TestQueriesThatMoveKeepTheirCPU(t *testing.T) {
	for name, facts := range plannertest.CpuFacts {
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 21))
			f, s, _ := plannertest.RandomShift(r)
			s.Until = 100
			third := f.Pools[1]
			third.ID, third.Load.Pool = "c/db", "c/db"
			f.Pools = append(f.Pools, third)
			facts(&f)
			if f.Pools[0].Load.CPUPerXact > 0 && f.Pools[1].Load.CPUPerXact > 0 {
				f.Pools[2].Load.CPUPerXact = time.Millisecond
			}
			if seed%4 == 0 { // a pool that has no traffic yet, of which nobody declares anything
				f.Pools[1].Load.PerSec, f.Pools[1].Load.Erlangs, f.Pools[1].Load.CPUPerXact = 0, load.Range{}, 0
			}
			want := float64(sizing.PredictCPU(f.Servers[0], f.Pools).Predicted)
			other := shift.Shift{From: "a/db", To: "c/db", Fraction: load.Range{Lower: 0.3, Target: 0.4, Upper: 0.5}, Until: 100}
			for z := 0; z <= 100; z += 10 {
				at := s.Loaded(f, z)
				for what, g := range map[string]budget.Fleet{"one shift": at, "and another": other.Loaded(at, 50)} {
					got := float64(sizing.PredictCPU(g.Servers[0], g.Pools).Predicted)
					if came := g.Pools[0].Load.PerSec + g.Pools[1].Load.PerSec + g.Pools[2].Load.PerSec; math.IsNaN(got) ||
						math.Abs(got-want) > 1e-9 {
						t.Fatalf("%s, seed %d, %s at %d %% of %+v: cpu %v, want %v (%v transactions/s)", name, seed, what, z, s, got,
							want, came)
					}
				}
			}
		}
	}
}

// TestTrafficThatComesBackCostsWhatItsClassCosts: of what To carries only the part that goes back takes From's cost
// with it.
func TestTrafficThatComesBackCostsWhatItsClassCosts(t *testing.T) {
	f, s, _ := plannertest.RandomShift(rand.New(rand.NewPCG(1, 9)))
	plannertest.CpuFacts["fitted, cores unknown"](&f)
	f.Pools[0].Load.PerSec, f.Pools[1].Load.PerSec = 750, 350 // of 1000 and 100 at 0 %
	f.Servers[0].CPU.Fit.Demands[1].RatioPerTPS = (250*0.0005 + 100*0.002) / 350
	s.LoadsAt, s.Fraction = 50, load.Range{Lower: 0.5, Target: 0.5, Upper: 0.5}
	back := s.Loaded(f, 0)
	for i, want := range []float64{0.0005, 0.002} {
		if got := back.Pools[i].CPU; got == nil || math.Abs(got.RatioPerTPS-want) > 1e-12 {
			t.Errorf("%s costs %+v, want %v", back.Pools[i].ID, got, want)
		}
	}
}
