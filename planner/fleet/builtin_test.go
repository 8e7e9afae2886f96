package fleet_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestBuiltinSignalsAreThoseOfTheServer(t *testing.T) {
	pool := func(server string, waiting int, wait time.Duration) fleet.Alias {
		return fleet.Alias{Name: "db-" + server, Server: server,
			Pools: []fleet.PoolGauges{{User: "a", ClientsWaiting: waiting, MaxWait: wait, ServersIdle: 3, ServersUsed: 4},
				{User: "b", ClientsWaiting: 1, MaxWait: time.Second}}}
	}
	o := fleet.Observation{At: plannertest.Noon, Servers: []fleet.Server{{Name: "pg", MaxConns: 100,
		Backends: fleet.BackendCounts{PoolConns: 30, LoginConns: 2, DirectConns: 10, OrphanConns: 2}}},
		Processes: []fleet.Process{{ID: "x/1", Aliases: []fleet.Alias{pool("pg", 4, 3*time.Second),
			pool("other", 50, time.Minute)}}}}
	for name, want := range map[string]fleet.Float{"waiting": 5, "maxwait": 3, "backends": 0.42, "busy": 0.35} {
		s, ok := fleet.Builtin(name, o, "pg")
		if !ok || s.Value != want || s.Server != "pg" || !s.At.Equal(plannertest.Noon) || !s.Read() {
			t.Errorf("%s: %+v, want %v", name, s, want)
		}
	}
	if s, ok := fleet.Builtin("backends", o, "other"); !ok || s.Read() || s.Fault != fleet.FaultServer {
		t.Errorf("of a server that was not observed: %+v", s)
	}
	if _, ok := fleet.Builtin("cpu", o, "pg"); ok {
		t.Error("a sample shows no CPU")
	}
}
