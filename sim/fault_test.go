package sim

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// threeHosts is a group of three processes under open load, on a server with eight cores.
func threeHosts(t *testing.T, faults ...Fault) *World {
	t.Helper()
	w, err := New(Spec{
		Servers: []ServerSpec{{Name: "pg", MaxConns: 100, SuperuserReservedConns: 3, Budget: 80, Cores: 8, DirectConns: 2}},
		Groups:  []GroupSpec{{Name: "main", Processes: 3, Version: "1.18"}},
		Pools:   []PoolSpec{{ID: "main/app", Server: "pg", SizeConns: 20}},
		Loads: []LoadSpec{{Pool: "main/app", Open: &OpenSpec{PerSec: 600}, Hold: Law{Mean: 20 * time.Millisecond},
			CPU: 0.25}},
		Faults: faults,
		Signals: []SignalSpec{{Name: "cpu", Server: "pg", Builtin: "cpu", Interval: 5 * time.Second, Lag: 2 * time.Second},
			{Name: "lag", Server: "pg", Builtin: "lag"}},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// during runs the world from one time to another and returns what was counted in between.
func during(t *testing.T, w *World, from, to time.Duration) Results {
	t.Helper()
	watched(t, w, from-w.At())
	w.ResetResults()
	watched(t, w, to-from)
	return w.Results()
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*want) {
		t.Errorf("%s: %.4g, want %.4g", what, got, want)
	}
}

func TestAutovacuumStretchesTheHolds(t *testing.T) {
	w := threeHosts(t, Fault{Kind: Autovacuum, Server: "pg", Cores: 12, From: 30 * second, For: 30 * second})
	calm, busy, after := during(t, w, 10*second, 30*second), during(t, w, 31*second, 60*second),
		during(t, w, 61*second, 90*second)
	near(t, "busy before", calm.Total.BusyErlangs, 12, 0.05)
	if busy.Total.BusyErlangs < 1.15*calm.Total.BusyErlangs || busy.Servers[0].CPUMean < 0.95 {
		t.Errorf("with autovacuum: %.3g busy, CPU %.3g", busy.Total.BusyErlangs, busy.Servers[0].CPUMean)
	}
	near(t, "busy after", after.Total.BusyErlangs, calm.Total.BusyErlangs, 0.05)
	near(t, "CPU before", calm.Servers[0].CPUMean, 600*0.005/8, 0.05)
}

func TestDirectConnectionsComeAgainAndCount(t *testing.T) {
	w := threeHosts(t, Fault{Kind: DirectConns, Server: "pg", Conns: 30, From: 10 * second, For: 5 * second,
		Every: 20 * second})
	watched(t, w, 12*second)
	want(t, w, "direct", w.servers[0].direct, 32)
	watched(t, w, 5*second)
	want(t, w, "direct", w.servers[0].direct, 2)
	watched(t, w, 15*second)
	want(t, w, "direct", w.servers[0].direct, 32)
	watched(t, w, 10*second)
	if r := w.Results().Servers[0]; r.BudgetViolations != 2 || r.OverBudget != 10*second || r.WorstConns < 92 {
		t.Errorf("60 + 32 connections of a budget of 80: %+v", r)
	}
}

func TestDirectConnectionsFindNoMoreThanThereIs(t *testing.T) {
	w := threeHosts(t, Fault{Kind: DirectConns, Server: "pg", Conns: 500, From: 10 * second, For: 5 * second})
	watched(t, w, 12*second)
	want(t, w, "backends", w.servers[0].backends, 97)
	watched(t, w, 5*second)
	want(t, w, "direct", w.servers[0].direct, 2)
}

func TestASurgeAndASlowPlanEnd(t *testing.T) {
	w := threeHosts(t, Fault{Kind: Surge, Pool: "main/app", Times: 2, From: 20 * second, For: 20 * second},
		Fault{Kind: SlowPlan, Pool: "main/app", Times: 1.5, From: 50 * second, For: 20 * second})
	rate := func(from, to time.Duration) (arrivals, busy float64) {
		r := during(t, w, from, to)
		return float64(r.Total.Arrivals) / (to - from).Seconds(), r.Total.BusyErlangs
	}
	a, _ := rate(5*second, 20*second)
	near(t, "arrivals before", a, 600, 0.03)
	a, _ = rate(20*second, 40*second)
	near(t, "arrivals in the surge", a, 1200, 0.03)
	a, calm := rate(41*second, 50*second)
	near(t, "arrivals after", a, 600, 0.05)
	a, slow := rate(51*second, 70*second)
	near(t, "arrivals under the slow plan", a, 600, 0.03)
	if slow < 1.4*calm {
		t.Errorf("busy %.3g with the slow plan, %.3g before, want × 1.5", slow, calm)
	}
}

func TestALostScrapeLeavesAnOldSample(t *testing.T) {
	w := threeHosts(t, Fault{Kind: LostScrape, From: 21 * second, For: 30 * second})
	age := func() time.Duration {
		s, err := w.Read(t.Context())
		if err != nil || !s[0].Read() {
			t.Fatalf("%+v %v", s, err)
		}
		return w.Now().Sub(s[0].At)
	}
	watched(t, w, 21*second)
	if got := age(); got != 6*second {
		t.Errorf("age %v: the sample of 20 s cannot be read before 22 s", got)
	}
	watched(t, w, second)
	if got := age(); got != 2*second {
		t.Errorf("age %v", got)
	}
	watched(t, w, 28*second)
	if got := age(); got != 30*second {
		t.Errorf("age %v: scrapes were lost", got)
	}
	watched(t, w, 8*second)
	if got := age(); got != 3*second {
		t.Errorf("age %v: scrapes are back", got)
	}
}

func TestASignalThatIsNotModelledSaysSo(t *testing.T) {
	w := threeHosts(t)
	s, _ := w.Read(t.Context())
	if s[0].Error != "no sample yet" || !strings.Contains(s[1].Error, "not modelled") || s[1].Value.Known() {
		t.Errorf("%+v", s)
	}
}

func TestASilentProcessServesAndDoesNotAnswer(t *testing.T) {
	w := threeHosts(t, Fault{Kind: Silent, Process: "main/2", From: 10 * second, For: 10 * second})
	r := during(t, w, 11*second, 19*second)
	if _, err := w.Observe(t.Context()); operr.KindOf(err) != operr.KindUnreachable ||
		!strings.Contains(err.Error(), "main/2") {
		t.Errorf("%v", err)
	}
	near(t, "served", float64(r.Total.Done), 600*8, 0.05)
	watched(t, w, 2*second)
	if _, err := w.Observe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestASilentReloadChangesNothingUntilOneSucceeds(t *testing.T) {
	w := threeHosts(t, Fault{Kind: SilentReload, Process: "main/2", From: 10 * second, For: 10 * second})
	sizes := func() (out []int) {
		o, err := w.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range o.Processes {
			out = append(out, p.Aliases[0].SizeConns)
		}
		return out
	}
	watched(t, w, 12*second)
	do(t, w, Action{Kind: SetSize, Conns: 15})
	if got := sizes(); got[0] != 15 || got[1] != 20 || got[2] != 15 {
		t.Errorf("%v", got)
	}
	watched(t, w, 10*second)
	if got := sizes(); got[1] != 20 {
		t.Errorf("%v: nobody told it to RELOAD again", got)
	}
	do(t, w, Action{Kind: SetReserve})
	if got := sizes(); got[1] != 15 {
		t.Errorf("%v: a RELOAD takes all that stands in the file", got)
	}
}

func TestAHostThatIsLostCutsItsClientsAndComesBackEmpty(t *testing.T) {
	w := threeHosts(t, Fault{Kind: HostLost, Process: "main/1", From: 10 * second, For: 20 * second})
	before := during(t, w, 5*second, 10*second-1)
	watched(t, w, 2) // it is gone
	p := w.process("main/1")
	want(t, w, "its connections", p.pools[0].count, 0)
	if w.servers[0].orphans == 0 {
		t.Error("no query worked on")
	}
	lost := during(t, w, 11*second, 30*second-1)
	if _, err := w.Observe(t.Context()); operr.KindOf(err) != operr.KindUnreachable {
		t.Errorf("%v", err)
	}
	near(t, "arrivals at its siblings", float64(lost.Total.Arrivals)/19, float64(before.Total.Arrivals)/5, 0.05)
	if p.pools[0].count+p.pools[0].queue.n > 0 || w.servers[0].orphans > 0 {
		t.Error("the lost host is at work")
	}
	watched(t, w, 5*second)
	want(t, w, "its connections again", b2i(p.pools[0].count > 3), 1)
	if p.aliases[0].xacts > 600*5 {
		t.Error("its counters survived")
	}
	if r := w.Results(); r.Total.Refused > 0 {
		t.Errorf("%d refused after its clients had gone elsewhere", r.Total.Refused)
	}
}

func TestAPileSendsTransactionsToTheSiblings(t *testing.T) {
	w := threeHosts(t, Fault{Kind: Pile, Process: "main/3", From: 10 * second, For: 10 * second})
	watched(t, w, 11*second)
	x := w.process("main/3").aliases[0].xacts
	watched(t, w, 8*second)
	want(t, w, "transactions of the one avoided", int(w.process("main/3").aliases[0].xacts-x), 0)
	watched(t, w, 10*second)
	if w.process("main/3").aliases[0].xacts == x {
		t.Error("nobody came back")
	}
}

func TestConfigurationManagementPutsASizeBack(t *testing.T) {
	w := threeHosts(t, Fault{Kind: PutBack, Pool: "main/app", Conns: 20, From: 20 * second, Every: 30 * second})
	do(t, w, Action{Kind: SetSize, Conns: 9})
	watched(t, w, 10*second)
	want(t, w, "size", w.aliases[1].size, 9)
	watched(t, w, 11*second)
	want(t, w, "size", w.aliases[1].size, 20)
	do(t, w, Action{Kind: SetSize, Conns: 8})
	watched(t, w, 30*second)
	want(t, w, "size", w.aliases[2].size, 20)
}

func TestTheTrafficSwitchMovesItsShare(t *testing.T) {
	s := rich()
	s.Script, s.Faults = nil, nil
	w, err := New(s, 11)
	if err != nil {
		t.Fatal(err)
	}
	main := func() (int64, int64) { return w.tallyOf["main/app"].arrivals, w.tallyOf["ci/app"].arrivals }
	watched(t, w, time.Minute) // a whole period of the sine
	a0, b0 := main()
	if err := w.Do(Action{Kind: SetShare, Percent: 100}); err != nil {
		t.Fatal(err)
	}
	w.Sleep(t.Context(), time.Minute)
	a1, b1 := main()
	near(t, "main at 10 % of 0.4", float64(a0), 0.96*(500+20/3.*60/60)*60, 0.2)
	if moved := float64(a1-a0) / float64(a0); moved > 0.8 || b1-b0 < b0 {
		t.Errorf("at 100 %%: main × %.3g, ci %d → %d", moved, b0, b1-b0)
	}
}

// TestEverySpecFaultIsNamed builds worlds that cannot be and wants a word of each fault in the error.
func TestEverySpecFaultIsNamed(t *testing.T) {
	for want, change := range map[string]func(*Spec){
		"nothing to simulate":     func(s *Spec) { s.Pools, s.Loads = nil, nil },
		"max_connections 0":       func(s *Spec) { s.Servers[0].MaxConns = 0 },
		"pool_size 0":             func(s *Spec) { s.Pools[0].SizeConns = 0 },
		"0 processes":             func(s *Spec) { s.Groups[0].Processes = 0 },
		"-1 arrivals per second":  func(s *Spec) { s.Loads[0].Open.PerSec = -1 },
		"NaN arrivals per second": func(s *Spec) { s.Loads[0].Open.PerSec = math.NaN() },
		"lognormal":               func(s *Spec) { s.Loads[0].Hold = Law{Kind: Lognormal, Mean: 1} },
		"hyperexponential":        func(s *Spec) { s.Loads[0].Hold = Law{Kind: Hyperexponential, Mean: 1, SCV: 0.5} },
		"quantiles must":          func(s *Spec) { s.Loads[0].Hold = Law{Kind: Quantiles} },
		"cpu 1.5":                 func(s *Spec) { s.Loads[0].CPU = 1.5 },
		"used twice":              func(s *Spec) { s.Pools = append(s.Pools, s.Pools[0]) },
		`pool "x/y" is not there`: func(s *Spec) { s.Loads[0].Pool = "x/y" },
		`"main/4" is not there`:   func(s *Spec) { s.Faults = []Fault{{Kind: HostLost, Process: "main/4"}} },
		"no such kind":            func(s *Spec) { s.Faults = []Fault{{Kind: "meteor"}} },
		"a switch to set: false":  func(s *Spec) { s.Script = []Action{{Kind: SetShare, Percent: 5}} },
		"think 0s and hold 0s":    func(s *Spec) { s.Loads[0] = LoadSpec{Pool: "main/app", Closed: &ClosedSpec{Clients: 1}} },
		"either open or closed":   func(s *Spec) { s.Loads[0].Open = nil },
		"weights":                 func(s *Spec) { s.Groups[0].Weights = []float64{0, 0, 0} },
		"curve":                   func(s *Spec) { s.Loads[0].Open.Curve = []CurvePart{{0, 1}, {1, 2}} },
		"a share of 200":          func(s *Spec) { s.Script = []Action{{Kind: SetShare, Percent: 200}} },
		`pool_mode "statement"`:   func(s *Spec) { s.Pools[0].Mode = "statement" },
		"bursts":                  func(s *Spec) { s.Loads[0].Open.Burst = &BurstSpec{} },
		"sine":                    func(s *Spec) { s.Loads[0].Open.Sine = &SineSpec{Amplitude: 2, Period: 1} },
		"has no cores": func(s *Spec) {
			s.Servers[0].Cores = 0
			s.Faults = []Fault{{Kind: Autovacuum, Server: "pg",
				Cores: 1}}
		},
		"pool_size 1000000": func(s *Spec) { s.Script = []Action{{Kind: SetSize, Pool: "main/app", Conns: 1e6}} },
		"from 1s for 5s every 2s": func(s *Spec) {
			s.Faults = []Fault{{Kind: LostScrape, From: second, For: 5 * second, Every: 2 * second}}
		},
		"forced: true": func(s *Spec) {
			s.Pools[0].ForceUser, s.Pools[0].Users = true,
				[]UserShare{{"a", 1}, {"b", 1}}
		},
		`signal "x": server "mars"`: func(s *Spec) {
			s.Signals = append(s.Signals, SignalSpec{Name: "x", Server: "mars",
				Builtin: "cpu"})
		},
	} {
		s := threeHosts(t).spec
		s.Loads[0].Open = &OpenSpec{PerSec: 1}
		change(&s)
		if _, err := New(s, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
}
