package batch

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// fake is a world of which only time passes; its results follow from its seed.
type fake struct {
	at    time.Duration
	since time.Duration
	seed  uint64
	pool  string
	sleep func(at time.Duration) error // nil: nothing happens
}

func (f *fake) At() time.Duration         { return f.at }
func (f *fake) Now() time.Time            { return sim.Epoch.Add(f.at) }
func (f *fake) Switch(int) bouncer.Switch { return nil }
func (f *fake) ResetResults()             { f.since = f.at }
func (f *fake) Sample() sim.Sample {
	return sim.Sample{At: f.at, Pools: []sim.PoolSample{{ID: f.pool}}}
}

func (f *fake) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.at += max(0, d)
	if f.sleep != nil {
		return f.sleep(f.at)
	}
	return nil
}

func (f *fake) Results() sim.Results {
	r := rand.New(rand.NewPCG(f.seed, 1))
	return sim.Results{Span: f.at - f.since, Events: 1000 + int64(f.seed),
		Total: sim.PoolResults{Arrivals: int64(100 + r.IntN(50)), Done: 100}}
}

// Observe shows one process with one pool that is offered 4 Erlangs.
func (f *fake) Observe(ctx context.Context) (fleet.Observation, error) {
	if err := ctx.Err(); err != nil {
		return fleet.Observation{}, err
	}
	o := fleet.Observation{At: f.Now(), Processes: []fleet.Process{{ID: "main/1", Group: "main", Version: "1.24.1",
		Aliases: []fleet.Alias{{Name: "app",
			SizeConns: 10, PoolMode: "transaction", Counters: fleet.Counters{Xacts: int64(f.at.Seconds() * 40),
				Assignments: int64(f.at.Seconds() * 40),
				XactTime:    4 * f.at}, Pools: []fleet.PoolGauges{{User: "app", ServersActive: 4, ServersIdle: 1}}}}}}}
	f.at += sim.DefaultSampleLatency
	return o, nil
}

// Apply and Read do nothing: nobody moves a fake.
func (f *fake) Apply(context.Context, state.Action) error    { return nil }
func (f *fake) Read(context.Context) ([]fleet.Signal, error) { return nil, nil }

var arrivals = Measure{Name: "arrivals", Unit: scenario.Count, Value: func(r sim.Results) (float64,
	bool) {
	return float64(r.Total.Arrivals), true
}}

// twice is a batch of two variants and five seeds over fakes.
func twice() Batch {
	v := Variant{Warmup: time.Minute, Horizon: 6*time.Minute + 11*time.Nanosecond, Every: 5 * time.Second,
		Measures: []Measure{arrivals},
		Expect: []Expectation{{Measure: arrivals, Text: "arrivals < 1000", Op: "<", Bound: 1000},
			{Measure: arrivals, Text: "arrivals >= 500", Op: ">=", Bound: 500, Every: true}}}
	other := v
	v.Settings = []Setting{{Key: "a", Value: "1", Varies: true}}
	other.Settings = []Setting{{Key: "a", Value: "2", Varies: true}}
	return Batch{Variants: []Variant{v, other}, FirstSeed: 7, Seeds: 5, Workers: 1,
		build: func(_ sim.Spec, seed uint64) (world, error) { return &fake{seed: seed, pool: "main/app"}, nil }}
}

func TestReportsDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	var first string
	for _, workers := range []int{1, 2, 3, 8, 100} {
		b := twice()
		b.Workers, b.Estimate = workers, true
		r, err := b.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(got)
		}
		if string(got) != first {
			t.Errorf("%d workers report %s, one reports %s", workers, got, first)
		}
		if r.Partial != nil || r.Events != 2*(5*1000+7+8+9+10+11) || r.Virtual != 10*(7*time.Minute+11) {
			t.Errorf("%d workers: partial %v, %d events in %s", workers, r.Partial, r.Events, r.Virtual)
		}
	}
}

func TestARunTakesItsSamplesOnTheGridAndEndsAtItsHorizon(t *testing.T) {
	b := twice()
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	line := r.Variants[1].Timeline
	if len(line) != Steps+1 || line[0].At != time.Minute || line[150].At != 4*time.Minute+5*time.Nanosecond ||
		line[Steps].At != 7*time.Minute+11*time.Nanosecond {
		t.Errorf("%d samples from %s over %s to %s", len(line), line[0].At, line[150].At, line[Steps].At)
	}
}

func TestVariantsAreComparedSeedBySeed(t *testing.T) {
	r, err := twice().Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := r.Variants[1].Difference("", "arrivals")
	if d.Mean != 0 || d.Half != 0 || d.Runs != 5 {
		t.Errorf("equal worlds with equal seeds differ by %+v", d)
	}
	if s := r.Variants[0].Value("", "arrivals"); s.Min == s.Max {
		t.Error("all seeds gave the same: the test shows nothing")
	}
	if len(r.Variants[0].Differences) != 0 {
		t.Error("the first variant differs from itself")
	}
}

func TestAnInterruptLeavesWhatHasFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := twice()
	var worlds atomic.Int64
	b.build = func(_ sim.Spec, seed uint64) (world, error) {
		f := &fake{seed: seed, pool: "main/app"}
		if worlds.Add(1) == 6 { // the second variant of the third seed
			f.sleep = func(at time.Duration) error {
				if at > 3*time.Minute {
					cancel()
				}
				return nil
			}
		}
		return f, nil
	}
	r, err := b.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Partial == nil || *r.Partial != (Partial{Done: 5, Of: 10}) {
		t.Fatalf("partial %v, want 5 of 10", r.Partial)
	}
	if r.Variants[0].Runs != 3 || r.Variants[1].Runs != 2 {
		t.Errorf("%d and %d runs, want 3 and 2", r.Variants[0].Runs, r.Variants[1].Runs)
	}
	if d := r.Variants[1].Difference("", "arrivals"); d.Runs != 2 {
		t.Errorf("%d pairs, want 2", d.Runs)
	}
	if e := r.Variants[0].Expect; e[0].State != NotJudged || e[1].State != Failed {
		t.Errorf("expectations %s and %s, want a mean not judged and a broken count failed", e[0].State, e[1].State)
	}
}

func TestNothingFinishedIsAReportToo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := twice().Run(ctx)
	if err != nil || r.Partial == nil || r.Partial.Done != 0 || len(r.Variants) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestTheEarliestErrorIsTheBatchs(t *testing.T) {
	for workers := 1; workers <= 4; workers++ {
		b := twice()
		b.Workers = workers
		b.build = func(_ sim.Spec, seed uint64) (world, error) {
			switch seed {
			case 7:
				return &fake{seed: seed, pool: "main/app"}, nil
			case 8:
				return nil, errors.New("no such world")
			default:
				return nil, errors.New("a later one")
			}
		}
		_, err := b.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "seed 8, a=1: no such world") ||
			operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

func TestAPanicOfTheEngineNamesTheRun(t *testing.T) {
	b := twice()
	b.build = func(_ sim.Spec, seed uint64) (world, error) {
		return &fake{seed: seed, pool: "main/app", sleep: func(at time.Duration) error {
			if seed == 9 && at > 2*time.Minute {
				panic("11 of 10 connections")
			}
			return nil
		}}, nil
	}
	_, err := b.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "seed 9, a=1: a defect of the simulator: 11 of 10 connections") ||
		operr.KindOf(err) != operr.KindUnforeseen {
		t.Errorf("%v", err)
	}
}

func TestProgressReachesItsEndWhateverTheWorkersDo(t *testing.T) {
	b := twice()
	b.Workers, b.Estimate = 3, true
	last, most := 0, 0
	b.Progress = func(done, total int) {
		if done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last, most = done, total
	}
	if _, err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last != most || most != 12*Steps {
		t.Errorf("progress ended at %d of %d", last, most)
	}
}

func TestWhatMeasuresNothingIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Batch){
		"no seed":            func(b *Batch) { b.Seeds = 0 },
		"nothing to measure": func(b *Batch) { b.Variants[0].Horizon = 0 },
		"no variant":         func(b *Batch) { b.Variants = nil },
	} {
		b := twice()
		change(&b)
		if _, err := b.Run(t.Context()); operr.KindOf(err) != operr.KindUsage || err == nil {
			t.Errorf("%s: %v, want an error of usage", name, err)
		}
	}
}

func TestThePlannerFindsTheLoadThatItIsShown(t *testing.T) {
	b := twice()
	b.Estimate, b.Seeds = true, 1
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := r.Variants[0].Demands
	if len(d) != 1 || d[0].Pool != "main/app" || math.Abs(d[0].Found.Erlangs.Target-4) > 0.01 {
		t.Errorf("loads %+v (%s), want main/app with 4 Erlangs", d, r.Variants[0].Doubt)
	}
}

func TestTrueLoadsFollowFromWhatWasServed(t *testing.T) {
	open := sim.LoadSpec{Pool: "main/app", Open: &sim.OpenSpec{PerSec: 300}}
	closed := sim.LoadSpec{Pool: "main/app", Closed: &sim.ClosedSpec{Clients: 300,
		Think: sim.Law{Mean: 950 * time.Millisecond}}}
	quantiles := closed
	quantiles.Closed = &sim.ClosedSpec{Clients: 300, Think: sim.Law{Kind: sim.Quantiles,
		Points: []sim.QuantilePoint{{P: 0, D: 0}, {P: 0.5, D: time.Second}, {P: 1, D: 1800 * time.Millisecond}}}}
	full := sim.Results{Span: 100 * time.Second, Pools: []sim.PoolResults{{ID: "main/app", Arrivals: 30000, Done: 20000,
		BusyErlangs: 10}}}
	for _, c := range []struct {
		name string
		spec sim.Spec
		want float64
	}{
		{"open clients of a full pool", sim.Spec{Loads: []sim.LoadSpec{open}}, 15},
		{"closed clients of a full pool: 300·0.05/(0.95+0.05)", sim.Spec{Loads: []sim.LoadSpec{closed}}, 15},
		{"thinking by quantiles of the same mean", sim.Spec{Loads: []sim.LoadSpec{quantiles}}, 15},
		{"both", sim.Spec{Loads: []sim.LoadSpec{open, closed}}, math.NaN()},
		{"closed clients behind a switch", sim.Spec{Loads: []sim.LoadSpec{closed},
			Shifts: []sim.ShiftSpec{{From: "main/app", To: "ci/app"}}}, math.NaN()},
	} {
		got := float64(trueLoad(c.spec, "main/app", full))
		if math.IsNaN(got) != math.IsNaN(c.want) || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g Erlangs, want %g", c.name, got, c.want)
		}
	}
	if got := trueLoad(sim.Spec{}, "main/app", sim.Results{Pools: []sim.PoolResults{{ID: "main/app"}}}); got != 0 {
		t.Errorf("a pool that nobody asks has %g Erlangs", float64(got))
	}
	if got := trueLoad(sim.Spec{}, "main/app",
		sim.Results{Pools: []sim.PoolResults{{ID: "main/app", Arrivals: 3}}}); got.Known() {
		t.Errorf("a pool that served nobody has %g Erlangs", float64(got))
	}
	if got := trueLoad(sim.Spec{Loads: []sim.LoadSpec{open}}, "other/pool", full); got.Known() {
		t.Errorf("a pool without results has %g Erlangs", float64(got))
	}
}

func TestJUnitIsWellFormedAndNamesTheRunToRepeat(t *testing.T) {
	b := twice()
	b.Variants[0].Expect[1].Text = `arrivals >= 500 <&>"`
	r, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.JUnit("steady", func(v VariantReport, e Verdict) string {
		return fmt.Sprintf("repeat %s %d", v.Name,
			*e.Seed)
	})
	if err != nil {
		t.Fatal(err)
	}
	var got suites
	if err := xml.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Tests != 4 || got.Failures != 2 || got.Skipped != 0 || len(got.Suites) != 2 {
		t.Errorf("%d tests, %d failures, %d skipped in %d suites", got.Tests, got.Failures, got.Skipped, len(got.Suites))
	}
	c := got.Suites[0].Cases[1]
	if got.Suites[0].Name != "steady [a=1]" || c.Name != b.Variants[0].Expect[1].Text || c.Failure == nil ||
		!strings.Contains(c.Failure.Text, "repeat: repeat a=1 ") {
		t.Errorf("suite %q, case %+v, failure %+v", got.Suites[0].Name, c, c.Failure)
	}
	if got.Suites[1].Cases[0].Failure != nil {
		t.Error("an expectation that held is a failure")
	}
}
