package budget_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestTheLedgerIsTheMostThatPgBouncerMayOpen(t *testing.T) {
	equal, judged := 0, 0
	for seed := range 300 { // a third of them, in -short, would stray from nine of ten by chance
		o := plannertest.RandomLimits(rand.New(rand.NewPCG(uint64(seed), 7)))
		for i := range o.Processes {
			o.Processes[i].UsersKnown = seed%2 == 0
		}
		d := budget.Declared{SizeAll: true}
		for _, s := range o.Servers {
			d.Servers = append(d.Servers, budget.DeclaredOf(s.Name, budget.Declared{}))
		}
		f, err := budget.Model(plannertest.Epoch, d, plannertest.EvidenceOf(t, o), nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, s := range o.Servers {
			got := f.WorstConns(s.Name)
			for _, fs := range f.Servers {
				for _, l := range fs.Lines {
					if fs.Name == s.Name && len(l.Item) > 5 && l.Item[:5] == "user " {
						got += l.Conns
					}
				}
			}
			least, most := math.MaxInt, 0
			for _, x := range plannertest.Resolved(o) {
				n := plannertest.MostOpen(x, s.Name)
				least, most = min(least, n), max(most, n)
			}
			judged++
			if got == most {
				equal++
			}
			if exact := len(f.AtMost(s.Name)) == 0; exact && got != least {
				t.Errorf("seed %d, %s: the ledger counts %d and says exactly, and %d to %d may be open: %+v", seed, s.Name, got,
					least, most, o.Processes)
			}
			if got < most {
				t.Errorf("seed %d, %s: the ledger counts %d, and %d may be open: %+v", seed, s.Name, got, most, o.Processes)
			}
		}
	}
	t.Logf("equal in %d of %d", equal, judged)
	if 10*equal < 8*judged { // half of them are older than 1.23 without a file
		t.Errorf("the ledger is exact in %d of %d fleets, want eight of ten", equal, judged)
	}
}
