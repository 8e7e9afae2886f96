package sizing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestPoolsThatAreNotSizedTakeFromACap: a/db is 20 and stays; b/db is sized. What is named and proposed adds up.
func TestPoolsThatAreNotSizedTakeFromACap(t *testing.T) {
	x := plannertest.NewTwoPools(10)
	x.Observe(20, 20, 10, 10)
	e, err := load.Evidence{}.Add(x.Sample)
	if err != nil {
		t.Fatal(err)
	}
	solve := func(conns int, pools ...string) (sizing.Plan, error) {
		b, _ := budget.Declared{}.Pool("b/db")
		f, err := budget.Model(x.Now, budget.Declared{Servers: []budget.DeclaredServer{{Name: "pg",
			HeadroomConns: plannertest.Ptr(0), DirectCount: budget.CountHighest}}, Pools: []budget.DeclaredPool{b},
			Caps: []budget.DeclaredCap{{Pools: pools, Conns: conns}}}, e,
			[]load.Load{plannertest.GroupLoad("a"), plannertest.GroupLoad("b")})
		if err != nil {
			t.Fatal(err)
		}
		return sizing.Solve(f, sizing.Options{})
	}
	for _, c := range []struct {
		pools string
		conns int
		want  int      // b's size; 0: infeasible
		says  []string // of it
	}{
		{"b/db", 13, 13, nil},
		{"a/db b/db", 33, 13, nil},
		{"a/db b/db", 21, 0, []string{"cap 21 of a/db, b/db is", "there", "21 there", "b/db", "may not change 20"}},
		{"a/db", 19, 0, []string{"cap 19 of a/db is 1 connection short: 20 needed, 19 there", "may not change 20"}},
		{"a/db", 20, 40, nil},
	} {
		plan, err := solve(c.conns, strings.Fields(c.pools)...)
		if c.want > 0 {
			if err != nil {
				t.Errorf("cap %d of %s: %v", c.conns, c.pools, err)
				continue
			}
			i := slices.IndexFunc(plan.Pools, func(p sizing.PlanPool) bool { return p.ID == "b/db" })
			if got := plan.Pools[i].ToSize; got > c.want || got < 10 || c.want > 13 && got <= 13 {
				t.Errorf("cap %d of %s: %d, want %d or a little less", c.conns, c.pools, got, c.want)
			}
			continue
		}
		if operr.KindOf(err) != operr.KindInfeasible {
			t.Fatalf("cap %d of %s: %v, want infeasible; %+v", c.conns, c.pools, err, plan.Pools)
		}
		text := err.Error()
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("cap %d of %s: %q does not say %q", c.conns, c.pools, text, want)
			}
		}
		if hint := operr.HintOf(err); !strings.HasPrefix(hint, "raise conns: of that cap to ") {
			t.Errorf("cap %d of %s: hint %q", c.conns, c.pools, hint)
		}
	}
}
