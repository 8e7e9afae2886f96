package load_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestTimeThatServesNobodyIsNotIdle(t *testing.T) {
	for name, stop := range map[string]func(a *fleet.Alias){
		"paused":   func(a *fleet.Alias) { a.Paused = true },
		"disabled": func(a *fleet.Alias) { a.Disabled = true },
		"paused as a process, or its server refuses logins": func(a *fleet.Alias) {
			a.Pools[0] = fleet.PoolGauges{User: "app1", ClientsWaiting: 30, MaxWait: 9 * time.Second}
		},
	} {
		w := &plannertest.World{At: plannertest.Epoch, Size: 15, Version: "1.24.1", Mode: "transaction", Counts: true}
		var samples []fleet.Observation
		for range 61 {
			o := w.Sample()
			stop(&o.Processes[0].Aliases[0])
			samples = append(samples, o)
			w.At = w.At.Add(time.Second)
		}
		if _, err := load.Estimate(plannertest.EvidenceOf(t, samples...)); operr.KindOf(err) != operr.KindEvidence {
			t.Errorf("%s all the while: %v, want not enough evidence", name, err)
		}
		half := plannertest.Quiet(func(i int, o *fleet.Observation) {
			if i >= 30 {
				a := &o.Processes[0].Aliases[0]
				stop(a)
				a.Counters.Xacts, a.Counters.Assignments, a.Counters.XactTime = 6000, 6000, time.Minute
			}
		})
		if l := plannertest.EstimateOne(t, half...); l.Erlangs.Target < 1.9 || l.Erlangs.Target > 2.1 ||
			l.Window > 30*time.Second {
			t.Errorf("%s for half of the time: %+v in %s, want 2", name, l.Erlangs, l.Window)
		}
	}
}

func TestALostSessionOrALateAnswerMakesNoWrongInterval(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 10, Version: "1.24.1", Mode: "transaction", Active: 6,
		Counts: true}
	w.Run(time.Second, 100, 10*time.Millisecond, 0)
	var samples []fleet.Observation
	for i := range 12 {
		o := w.Sample()
		o.Processes[0].Started = 1
		if i > 0 {
			o.Processes[0].Started = 2
		}
		samples = append(samples, o)
		w.Run(time.Second, 600, 10*time.Millisecond, 0)
		if i == 0 {
			w.Xacts, w.Xact, w.Assigned = 300, 3*time.Second, 300 // anew, and beyond the old values already
		}
	}
	e := plannertest.EvidenceOf(t, samples...)
	if l, err := load.Estimate(e); err != nil || l[0].Erlangs.Lower > 6 || l[0].Erlangs.Upper < 6 || len(e.Breaks) != 1 {
		t.Errorf("%+v, breaks %v", l, e.Breaks)
	}
	for _, told := range []bool{true, false} { // the second of two answers comes 5 s late
		w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: "1.24.1", Mode: "transaction", Active: 6,
			Counts: true}
		first := w.Sample()
		w.Run(15*time.Second, 9000, 10*time.Millisecond, 0)
		second := w.Sample()
		if second.At, second.Took = plannertest.Epoch.Add(10*time.Second), 5*time.Second; told {
			first.Processes[0].At, second.Processes[0].At = plannertest.Epoch, plannertest.Epoch.Add(15*time.Second)
		}
		if l := plannertest.EstimateOne(t, first, second); l.Erlangs.Lower > 6 || l.Erlangs.Upper < 6 {
			t.Errorf("time told %v: %+v, want 6 inside", told, l.Erlangs)
		}
	}
}
