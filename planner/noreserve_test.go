package planner

import "testing"

// TestAUsersOwnReserveOfNothingIsOne: from PgBouncer 1.24 on a [users] reserve_pool_size of 0 beats the line's.
func TestAUsersOwnReserveOfNothingIsOne(t *testing.T) {
	p := Process{Version: "1.26.0", Settings: Settings{ReserveTimeout: 5}, Users: []UserLimit{{Name: "none", ReserveConns: NoReserve},
		{Name: "maybe", ReserveConns: NoReserve, DoubtfulReserve: true}, {Name: "own", ReserveConns: 1}}}
	a := Alias{SizeConns: 20, ReserveConns: 3}
	for user, want := range map[string]int{"none": 0, "maybe": 3, "own": 1, "other": 3} {
		if got := EffectiveReserve(p, a, user); got != want {
			t.Errorf("%s: %d, want %d", user, got, want)
		}
	}
	for c, want := range map[Copy]int{{OwnReserve: NoReserve}: 20, {OwnReserve: NoReserve, Doubtful: true}: 23, {OwnReserve: 1}: 21, {}: 23} {
		if got := c.worst(20, 3); got != want {
			t.Errorf("%+v: %d, want %d", c, got, want)
		}
	}
}

// TestAUsersOwnSizeHasTheReserveOfItsLine, whatever the plan makes of that: pool_res_pool_size falls to the database's.
func TestAUsersOwnSizeHasTheReserveOfItsLine(t *testing.T) {
	o := Observation{At: epoch, Servers: []Server{{Name: "pg", MaxConns: 100}}, Processes: []Process{{ID: "g/1", Group: "g", Version: "1.24.1",
		Settings: Settings{ReserveTimeout: 5}, Users: []UserLimit{{Name: "own", SizeConns: 5}, {Name: "both", SizeConns: 5, ReserveConns: 1}}, UsersKnown: true,
		Aliases: []Alias{{Name: "d1", Database: "d", SizeConns: 10, Server: "pg", PoolMode: "transaction", Pools: []PoolGauges{{User: "app"}, {User: "own"}, {User: "both"}}}}}}}
	f, err := Model(epoch, Declared{SizeAll: true, Servers: []DeclaredServer{declaredServer("pg", Declared{})}}, evidenceOf(t, o), nil)
	if err != nil {
		t.Fatal(err)
	}
	for reserve, want := range []int{10 + 5 + 6, 11 + 6 + 6, 12 + 7 + 6} {
		if got := f.Pools[0].WorstAt(10, reserve); got != want {
			t.Errorf("with a reserve of %d: %d, want %d", reserve, got, want)
		}
		after := f.With([]Set{{"g/1", "d1", KeyReserve, 0, reserve}})
		if got := after.WorstConns("pg"); got != want {
			t.Errorf("once its reserve is %d: %d, want %d", reserve, got, want)
		}
	}
}

// TestWhatIsInDoubtIsNotCalledExact, each doubt by itself and two that meet.
func TestWhatIsInDoubtIsNotCalledExact(t *testing.T) {
	pool := func(id string, size, reserve, top int, copies ...Copy) FleetPool {
		for i := range copies {
			copies[i].Process = "g/1"
		}
		p := FleetPool{ID: id, Alias: id[2:], Server: "pg", Copies: copies, ReserveConns: reserve, Sizes: []Size{{Process: "g/1", Conns: size, CapConns: top}}}
		p.tally()
		return p
	}
	members := func(user string, pools ...string) (out []Member) {
		for _, p := range pools {
			out = append(out, Member{Pool: p, Process: "g/1", User: user})
		}
		return out
	}
	for name, f := range map[string]Fleet{
		"a reserve of 0 that may be another's": {Pools: []FleetPool{pool("g/d1", 20, 3, 0, Copy{User: "app1", OwnReserve: NoReserve}, Copy{User: "app2", OwnReserve: NoReserve, Doubtful: true})}},
		"a size beside a declared bound": {Pools: []FleetPool{pool("g/d1", 10, 3, 0, Copy{User: "app1", FixedConns: 20, OwnSize: true, OwnReserve: 1},
			Copy{User: "app2", FixedConns: 2, Bounded: true}, Copy{User: "app3", MaybeConns: 20, OwnSize: true, OwnReserve: 1, Doubtful: true})}},
		"a limit that may not be in force, over several servers": {Pools: []FleetPool{func() FleetPool {
			p := pool("g/d1", 10, 0, 0, Copy{User: "app1"})
			p.AlsoOn = []string{"other"}
			return p
		}()}, Limits: []Limit{{Kind: LimitUser, Process: "g/1", Conns: 4, Unproved: true, Members: members("app1", "g/d1")}}},
		"a limit that may not be in force, and what is open beside it": {Pools: []FleetPool{
			pool("g/d1", 5, 0, 4, Copy{User: "A", SeenConns: 4}, Copy{User: "B"}, Copy{User: "C"}), pool("g/d2", 4, 0, 0, Copy{User: "A"})},
			Limits: []Limit{{Kind: LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("A", "g/d1", "g/d2")},
				{Kind: LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("B", "g/d1")},
				{Kind: LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("C", "g/d1")}}},
		"a doubt beside a crossing": {Pools: []FleetPool{
			pool("g/d1", 5, 0, 4, Copy{User: "A", FixedConns: 5, OwnSize: true, SeenConns: 4}, Copy{User: "B"}),
			pool("g/d2", 1, 0, 4, Copy{User: "A", FixedConns: 5, OwnSize: true}, Copy{User: "E", MaybeConns: 5, OwnSize: true})},
			Limits: []Limit{{Kind: LimitUser, Process: "g/1", Conns: 2, Members: members("A", "g/d1", "g/d2")}}},
	} {
		if why := f.AtMost("pg"); len(why) == 0 {
			t.Errorf("%s: %d are called exact", name, f.counted("pg"))
		}
	}
}

// TestAFreeReserveBesideUsersOfTheirOwn: one in doubt makes the pool's connections bend in it, and users with a size of their own
// cost as much of it as those without. It stays where connections are left over.
func TestAFreeReserveBesideUsersOfTheirOwn(t *testing.T) {
	for name, users := range map[string][]UserLimit{
		"a reserve in doubt": {{Name: "app1", ReserveConns: 3, DoubtfulReserve: true}},
		"a size":             {{Name: "app1", SizeConns: 5}},
		"both":               {{Name: "app1", SizeConns: 5, ReserveConns: 3, DoubtfulReserve: true}, {Name: "app2", SizeConns: 4, Doubtful: true}},
	} {
		for spare := range 60 {
			o := Observation{At: epoch, Servers: []Server{{Name: "pg", MaxConns: 25 + spare}}, Processes: []Process{{ID: "g/1", Group: "g", Version: "1.24.1",
				Settings: Settings{ReserveTimeout: 5}, Users: users,
				Aliases: []Alias{{Name: "d1", Database: "d", SizeConns: 10, ReserveConns: 7, Server: "pg", PoolMode: "transaction",
					Pools: []PoolGauges{{User: "app1"}, {User: "app2"}, {User: "app3"}}}}}}}
			head := 0
			d := Declared{SizeAll: true, Servers: []DeclaredServer{{Name: "pg", HeadroomConns: &head, DirectCount: CountHighest}},
				LeastGain: DefaultLeastGain, Pools: []DeclaredPool{{ID: "g/d1", Reserve: &IntRange{0, 7}, Count: CountWorst, Weight: 1, Min: 1}}}
			load := stageLoad("g")
			load.Pool, load.Copies = "g/d1", []CopyShare{{Process: "g/1", User: "app1", Share: 0.4}, {Process: "g/1", User: "app2", Share: 0.3}, {Process: "g/1", User: "app3", Share: 0.3}}
			f, err := Model(epoch, d, evidenceOf(t, o), []Load{load})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := Solve(f, Options{})
			if err != nil {
				t.Errorf("%s, %d spare: %v", name, spare, err)
				continue
			}
			x := plan.Pools[0]
			if most := f.Pools[0].WorstAt(10, 7); x.ReserveSize < 7 && most+20 <= plan.Servers[0].BudgetConns {
				t.Errorf("%s, %d spare: the reserve goes from 7 to %d, and there is room for %d in %d", name, spare, x.ReserveSize, most, plan.Servers[0].BudgetConns)
			}
		}
	}
}
