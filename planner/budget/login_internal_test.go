package budget

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestWhatIsOpenCountsOnceUnderALimitOfAnAlias(t *testing.T) {
	p := FleetPool{ID: "g/a", Sizes: []Size{{Process: "g/1", Conns: 5, CapConns: 5}},
		LinePools: []LinePool{{Process: "g/1", User: "u1", SeenConns: 3}, {Process: "g/1", User: "u2", SeenConns: 2}}}
	l := fleet.Limit{Kind: fleet.LimitDatabase, Name: "a", Conns: 10, Members: []fleet.Member{{Pool: "g/a", Process: "g/1",
		User: "u1"}, {Pool: "g/a", Process: "g/1", User: "u2"}}}
	for open, want := range map[int]int{2: 5, 4: 7} { // 7 are open where the limit was lowered to 5
		p.LinePools[1].SeenConns = open
		pools := []FleetPool{p}
		if got := use(l, pools, placesOf(pools)); got != want {
			t.Errorf("3 and %d are open under max_db_connections 5: %d, want %d", open, got, want)
		}
	}
}
