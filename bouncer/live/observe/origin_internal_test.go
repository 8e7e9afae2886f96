package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestAnAnswerOfTheProcesssOwnBeatsWhatOthersFoundBehindAName has processes g/1, g/2, g/3 with one line each; g/1 has
// connections, found on x, to 10.0.0.1.
func TestAnAnswerOfTheProcesssOwnBeatsWhatOthersFoundBehindAName(t *testing.T) {
	end := func(host string) origin { return origin{host: host, port: 5432} }
	for _, c := range []struct {
		name, host string
		answers    [3]string         // what the name postgres is in each process; "": not looked up
		own        map[origin]string // where our own sessions go
		want       string            // of g/2 and g/3
	}{
		{"all the same", "postgres", [3]string{"10.0.0.1", "10.0.0.1", "10.0.0.1"}, nil, "x [] [] address, x [] [] address"},
		{"another, where our own session goes", "postgres", [3]string{"10.0.0.1", "10.0.0.2", "10.0.0.1"},
			map[origin]string{end("10.0.0.2"): "y"}, "y [] [] address, x [] [] address"},
		{"another, of which nothing is known", "postgres", [3]string{"10.0.0.1", "10.0.0.2", "10.0.0.2"}, nil,
			" [] [] none,  [] [] none"},
		{"two have not looked it up", "postgres", [3]string{"10.0.0.1", "", ""}, nil,
			"x [] [] address, x [] [] address"},
		{"none has, that is known", "postgres", [3]string{}, nil, "x [] [] address, x [] [] address"},
		{"one has not, the others disagree", "postgres", [3]string{"10.0.0.1", "10.0.0.2", ""}, nil,
			" [] [] none,  [] [] none"},
		{"one has, and it is another address", "postgres", [3]string{"", "10.0.0.2", ""}, nil,
			" [] [] none, x [] [] address"},
		{"in a list", "postgres,10.0.0.9", [3]string{"10.0.0.1", "10.0.0.2", "10.0.0.1"},
			map[origin]string{end("10.0.0.9"): "z"}, "z [] [10.0.0.2:5432] address, x [z] [] list"},
		{"in a list, one has not looked it up", "postgres,10.0.0.9", [3]string{"10.0.0.1", "10.0.0.2", ""},
			map[origin]string{end("10.0.0.9"): "z"}, "z [] [10.0.0.2:5432] address, z [] [postgres:5432] address"},
		{"the other's own machine", "postgres", [3]string{"10.0.0.1", "127.0.0.1", ""},
			map[origin]string{{"g/2", "127.0.0.1", 5432}: "y"}, "y [] [] address,  [] [] none"},
	} {
		a := fleet.Alias{Name: "a", Host: c.host, Port: 5432}
		now := append(FleetOf(a), fleet.Process{ID: "g/3", Group: "g", Aliases: []fleet.Alias{a}})
		e := foundAt("g/1", "a", "x", 1)
		e.ends, e.names = map[origin][]string{end("10.0.0.1"): {"x"}}, map[hostName][]string{}
		for i, answer := range c.answers {
			if answer != "" {
				e.names[hostName{now[i].ID, "postgres"}] = []string{answer}
			}
		}
		new(prover).settle(now, e, c.own)
		at := func(i int) string {
			a := now[i].Aliases[0]
			return fmt.Sprint(a.Server, " ", a.AlsoOn, " ", a.Unplaced, " ", a.Proof)
		}
		if got := at(1) + ", " + at(2); got != c.want {
			t.Errorf("%s: g/2, g/3 are on %q, want %q", c.name, got, c.want)
		}
		if a := now[0].Aliases[0]; a.Server != "x" || a.Proof == fleet.ProofNone {
			t.Errorf("%s: g/1 is on %q by %s, want x", c.name, a.Server, a.Proof)
		}
	}
}

// TestTwoHostsWithTheSameNameForTwoServersAreEachOnTheirOwn: both have connections.
func TestTwoHostsWithTheSameNameForTwoServersAreEachOnTheirOwn(t *testing.T) {
	now := FleetOf(fleet.Alias{Name: "a", Host: "postgres", Port: 5432})
	new(prover).settle(now, evidence{
		found: map[aliasName]map[string]int{{"g/1", "a"}: {"x": 2}, {"g/2", "a"}: {"y": 3}},
		ends:  map[origin][]string{{host: "10.0.0.1", port: 5432}: {"x"}, {host: "10.0.0.2", port: 5432}: {"y"}},
		names: map[hostName][]string{{"g/1", "postgres"}: {"10.0.0.1"}, {"g/2", "postgres"}: {"10.0.0.2"}},
	}, nil)
	for i, want := range []string{"x", "y"} {
		WantProof(t, now[i], 0, want, fleet.ProofBackends)
		if also := now[i].Aliases[0].AlsoOn; len(also) > 0 {
			t.Errorf("%s is also on %v", now[i].ID, also)
		}
	}
}

// TestANameThatHasMovedLeadsWhereItIsNow and where it was: the connections of before may be there yet.
func TestANameThatHasMovedLeadsWhereItIsNow(t *testing.T) {
	var p prover
	line := fleet.Alias{Name: "a", Host: "postgres", Port: 5432}
	before := foundAt("g/1", "a", "x", 1)
	before.names = map[hostName][]string{{"g/1", "postgres"}: {"10.0.0.1"}}
	p.settle(FleetOf(line), before, nil)
	now := FleetOf(line)
	p.settle(now, evidence{names: map[hostName][]string{{"g/1", "postgres"}: {"10.0.0.2"}}},
		map[origin]string{{host: "10.0.0.2", port: 5432}: "y"})
	if got := fmt.Sprint(serversOf(&now[0].Aliases[0])); got != "[x y]" {
		t.Errorf("g/1 is on %s, want x, where it was found, and y, where its name leads now", got)
	}
}

// TestAListWithAHostOfItsOwnMachineIsAnotherListInEveryProcess as one such host is.
func TestAListWithAHostOfItsOwnMachineIsAnotherListInEveryProcess(t *testing.T) {
	for _, host := range []string{"127.0.0.1,10.0.0.9", "10.0.0.9,localhost", "10.0.0.9,/run/postgresql"} {
		now := FleetOf(fleet.Alias{Name: "a", Host: host, Port: 5432})
		new(prover).settle(now, foundAt("g/1", "a", "x", 1), nil)
		WantProof(t, now[1], 0, "", fleet.ProofNone)
	}
}

// TestAnAddressIsTheSameHoweverItIsWritten: consoles show the ends of connections in the shortest form.
func TestAnAddressIsTheSameHoweverItIsWritten(t *testing.T) {
	for _, host := range []string{"2001:DB8::1", "2001:db8:0:0:0:0:0:1", "::ffff:10.0.0.1"} {
		now := FleetOf(fleet.Alias{Name: "a", Host: host, Port: 5432})
		own := map[origin]string{{host: "2001:db8::1", port: 5432}: "x", {host: "10.0.0.1", port: 5432}: "x"}
		new(prover).settle(now, evidence{}, own)
		WantProof(t, now[0], 0, "x", fleet.ProofAddress)
	}
}
