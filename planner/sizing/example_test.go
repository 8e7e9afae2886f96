package sizing_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// Which pool_size should two pools have that share 100 connections, and what would one more connection bring?
func ExampleSolve() {
	maxConns, direct, size := 100, 0, 10
	server := budget.DeclaredOf("pg1", budget.Declared{})
	server.MaxConns, server.DirectConns = &maxConns, &direct
	declared := budget.Declared{Servers: []budget.DeclaredServer{server}}
	for id, perSec := range map[string]float64{"ci/app": 600, "main/app": 2400} {
		pool, _ := declared.Pool(id)
		pool.LinePools, pool.Size = 2, &size
		pool.Load = &budget.DeclaredLoad{ArrivalsPerSec: perSec, MeanHold: 20 * time.Millisecond}
		declared.Pools = append(declared.Pools, pool)
	}
	fleet, err := budget.Model(time.Time{}, declared, load.Evidence{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	plan, err := sizing.Solve(fleet, sizing.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range plan.Pools {
		fmt.Printf("%s %d → %d, p99 wait %.1f ms\n", p.ID, *p.FromSize, p.ToSize, 1000*p.Wait.P99)
	}
	fmt.Printf("%d of %d connections planned, gap %g\n", plan.Servers[0].PlannedConns, plan.Servers[0].BudgetConns,
		plan.Gap)
	// Output:
	// ci/app 10 → 12, p99 wait 2.7 ms
	// main/app 10 → 34, p99 wait 2.6 ms
	// 92 of 92 connections planned, gap 0
}
