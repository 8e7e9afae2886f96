package sim_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

// How long do 100 transactions per second wait, each of 50 ms, with 6 connections?
func ExampleNew() {
	world, err := sim.New(sim.Spec{
		Servers: []sim.ServerSpec{{Name: "pg1", MaxConns: 100}},
		Groups:  []sim.GroupSpec{{Name: "main", Processes: 1, Version: "1.24"}},
		Pools:   []sim.PoolSpec{{ID: "main/app", Server: "pg1", SizeConns: 6}},
		Loads: []sim.LoadSpec{{Pool: "main/app", Open: &sim.OpenSpec{PerSec: 100},
			Hold: sim.Law{Kind: sim.Exponential, Mean: 50 * time.Millisecond}}},
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := world.Sleep(context.Background(), time.Hour); err != nil { // an hour of virtual time
		log.Fatal(err)
	}
	r := world.Results().Total
	fmt.Printf("%d arrivals, %.2f connections busy, mean wait %.0f ms\n", r.Arrivals, r.BusyErlangs,
		1000*r.WaitSum/float64(r.Assigned))
	// Output:
	// 360033 arrivals, 4.99 connections busy, mean wait 28 ms
}
