package allocate_test

import (
	"errors"
	"fmt"

	"github.com/pgbudget/pgbudget/fixtures/bench/fleets"
	"github.com/pgbudget/pgbudget/planner/allocate"
)

// How should 420 connections be shared by three pools of three processes each
// that keep 154, 112 and 61 connections busy?
func ExampleSolve() {
	pool := func(id string, load float64) allocate.Item {
		each := load / 3
		return allocate.Item{ID: id, Lo: int(each) + 1, Hi: allocate.MaxSize, Cost: fleets.Waiting{Weight: 3, Load: each}}
	}
	sol, err := allocate.Solve(allocate.Problem{
		Items: []allocate.Item{pool("main", 154), pool("sidekiq", 112), pool("ci", 61)},
		Rows: []allocate.Row{{Name: "budget", Cap: 420, Terms: []allocate.Term{
			{Item: 0, Coef: 3}, {Item: 1, Coef: 3}, {Item: 2, Coef: 3},
		}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	more, fewer := sol.Marginals[0].OneMore, sol.Marginals[0].OneFewer
	fmt.Printf("sizes %v use %d of 420 (%s, gap %g)\n", sol.N, sol.RowUse[0], sol.Method, sol.Gap)
	fmt.Printf("%d more connections would save %.2f waiting clients, %d fewer cost %.2f\n", more.Short, more.Saves,
		fewer.Coef, fewer.Costs)
	// Output:
	// sizes [64 48 28] use 420 of 420 (nested, gap 0)
	// 3 more connections would save 0.25 waiting clients, 3 fewer cost 0.31
}

// What does an impossible request say?
func ExampleInfeasible() {
	flat := allocate.Table{Costs: []float64{0}}
	_, err := allocate.Solve(allocate.Problem{
		Items: []allocate.Item{{ID: "main", Lo: 60, Hi: 99, Cost: flat}, {ID: "ci", Lo: 5, Hi: 99, Cost: flat}},
		Rows: []allocate.Row{{Name: "budget of pg1", Cap: 150, Terms: []allocate.Term{
			{Item: 0, Coef: 3}, {Item: 1, Coef: 1},
		}}},
	})
	var clash *allocate.Infeasible
	if errors.As(err, &clash) {
		c := clash.Clashes[0]
		fmt.Printf("%s is %d connections short: %d of %d; items %v clash\n", c.Name, c.Short, c.Need, c.Cap, c.Items)
	}
	// Output:
	// budget of pg1 is 35 connections short: 185 of 150; items [0] clash
}
