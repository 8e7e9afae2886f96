package batch_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/pgbudget/pgbudget/sim/batch"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// Do clients of main wait less than 20 ms on average, whatever the seed?
func ExampleBatch_Run() {
	const page = `
horizon: 10m
servers: [{name: pg1, max_connections: 100}]
groups: [{name: main, processes: [{console: main1}]}]
pools: [{pool: main/app, server: pg1, size: 10}]
load: [{pool: main/app, arrivals: {per_sec: 100}, hold: {mean: 50ms}}]
expect: [main/app.wait_mean < 20ms, budget_violations == 0]
`
	s, err := scenario.Parse("page.yaml", []byte(page), os.LookupEnv)
	if err != nil {
		log.Fatal(err)
	}
	report, err := batch.Batch{Variants: []batch.Variant{batch.VariantOf(s, nil)}, FirstSeed: 1, Seeds: 5}.Run(
		context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range report.Variants[0].Expect {
		fmt.Println(v.State, v.Text)
	}
	// Output:
	// ok main/app.wait_mean < 20ms
	// ok budget_violations == 0
}
