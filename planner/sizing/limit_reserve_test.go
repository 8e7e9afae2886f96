package sizing_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestALimitCountsAUsersOwnReserve plans under a CONNECTION LIMIT of 16 over two users of one pool, one of whom has a
// reserve of its own. What both may open must fit, and one more on the line must not.
func TestALimitCountsAUsersOwnReserve(t *testing.T) {
	for _, c := range []struct {
		name      string
		line, own int
		lower     bool // the plan may lower the line's reserve
		want      int  // largest size
	}{
		{"larger than the line's", 1, 4, false, 5},
		{"smaller than the line's", 3, 1, false, 6},
		{"beside one that may be lowered", 2, 4, true, 6},
		{"small beside one that may be lowered", 4, 1, true, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 4, c.line, 8, "app1", "app2"))
			for _, o := range []*fleet.Observation{&a, &b} {
				o.Processes[0].Users = []fleet.UserLimit{{Name: "app2", ReserveConns: c.own}}
				o.Servers[0].Databases = []fleet.ConnLimit{{Name: "app", Conns: 16}}
			}
			rules, _ := budget.Declared{}.Pool("main/app")
			if c.lower {
				rules.Reserve = &budget.IntRange{Min: 0, Max: c.line}
			}
			_, plan := plannertest.SolveSeen(t, budget.Declared{Pools: []budget.DeclaredPool{rules}}, a, b)
			x := plan.Pools[0]
			if open := x.ToSize + x.ReserveSize + x.ToSize + c.own; open > 16 || x.ToSize != c.want {
				t.Errorf("size %d and reserve %d, which may open %d; want a size of %d and at most 16", x.ToSize, x.ReserveSize,
					open, c.want)
			}
		})
	}
}
