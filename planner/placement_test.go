package planner

import (
	"strings"
	"testing"
)

// placementOf models two samples whose second alias is changed, with a pool declared for it, or none.
func placementOf(t *testing.T, change func(*Alias), declared ...string) (Fleet, error) {
	t.Helper()
	a, b := seenFleet(seenAlias("app", 10, 0, 4, "app1"), seenAlias("shop", 12, 0, 9, "app1"))
	for _, o := range []*Observation{&a, &b} {
		o.Servers = append(o.Servers, Server{Name: "second", MaxConns: 40, SuperuserReservedConns: 3})
		change(&o.Processes[0].Aliases[1])
	}
	d := Declared{SizeAll: true}
	if len(declared) > 0 {
		p, _ := d.pool("main/shop")
		p.Server, p.AlsoOn = declared[0], declared[1:]
		d.Pools = []DeclaredPool{p}
	}
	e := evidenceOf(t, a, b)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	return Model(epoch, d, e, loads)
}

func lostAlias(a *Alias) { a.Server, a.Proof, a.Host, a.Port = "", ProofElsewhere, "10.9.9.9", 5433 }
func listAlias(a *Alias) {
	a.Server, a.AlsoOn, a.Proof, a.Host = "main", []string{"second"}, ProofList, "db1,db2"
}
func halfAlias(a *Alias) {
	a.Server, a.Proof, a.Host, a.Unplaced = "main", ProofBackends, "db1,db3", []string{"db3 port 5432"}
}
func oldList(a *Alias) { a.Host = "db1,db2" } // of a recording from before lists were followed
func unused(a *Alias)  { a.Server, a.Proof = "", ProofNone }
func asIs(*Alias)      {}

func TestEveryServerOfAPoolCountsItsWholeWorstCase(t *testing.T) {
	for _, c := range []struct {
		name         string
		change       func(*Alias)
		declared     []string
		main, second int // the worst case on each, app's 10 included
	}{
		{"one server", asIs, nil, 10 + 12, 0},
		{"a list of two", listAlias, nil, 10 + 12, 12},
		{"a list of two, declared", listAlias, []string{"second", "main"}, 10 + 12, 12},
		{"half of a list, the rest declared elsewhere", halfAlias, []string{"main", Elsewhere}, 10 + 12, 0},
		{"half of a list, the rest declared", halfAlias, []string{"main", "second"}, 10 + 12, 12},
		{"a list of an old recording, declared", oldList, []string{"main", "second"}, 10 + 12, 12},
		{"found nowhere, declared", lostAlias, []string{"second"}, 10, 12},
		{"found nowhere, declared elsewhere", lostAlias, []string{Elsewhere}, 10, 0},
		{"never used, declared", unused, []string{"second"}, 10, 12},
	} {
		f, err := placementOf(t, c.change, c.declared...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if main, second := f.WorstConns("main"), f.WorstConns("second"); main != c.main || second != c.second {
			t.Errorf("%s: worst cases %d and %d, want %d and %d", c.name, main, second, c.main, c.second)
		}
	}
}

func TestWhatLeadsNobodyKnowsWhereIsRefusedUnlessDeclared(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*Alias)
		declared []string
		kind     Kind
		says     string
	}{
		{"found nowhere", lostAlias, nil, KindEvidence, "10.9.9.9 port 5433 (seen on main/1), and none of them is found"},
		{"found nowhere, at the address of another pool", func(a *Alias) { lostAlias(a); a.Host, a.Port = "", 0 }, nil, KindEvidence, "none of them is found"},
		{"half of a list", halfAlias, nil, KindEvidence, "it may connect to db3 port 5432"},
		{"a list of an old recording", oldList, nil, KindEvidence, "it may connect to db1,db2"},
		{"never used, two servers", unused, nil, KindEvidence, "there are 2 servers it may use"},
		{"found here, declared elsewhere", asIs, []string{Elsewhere}, KindDrift, "declared to be on elsewhere"},
		{"found here, declared on another", asIs, []string{"second"}, KindDrift, "are found on main"},
		{"a list of two, one declared", listAlias, []string{"main"}, KindDrift, "are found on second"},
	} {
		if _, err := placementOf(t, c.change, c.declared...); KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (kind %v), want kind %v and %q", c.name, err, KindOf(err), c.kind, c.says)
		}
	}
}

func TestWhatIsDeclaredElsewhereIsNamed(t *testing.T) {
	for _, declared := range [][]string{{Elsewhere}, {"main", Elsewhere}} {
		change := lostAlias
		if len(declared) > 1 {
			change = halfAlias
		}
		f, err := placementOf(t, change, declared...)
		if all := strings.Join(f.Warnings, "\n"); err != nil || !strings.Contains(all, "main/shop") || !strings.Contains(all, "declared to be elsewhere") {
			t.Errorf("%v: %v, warnings %q", declared, err, all)
		}
	}
}

func TestAPoolOnSeveralServersKeepsItsSizeAndStandsInBothLedgers(t *testing.T) {
	f, err := placementOf(t, listAlias)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Solve(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, p)
	if len(p.Pools) != 2 || p.Pools[1].ID != "main/shop" || p.Pools[1].Frozen == "" || len(p.Pools[1:]) != 1 {
		t.Errorf("pools %+v, want main/shop once, its size kept", p.Pools)
	}
	for _, s := range p.Servers {
		found := 0
		for _, l := range s.Ledger {
			if l.Item == "pool main/shop" {
				found += l.Conns
			}
		}
		if found != 12 {
			t.Errorf("the ledger of %s counts %d connections of main/shop, want 12", s.Name, found)
		}
	}
	grow := []Set{{"main/1", "shop", KeySize, 12, 40}} // main holds it, second does not
	if err := Promise(f, grow); KindOf(err) != KindInfeasible || !strings.Contains(err.Error(), "server second") {
		t.Errorf("%v, want a refusal by server second", err)
	}
}

func TestUnusedPoolOfTheOnlyServerCountsThere(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 10, 0, 4, "app1"), seenAlias("replica", 30, 0, 9, "app1"))
	for _, o := range []*Observation{&a, &b} {
		o.Processes[0].Aliases[1].Server, o.Processes[0].Aliases[1].Proof = "", ProofNone
	}
	if f, _ := solveSeen(t, Declared{SizeAll: true}, a, b); len(f.Pools) != 2 {
		t.Errorf("%d pools; what may be on this server counts on it", len(f.Pools))
	}
}

func TestOneProcessThatIsFoundNowhereIsNotHiddenByAnother(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 10, 0, 4, "app1"))
	for _, o := range []*Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []Alias{second.Aliases[0]}
		lostAlias(&second.Aliases[0])
		o.Processes = append(o.Processes, second)
	}
	e := evidenceOf(t, a, b)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Model(epoch, Declared{SizeAll: true}, e, loads); KindOf(err) != KindEvidence || !strings.Contains(err.Error(), "seen on main/2") {
		t.Errorf("%v, want main/2 refused", err)
	}
}

func TestDatabasesOfOneStarStandOnAllTheirServers(t *testing.T) {
	a, _ := seenFleet(seenAlias("x", 10, 0, 4, "app1"), seenAlias("y", 10, 0, 4, "app1"), seenAlias("z", 10, 0, 4, "app1"))
	p := &a.Processes[0]
	p.Settings.DefaultPoolConns = 10
	p.Settings.PoolMode = "transaction"
	p.Aliases[1].AlsoOn, p.Aliases[1].Proof = []string{"second"}, ProofList
	lostAlias(&p.Aliases[2])
	p.Aliases[2].Unplaced = []string{"10.9.9.9:5433"}
	o, err := Gather(a, map[string][]string{"main/1": nil})
	if err != nil {
		t.Fatal(err)
	}
	star, _ := findAlias(o, "main/1", AutoDB)
	if star.Server != "main" || strings.Join(star.AlsoOn, " ") != "second" || strings.Join(star.Unplaced, " ") != "10.9.9.9:5433" || star.Proof != ProofElsewhere {
		t.Errorf("* is on %s and %v, lost %v, by %s", star.Server, star.AlsoOn, star.Unplaced, star.Proof)
	}
}

// TestTheSolverLeavesRoomForAPoolOfAnotherServersList: what is sized on the second server has what shop leaves.
func TestTheSolverLeavesRoomForAPoolOfAnotherServersList(t *testing.T) {
	a, b := seenFleet(seenAlias("far", 6, 0, 6, "app1"), seenAlias("shop", 24, 0, 9, "app1"))
	for _, o := range []*Observation{&a, &b} {
		o.Servers = append(o.Servers, Server{Name: "second", MaxConns: 40, SuperuserReservedConns: 3})
		o.Processes[0].Aliases[0].Server = "second"
		listAlias(&o.Processes[0].Aliases[1])
	}
	f, p := solveSeen(t, Declared{SizeAll: true}, a, b)
	if second := p.Servers[1]; second.BudgetConns != 40-3-5 || second.PlannedConns > second.BudgetConns || p.Pools[0].ToSize > second.BudgetConns-24 {
		t.Errorf("%s: %d planned of %d, far at %d; want shop's 24 left alone (%d now)", second.Name, second.PlannedConns, second.BudgetConns, p.Pools[0].ToSize, f.WorstConns("second"))
	}
}
