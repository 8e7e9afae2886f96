package main

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestALimitIsShownWithWhatNoPoolOwns: sessions that no pool owns take from a role's and a database's CONNECTION LIMIT.
func TestALimitIsShownWithWhatNoPoolOwns(t *testing.T) {
	var b strings.Builder
	o := output{w: &b, format: "table"}
	err := o.observation(fleet.Observation{Servers: []fleet.Server{{Name: "pg", VersionNum: 150004, MaxConns: 100,
		Roles:     []fleet.ConnLimit{{Name: "app", Conns: 20, DirectConns: 3}},
		Databases: []fleet.ConnLimit{{Name: "ci", Conns: 30}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"role app: CONNECTION LIMIT 20, of which 3 direct\n",
		"database ci: CONNECTION LIMIT 30\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
}
