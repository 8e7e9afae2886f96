package planner

import (
	"strings"
	"testing"
)

// TestFrozenPoolsAloneMayBeTooMany plans nothing but a pool that stays as it is, above the budget of its server.
func TestFrozenPoolsAloneMayBeTooMany(t *testing.T) {
	o := Observation{At: epoch, Servers: []Server{{Name: "pg", MaxConns: 10}}, Processes: []Process{{ID: "rw/1", Group: "rw", Version: "1.24.1",
		Aliases: []Alias{{Name: "app", Database: "app", Server: "pg", SizeConns: 12, PoolMode: "transaction", Pools: []PoolGauges{{User: "app1"}}}}}}}
	f, err := Model(epoch, Declared{Servers: []DeclaredServer{declaredServer("pg", Declared{})}}, evidenceOf(t, o), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Solve(f, Options{})
	if err == nil || !strings.Contains(err.Error(), " there; reserves and pools that the plan may not change 12") {
		t.Errorf("got %v", err)
	}
}
