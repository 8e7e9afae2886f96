package sizing_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAUserUnderALimitOfItsOwnStandsInALineOfItsOwn plans two aliases that share a user, of whom max_user_connections
// lets fewer be than its pools' sizes: the pool's line counts the other user alone, and says where the one is.
func TestAUserUnderALimitOfItsOwnStandsInALineOfItsOwn(t *testing.T) {
	first, later := plannertest.SeenFleet(plannertest.SeenAlias("app", 12, 0, 1, "app1", "app2"),
		plannertest.SeenAlias("rest", 4, 0, 1, "app1"))
	for _, o := range []*fleet.Observation{&first, &later} {
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app1", MaxConns: 13}}
	}
	rules, _ := budget.Declared{}.Pool("main/app")
	rules.Min, rules.Max = 12, 12
	_, plan := plannertest.SolveSeen(t, budget.Declared{Pools: []budget.DeclaredPool{rules}}, first, later)
	lines := map[string]budget.Line{}
	for _, l := range plan.Servers[0].Ledger {
		lines[l.Item] = l
	}
	if l := lines["pool main/app"]; l.Conns != 12 ||
		l.Source != "planned: 1 pool of the line × 12; app1 in lines of its own" {
		t.Errorf("line of the pool %+v", l)
	}
	if l := lines["user app1 in main/1"]; l.Conns != 13 {
		t.Errorf("line of the user %+v, want 13", l)
	}
}

// TestAPlanCountsTheUsersWhomItsSizesBind: a limit of 13 binds below today's 12 + 12, and not below the 2 × 6 at most
// of the plan. A process that recycles may open one connection more a pool then, up to the limit.
func TestAPlanCountsTheUsersWhomItsSizesBind(t *testing.T) {
	for version, saved := range map[string]int{"1.24.1": 1, "1.23.1": 0} {
		first, later := plannertest.SeenFleet(plannertest.SeenAlias("app", 12, 0, 1, "app1"), plannertest.SeenAlias("rest",
			12, 0, 1, "app1"), plannertest.SeenAlias("web", 6, 0, 1, "app2"))
		for _, o := range []*fleet.Observation{&first, &later} {
			p := &o.Processes[0]
			p.Users, p.Version, p.Settings.ServerTLS = []fleet.UserLimit{{Name: "app1", MaxConns: 13}}, version, "prefer"
		}
		var d budget.Declared
		for _, id := range []string{"main/app", "main/rest", "main/web"} {
			rules, _ := budget.Declared{}.Pool(id)
			rules.Min, rules.Max = 6, 6
			d.Pools = append(d.Pools, rules)
		}
		f, plan := plannertest.SolveSeen(t, d, first, later)
		s := plan.Servers[0]
		sum := 0
		for _, l := range s.Ledger {
			if strings.HasPrefix(l.Item, "pool ") {
				sum += l.Conns
			}
		}
		if s.SavedConns != saved || sum-saved != s.PlannedConns || s.BudgetConns-s.PlannedConns != s.SpareConns {
			t.Errorf("%s: limits of users take %d off %d, want %d; planned %d, spare %d of %d", version, s.SavedConns, sum,
				saved, s.PlannedConns, s.SpareConns, s.BudgetConns)
		}
		if s.BudgetConns != f.Servers[0].BudgetConns || s.BudgetConns-s.WorstConns != f.SpareConns("main") {
			t.Errorf("%s: budget %d, worst case now %d; want those of the fleet, %d and %d", version, s.BudgetConns,
				s.WorstConns, f.Servers[0].BudgetConns, f.WorstConns("main"))
		}
		if exact := len(s.AtMost) == 0; exact != (saved > 0) || plan.Gap.Known() == (saved > 0) {
			t.Errorf("%s: a bound because %q, gap %v", version, s.AtMost, plan.Gap)
		}
	}
}
