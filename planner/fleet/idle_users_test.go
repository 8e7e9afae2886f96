package fleet_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestAUserWhoCameOnceIsNamed: to one of two processes, and without a client or a connection. Whoever is at work, has
// come to both, is forced or asks auth_query is not.
func TestAUserWhoCameOnceIsNamed(t *testing.T) {
	idle := fleet.PoolGauges{User: "once"}
	recalled, works, waits, open := idle, idle, idle, idle
	recalled.Recalled, works.ClientsActive, waits.ClientsWaiting, open.ServersIdle = true, 1, 1, 1
	app := fleet.PoolGauges{User: "app", ClientsActive: 3}
	for name, c := range map[string]struct {
		first, second []fleet.PoolGauges
		force, auth   string
		want          string
	}{
		"to one": {first: []fleet.PoolGauges{app, idle}, second: []fleet.PoolGauges{app},
			want: "until it restarts"},
		"to the other": {first: []fleet.PoolGauges{app}, second: []fleet.PoolGauges{idle},
			want: "ci/2 of the 2 processes"},
		"to none any more": {first: []fleet.PoolGauges{app, recalled}, second: []fleet.PoolGauges{app},
			want: "accept --sizes"},
		"to both":            {first: []fleet.PoolGauges{idle}, second: []fleet.PoolGauges{idle}},
		"a client":           {first: []fleet.PoolGauges{works}},
		"one that waits":     {first: []fleet.PoolGauges{waits}},
		"a connection":       {first: []fleet.PoolGauges{open}},
		"forced":             {first: []fleet.PoolGauges{idle}, force: "once"},
		"asks auth_query":    {first: []fleet.PoolGauges{idle}, auth: "once"},
		"of another process": {first: []fleet.PoolGauges{recalled}, second: []fleet.PoolGauges{works}},
	} {
		var o fleet.Observation
		for i, pools := range [][]fleet.PoolGauges{c.first, c.second} {
			o.Processes = append(o.Processes, fleet.Process{ID: []string{"ci/1", "ci/2"}[i], Group: "ci", AuthUser: c.auth,
				Aliases: []fleet.Alias{{Name: "app", ForceUser: c.force, Pools: pools}}})
		}
		got := strings.Join(fleet.IdleUsers(o, "ci/app"), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || c.want != "" && !strings.Contains(got, "once") {
			t.Errorf("%s: %q, want %q in it", name, got, c.want)
		}
	}
}
