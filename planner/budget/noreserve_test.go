package budget_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAUsersOwnReserveOfNothingIsOne: from PgBouncer 1.24 on a [users] reserve_pool_size of 0 beats the line's.
func TestAUsersOwnReserveOfNothingIsOne(t *testing.T) {
	p := fleet.Process{Version: "1.26.0", Settings: fleet.Settings{ReserveTimeout: 5},
		Users: []fleet.UserLimit{{Name: "none", ReserveConns: fleet.NoReserve},
			{Name: "maybe", ReserveConns: fleet.NoReserve, DoubtfulReserve: true}, {Name: "own", ReserveConns: 1}}}
	a := fleet.Alias{SizeConns: 20, ReserveConns: 3}
	for user, want := range map[string]int{"none": 0, "maybe": 3, "own": 1, "other": 3} {
		if got := fleet.EffectiveReserve(p, a, user); got != want {
			t.Errorf("%s: %d, want %d", user, got, want)
		}
	}
	for c, want := range map[budget.LinePool]int{{OwnReserve: fleet.NoReserve}: 20, {OwnReserve: fleet.NoReserve,
		Doubtful: true}: 23, {OwnReserve: 1}: 21, {}: 23} {
		if got := c.Worst(20, 3); got != want {
			t.Errorf("%+v: %d, want %d", c, got, want)
		}
	}
}

// TestAUsersOwnSizeHasTheReserveOfItsLine, whatever the plan makes of that: pool_res_pool_size falls to the database's.
func TestAUsersOwnSizeHasTheReserveOfItsLine(t *testing.T) {
	o := fleet.Observation{At: plannertest.Epoch, Servers: []fleet.Server{{Name: "pg", MaxConns: 100}},
		Processes: []fleet.Process{{ID: "g/1", Group: "g", Version: "1.24.1",
			Settings: fleet.Settings{ReserveTimeout: 5}, Users: []fleet.UserLimit{{Name: "own", SizeConns: 5},
				{Name: "both", SizeConns: 5, ReserveConns: 1}}, UsersKnown: true,
			Aliases: []fleet.Alias{{Name: "d1", Database: "d", SizeConns: 10, Server: "pg", PoolMode: "transaction",
				Pools: []fleet.PoolGauges{{User: "app"}, {User: "own"}, {User: "both"}}}}}}}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true,
		Servers: []budget.DeclaredServer{budget.DeclaredOf("pg", budget.Declared{})}}, plannertest.EvidenceOf(t, o), nil)
	if err != nil {
		t.Fatal(err)
	}
	for reserve, want := range []int{10 + 5 + 6, 11 + 6 + 6, 12 + 7 + 6} {
		if got := f.Pools[0].WorstAt(10, reserve); got != want {
			t.Errorf("with a reserve of %d: %d, want %d", reserve, got, want)
		}
		after := f.With([]fleet.SettingChange{{Process: "g/1", Alias: "d1", Key: fleet.KeyReserve, From: 0, To: reserve}})
		if got := after.WorstConns("pg"); got != want {
			t.Errorf("once its reserve is %d: %d, want %d", reserve, got, want)
		}
	}
}
