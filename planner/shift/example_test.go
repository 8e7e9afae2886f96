package shift_test

import (
	"fmt"
	"log"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// By which steps does 35 % of main's load move to ci, within the budget all the while?
func ExamplePathOf() {
	maxConns, direct, size := 80, 0, 10
	server := budget.DeclaredOf("pg1", budget.Declared{})
	server.MaxConns, server.DirectConns = &maxConns, &direct
	declared := budget.Declared{Servers: []budget.DeclaredServer{server}}
	for _, p := range []struct {
		id     string
		perSec float64
	}{{"ci/app", 200}, {"main/app", 2000}} {
		pool, _ := declared.Pool(p.id)
		pool.LinePools, pool.Size = 1, &size
		pool.Load = &budget.DeclaredLoad{ArrivalsPerSec: p.perSec, MeanHold: 20 * time.Millisecond}
		declared.Pools = append(declared.Pools, pool)
	}
	fleet, err := budget.Model(time.Time{}, declared, load.Evidence{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fraction := load.Range{Lower: 0.35, Target: 0.35, Upper: 0.35}
	path, err := shift.PathOf(fleet, shift.Shift{From: "main/app", To: "ci/app", Fraction: fraction, Until: 100}, 40)
	if err != nil {
		log.Fatal(err)
	}
	for _, j := range path.Jumps {
		fmt.Printf("%d → %d %%: %s %d, %s %d\n", j.X, j.To, j.Plan.Pools[0].ID, j.Plan.Pools[0].ToSize, j.Plan.Pools[1].ID,
			j.Plan.Pools[1].ToSize)
	}
	// Output:
	// 0 → 40 %: ci/app 20, main/app 52
	// 40 → 80 %: ci/app 27, main/app 45
	// 80 → 100 %: ci/app 31, main/app 41
}
