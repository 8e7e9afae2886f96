package sizing_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func TestCountersThatContradictTheQueueGiveABoundAndNoPanic(t *testing.T) {
	// 100 waiters with an old head give up: the waits pending at the first sample never come to be booked.
	w := &plannertest.World{At: plannertest.Epoch, Size: 5, Version: "1.18.0", Mode: "transaction", Active: 5}
	w.Queue(100, 20*time.Second)
	w.Wait = 0 // they gave up before they were assigned
	samples := []fleet.Observation{w.Sample()}
	for range 20 {
		w.Waiting, w.MaxWait = 50, time.Second
		w.Run(3*time.Second, 10, 10*time.Millisecond, time.Second)
		samples = append(samples, w.Sample())
	}
	l := plannertest.EstimateOne(t, samples...)
	if l.MeanHold < 0 || l.Erlangs.Target < 0 || l.Erlangs.Lower < 0 {
		t.Errorf("%+v", l)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, plannertest.EvidenceOf(t, samples...),
		[]load.Load{l})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sizing.Solve(f, sizing.Options{}); err != nil && operr.KindOf(err) != operr.KindInfeasible {
		t.Error(err)
	}
}
