package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestWhatWasCalledOffAndIsMadeAllTheSameBreaksNoPromise: runs are aborted at random times while somebody is waited for
// who takes minutes; half of what is called off is made later. No budget is exceeded by it, and it is drift by then.
func TestWhatWasCalledOffAndIsMadeAllTheSameBreaksNoPromise(t *testing.T) {
	ends, strayed, held := map[state.Outcome]int{}, 0, 0
	for seed := range fleets(120, 60, 1000) {
		x := newRigWith(t, 9000+seed, func(spec *Spec) {
			spec.Faults = nil
			s := &spec.Servers[0] // few connections to spare
			s.MaxConns -= s.Budget
			s.Budget = worstOf(*spec) + s.DirectConns + 4 + int(seed%30)
			s.MaxConns += s.Budget
		})
		if x == nil { // no plan for it
			continue
		}
		r := rand.New(rand.NewPCG(seed, 33))
		x.hand, x.policy.Soak, x.policy.HoldFor = rand.New(rand.NewPCG(seed, 34)), time.Second, 20*time.Second
		for range 6 {
			b := x.rebalancer()
			abortAt := x.w.At() + time.Duration(1+r.IntN(240))*time.Second
			b.Aborted = func() (why verdict.Reason) {
				if x.w.At() >= abortAt {
					why = verdict.Of(verdict.AbortAsked, "", "somebody")
				}
				return why
			}
			b.Policy.Percent = []float64{10, 50, 100}[r.IntN(3)]
			goal := x.goal // or one pool larger than now
			if r.IntN(3) > 0 {
				goal = x.onePoolLarger(r)
			}
			report, err := b.Run(t.Context(), goal, bouncer.Replay(x.events))
			if err != nil {
				t.Fatal(err)
			}
			ends[report.Outcome]++
			held += b2i(report.Reason.Has(verdict.MayBeMade))
			for _, text := range x.broken {
				t.Fatalf("seed %d: %s", seed, text)
			}
			if report.Outcome == state.Drifted {
				break
			}
			if err := x.w.Sleep(t.Context(), time.Duration(r.IntN(20))*time.Second); err != nil {
				t.Fatal(err)
			}
			if n := len(x.strays); n > 0 && r.IntN(3) == 0 { // somebody closes one, and says so
				e := state.CallOff(x.strays[n-1].request, true, verdict.Reason{})
				e.Seq, e.At = int64(len(x.events)+1), x.w.Now()
				if _, err := x.Record(e); err != nil {
					t.Fatal(err)
				}
				x.strays = x.strays[:n-1]
			}
			x.stray(t.Context())
		}
		strayed += x.strayed
	}
	t.Logf("%d made after they were called off, %d runs held for what may be made; %v", strayed, held, ends)
	if strayed == 0 || held == 0 || ends[state.Drifted] == 0 || ends[state.Aborted] == 0 {
		t.Error("it tries nothing")
	}
}

// onePoolLarger is a goal of the present sizes but for one pool, which grows.
func (x *rig) onePoolLarger(r *rand.Rand) sizing.Goal {
	goal := sizing.Goal{Pools: slices.Clone(x.goal.Pools)}
	for i, p := range goal.Pools {
		for _, a := range x.w.aliases {
			if a.spec.ID == p.Pool {
				goal.Pools[i].Size = a.size
			}
		}
	}
	goal.Pools[r.IntN(len(goal.Pools))].Size += 1 + r.IntN(6)
	return goal
}

// TestWhatIsMadeDuringAPauseIsNotTooLate: the time is over by its end, and what was asked for is there.
func TestWhatIsMadeDuringAPauseIsNotTooLate(t *testing.T) {
	tried := 0
	for seed := range fleets(20, 10, 100) {
		x := newRigWith(t, 9500+seed, func(spec *Spec) { spec.Faults = nil })
		if x == nil {
			continue
		}
		x.hand, x.policy.Soak, x.policy.HoldFor = rand.New(rand.NewPCG(seed, 35)), time.Second, time.Hour
		b := x.rebalancer()
		b.Hand.Within = 100 * time.Second // chosen: whoever is asked takes 90 s at most
		asked := time.Duration(0)
		b.Paused = func() (why verdict.Reason) {
			if asked == 0 && bouncer.Replay(x.events).Requested > 0 {
				asked = x.w.At()
			}
			if since := x.w.At() - asked; asked > 0 && since > 3*time.Second && since < 150*time.Second {
				tried++
				why = verdict.Of(verdict.PausedBy, "", "somebody")
			}
			return why
		}
		report, err := b.Run(t.Context(), x.goal, state.JournalState{})
		if err != nil || report.Outcome != state.Done {
			t.Errorf("seed %d: %s: %s, %v", seed, report.Outcome, report.Reason.Text(), err)
		}
	}
	if tried == 0 {
		t.Error("it tries nothing")
	}
}
