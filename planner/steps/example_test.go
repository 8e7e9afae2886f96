package steps_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
)

// Which step of 5 % of the budget comes first from main 40, ci 10 to main 30, ci 20?
func ExampleNext() {
	maxConns, direct := 60, 0
	server := budget.DeclaredOf("pg1", budget.Declared{})
	server.MaxConns, server.DirectConns = &maxConns, &direct
	declared := budget.Declared{Servers: []budget.DeclaredServer{server}}
	for i, id := range []string{"ci/app", "main/app"} {
		pool, _ := declared.Pool(id)
		size := []int{10, 40}[i]
		pool.LinePools, pool.Size = 1, &size
		pool.Load = &budget.DeclaredLoad{ArrivalsPerSec: 100, MeanHold: 20 * time.Millisecond}
		declared.Pools = append(declared.Pools, pool)
	}
	fleet, err := budget.Model(time.Time{}, declared, load.Evidence{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	goal := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "ci/app", Server: "pg1", Size: 20},
		{Pool: "main/app", Server: "pg1", Size: 30}}}
	step, _ := steps.Next(fleet, goal, state.DefaultPolicy(), nil)
	fmt.Println(step.Text())
	// Output:
	// ci/app 10 → 12
}
