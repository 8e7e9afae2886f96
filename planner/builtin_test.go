package planner

import (
	"testing"
	"time"
)

func TestBuiltinSignalsAreThoseOfTheServer(t *testing.T) {
	pool := func(server string, waiting int, wait time.Duration) Alias {
		return Alias{Name: "db-" + server, Server: server, Pools: []PoolGauges{{User: "a", ClientsWaiting: waiting, MaxWait: wait, ServersIdle: 3, ServersUsed: 4}, {User: "b", ClientsWaiting: 1, MaxWait: time.Second}}}
	}
	o := Observation{At: noon, Servers: []Server{{Name: "pg", MaxConns: 100, Backends: BackendCounts{PoolConns: 30, LoginConns: 2, DirectConns: 10, OrphanConns: 2}}},
		Processes: []Process{{ID: "x/1", Aliases: []Alias{pool("pg", 4, 3*time.Second), pool("other", 50, time.Minute)}}}}
	for name, want := range map[string]Float{"waiting": 5, "maxwait": 3, "backends": 0.42, "busy": 0.35} {
		s, ok := Builtin(name, o, "pg")
		if !ok || s.Value != want || s.Server != "pg" || !s.At.Equal(noon) || s.Error != "" {
			t.Errorf("%s: %+v, want %v", name, s, want)
		}
	}
	if s, ok := Builtin("backends", o, "other"); !ok || s.Value.Known() || s.Error == "" {
		t.Errorf("of a server that was not looked at: %+v", s)
	}
	if _, ok := Builtin("cpu", o, "pg"); ok {
		t.Error("a look shows no CPU")
	}
}
