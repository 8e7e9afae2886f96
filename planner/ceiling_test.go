package planner

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// limited is a what-if of one pool, copies of which are under max_db_connections.
func limited(size, limit, processes int, users []string, perSec float64) Declared {
	d := whatIf(200)
	p := d.Pools[0]
	p.Copies, p.Users, p.Size, p.MaxDBConns = processes*len(users), users, ptr(size), ptr(limit)
	p.Load = &DeclaredLoad{ArrivalsPerSec: perSec, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
	d.Pools = []DeclaredPool{p}
	d.LeastGain = DefaultLeastGain
	return d
}

func TestALoadAboveItsLimitIsInfeasibleAndTheLimitNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Declared
		want string
	}{
		{"one user", limited(10, 4, 1, []string{"a"}, 500), "max_db_connections 4 of ci/app in ci/1 is 2 connections short"},
		{"two users share it", limited(10, 4, 1, []string{"a", "b"}, 500), "max_db_connections 4 of ci/app in ci/1"},
		{"in each of two processes", limited(10, 4, 2, []string{"a"}, 1000), "max_db_connections 4 of ci/app in ci/1"},
		{"its use would be above the ceiling", limited(10, 4, 1, []string{"a"}, 390), "(utilization)"},
	} {
		p, err := trySolve(t, c.d, Options{})
		if KindOf(err) != KindInfeasible || !strings.Contains(err.Error(), c.want) || p.Infeasible == nil {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
			continue
		}
		if !strings.Contains(HintOf(err), "raise the limit") {
			t.Errorf("%s: hint %q", c.name, HintOf(err))
		}
		best, err := trySolve(t, c.d, Options{BestEffort: true})
		if err != nil || !best.BestEffort {
			t.Errorf("%s: best effort %v", c.name, err)
			continue
		}
		if wait := float64(best.Pools[0].Wait.P99); math.IsInf(wait, 1) == (c.want == "(utilization)") {
			t.Errorf("%s: a p99 wait of %v, want one without an end where the load is above the limit", c.name, wait)
		}
	}
}

// The wait under a limit is that of the queue at the limit, whatever the size above it.
func TestWaitsUnderALimitAreThoseOfTheQueueAtIt(t *testing.T) {
	m := queue.Model{Hold: 10 * time.Millisecond, SCVFactor: 1}
	for _, size := range []int{4, 5, 10, 100} {
		d := limited(size, 4, 1, []string{"a"}, 300)
		d.Pools[0].Min, d.Pools[0].MaxWaitMean, d.Pools[0].MaxWaitP99 = size, time.Second, time.Second
		x := solve(t, d).Pools[0]
		near(t, "use", float64(x.Utilization), 0.75, 1e-9)
		near(t, "mean wait", float64(x.Wait.Mean), m.MeanWait(4, 3), 1e-9)
		near(t, "p99 wait", float64(x.Wait.P99), m.Quantile(4, 3, 0.99), 1e-9)
		if x.WorstConns.After != 4 {
			t.Errorf("size %d: %d connections counted", size, x.WorstConns.After)
		}
		if size > 4 && x.Bound != "min" {
			t.Errorf("size %d: bound by %q", size, x.Bound)
		}
	}
	d := limited(10, 4, 1, []string{"a"}, 200)
	d.Pools[0].MaxWaitMean, d.Pools[0].MaxWaitP99 = time.Second, time.Second
	if x := solve(t, d).Pools[0]; x.ToSize != 4 || !strings.Contains(x.Bound, "max_db_connections 4") {
		t.Errorf("size %d bound by %q, want the 4 of the limit", x.ToSize, x.Bound)
	}
	d.Deadband = 0.01
	if x := solve(t, d).Pools[0]; x.ToSize != 10 || !strings.Contains(x.Bound, "max_db_connections 4") {
		t.Errorf("size %d bound by %q, want today's 10, of which the limit lets 4 be", x.ToSize, x.Bound)
	}
}

// Several users under one limit wait no less than in one queue of as many connections, and no less than apart.
func TestUsersUnderOneLimitWaitAsOneQueueWhereItBinds(t *testing.T) {
	for _, c := range []struct{ size, limit int }{{3, 12}, {4, 12}, {5, 12}, {6, 8}, {20, 8}, {3, 100}} {
		d := limited(c.size, c.limit, 2, []string{"a", "b", "c"}, 900) // 1.5 Erlangs for each of six copies
		f, err := Model(epoch, d, Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		apart, joint := 6*queue.WaitingClients(c.size, 1.5), 2*queue.WaitingClients(c.limit, 4.5)
		near(t, "waiting clients", curveOf(f.Pools[0]).Cost(c.size), math.Max(apart, joint), 1e-9)
	}
}

// Gains are differences of costs, and never rise: the solver rests on both.
func TestGainsUnderALimitAreDifferencesOfCosts(t *testing.T) {
	for _, limit := range []int{5, 6, 9, 13, 40} {
		for _, users := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c"}} {
			f, err := Model(epoch, limited(3, limit, 2, users, 900), Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c := curveOf(f.Pools[0])
			gains := make([]float64, 30)
			first := 10
			c.Gains(first, gains)
			for k, g := range gains {
				if diff := c.Cost(first+k) - c.Cost(first+k+1); !math.IsNaN(diff) && math.Abs(diff-g) > 1e-9*(1+diff) {
					t.Errorf("limit %d, users %v: the gain of %d is %v, the costs differ by %v", limit, users, first+k, g, diff)
				}
				if k > 0 && g > gains[k-1] {
					t.Errorf("limit %d, users %v: the gain rises at %d", limit, users, first+k)
				}
			}
		}
	}
}

// A limit over pools of several lines makes their loads classes of one queue.
func TestALimitOverSeveralPoolsThatIsOvercommittedIsOneQueue(t *testing.T) {
	seen := func(limit int) (Fleet, error) {
		a, b := seenFleet(seenAlias("app", 8, 0, 8, "app1"), seenAlias("big", 8, 0, 8, "app1"))
		for _, o := range []*Observation{&a, &b} {
			o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: limit}}
		}
		e := evidenceOf(t, a, b)
		loads, err := Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		return Model(epoch, Declared{SizeAll: true}, e, loads)
	}
	f, err := seen(12) // 4 Erlangs each
	if err != nil {
		t.Fatal(err)
	}
	half := queue.WaitingClients(12, 8) / 2
	near(t, "waiting of one pool", curveOf(f.Pools[0]).Cost(30), half, 1e-6)
	if f, err = seen(16); err != nil || curveOf(f.Pools[0]).Cost(30) > half/10 {
		t.Errorf("%v; a limit that today's sizes do not reach is kept by the plan, and nobody waits for it", err)
	}
	if f, err = seen(8); err != nil {
		t.Fatal(err)
	}
	if _, err := Solve(f, Options{}); KindOf(err) != KindInfeasible || !strings.Contains(err.Error(), "CONNECTION LIMIT 8 of role app1") {
		t.Errorf("%v; want the role's limit named", err)
	}
}

// Traffic that moves between two pools under one limit adds nothing to what the limit must carry.
func TestAShiftUnderOneLimitKeepsWhatTheLimitCarries(t *testing.T) {
	a, b := seenFleet(seenAlias("app", 8, 0, 8, "app1"), seenAlias("big", 8, 0, 8, "app1"))
	for _, o := range []*Observation{&a, &b} {
		o.Servers[0].Roles = []ConnLimit{{Name: "app1", Conns: 12}}
	}
	e := evidenceOf(t, a, b)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Model(epoch, Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	s := Shift{From: "main/app", To: "main/big", Until: 100, Fraction: Range{0.5, 0.5, 0.5}}
	for _, z := range []int{0, 10, 50, 100} {
		from, to := s.pair(f, z)
		for _, p := range []FleetPool{from, to} {
			if asked, _ := p.under[0].asked(p); math.Abs(asked-8) > 1e-6 {
				t.Errorf("at %d %%: %s sees %v Erlangs under the limit, want 8", z, p.ID, asked)
			}
		}
	}
}

// TestADeclaredLoadComesByNobodyWhoIsDeclaredToOpenLess: it is served by the copies that follow the size, and all of it is.
func TestADeclaredLoadComesByNobodyWhoIsDeclaredToOpenLess(t *testing.T) {
	d := limited(10, 0, 1, []string{"app", "pooler"}, 500)
	d.Pools[0].MaxDBConns, d.Pools[0].UserMax = nil, []UserMax{{User: "pooler", Conns: 1}}
	p, err := trySolve(t, d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := p.Pools[0]
	near(t, "use", float64(x.Utilization), 5/float64(x.ToSize), 1e-9)
	if text := strings.Join(p.Warnings, "\n"); !strings.Contains(text, "accepted risk: ci/app counts pooler with 1") {
		t.Errorf("warnings %q", text)
	}
}

// TestAtALimitOfSeveralPoolsTheirHoldsAreMixed: what waits there waits for the holds of all. The bounds are those of a simulated
// queue of both, first come first served: 12 servers; in the first case 0.5 ms and 10 ms, in the second 10 ms and 252 ms.
func TestAtALimitOfSeveralPoolsTheirHoldsAreMixed(t *testing.T) {
	load := func(perSec float64, hold time.Duration) Load {
		a := perSec * hold.Seconds()
		return Load{Erlangs: Range{a, a, a}, PerSec: perSec, MeanHold: hold, ArrivalSCV: 1, HoldSCV: 1, Method: MethodDeclared}
	}
	pool := func(own, other Load) FleetPool {
		c := ceiling{text: "max_user_connections 12", conns: 12, copies: []int{0}, share: 1, sized: 1}
		c.add(other, 1)
		return FleetPool{ID: "a/app", Load: own, Sizes: []Size{{Process: "a/1", Conns: 5}}, Copies: []Copy{{Process: "a/1", User: "u", Share: 1}},
			Rules: Rules{Min: 1, Utilization: 0.99, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond}, under: []ceiling{c}}
	}
	reports := pool(load(0.5, time.Second), load(800, 10*time.Millisecond))
	if b, broken := reports.Breached(); broken {
		t.Errorf("reports beside many short transactions: %+v, and both promises are kept", b)
	}
	oltp := pool(load(200, 10*time.Millisecond), load(6, time.Second))
	if p99 := oltp.under[0].quantile(oltp); p99 < 0.2 || p99 > 1 {
		t.Errorf("p99 of short transactions beside long ones is %.3g s, and is about 0.25 s", p99)
	}
	if _, broken := oltp.Breached(); !broken {
		t.Error("a promise of 100 ms is said to be kept")
	}
	alone := pool(load(200, 10*time.Millisecond), Load{})
	if hold, factor := alone.under[0].mixed(alone); hold != 10*time.Millisecond || factor != 1 {
		t.Errorf("by itself: hold %v, factor %v", hold, factor)
	}
}

// TestALimitIsHeldAgainstTheProcessThatIsLeftWithMost: 0.6 of 10 Erlangs, and half of 0.3 once its process is lost.
func TestALimitIsHeldAgainstTheProcessThatIsLeftWithMost(t *testing.T) {
	p := FleetPool{ID: "a/app", Load: Load{Erlangs: Range{10, 10, 10}, PerSec: 1000, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1},
		Rules: Rules{Min: 1, Utilization: 0.9, MaxWaitMean: time.Second, MaxWaitP99: time.Minute, SurviveLoss: 1}}
	for i, share := range []float64{0.6, 0.3, 0.1} {
		process := fmt.Sprint("a/", i+1)
		p.Sizes = append(p.Sizes, Size{Process: process, Conns: 9})
		p.Copies = append(p.Copies, Copy{Process: process, User: "u", Share: share})
		p.under = append(p.under, ceiling{conns: 8, process: process, copies: []int{i}, share: share, sized: 1})
	}
	b, broken := p.Breached()
	if near(t, "the load that is left", b.Erlangs, 7.5, 1e-9); !broken || b.Need != 9 {
		t.Errorf("%+v (%v), want 9 needed of 8", b, broken)
	}
}
