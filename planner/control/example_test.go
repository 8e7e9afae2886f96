package control_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// May ci grow from 10 to 14, or to 26, while main has its 40 connections and the budget is 60?
func ExamplePromise() {
	maxConns := 63
	server := budget.DeclaredOf("pg1", budget.Declared{})
	server.HeadroomConns = new(int)
	sample := fleet.Observation{At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Servers: []fleet.Server{{Name: "pg1", MaxConns: maxConns, SuperuserReservedConns: 3}}}
	for group, size := range map[string]int{"main": 40, "ci": 10} {
		sample.Processes = append(sample.Processes, fleet.Process{ID: group + "/1", Group: group, Version: "1.24.1",
			Aliases: []fleet.Alias{{Name: "app", SizeConns: size, Server: "pg1", PoolMode: "transaction",
				Pools: []fleet.PoolGauges{{User: "app", ServersIdle: size}}}}})
	}
	evidence, err := load.Evidence{}.Add(sample)
	if err != nil {
		log.Fatal(err)
	}
	f, err := budget.Model(sample.At, budget.Declared{SizeAll: true, Servers: []budget.DeclaredServer{server}}, evidence,
		nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, to := range []int{14, 26} {
		grant := fleet.SettingChange{Process: "ci/1", Alias: "app", Key: fleet.KeySize, From: 10, To: to}
		fmt.Println(to, control.Promise(f, []fleet.SettingChange{grant}))
	}
	// Output:
	// 14 <nil>
	// 26 server pg1: ci/app to 26: the worst case would be 66 of 60 connections, 50 now
}
