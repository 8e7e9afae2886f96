package scenario_test

import (
	"fmt"
	"log"
	"os"

	"github.com/pgbudget/pgbudget/sim/scenario"
)

// How much does a scenario run, and is a million runs of it refused?
func ExampleParse() {
	s, err := scenario.Parse("starter.yaml", []byte(scenario.Starter), os.LookupEnv)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Horizon, "after", s.Warmup, "of warm-up,", s.Seeds, "seeds,", len(s.Expect), "expectations")
	fmt.Println(s.CheckSize(s.Seeds))
	fmt.Println(s.CheckSize(1_000_000) != nil)
	// Output:
	// 10m0s after 30s of warm-up, 3 seeds, 7 expectations
	// <nil>
	// true
}
