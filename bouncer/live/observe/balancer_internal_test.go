package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestAnAddressLeadsToEveryServerThatItEverLedTo follows a line through samples: what of it was found on which server,
// and where our own session to its address goes. A balancer stands there, or an address that moves from server to
// server.
func TestAnAddressLeadsToEveryServerThatItEverLedTo(t *testing.T) {
	type shown struct {
		found string // on which servers, one connection a letter
		own   string // the server that answers us at the address
	}
	for _, c := range []struct {
		name    string
		samples []shown
		want    string
	}{
		{"connections to one idle out", []shown{{"xxxyy", ""}, {"xxx", ""}}, "x [y]"},
		{"all of them do", []shown{{"xxxyy", ""}, {"", ""}, {"", ""}}, "x [y]"},
		{"and those to the first come back alone", []shown{{"xxxyy", ""}, {"yy", ""}, {"xx", ""}}, "x [y]"},
		{"one connection at a time", []shown{{"x", ""}, {"y", ""}}, "y [x]"},
		{"alternating", []shown{{"x", ""}, {"y", ""}, {"x", ""}}, "x [y]"},
		{"three of them", []shown{{"x", ""}, {"y", ""}, {"z", ""}, {"", ""}}, "z [x y]"},
		{"it moved with our own session", []shown{{"x", "x"}, {"y", "y"}}, "y []"},
		{"it moved, and nothing is found on the other yet", []shown{{"x", "x"}, {"", "y"}}, "x [y]"},
		{"it moved, and back", []shown{{"x", "x"}, {"y", "y"}, {"x", "x"}}, "x []"},
		{"it moved, and some are on the first again", []shown{{"x", ""}, {"y", "y"}, {"x", "y"}}, "x [y]"},
		{"ours is one of a balancer's", []shown{{"xy", "x"}, {"x", "x"}}, "x [y]"},
		{"ours is one of three", []shown{{"x", ""}, {"yyz", "y"}}, "y [x z]"},
		{"ours is another one of it", []shown{{"y", "x"}}, "y [x]"},
	} {
		const host = "10.0.0.50"
		at := origin{host: host, port: 5001}
		var p prover
		var now []fleet.Process
		for _, sample := range c.samples {
			now = FleetOf(fleet.Alias{Name: "app_ro", Host: host, Port: 5001},
				fleet.Alias{Name: "unused", Host: host, Port: 5001},
				fleet.Alias{Name: "list", Host: host + ",10.0.0.9", Port: 5001})
			e := evidence{found: map[aliasName]map[string]int{{"g/1", "app_ro"}: {}}, ends: map[origin][]string{}}
			for _, s := range sample.found {
				e.found[aliasName{"g/1", "app_ro"}][string(s)]++
				e.ends[at] = admin.With(e.ends[at], string(s))
			}
			own := map[origin]string{}
			if sample.own != "" {
				own[at] = sample.own
			}
			p.settle(now, e, own)
		}
		a := now[0].Aliases[0]
		if got := fmt.Sprint(a.Server, " ", a.AlsoOn); got != c.want || a.Proof != fleet.ProofBackends {
			t.Errorf("%s: it is on %s by %s, want %s by its backends", c.name, got, a.Proof, c.want)
		}
		for _, other := range append(now[1].Aliases, now[0].Aliases[1:]...) { // whatever else leads to the address
			for _, s := range serversOf(&a) {
				if got := serversOf(&other); !Contains(got, s) {
					t.Errorf("%s: %s is on %v, want it on %s, too", c.name, other.Name, got, s)
				}
			}
		}
	}
}

// TestALineThatHasChangedIsNotWhereItsOldAddressLed to.
func TestALineThatHasChangedIsNotWhereItsOldAddressLed(t *testing.T) {
	var p prover
	a := fleet.Alias{Name: "a", Host: "10.0.0.50", Port: 5001}
	both := evidence{found: map[aliasName]map[string]int{{"g/1", "a"}: {"x": 1, "y": 1}}}
	p.settle(FleetOf(a), both, nil)
	a.Host = "10.0.0.60"
	now := FleetOf(a)
	p.settle(now, evidence{}, nil)
	WantProof(t, now[0], 0, "", fleet.ProofNone)
}

// TestAPoolThatIsIdleMovesWithItsAddress: what another finds there at a takeover counts for it, too.
func TestAPoolThatIsIdleMovesWithItsAddress(t *testing.T) {
	var p prover
	lines := []fleet.Alias{{Name: "a", Host: "10.0.0.1", Port: 5432}, {Name: "b", Host: "10.0.0.1", Port: 5432}}
	own := func(server string) map[origin]string {
		return map[origin]string{{host: "10.0.0.1", port: 5432}: server}
	}
	p.settle(FleetOf(lines...), foundAt("g/1", "a", "x", 1), own("x"))
	now := FleetOf(lines...)
	p.settle(now, foundAt("g/1", "b", "y", 1), own("y"))
	for i, a := range now[0].Aliases {
		if got := fmt.Sprint(serversOf(&a)); got != "[y]" {
			t.Errorf("%s is on %s, want y alone", lines[i].Name, got)
		}
	}
}

// TestALoopbackAddressOfOursIsNotTheProcesssWhereItWasSeen: tunnels to both end at this machine.
func TestALoopbackAddressOfOursIsNotTheProcesssWhereItWasSeen(t *testing.T) {
	now := FleetOf(fleet.Alias{Name: "a", Host: "127.0.0.1", Port: 5432})
	new(prover).settle(now, foundAt("g/1", "a", "x", 1), map[origin]string{{"g/1", "127.0.0.1", 5432}: "y"})
	if got := fmt.Sprint(serversOf(&now[0].Aliases[0])); got != "[x]" {
		t.Errorf("it is on %s, want x alone", got)
	}
}

// TestAListThatIsIdleLeadsWhereItsHostsLed at samples before: nothing of it is unknown.
func TestAListThatIsIdleLeadsWhereItsHostsLed(t *testing.T) {
	var p prover
	line := fleet.Alias{Name: "l", Host: "10.0.0.1,10.0.0.2", Port: 5432}
	end := func(host string) origin { return origin{host: host, port: 5432} }
	at := aliasName{"g/1", "l"}
	p.settle(FleetOf(line), evidence{found: map[aliasName]map[string]int{at: {"x": 1, "y": 1}},
		ends: map[origin][]string{end("10.0.0.1"): {"x"}, end("10.0.0.2"): {"y"}}}, nil)
	now := FleetOf(line)
	p.settle(now, evidence{}, nil)
	for i, process := range now {
		a := process.Aliases[0]
		if got := fmt.Sprint(serversOf(&a), a.Unplaced); got != "[x y] []" {
			t.Errorf("process %d: on %s, want x and y, and nothing unknown", i+1, got)
		}
	}
}
