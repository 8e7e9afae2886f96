package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func foundAt(process, alias, server string, n int) evidence {
	return evidence{found: map[aliasName]map[string]int{{process, alias}: {server: n}},
		stayed: map[aliasName]bool{{process, alias}: true}}
}

func TestAnAliasIsWhereItsBackendsAreAndSharesItsAddress(t *testing.T) {
	now := FleetOf(fleet.Alias{Name: "a", Host: "db1", Port: 5432}, fleet.Alias{Name: "b", Host: "db1", Port: 5432},
		fleet.Alias{Name: "c", Host: "db1", Port: 5433})
	new(prover).settle(now, foundAt("g/1", "a", "main", 3), nil)
	WantProof(t, now[0], 0, "main", fleet.ProofBackends)
	WantProof(t, now[0], 1, "main", fleet.ProofAddress)
	WantProof(t, now[0], 2, "", fleet.ProofNone)
	WantProof(t, now[1], 0, "main", fleet.ProofAddress)
}

func TestALocalAddressMeansAnotherServerInEveryProcess(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", "localhost", "", "/run/postgresql", "@abstract"} {
		now := FleetOf(fleet.Alias{Name: "a", Host: host, Port: 5432}, fleet.Alias{Name: "b", Host: host, Port: 5432})
		new(prover).settle(now, foundAt("g/1", "a", "main", 1), nil)
		WantProof(t, now[0], 1, "main", fleet.ProofAddress)
		WantProof(t, now[1], 1, "", fleet.ProofNone)
	}
}

func TestAConnectionThatNoServerShowsIsElsewhere(t *testing.T) {
	now := FleetOf(fleet.Alias{Name: "a", Host: "db9", Port: 5432})
	new(prover).settle(now, evidence{stayed: map[aliasName]bool{{"g/2", "a"}: true}}, nil)
	WantProof(t, now[0], 0, "", fleet.ProofNone)
	WantProof(t, now[1], 0, "", fleet.ProofElsewhere)
}

func TestAProofIsRememberedWhileTheAddressStays(t *testing.T) {
	var p prover
	a := fleet.Alias{Name: "a", Host: "db1", Port: 5432}
	p.settle(FleetOf(a), foundAt("g/1", "a", "main", 1), nil)
	now := FleetOf(a)
	p.settle(now, evidence{}, nil)
	WantProof(t, now[0], 0, "main", fleet.ProofBackends)
	a.Host = "db2"
	now = FleetOf(a)
	p.settle(now, evidence{}, nil)
	WantProof(t, now[0], 0, "", fleet.ProofNone)
}

func TestAnAliasOfSeveralServersIsFirstWhereMostOfItIs(t *testing.T) {
	for _, c := range []struct {
		found map[string]int
		want  string
	}{{map[string]int{"x": 1, "y": 2}, "[y x]"}, {map[string]int{"y": 2, "x": 2}, "[x y]"}, {nil, "[]"}} {
		if got := fmt.Sprint(most(c.found)); got != c.want {
			t.Errorf("most of %v is %s, want %s", c.found, got, c.want)
		}
	}
}

func TestOnlyALinkThatTwoPassesListHasStayed(t *testing.T) {
	kept, gone, came := listing(from(BouncerHost, 100)), listing(from(BouncerHost, 101)), listing(from(BouncerHost, 102))
	login := admin.Link{Process: Somewhere, Alias: "db", State: "new", End: from(BouncerHost, 103).end}
	got := stayed([][]admin.Link{{kept, gone, login}, {kept, came, login}})
	if len(got) != 1 || got[0] != kept {
		t.Errorf("stayed %v, want %v alone", got, kept)
	}
}

// TestEveryHostOfAListLeadsToAKnownServerOrIsNamed follows host=a,b.
func TestEveryHostOfAListLeadsToAKnownServerOrIsNamed(t *testing.T) {
	at := aliasName{"g/1", "l"}
	end := func(host string) origin { return origin{host: host, port: 5432} }
	for _, c := range []struct {
		name string
		e    evidence
		ends map[origin]string
		want string
	}{
		{"found on both", evidence{found: map[aliasName]map[string]int{at: {"x": 1, "y": 2}},
			ends: map[origin][]string{end("10.0.0.1"): {"x"}, end("10.0.0.2"): {"y"}}}, nil, "y [x] [] list"},
		{"never used, our own sessions go there", evidence{}, map[origin]string{end("10.0.0.1"): "x", end("10.0.0.2"): "y"},
			"x [y] [] list"},
		{"found on one, the other unknown", evidence{found: map[aliasName]map[string]int{at: {"x": 1}},
			ends: map[origin][]string{end("10.0.0.1"): {"x"}}},
			nil, "x [] [10.0.0.2:5432] backends"},
		{"never used, nothing known", evidence{}, nil, " [] [10.0.0.1:5432 10.0.0.2:5432] none"},
		{"found on one, lost on the other", evidence{found: map[aliasName]map[string]int{at: {"x": 1}},
			stayed: map[aliasName]bool{at: true},
			ends:   map[origin][]string{end("10.0.0.1"): {"x"}}, lost: map[aliasName][]string{at: {"10.0.0.2:5432"}}}, nil,
			"x [] [10.0.0.2:5432] backends"},
		{"lost altogether", evidence{stayed: map[aliasName]bool{at: true},
			lost: map[aliasName][]string{at: {"10.0.0.2:5432"}}}, nil,
			" [] [10.0.0.1:5432 10.0.0.2:5432] elsewhere"},
	} {
		now := FleetOf(fleet.Alias{Name: "l", Host: "10.0.0.1,10.0.0.2", Port: 5432})
		new(prover).settle(now, c.e, c.ends)
		a := now[0].Aliases[0]
		if got := fmt.Sprint(a.Server, " ", a.AlsoOn, " ", a.Unplaced, " ", a.Proof); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestANameThatLedToTwoServersLeadsToBoth: a name may have several addresses, and goes on leading to all of them. An
// address that has moved from one server to another with our own session to it leads to the other alone.
func TestANameThatLedToTwoServersLeadsToBoth(t *testing.T) {
	var p prover
	a := fleet.Alias{Name: "a", Host: "db.internal", Port: 5432}
	p.settle(FleetOf(a), foundAt("g/1", "a", "x", 1), nil)
	now := FleetOf(a)
	p.settle(now, foundAt("g/2", "a", "y", 1), nil)
	for _, process := range now {
		if b := process.Aliases[0]; len(b.AlsoOn) != 1 || b.Server == b.AlsoOn[0] {
			t.Errorf("%s is on %s and %v, want x and y", process.ID, b.Server, b.AlsoOn)
		}
	}
	a.Host = "10.0.0.1"
	p.settle(FleetOf(a), foundAt("g/1", "a", "x", 1), map[origin]string{{host: "10.0.0.1", port: 5432}: "x"})
	now = FleetOf(a)
	p.settle(now, foundAt("g/1", "a", "y", 1), map[origin]string{{host: "10.0.0.1", port: 5432}: "y"}) // it was taken over
	WantProof(t, now[0], 0, "y", fleet.ProofBackends)
	if b := now[0].Aliases[0]; len(b.AlsoOn) > 0 {
		t.Errorf("also on %v", b.AlsoOn)
	}
}

// TestAConnectionThatIsLostIsNamedBesideThoseThatAreFound: a name of two addresses, one of them unknown.
func TestAConnectionThatIsLostIsNamedBesideThoseThatAreFound(t *testing.T) {
	now := FleetOf(fleet.Alias{Name: "a", Host: "db.internal", Port: 5432})
	e := foundAt("g/1", "a", "x", 3)
	e.lost = map[aliasName][]string{{"g/1", "a"}: {"10.0.0.9:5432"}}
	new(prover).settle(now, e, nil)
	WantProof(t, now[0], 0, "x", fleet.ProofBackends)
	if got := fmt.Sprint(now[0].Aliases[0].Unplaced); got != "[10.0.0.9:5432]" {
		t.Errorf("lost %s, want 10.0.0.9:5432", got)
	}
}
