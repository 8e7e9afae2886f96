package planner

import (
	"strings"
	"testing"
)

// TestALedgerLineIsTheProductThatItNames: what caps a pool's line, and which of its users stand in a line of their own,
// is said with the numbers that make it.
func TestALedgerLineIsTheProductThatItNames(t *testing.T) {
	with := func(cap int, copies ...Copy) FleetPool {
		p := FleetPool{ID: "rw/shop", Sizes: []Size{{"rw/1", 5, cap}, {"rw/2", 5, cap}}, ReserveConns: 2, Rules: Rules{Count: CountWorst}}
		for _, process := range []string{"rw/1", "rw/2"} {
			for _, c := range copies {
				c.Process = process
				p.Copies = append(p.Copies, c)
			}
		}
		return p
	}
	a, b, c := Copy{User: "a"}, Copy{User: "b"}, Copy{User: "c"}
	shared := Copy{User: "app1", Shared: true}
	other := Copy{User: "app0", Shared: true}
	for _, x := range []struct {
		name  string
		pool  FleetPool
		conns int
		want  string
	}{
		{"nothing", with(0, a, b, c), 42, "6 copies × (5 + 2 reserve)"},
		{"max_db_connections", with(8, a, b, c), 16, "min(42, 2 × 8 max_db_connections), 42 = 6 copies × (5 + 2 reserve)"},
		{"one user counted by itself", with(0, a, b, shared), 28, "4 copies × (5 + 2 reserve); app1 in lines of its own"},
		{"two of them", with(0, a, shared, other), 14, "2 copies × (5 + 2 reserve); app1, app0 in lines of their own"},
		{"both", with(8, a, b, shared), 16, "min(28, 2 × 8 max_db_connections), 28 = 4 copies × (5 + 2 reserve); app1 in lines of its own"},
	} {
		if got := x.pool.product(5, 2); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if got := x.pool.WorstAt(5, 2); got != x.conns {
			t.Errorf("%s: %d connections, want the %d that the line says", x.name, got, x.conns)
		}
	}
}

// TestAUserUnderALimitOfItsOwnStandsInALineOfItsOwn plans two aliases that share a user, of whom max_user_connections lets
// fewer be than its pools' sizes: the pool's line counts the other user alone, and says where the one is.
func TestAUserUnderALimitOfItsOwnStandsInALineOfItsOwn(t *testing.T) {
	first, later := seenFleet(seenAlias("app", 12, 0, 1, "app1", "app2"), seenAlias("rest", 4, 0, 1, "app1"))
	for _, o := range []*Observation{&first, &later} {
		o.Processes[0].Users = []UserLimit{{Name: "app1", MaxConns: 13}}
	}
	rules, _ := Declared{}.pool("main/app")
	rules.Min, rules.Max = 12, 12
	_, plan := solveSeen(t, Declared{Pools: []DeclaredPool{rules}}, first, later)
	lines := map[string]Line{}
	for _, l := range plan.Servers[0].Ledger {
		lines[l.Item] = l
	}
	if l := lines["pool main/app"]; l.Conns != 12 || l.Source != "planned: 1 copy × 12; app1 in lines of its own" {
		t.Errorf("line of the pool %+v", l)
	}
	if l := lines["user app1 in main/1"]; l.Conns != 13 {
		t.Errorf("line of the user %+v, want 13", l)
	}
}

// TestAPlanCountsTheUsersWhomItsSizesBind: a limit of 13 binds below today's 12 + 12, and not below the 2 × 6 at most of the plan,
// whose lines count pool by pool.
func TestAPlanCountsTheUsersWhomItsSizesBind(t *testing.T) {
	first, later := seenFleet(seenAlias("app", 12, 0, 1, "app1"), seenAlias("rest", 12, 0, 1, "app1"))
	for _, o := range []*Observation{&first, &later} {
		o.Processes[0].Users = []UserLimit{{Name: "app1", MaxConns: 13}}
	}
	var d Declared
	for _, id := range []string{"main/app", "main/rest"} {
		rules, _ := Declared{}.pool(id)
		rules.Min, rules.Max, rules.Utilization = 5, 6, 0.95
		d.Pools = append(d.Pools, rules)
	}
	f, plan := solveSeen(t, d, first, later)
	s := plan.Servers[0]
	for _, l := range s.Ledger {
		if strings.HasPrefix(l.Item, "user ") {
			t.Errorf("line %+v, and no limit binds at the plan's sizes", l)
		}
	}
	if planned := plan.Pools[0].ToSize + plan.Pools[1].ToSize; s.PlannedConns != planned || planned > 12 {
		t.Errorf("planned %d, want the sizes of %d", s.PlannedConns, planned)
	}
	if s.BudgetConns != f.Servers[0].BudgetConns+13 || s.BudgetConns-s.PlannedConns != s.SpareConns {
		t.Errorf("budget %d, spare %d; want the user's 13 in it: %d without", s.BudgetConns, s.SpareConns, f.Servers[0].BudgetConns)
	}
	if today := f.SpareConns("main"); s.BudgetConns-s.WorstConns != today {
		t.Errorf("spare today %d, want %d", s.BudgetConns-s.WorstConns, today)
	}
	if len(s.AtMost) > 0 || plan.Gap.Known() || !strings.Contains(strings.Join(plan.Warnings, "\n"), "a plan gives out once the sizes are there") {
		t.Errorf("a bound because %q, gap %v, warnings %q", s.AtMost, plan.Gap, plan.Warnings)
	}
}
