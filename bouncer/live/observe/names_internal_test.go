package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestEveryAddressOfANameLeadsToAKnownServerOrIsNamed: connections to the first are no proof of the second.
func TestEveryAddressOfANameLeadsToAKnownServerOrIsNamed(t *testing.T) {
	at := aliasName{"g/1", "l"}
	end := func(host string) origin { return origin{host: host, port: 5432} }
	both := []string{"10.0.0.1", "10.0.0.2"}
	onX := map[aliasName]map[string]int{at: {"x": 1}}
	for _, c := range []struct {
		name, host string
		addresses  []string // of db.internal
		e          evidence
		ends       map[origin]string
		want       string
	}{
		{"found on both", "db.internal", both, evidence{found: map[aliasName]map[string]int{at: {"x": 2, "y": 1}},
			ends: map[origin][]string{end(both[0]): {"x"}, end(both[1]): {"y"}}}, nil, "x [y] [] list"},
		{"found on one, our own session goes to the other", "db.internal", both,
			evidence{found: onX, ends: map[origin][]string{end(both[0]): {"x"}}},
			map[origin]string{end(both[1]): "y"}, "x [y] [] list"},
		{"found on one, the other unknown", "db.internal", both,
			evidence{found: onX, ends: map[origin][]string{end(both[0]): {"x"}}}, nil,
			"x [] [10.0.0.2:5432] backends"},
		{"both lead to one", "db.internal", both, evidence{found: onX, ends: map[origin][]string{end(both[0]): {"x"},
			end(both[1]): {"x"}}}, nil, "x [] [] list"},
		{"one address", "db.internal", both[:1], evidence{found: onX}, nil, "x [] [] backends"},
		{"not looked up yet", "db.internal", nil, evidence{found: onX}, nil, "x [] [] backends"},
		{"in a list", "db.internal,10.0.0.3", both, evidence{found: onX, ends: map[origin][]string{end(both[0]): {"x"},
			end("10.0.0.3"): {"z"}}}, nil,
			"x [z] [10.0.0.2:5432] backends"},
		{"one address in a list, our own session goes there", "db.internal,10.0.0.3", both[:1], evidence{},
			map[origin]string{end(both[0]): "x", end("10.0.0.3"): "z"},
			"x [z] [] list"},
	} {
		now := FleetOf(fleet.Alias{Name: "l", Host: c.host, Port: 5432})
		c.e.names = map[hostName][]string{{"g/1", "db.internal"}: c.addresses}
		new(prover).settle(now, c.e, c.ends)
		a := now[0].Aliases[0]
		if got := fmt.Sprint(a.Server, " ", a.AlsoOn, " ", a.Unplaced, " ", a.Proof); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
