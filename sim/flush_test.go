package sim

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

// TestAReleaseThatTurnoverPinsIsFlushed has clients that ask again at once: each connection that is given back is taken up
// in the same moment, so that a smaller size alone drains nothing. They hardly wait, so nothing calls the release wrong.
func TestAReleaseThatTurnoverPinsIsFlushed(t *testing.T) {
	for _, version := range []string{"1.18", "1.24"} {
		spec := Spec{
			Servers: []ServerSpec{{Name: "pg", MaxConns: 60, Cores: 16, Budget: 50}},
			Groups:  []GroupSpec{{Name: "main", Processes: 2, Version: version}},
			Pools:   []PoolSpec{{ID: "main/app", Server: "pg", SizeConns: 10}},
			Loads:   []LoadSpec{{Pool: "main/app", Hold: Law{Mean: time.Millisecond}, Closed: &ClosedSpec{Clients: 40}}},
		}
		w, err := New(spec, 7)
		if err != nil {
			t.Fatal(err)
		}
		x := &expedition{t: t, w: w, claims: make([]int, 1), policy: planner.DefaultPolicy()}
		x.policy.Percent, x.policy.Soak, x.policy.DrainFor = 100, 10*time.Second, time.Minute
		if err := w.Sleep(t.Context(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		err = bouncer.Watch(t.Context(), w, w, time.Second, 5*time.Second, func(o planner.Observation) error {
			var err error
			x.before, err = x.before.Add(o)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if x.loads, err = planner.Estimate(x.before); err != nil {
			t.Fatal(err)
		}
		x.loads[0].AtLeast, x.loads[0].Erlangs = false, planner.Range{Lower: 3, Target: 4, Upper: 5} // as of a calmer hour
		x.goal = planner.Goal{Pools: []planner.GoalPool{{Pool: "main/app", Server: "pg", Size: 4, MeanWait: planner.Unknown()}}}
		report, err := x.rebalancer().Run(t.Context(), x.goal, planner.Memory{})
		if err != nil || report.Outcome != planner.Done {
			t.Fatalf("%s: %s: %s (%v)", version, report.Outcome, report.Reason, err)
		}
		flushed := map[string]int{}
		for _, e := range x.events {
			if e.Kind == planner.Acted && (e.Act.Verb == planner.Flush || e.Act.Verb == planner.Restore) {
				flushed[string(e.Act.Verb)+" "+e.Act.Sets[0].Process]++
			}
		}
		if len(flushed) != 4 || flushed["flush main/1"] != 1 || flushed["restore main/2"] != 1 {
			t.Errorf("%s: %v, want one process after the other flushed and restored once", version, flushed)
		}
		for _, a := range w.aliases {
			if a.conns > 4 || time.Duration(a.lifetime) != time.Hour {
				t.Errorf("%s: %d connections in %s, which live for %v", version, a.conns, a.proc.id, time.Duration(a.lifetime))
			}
		}
	}
}
