package budget_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
)

// TestALedgerLineIsTheProductThatItNames: what caps a pool's line, and which of its users stand in a line of their own,
// is said with the numbers that make it.
func TestALedgerLineIsTheProductThatItNames(t *testing.T) {
	with := func(cap int, linePools ...budget.LinePool) budget.FleetPool {
		p := budget.FleetPool{ID: "rw/shop", Sizes: []budget.Size{{Process: "rw/1", Conns: 5, CapConns: cap},
			{Process: "rw/2", Conns: 5, CapConns: cap}}, ReserveConns: 2, Rules: budget.Rules{Count: budget.CountWorst}}
		for _, process := range []string{"rw/1", "rw/2"} {
			for _, c := range linePools {
				c.Process = process
				p.LinePools = append(p.LinePools, c)
			}
		}
		return p
	}
	a, b, c := budget.LinePool{User: "a"}, budget.LinePool{User: "b"}, budget.LinePool{User: "c"}
	shared := budget.LinePool{User: "app1", Shared: true}
	other := budget.LinePool{User: "app0", Shared: true}
	for _, x := range []struct {
		name  string
		pool  budget.FleetPool
		conns int
		want  string
	}{
		{"nothing", with(0, a, b, c), 42, "6 pools of the line × (5 + 2 reserve)"},
		{"max_db_connections", with(8, a, b, c), 16,
			"min(42, 2 × 8 max_db_connections), 42 = 6 pools of the line × (5 + 2 reserve)"},
		{"one user counted by itself", with(0, a, b, shared), 28,
			"4 pools of the line × (5 + 2 reserve); app1 in lines of its own"},
		{"two of them", with(0, a, shared, other), 14,
			"2 pools of the line × (5 + 2 reserve); app1, app0 in lines of their own"},
		{"both", with(8, a, b, shared), 16,
			"min(28, 2 × 8 max_db_connections), 28 = 4 pools of the line × (5 + 2 reserve); app1 in lines of its own"},
	} {
		if got := x.pool.Product(5, 2); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
		if got := x.pool.WorstAt(5, 2); got != x.conns {
			t.Errorf("%s: %d connections, want the %d that the line says", x.name, got, x.conns)
		}
	}
}
