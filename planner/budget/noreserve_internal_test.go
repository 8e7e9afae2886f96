package budget

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestWhatIsInDoubtIsNotCalledExact, each doubt by itself and two that meet.
func TestWhatIsInDoubtIsNotCalledExact(t *testing.T) {
	pool := func(id string, size, reserve, top int, linePools ...LinePool) FleetPool {
		for i := range linePools {
			linePools[i].Process = "g/1"
		}
		p := FleetPool{ID: id, Alias: id[2:], Server: "pg", LinePools: linePools, ReserveConns: reserve,
			Sizes: []Size{{Process: "g/1", Conns: size, CapConns: top}}}
		p.Tally()
		return p
	}
	members := func(user string, pools ...string) (out []fleet.Member) {
		for _, p := range pools {
			out = append(out, fleet.Member{Pool: p, Process: "g/1", User: user})
		}
		return out
	}
	for name, f := range map[string]Fleet{
		"a reserve of 0 that may be another's": {Pools: []FleetPool{pool("g/d1", 20, 3, 0,
			LinePool{User: "app1", OwnReserve: fleet.NoReserve}, LinePool{User: "app2", OwnReserve: fleet.NoReserve,
				Doubtful: true})}},
		"a size beside a declared bound": {Pools: []FleetPool{pool("g/d1", 10, 3, 0, LinePool{User: "app1", FixedConns: 20,
			OwnSize: true, OwnReserve: 1},
			LinePool{User: "app2", FixedConns: 2, Bounded: true}, LinePool{User: "app3", MaybeConns: 20, OwnSize: true,
				OwnReserve: 1,
				Doubtful:   true})}},
		"a limit that may not be in force, over several servers": {Pools: []FleetPool{func() FleetPool {
			p := pool("g/d1", 10, 0, 0, LinePool{User: "app1"})
			p.AlsoOn = []string{"other"}
			return p
		}()}, Limits: []fleet.Limit{{Kind: fleet.LimitUser, Process: "g/1", Conns: 4, Unproved: true, Members: members("app1",
			"g/d1")}}},
		"a limit that may not be in force, and what is open beside it": {Pools: []FleetPool{
			pool("g/d1", 5, 0, 4, LinePool{User: "A", SeenConns: 4}, LinePool{User: "B"}, LinePool{User: "C"}),
			pool("g/d2", 4, 0, 0, LinePool{User: "A"})},
			Limits: []fleet.Limit{{Kind: fleet.LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("A", "g/d1",
				"g/d2")},
				{Kind: fleet.LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("B", "g/d1")},
				{Kind: fleet.LimitUser, Process: "g/1", Conns: 2, Unproved: true, Members: members("C", "g/d1")}}},
		"a doubt beside a crossing": {Pools: []FleetPool{
			pool("g/d1", 5, 0, 4, LinePool{User: "A", FixedConns: 5, OwnSize: true, SeenConns: 4}, LinePool{User: "B"}),
			pool("g/d2", 1, 0, 4, LinePool{User: "A", FixedConns: 5, OwnSize: true}, LinePool{User: "E", MaybeConns: 5,
				OwnSize: true})},
			Limits: []fleet.Limit{{Kind: fleet.LimitUser, Process: "g/1", Conns: 2, Members: members("A", "g/d1", "g/d2")}}},
	} {
		if why := f.AtMost("pg"); len(why) == 0 {
			t.Errorf("%s: %d are called exact", name, f.counted("pg"))
		}
	}
}
