package control_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAPoolOnSeveralServersKeepsItsSizeAndStandsInBothLedgers(t *testing.T) {
	f, err := plannertest.PlacementOf(t, plannertest.ListAlias)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sizing.Solve(f, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plannertest.CheckLedger(t, p)
	if len(p.Pools) != 2 || p.Pools[1].ID != "main/shop" || !p.Pools[1].Frozen.Any() || len(p.Pools[1:]) != 1 {
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
	// main holds it, second does not
	grow := []fleet.SettingChange{{Process: "main/1", Alias: "shop", Key: fleet.KeySize, From: 12, To: 40}}
	if why := control.Broken(f, grow); !why.Is(verdict.NoRoom) || why.Subject != "second" {
		t.Errorf("%q, want a refusal by server second", why.Text())
	}
}
