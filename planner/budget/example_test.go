package budget_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
)

// What is left of max_connections for the pools, and how much of it may today's sizes take?
func ExampleModel() {
	server := budget.DeclaredOf("pg1", budget.Declared{})
	maxConns, direct, size := 200, 12, 20
	server.MaxConns, server.DirectConns = &maxConns, &direct
	declared := budget.Declared{Servers: []budget.DeclaredServer{server}}
	pool, _ := declared.Pool("main/app")
	pool.LinePools, pool.Size = 3, &size
	pool.Load = &budget.DeclaredLoad{ArrivalsPerSec: 900, MeanHold: 20 * time.Millisecond}
	declared.Pools = []budget.DeclaredPool{pool}

	fleet, err := budget.Model(time.Time{}, declared, load.Evidence{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range fleet.Servers[0].Lines {
		fmt.Println(l.Conns, l.Item)
	}
	fmt.Println(fleet.Servers[0].BudgetConns, "for pools; worst case of", fleet.Pools[0].ID, fleet.Pools[0].WorstConns)
	// Output:
	// 200 max_connections
	// 3 superuser_reserved
	// 0 reserved
	// 12 direct
	// 10 headroom
	// 175 for pools; worst case of main/app 60
}
