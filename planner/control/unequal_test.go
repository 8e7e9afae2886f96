package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestRefusedPoolsAreNotMadeEqualAgain(t *testing.T) {
	s := plannertest.NewTwoPools(9)
	s.Observe(20, 18, 10, 10, func(o *fleet.Observation) {
		p := o.Processes[0]
		p.ID = "a/2"
		p.Aliases = []fleet.Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 16
		o.Processes = []fleet.Process{o.Processes[0], p, o.Processes[1]}
	})
	if step := steps.Equal(s.Fleet, s.Goal, s.Policy, nil); len(step.Changes) == 0 {
		t.Fatal("they are not made equal")
	}
	if step := steps.Equal(s.Fleet, s.Goal, s.Policy, []state.Refusal{{Pool: "a/db", Key: fleet.KeySize,
		Least: 20}}); len(step.Changes) != 0 {
		t.Error(step.Text())
	}
}

// TestUnequalProcessesWithoutRoomWaitForReleases: what is too large elsewhere makes room for them first.
func TestUnequalProcessesWithoutRoomWaitForReleases(t *testing.T) {
	s := plannertest.NewTwoPools(14)
	twice := func(o *fleet.Observation) {
		p := o.Processes[1]
		p.ID = "b/2"
		p.Aliases = []fleet.Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 14
		o.Processes = append(o.Processes, p)
	}
	for range 3 {
		s.Observe(20, 16, 10, 10, twice)
	}
	a := s.Next()
	if a.Kind != state.BeginStep || fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 16}]" {
		t.Fatalf("%+v", a)
	}
	for range 3 {
		s.Observe(16, 16, 10, 10, twice)
	}
	if a := s.Next(); a.Kind != state.BeginStep || fmt.Sprint(a.Step.Changes) != "[{b/1 db pool_size 10 14}]" {
		t.Fatalf("once there is room: %+v", a)
	}
	goal := s.Goal
	goal.Pools = goal.Pools[1:]
	s.Goal = goal
	for range 3 {
		s.Observe(20, 16, 10, 10, twice)
	}
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.NoRoomToEqualise) {
		t.Fatalf("nothing to release: %+v", a)
	}
}

// TestUnequalProcessesHoldTheirOwnServerAlone: what has no room on one server is no reason to starve another.
func TestUnequalProcessesHoldTheirOwnServerAlone(t *testing.T) {
	pool := func(id, server string, sizes ...int) budget.FleetPool {
		p := budget.FleetPool{ID: id, Group: id[:1], Alias: "db", Server: server, Rules: budget.Rules{Min: 1, Weight: 1,
			Utilization: 0.9, MaxWaitMean: time.Second, MaxWaitP99: time.Second, Count: budget.CountWorst},
			Load: plannertest.GroupLoad(id[:1])}
		for i, n := range sizes {
			process := fmt.Sprintf("%s/%d", id[:1], i+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: process, Conns: n, CapConns: 0})
			p.LinePools = append(p.LinePools, budget.LinePool{Process: process, User: "u", Share: 1 / float64(len(sizes))})
		}
		p.Tally()
		return p
	}
	f := budget.Fleet{Servers: []budget.FleetServer{{Name: "one", BudgetConns: 18}, {Name: "two", BudgetConns: 30}},
		Pools: []budget.FleetPool{pool("a/db", "one", 8, 10), pool("b/db", "two", 20), pool("c/db", "two", 10)}}
	g := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db", Server: "one", Size: 11, Reserve: 0, MeanWait: 0.001},
		{Pool: "b/db", Server: "two", Size: 10, Reserve: 0, MeanWait: 0.001}, {Pool: "c/db", Server: "two", Size: 20,
			Reserve: 0, MeanWait: 0.001}}}
	policy := state.DefaultPolicy()
	policy.Percent = 100
	steps, _ := control.State{Samples: control.Samples{Fleet: f}, RunGoal: control.RunGoal{Goal: g},
		Policy: policy}.Forecast()
	for _, s := range steps {
		f = f.With(s.Step.Changes).Drained()
	}
	b, _ := f.Pool("b/db")
	c, _ := f.Pool("c/db")
	if b.Sizes[0].Conns != 10 || c.Sizes[0].Conns != 20 {
		t.Errorf("after %d steps b has %d and c %d", len(steps), b.Sizes[0].Conns, c.Sizes[0].Conns)
	}
}
