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

// TestAPlanCountsTheUsersWhomItsSizesBind: a limit of 13 binds below today's 12 + 12, and not below the 2 × 6 at most of the plan. A
// process that recycles may open one connection more a pool then, up to the limit.
func TestAPlanCountsTheUsersWhomItsSizesBind(t *testing.T) {
	for version, saved := range map[string]int{"1.24.1": 1, "1.23.1": 0} {
		first, later := seenFleet(seenAlias("app", 12, 0, 1, "app1"), seenAlias("rest", 12, 0, 1, "app1"), seenAlias("web", 6, 0, 1, "app2"))
		for _, o := range []*Observation{&first, &later} {
			p := &o.Processes[0]
			p.Users, p.Version, p.Settings.ServerTLS = []UserLimit{{Name: "app1", MaxConns: 13}}, version, "prefer"
		}
		var d Declared
		for _, id := range []string{"main/app", "main/rest", "main/web"} {
			rules, _ := Declared{}.pool(id)
			rules.Min, rules.Max = 6, 6
			d.Pools = append(d.Pools, rules)
		}
		f, plan := solveSeen(t, d, first, later)
		s := plan.Servers[0]
		sum := 0
		for _, l := range s.Ledger {
			if strings.HasPrefix(l.Item, "pool ") {
				sum += l.Conns
			}
		}
		if s.SavedConns != saved || sum-saved != s.PlannedConns || s.BudgetConns-s.PlannedConns != s.SpareConns {
			t.Errorf("%s: limits of users take %d off %d, want %d; planned %d, spare %d of %d", version, s.SavedConns, sum, saved, s.PlannedConns, s.SpareConns, s.BudgetConns)
		}
		if s.BudgetConns != f.Servers[0].BudgetConns || s.BudgetConns-s.WorstConns != f.SpareConns("main") {
			t.Errorf("%s: budget %d, worst case now %d; want those of the fleet, %d and %d", version, s.BudgetConns, s.WorstConns, f.Servers[0].BudgetConns, f.WorstConns("main"))
		}
		if exact := len(s.AtMost) == 0; exact != (saved > 0) || plan.Gap.Known() == (saved > 0) {
			t.Errorf("%s: a bound because %q, gap %v", version, s.AtMost, plan.Gap)
		}
	}
}
