package plannertest

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// PlacementOf models two samples whose second alias is changed, with a pool declared for it, or none.
func PlacementOf(t *testing.T, change func(*fleet.Alias), declared ...string) (budget.Fleet, error) {
	t.Helper()
	a, b := SeenFleet(SeenAlias("app", 10, 0, 4, "app1"), SeenAlias("shop", 12, 0, 9, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Servers = append(o.Servers, fleet.Server{Name: "second", MaxConns: 40, SuperuserReservedConns: 3})
		change(&o.Processes[0].Aliases[1])
	}
	d := budget.Declared{SizeAll: true}
	if len(declared) > 0 {
		p, _ := d.Pool("main/shop")
		p.Server, p.AlsoOn = declared[0], declared[1:]
		d.Pools = []budget.DeclaredPool{p}
	}
	e := EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	return budget.Model(Epoch, d, e, loads)
}

func LostAlias(a *fleet.Alias) {
	a.Server, a.Proof, a.Host, a.Port = "", fleet.ProofElsewhere, "10.9.9.9", 5433
}

func ListAlias(a *fleet.Alias) {
	a.Server, a.AlsoOn, a.Proof, a.Host = "main", []string{"second"}, fleet.ProofList, "db1,db2"
}

func HalfAlias(a *fleet.Alias) {
	a.Server, a.Proof, a.Host, a.Unplaced = "main", fleet.ProofBackends, "db1,db3", []string{"db3 port 5432"}
}

func OldList(a *fleet.Alias) { a.Host = "db1,db2" } // of a recording from before lists were followed

func Unused(a *fleet.Alias) { a.Server, a.Proof = "", fleet.ProofNone }

func AsIs(*fleet.Alias) {}
