package sizing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestAPoolUnderALimitOfItsUserIsFull offers 8 Erlangs to a pool_size of 20 of which max_user_connections lets 5 be:
// whoever counts connections against the size sees an idle pool, and the queue's time as transactions that do not end.
func TestAPoolUnderALimitOfItsUserIsFull(t *testing.T) {
	whole := func(p *fleet.Process) { p.Settings.MaxUserConns = 5 }
	own := func(p *fleet.Process) { p.Users, p.UsersKnown = []fleet.UserLimit{{Name: "app1", MaxConns: 5}}, true }
	shared := func(p *fleet.Process) { // 3 of 8 are at work for another alias
		p.Settings.MaxUserConns = 8
		p.Aliases = append(p.Aliases, fleet.Alias{Name: "other", Database: "other", SizeConns: 20, PoolMode: "transaction",
			Server: "main",
			Proof:  fleet.ProofBackends, Counters: fleet.Counters{Assignments: -1},
			Pools: []fleet.PoolGauges{{User: "app1", ServersActive: 3}}})
	}
	for _, c := range []struct {
		name, version string
		limit         func(*fleet.Process)
		text          string
		closed        bool // 90 clients that think 2.5 ms after each transaction, instead of any number that come
		cancels       int
	}{
		{"of the process", "1.24.1", whole, "max_user_connections 5 of app1 in main/1", false, 0},
		{"of the process, before 1.23", "1.18.0", whole, "max_user_connections 5 of app1 in main/1", false, 0},
		{"of the process, while a query is cancelled", "1.24.1", whole, "max_user_connections 5 of app1 in main/1", false, 1},
		{"its own", "1.24.1", own, "max_user_connections 5 of app1 in main/1", false, 0},
		{"of two aliases, while a query is cancelled", "1.24.1", shared, "max_user_connections 8 of app1 in main/1", false,
			1},
		{"closed clients", "1.24.1", whole, "max_user_connections 5 of app1 in main/1", true, 0},
	} {
		w := &plannertest.World{At: plannertest.Epoch, Size: 20, Version: c.version, Mode: "transaction", Active: 5,
			Timeout: 2 * time.Minute,
			Counts:  c.version == "1.24.1"}
		sample := func() fleet.Observation {
			o := w.Sample()
			g := &o.Processes[0].Aliases[0].Pools[0]
			g.ServersIdle, g.ServersActiveCancel = 0, c.cancels
			c.limit(&o.Processes[0])
			return o
		}
		var samples []fleet.Observation
		for i := range 21 {
			if c.closed {
				w.Waiting, w.Clients, w.MaxWait = 80, 10, 160*time.Millisecond
			} else {
				w.Queue(900*(i+1), time.Duration(i+1)*1800*time.Millisecond) // 800/s come, 500/s are served
			}
			samples = append(samples, sample())
			w.Run(3*time.Second, 1500, 10*time.Millisecond, w.MaxWait)
		}
		e := plannertest.EvidenceOf(t, samples...)
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		l := loads[0]
		if l.Censored != 1 {
			t.Errorf("%s: full at %g of the samples, want all", c.name, l.Censored)
		}
		if holds := l.Erlangs.Lower <= 8 && 8 <= l.Erlangs.Upper; !l.AtLeast && !holds || l.AtLeast != c.closed {
			t.Errorf("%s: %+v, at least %v; want 8 inside, or a bound that says so", c.name, l.Erlangs, l.AtLeast)
		}
		got := strings.Join(l.Notes, "\n")
		if strings.Contains(got, "long transactions are open") ||
			!strings.Contains(got, "main/1/app was full at 100 % of the samples") {
			t.Errorf("%s: notes %q; want it full, and no long transactions", c.name, l.Notes)
		}
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Deadband: budget.DefaultDeadband,
			LeastGain: budget.DefaultLeastGain}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		p, err := sizing.Solve(f, sizing.Options{})
		if c.closed { // 5 Erlangs are the least that it may be: that leaves no promise to break
			if err != nil || len(p.Pools) != 1 || p.Pools[0].Bound != c.text || p.Pools[0].ToSize != 20 {
				t.Errorf("%s: %v, %+v; want the 20 of today, bound by %q", c.name, err, p.Pools, c.text)
			}
			continue
		}
		if operr.KindOf(err) != operr.KindInfeasible || p.Infeasible == nil || p.Infeasible.Constraint != c.text {
			t.Errorf("%s: %v, certificate %+v; want infeasible by %q", c.name, err, p.Infeasible, c.text)
		}
	}
}
