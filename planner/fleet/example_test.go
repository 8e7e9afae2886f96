package fleet_test

import (
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Whose is a backend that no console lists?
func ExampleClassify() {
	fmt.Println(fleet.Classify(fleet.BackendSample{Listed: true}))
	fmt.Println(fleet.Classify(fleet.BackendSample{ListedBefore: true}))
	fmt.Println(fleet.Classify(fleet.BackendSample{UnlistedTwo: true, BouncerHost: true, PoolIdentity: true,
		Working: true}))
	fmt.Println(fleet.Classify(fleet.BackendSample{UnlistedTwo: true}))
	// Output:
	// pool
	// closing
	// orphan
	// direct
}

// How many connections may a user open whose own pool_size stands in [users]?
func ExampleEffectiveSize() {
	p := fleet.Process{ID: "main/1", Version: "1.24.1", Settings: fleet.Settings{ReserveTimeout: 5 * time.Second},
		Users: []fleet.UserLimit{{Name: "report", SizeConns: 3}}}
	a := fleet.Alias{Name: "app", SizeConns: 20, ReserveConns: 5}
	fmt.Println("app:", fleet.EffectiveSize(p, a, "app"), "+", fleet.EffectiveReserve(p, a, "app"))
	fmt.Println("report:", fleet.EffectiveSize(p, a, "report"), "+", fleet.EffectiveReserve(p, a, "report"))
	// Output:
	// app: 20 + 5
	// report: 3 + 5
}
