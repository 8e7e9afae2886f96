package planner

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// planFor plans one pool on an open budget.
func planFor(t *testing.T, e Evidence, declared *DeclaredLoad) PlanPool {
	t.Helper()
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	d := Declared{Servers: []DeclaredServer{declaredServer("main", Declared{})}, Deadband: DefaultDeadband, LeastGain: DefaultLeastGain}
	p, _ := d.pool("main/app")
	p.Load = declared
	d.Pools = []DeclaredPool{p}
	f, err := Model(epoch, d, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Solve(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan.Pools[0]
}

// quiet is a pool of 15 that carries 2 Erlangs; each look is changed by edit.
func quiet(edit func(i int, o *Observation)) []Observation {
	w := &world{at: epoch, size: 15, version: "1.24.1", mode: "transaction", active: 2, counts: true}
	var looks []Observation
	for i := range 61 {
		o := w.look()
		edit(i, &o)
		looks = append(looks, o)
		w.run(time.Second, 200, 10*time.Millisecond, 0)
	}
	return looks
}

func TestTimeThatServesNobodyIsNotIdle(t *testing.T) {
	for name, stop := range map[string]func(a *Alias){
		"paused":   func(a *Alias) { a.Paused = true },
		"disabled": func(a *Alias) { a.Disabled = true },
		"paused as a process, or its server refuses logins": func(a *Alias) {
			a.Pools[0] = PoolGauges{User: "app1", ClientsWaiting: 30, MaxWait: 9 * time.Second}
		},
	} {
		w := &world{at: epoch, size: 15, version: "1.24.1", mode: "transaction", counts: true}
		var looks []Observation
		for range 61 {
			o := w.look()
			stop(&o.Processes[0].Aliases[0])
			looks = append(looks, o)
			w.at = w.at.Add(time.Second)
		}
		if _, err := Estimate(evidenceOf(t, looks...)); KindOf(err) != KindEvidence {
			t.Errorf("%s all the while: %v, want not enough evidence", name, err)
		}
		half := quiet(func(i int, o *Observation) {
			if i >= 30 {
				a := &o.Processes[0].Aliases[0]
				stop(a)
				a.Counters.Xacts, a.Counters.Assignments, a.Counters.XactTime = 6000, 6000, time.Minute
			}
		})
		if l := estimateOne(t, half...); l.Erlangs.Target < 1.9 || l.Erlangs.Target > 2.1 || l.Window > 30*time.Second {
			t.Errorf("%s for half of the time: %+v in %s, want 2", name, l.Erlangs, l.Window)
		}
	}
}

func TestAPausedPoolKeepsItsSize(t *testing.T) {
	looks := quiet(func(_ int, o *Observation) {
		a := o.Processes[0].Aliases[0]
		a.Name, a.Paused, a.Counters, a.Pools = "stopped", true, Counters{}, []PoolGauges{{User: "app1", ClientsWaiting: 30}}
		o.Processes[0].Aliases = append(o.Processes[0].Aliases, a)
		second := o.Processes[0]
		second.ID, second.Aliases = "main/2", slices.Clone(second.Aliases)
		o.Processes = append(o.Processes, second)
	})
	e := evidenceOf(t, looks...)
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Model(epoch, Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Solve(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := plan.Pools[1]
	if x.ToSize != 15 || strings.Count(x.Frozen, "paused") != 2 || !strings.Contains(x.Frozen, "main/1/stopped") || !strings.Contains(x.Frozen, "main/2/stopped") {
		t.Errorf("size %d, frozen %q; want 15 and why, of both processes", x.ToSize, x.Frozen)
	}
	if x.UseNow.Known() || x.Utilization.Known() || x.Wait.P99.Known() || x.Wait.P99Now.Known() {
		t.Errorf("%+v; of a load that is not known follows no use and no wait", x)
	}
}

func TestFullMinutesOfTheLookbackAreItsPeaks(t *testing.T) {
	var h, eight Histogram
	for i := range 1000 {
		h = h.Add(epoch.Add(time.Duration(i-1000)*time.Minute), 2)
		eight = eight.Add(epoch.Add(time.Duration(i-1000)*time.Minute), 8)
	}
	for _, c := range []struct {
		censored, full float64
		least, most    int // size
		atLeast        bool
		target         float64
	}{{0, 0, 3, 14, false, 2}, {.005, 14, 3, 14, false, 2}, {.03, 14, 15, 20, true, 2}, {.5, 14, 16, 20, true, 14}, {.5, 0, 15, 15, true, 2}} {
		// Beside it a pool that wants more than there is.
		looks := quiet(func(i int, o *Observation) {
			n := time.Duration(i)
			o.Processes[0].Aliases = append(o.Processes[0].Aliases, Alias{Name: "other", Database: "other", SizeConns: 9, PoolMode: "transaction", Server: "main", Proof: ProofBackends,
				Counters: Counters{Xacts: 800 * int64(i), Assignments: 800 * int64(i), XactTime: 8 * n * time.Second}, Pools: []PoolGauges{{User: "app1", ServersActive: 8}}})
			o.Servers[0].MaxConns = 38
		})
		e := evidenceOf(t, looks...)
		e.History = History{Lookback: 7 * 24 * time.Hour, Pools: []PoolHistory{{Pool: "main/app", Erlangs: h, Censored: c.censored, Full: c.full}, {Pool: "main/other", Erlangs: eight}}}
		loads, err := Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		if l := loads[0]; l.AtLeast != c.atLeast || l.Erlangs.Target < c.target-.2 || l.Erlangs.Target > c.target+.2 {
			t.Errorf("full in %g of the minutes: %+v at least %v, want about %g, %v", c.censored, l.Erlangs, l.AtLeast, c.target, c.atLeast)
		}
		f, err := Model(epoch, Declared{SizeAll: true, Deadband: DefaultDeadband, LeastGain: DefaultLeastGain}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Solve(f, Options{})
		if err != nil {
			t.Errorf("full in %g of the minutes: %v", c.censored, err)
			continue
		}
		if n := plan.Pools[0].ToSize; n < c.least || n > c.most {
			t.Errorf("full in %g of the minutes: 15 -> %d, want %d to %d", c.censored, n, c.least, c.most)
		}
	}
}

func TestSessionsAreWhatIsThere(t *testing.T) {
	w := &world{at: epoch, size: 5, version: "1.24.1", mode: "session", active: 5, waiting: 3, maxWait: time.Minute, counts: true}
	var looks []Observation
	for range 60 {
		looks = append(looks, w.look())
		w.at = w.at.Add(time.Second)
	}
	if x := planFor(t, evidenceOf(t, looks...), nil); x.ToSize != 8 {
		t.Errorf("8 sessions on 5 connections: 5 -> %d, want 8", x.ToSize)
	}
	w.size, w.active, w.waiting = 15, 6, 0
	looks = nil
	for range 60 {
		looks = append(looks, w.look())
		w.run(time.Second, 100, 10*time.Millisecond, 0)
	}
	for _, declared := range []*DeclaredLoad{nil, {ArrivalsPerSec: 100, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}} {
		if x := planFor(t, evidenceOf(t, looks...), declared); x.ToSize != 15 {
			t.Errorf("6 sessions on 15 connections, load declared %v: 15 -> %d, want 15", declared != nil, x.ToSize)
		}
	}
}

func TestThoseLeftTakeWhatTheLostCarried(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		lost   int
		floor  int
	}{{[]float64{.9, .1}, 1, 10}, {[]float64{.5, .5}, 1, 10}, {[]float64{1, 0}, 1, 10}, {[]float64{.4, .3, .3}, 1, 6}, {[]float64{.4, .3, .3}, 2, 10}} {
		p := FleetPool{ID: "m/a", Server: "s", Rules: Rules{Min: 1, Weight: 1, Utilization: .9, SurviveLoss: c.lost},
			Load: Load{Erlangs: Range{9, 9, 9}, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}}
		for i, s := range c.shares {
			id := "m/" + string(rune('1'+i))
			p.Sizes = append(p.Sizes, Size{id, 20, 0})
			p.Copies = append(p.Copies, Copy{Process: id, User: "u", Share: s})
		}
		if n, by, err := Floor(p); n != c.floor || err != nil {
			t.Errorf("shares %v, %d lost: floor %d (%s) %v, want %d", c.shares, c.lost, n, by, err, c.floor)
		}
	}
}

func TestALostSessionOrALateAnswerMakesNoWrongInterval(t *testing.T) {
	w := &world{at: epoch, size: 10, version: "1.24.1", mode: "transaction", active: 6, counts: true}
	w.run(time.Second, 100, 10*time.Millisecond, 0)
	var looks []Observation
	for i := range 12 {
		o := w.look()
		o.Processes[0].Started = 1
		if i > 0 {
			o.Processes[0].Started = 2
		}
		looks = append(looks, o)
		w.run(time.Second, 600, 10*time.Millisecond, 0)
		if i == 0 {
			w.xacts, w.xact, w.assigned = 300, 3*time.Second, 300 // anew, and beyond the old values already
		}
	}
	e := evidenceOf(t, looks...)
	if l, err := Estimate(e); err != nil || l[0].Erlangs.Lower > 6 || l[0].Erlangs.Upper < 6 || len(e.Breaks) != 1 {
		t.Errorf("%+v, breaks %q", l, e.Breaks)
	}
	for _, told := range []bool{true, false} { // the second of two answers comes 5 s late
		w := &world{at: epoch, size: 20, version: "1.24.1", mode: "transaction", active: 6, counts: true}
		first := w.look()
		w.run(15*time.Second, 9000, 10*time.Millisecond, 0)
		second := w.look()
		if second.At, second.Took = epoch.Add(10*time.Second), 5*time.Second; told {
			first.Processes[0].At, second.Processes[0].At = epoch, epoch.Add(15*time.Second)
		}
		if l := estimateOne(t, first, second); l.Erlangs.Lower > 6 || l.Erlangs.Upper < 6 {
			t.Errorf("time told %v: %+v, want 6 inside", told, l.Erlangs)
		}
	}
}
