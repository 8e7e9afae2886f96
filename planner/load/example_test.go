package load_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// How many connections does a pool keep busy that has served 24,000 transactions of 10 ms each in a minute?
func ExampleEstimate() {
	var evidence load.Evidence
	for minute, xacts := range []int64{0, 24000} {
		alias := fleet.Alias{Name: "app", Database: "app", SizeConns: 20, PoolMode: "transaction", Server: "pg1",
			Counters: fleet.Counters{Xacts: xacts, Assignments: xacts, XactTime: time.Duration(xacts) * 10 * time.Millisecond},
			Pools:    []fleet.PoolGauges{{User: "app", ServersActive: 4, ServersIdle: 6}}}
		sample := fleet.Observation{At: time.Date(2026, 3, 2, 12, minute, 0, 0, time.UTC),
			Servers:   []fleet.Server{{Name: "pg1", MaxConns: 100}},
			Processes: []fleet.Process{{ID: "main/1", Group: "main", Version: "1.24.1", Aliases: []fleet.Alias{alias}}}}
		var err error
		if evidence, err = evidence.Add(sample); err != nil {
			log.Fatal(err)
		}
	}
	loads, err := load.Estimate(evidence)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range loads {
		fmt.Printf("%s: %.1f Erlangs, %.0f transactions per second of %v, by %s\n", l.Pool, l.Erlangs.Target, l.PerSec,
			l.MeanHold, l.Method)
	}
	// Output:
	// main/app: 4.0 Erlangs, 400 transactions per second of 10ms, by counters
}
