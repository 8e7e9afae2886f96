package batch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// Batch is what to run: every variant with every seed.
type Batch struct {
	Variants  []Variant // the first is what the others are compared with
	FirstSeed uint64
	Seeds     int // FirstSeed, FirstSeed+1, …
	Workers   int // worlds at a time; less than 1 is 1
	// Estimate samples one more world of each variant, with the first seed, as the planner samples a live fleet.
	Estimate bool
	// Progress, if not nil, hears how much of the virtual time has passed. It is called by one worker at a time.
	Progress func(done, total int)

	build func(sim.Spec, uint64) (world, error) // nil: sim.New
}

// Variant is one scenario to run, with the settings in which it differs from what the file says.
type Variant struct {
	Settings []Setting
	Spec     sim.Spec
	Warmup   time.Duration   // from the start: nothing of it is measured
	Horizon  time.Duration   // from its end on
	Every    time.Duration   // between samples, for Batch.Estimate
	Moves    *scenario.Moves // what the controller does; nil: nothing
	Measures []Measure
	Expect   []Expectation
}

// Setting is one key of the scenario with the value that replaces the file's.
type Setting struct {
	Key    string `json:"key"`   // path in the scenario, "pools.main/app.size"
	Value  string `json:"value"` // as written after "="
	Varies bool   `json:"-"`     // other variants have another value
}

// Name tells a variant from the others; it is empty where there are none.
func (v Variant) Name() string {
	var parts []string
	for _, s := range v.Settings {
		if s.Varies {
			parts = append(parts, s.Key+"="+s.Value)
		}
	}
	return strings.Join(parts, " ")
}

// Measure reads one number from a run's results; the second result is false where the run had no such number.
type Measure struct {
	Subject string // a pool, a server, or empty: all together
	Name    string // as scenario.Names has it
	Unit    scenario.Unit
	Value   func(sim.Results) (float64, bool) // reads the number, in Unit
}

// Expectation is what a scenario promises of one measure.
type Expectation struct {
	Measure
	Text  string  // as written
	Op    string  // == != < <= > >=
	Bound float64 // in the measure's Unit
	Every bool    // run must keep the promise, not only the mean
}

func (e Expectation) rule() rule { return rule{e.Op, e.Bound, e.Every} }

// VariantOf is a scenario as a variant: every named result of all pools together, of each pool and of each server. What
// is counted must be as expected in every run, and so must what is compared by == or !=, because a mean of numbers that
// vary equals nothing.
func VariantOf(s *scenario.Scenario, settings []Setting) Variant {
	v := Variant{Settings: settings, Spec: s.Spec(), Warmup: s.Warmup, Horizon: s.Horizon, Every: s.Every, Moves: s.Moves}
	v.Spec.MaxEvents = s.Limit()
	subjects := map[scenario.Scope][]string{scenario.OfPool: {""}}
	for _, p := range v.Spec.Pools {
		subjects[scenario.OfPool] = append(subjects[scenario.OfPool], p.ID)
	}
	for _, x := range v.Spec.Servers {
		subjects[scenario.OfServer] = append(subjects[scenario.OfServer], x.Name)
	}
	if v.Moves != nil {
		subjects[scenario.OfRun] = []string{""}
	}
	for _, of := range []scenario.Scope{scenario.OfPool, scenario.OfServer, scenario.OfRun} {
		slices.Sort(subjects[of])
		for _, subject := range subjects[of] {
			for _, n := range scenario.Names {
				if n.Of == of {
					v.Measures = append(v.Measures, Measure{subject, n.Name, n.Unit, func(r sim.Results) (float64,
						bool) {
						return n.Value(r, subject)
					}})
				}
			}
		}
	}
	for _, e := range s.Expect {
		v.Expect = append(v.Expect, Expectation{Measure: Measure{e.Subject, e.Name, e.Unit, e.Value}, Text: e.Text, Op: e.Op,
			Bound: e.Bound,
			Every: e.Counts() || e.Op == "==" || e.Op == "!="})
	}
	return v
}

// Check refuses, before anything runs, what would measure nothing.
func (b Batch) Check() error {
	var faults []error
	if b.Seeds < 1 {
		faults = append(faults, fmt.Errorf("%d seeds, want 1 at least", b.Seeds))
	}
	if len(b.Variants) == 0 {
		faults = append(faults, errors.New("no variant to run"))
	}
	for _, v := range b.Variants {
		if v.Warmup < 0 || v.Horizon <= 0 {
			faults = append(faults, fmt.Errorf("a warm-up of %s and a horizon of %s leave nothing to measure", v.Warmup,
				v.Horizon))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &operr.Error{Kind: operr.KindUsage, Err: errors.Join(faults...)}
}
