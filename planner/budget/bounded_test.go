package budget_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestSessionsOfNoPoolCountUnderALimitAtTheirHighest of all samples, as they do in the ledger; what pools have let go
// does not come back, and counts as it is. Autovacuum workers may all be in one database.
func TestSessionsOfNoPoolCountUnderALimitAtTheirHighest(t *testing.T) {
	var samples []fleet.Observation
	for i, n := range []int{2, 9, 1} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 20, 0, 3, "app1"), plannertest.SeenAlias("other", 20, 0, 3,
			"app1"))
		o.At = plannertest.Epoch.Add(time.Duration(i) * time.Second)
		o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 60, DirectConns: n, ClosingConns: 3 - i}, {Name: "app9",
			Conns: 60}}
		o.Servers[0].Databases = []fleet.ConnLimit{{Name: "app", Conns: 40, DirectConns: n, ClosingConns: 3 - i},
			{Name: "other", Conns: 2}}
		o.Servers[0].WorkerConns = 3
		if i == 0 {
			o.Servers[0].Roles = o.Servers[0].Roles[1:] // it had none yet
		}
		samples = append(samples, o)
	}
	f := plannertest.Modelled(t, plannertest.EvidenceOf(t, samples...).Last)
	want := map[string][2]int{
		"CONNECTION LIMIT 60 of role app1, of which direct sessions take 10":                              {50, 2},
		"CONNECTION LIMIT 40 of database app, of which direct sessions take 10 and autovacuum may take 3": {27, 1},
		"CONNECTION LIMIT 2 of database other, of which autovacuum may take 2":                            {0, 1},
	}
	if got := plannertest.LimitsOfFleet(f); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits are %v, want %v", got, want)
	}
	if n := samples[2].Servers[0].Roles[0].DirectConns; n != 1 {
		t.Errorf("a sample that was taken in says %d now, want 1", n)
	}
}
