package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/sim"
)

// Steps is how many steps a run takes over its horizon; a timeline has one sample more. chosen: 300, because a picture
// of 1,200 pixels shows a sample in four of them.
const Steps = 300

// world is what a job needs of a sim.World.
type world interface {
	bouncer.Clock
	bouncer.Fleet
	bouncer.Applier
	bouncer.SignalSource
	At() time.Duration
	ResetResults()
	Results() sim.Results
	Sample() sim.Sample
	Switch(shift int) bouncer.Switch
}

var _ world = (*sim.World)(nil)

// job is one world to run.
type job struct {
	variant   int
	seed      int  // counted from the first
	estimates bool // as the planner, for the estimate: it measures nothing
}

// outcome is what a job leaves behind: numbers instead of results, so that many runs fit into memory.
type outcome struct {
	done     bool
	err      error
	events   int64
	measures []float64 // as Variant.Measures, NaN where there is none
	expect   []float64 // as Variant.Expect, likewise
	timeline []sim.Sample
	demands  []Demand
	doubt    string // why there are no demands
	journal  []state.Event
}

// jobs lists what is to run, all variants of a seed before the next seed: what is finished when an interrupt comes can
// be compared.
func (b Batch) jobs() []job {
	var out []job
	for seed := range b.Seeds {
		for v := range b.Variants {
			out = append(out, job{variant: v, seed: seed})
			if b.Estimate && seed == 0 {
				out = append(out, job{variant: v, estimates: true})
			}
		}
	}
	return out
}

// run runs one job to its end, or to ctx's. A panic of the engine is an error that names the run.
func (b Batch) run(ctx context.Context, j job, step func(int)) (out outcome) {
	v, seed := b.Variants[j.variant], b.FirstSeed+uint64(j.seed)
	subject := fmt.Sprintf("seed %d", seed)
	if name := v.Name(); name != "" {
		subject += ", " + name
	}
	defer func() {
		if p := recover(); p != nil {
			out = outcome{err: &operr.Error{Subject: subject, Err: fmt.Errorf("a defect of the simulator: %v\n%s", p,
				debug.Stack())}}
		}
	}()
	w, err := b.world(v.Spec, seed)
	if err != nil {
		return outcome{err: &operr.Error{Kind: operr.KindUsage, Subject: subject, Err: err}}
	}
	steps := counter{total: Steps, step: step}
	if err = w.Sleep(ctx, v.Warmup); err == nil {
		w.ResetResults()
		if j.estimates {
			err = out.estimate(ctx, w, v, &steps)
		} else {
			err = out.measure(ctx, w, v, &steps, j.seed == 0)
		}
	}
	steps.reach(Steps)
	if err != nil {
		if ctx.Err() == nil {
			err = &operr.Error{Kind: operr.KindOf(err), Subject: subject, Err: err, Hint: operr.HintOf(err)}
		}
		return outcome{err: err}
	}
	out.done = true
	return out
}

func (b Batch) world(spec sim.Spec, seed uint64) (world, error) {
	if b.build != nil {
		return b.build(spec, seed)
	}
	w, err := sim.New(spec, seed)
	if err != nil {
		return nil, err // not w: a nil pointer in an interface is no nil
	}
	return w, nil
}

// measure runs the horizon, keeps a sample of each step where a timeline is wanted, lets the controller move the fleet
// where the variant says so, and reads the measures.
func (o *outcome) measure(ctx context.Context, w world, v Variant, steps *counter, timeline bool) error {
	p := &pacer{world: w, begin: w.At(), horizon: v.Horizon, steps: steps, sample: func() {
		if s := w.Sample(); timeline {
			o.timeline = append(o.timeline, s)
		}
	}}
	p.sample()
	var moved *sim.RunResults
	if v.Moves != nil {
		m := driver{moves: *v.Moves, spec: v.Spec, pacer: p}
		if err := m.run(ctx); err != nil {
			return err
		}
		moved = m.results(w.At())
		if timeline {
			o.journal = m.journal
		}
	}
	if err := p.Sleep(ctx, p.left()); err != nil && !errors.Is(err, errHorizon) {
		return err
	}
	r := w.Results()
	r.Run = moved
	o.events = r.Events
	for _, m := range v.Measures {
		o.measures = append(o.measures, read(m, r))
	}
	for _, e := range v.Expect {
		o.expect = append(o.expect, read(e.Measure, r))
	}
	return nil
}

// read is a measure's value, NaN where there is none.
func read(m Measure, r sim.Results) float64 {
	v, ok := m.Value(r)
	if !ok || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// counter turns how far a job is into calls of step, each with what is new.
type counter struct {
	total, done int
	step        func(int)
}

func (c *counter) reach(n int) {
	if n = min(n, c.total); n > c.done {
		c.step(n - c.done)
		c.done = n
	}
}
