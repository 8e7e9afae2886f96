package sizing_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestWhatAUserHasOfItsOwnCountsUnderALimit: no plan goes beyond a role's or a database's limit, whatever reserves and
// doubtful sizes users have of their own; counted from the settings alone.
func TestWhatAUserHasOfItsOwnCountsUnderALimit(t *testing.T) {
	users := []string{"app1", "app2", "app3"}
	moved := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 29))
		line, reserve := 4+r.IntN(6), r.IntN(3)
		x := plannertest.SeenAlias("x", line, reserve, 1, users...)
		y := plannertest.SeenAlias("y", line+r.IntN(4), 0, 1, users[r.IntN(3)])
		a, b := plannertest.SeenFleet(x, y)
		own, maybe := map[string]int{}, map[string]int{}
		var limits []fleet.UserLimit
		for _, u := range users {
			switch r.IntN(4) {
			case 0:
				own[u] = 1 + r.IntN(5)
				limits = append(limits, fleet.UserLimit{Name: u, ReserveConns: own[u]})
			case 1:
				maybe[u] = 1 + r.IntN(15)
				limits = append(limits, fleet.UserLimit{Name: u, SizeConns: maybe[u], Doubtful: true})
			}
		}
		open := func(size, reserve int, users ...string) (sum int) {
			for _, u := range users {
				one := size + reserve
				if own[u] > 0 {
					one = size + own[u]
				}
				if maybe[u] > 0 {
					one = max(one, maybe[u]+reserve)
				}
				sum += one
			}
			return sum
		}
		slack := r.IntN(8)
		byDatabase := open(line, reserve, users...) + slack
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Processes[0].Users = limits
			o.Servers[0].MaxConns = 200
			o.Servers[0].Databases = []fleet.ConnLimit{{Name: "x", Conns: byDatabase}}
			if seed%3 == 0 && len(users) > 1 { // it takes as much of the limit as others do
				o.Servers[0].Superusers = users[:1]
			}
		}
		rules, _ := budget.Declared{}.Pool("main/x")
		if r.IntN(3) == 0 {
			rules.Reserve = &budget.IntRange{Min: 0, Max: 2}
		}
		e := plannertest.EvidenceOf(t, a, b)
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Pools: []budget.DeclaredPool{rules}}, e,
			loads)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := sizing.Solve(f, sizing.Options{})
		if operr.KindOf(err) == operr.KindInfeasible {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		p := plan.Pools[0]
		if p.ToSize > line {
			moved++
		}
		if got := open(p.ToSize, p.ReserveSize, users...); got > byDatabase {
			t.Errorf("seed %d: size %d → %d with reserve %d, users' own %v, in doubt %v: %d connections under a limit of %d",
				seed, line, p.ToSize, p.ReserveSize, own, maybe, got, byDatabase)
		}
		if got := open(p.ToSize+1, p.ReserveSize, users...); rules.Reserve == nil &&
			p.Bound == "CONNECTION LIMIT "+strconv.Itoa(byDatabase)+" of database x" && got <= byDatabase {
			t.Errorf("seed %d: size %d → %d + %d, users' own %v, in doubt %v: bound by a limit of %d, and one more comes to %d",
				seed, line, p.ToSize, p.ReserveSize, own, maybe, byDatabase, got)
		}
	}
	if moved < 40 {
		t.Errorf("%d plans grow the pool: too few to mean anything", moved)
	}
}
