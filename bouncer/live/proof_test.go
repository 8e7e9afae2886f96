package live

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// fleetOf is processes g/1 and g/2, each with the aliases that are given.
func fleetOf(aliases ...planner.Alias) []planner.Process {
	var processes []planner.Process
	for _, id := range []string{"g/1", "g/2"} {
		p := planner.Process{ID: id, Group: "g"}
		p.Aliases = append(p.Aliases, aliases...)
		processes = append(processes, p)
	}
	return processes
}

func foundAt(process, alias, server string, n int) evidence {
	return evidence{found: map[aliasName]map[string]int{{process, alias}: {server: n}}, stayed: map[aliasName]bool{{process, alias}: true}}
}

func wantProof(t *testing.T, p planner.Process, alias int, server string, proof planner.ServerProof) {
	t.Helper()
	if a := p.Aliases[alias]; a.Server != server || a.Proof != proof {
		t.Errorf("%s/%s is on %q by %s, want %q by %s", p.ID, a.Name, a.Server, a.Proof, server, proof)
	}
}

func TestAnAliasIsWhereItsBackendsAreAndSharesItsAddress(t *testing.T) {
	now := fleetOf(planner.Alias{Name: "a", Host: "db1", Port: 5432}, planner.Alias{Name: "b", Host: "db1", Port: 5432}, planner.Alias{Name: "c", Host: "db1", Port: 5433})
	new(prover).settle(now, foundAt("g/1", "a", "main", 3))
	wantProof(t, now[0], 0, "main", planner.ProofBackends)
	wantProof(t, now[0], 1, "main", planner.ProofAddress)
	wantProof(t, now[0], 2, "", planner.ProofNone)
	wantProof(t, now[1], 0, "main", planner.ProofAddress)
}

func TestALocalAddressMeansAnotherServerInEveryProcess(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", "localhost", "", "/run/postgresql", "@abstract"} {
		now := fleetOf(planner.Alias{Name: "a", Host: host, Port: 5432}, planner.Alias{Name: "b", Host: host, Port: 5432})
		new(prover).settle(now, foundAt("g/1", "a", "main", 1))
		wantProof(t, now[0], 1, "main", planner.ProofAddress)
		wantProof(t, now[1], 1, "", planner.ProofNone)
	}
}

func TestAConnectionThatNoServerShowsIsElsewhere(t *testing.T) {
	now := fleetOf(planner.Alias{Name: "a", Host: "db9", Port: 5432})
	new(prover).settle(now, evidence{stayed: map[aliasName]bool{{"g/2", "a"}: true}})
	wantProof(t, now[0], 0, "", planner.ProofNone)
	wantProof(t, now[1], 0, "", planner.ProofElsewhere)
}

func TestAProofIsRememberedWhileTheAddressStays(t *testing.T) {
	var p prover
	a := planner.Alias{Name: "a", Host: "db1", Port: 5432}
	p.settle(fleetOf(a), foundAt("g/1", "a", "main", 1))
	now := fleetOf(a)
	p.settle(now, evidence{})
	wantProof(t, now[0], 0, "main", planner.ProofBackends)
	a.Host = "db2"
	now = fleetOf(a)
	p.settle(now, evidence{})
	wantProof(t, now[0], 0, "", planner.ProofNone)
}

func TestAnAliasOfSeveralServersIsWhereMostOfItIs(t *testing.T) {
	for _, c := range []struct {
		found map[string]int
		want  string
	}{{map[string]int{"x": 1, "y": 2}, "y"}, {map[string]int{"y": 2, "x": 2}, "x"}, {nil, ""}} {
		if got := most(c.found); got != c.want {
			t.Errorf("most of %v is %q, want %q", c.found, got, c.want)
		}
	}
}

func TestOnlyALinkThatTwoPassesListHasStayed(t *testing.T) {
	kept, gone, came := listing(from(bouncerHost, 100)), listing(from(bouncerHost, 101)), listing(from(bouncerHost, 102))
	login := link{process: somewhere, alias: "db", state: "new", end: from(bouncerHost, 103).end}
	got := stayed([][]link{{kept, gone, login}, {kept, came, login}})
	if len(got) != 1 || got[0] != kept {
		t.Errorf("stayed %v, want %v alone", got, kept)
	}
}

func TestAnAddressTranslationIsFoundOutAndAChanceHitIsNot(t *testing.T) {
	a, b := listing(from(bouncerHost, 100)), listing(from(bouncerHost, 101))
	a.opened, b.opened = time.UnixMicro(from(bouncerHost, 100).started), time.UnixMicro(from(bouncerHost, 101).started)
	late := a
	late.opened = late.opened.Add(time.Minute)
	processes := []planner.Process{{ID: "g/1", Aliases: []planner.Alias{{Name: "db", Database: "db"}}}}
	servers := []*server{{name: "main"}}
	for _, c := range []struct {
		name  string
		pass  []link
		shown shot
		want  bool
	}{
		{"all under other addresses", []link{a, b}, shot{from(otherHost, 100), from(otherHost, 101)}, true},
		{"one was born at another time", []link{late, b}, shot{from(otherHost, 100), from(otherHost, 101)}, false},
		{"one is no proof", []link{a}, shot{from(otherHost, 100)}, false},
		{"one of two is chance", []link{a, b}, shot{from(otherHost, 100)}, false},
		{"one under its own address", []link{a, b}, shot{from(otherHost, 100), from(bouncerHost, 101)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			index := linkIndex{}
			index.add(c.pass)
			alias, on, got := translated([][]link{c.pass, c.pass}, index, processes, servers, [][]shot{{c.shown}})
			if got != c.want || got && (alias != "g/1/db" || on != "main") {
				t.Errorf("got %v (%s on %s), want %v", got, alias, on, c.want)
			}
		})
	}
}
