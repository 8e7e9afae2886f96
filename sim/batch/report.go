package batch

import (
	"math"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/sim"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// Report is what a batch showed. It does not depend on the number of workers.
type Report struct {
	FirstSeed uint64          `json:"first_seed"`
	Seeds     int             `json:"seeds"`             // runs of each variant, one a seed
	Partial   *Partial        `json:"partial,omitempty"` // nil: everything was run
	Events    int64           `json:"events"`            // of the engine, all runs together
	Virtual   time.Duration   `json:"virtual_time_ns"`   // of all runs, warm-ups included
	Variants  []VariantReport `json:"variants"`
}

// Partial says how many of the runs had ended when the batch was interrupted.
type Partial struct {
	Done int `json:"runs_done"` // runs that had ended
	Of   int `json:"runs"`      // runs that were asked for
}

// VariantReport is what the runs of one variant showed.
type VariantReport struct {
	Name        string        `json:"name,omitempty"` // the settings that vary; empty: there is one variant
	Settings    []Setting     `json:"settings,omitempty"`
	Warmup      time.Duration `json:"warmup_ns"`  // virtual time before anything counts
	Horizon     time.Duration `json:"horizon_ns"` // virtual time that counts, from the end of the warm-up
	Runs        int           `json:"runs"`       // that ended
	Values      []Value       `json:"values"`
	Differences []Value       `json:"differences,omitempty"` // to the first variant, this one minus that one
	Expect      []Verdict     `json:"expectations,omitempty"`
	Demands     []Demand      `json:"loads,omitempty"`
	Doubt       string        `json:"loads_unknown,omitempty"` // why the planner could estimate none
	Journal     []state.Event `json:"journal,omitempty"`       // of the controller, first seed
	Timeline    []sim.Sample  `json:"-"`                       // of the first seed
}

// Value is one measure over the runs.
type Value struct {
	Subject string        `json:"subject,omitempty"`
	Name    string        `json:"name"` // as scenario.Names has it
	Unit    scenario.Unit `json:"unit"`
	Stat
}

// Value returns what the runs showed of one measure; nothing of it is known where there is no such measure.
func (v VariantReport) Value(subject, name string) Value { return find(v.Values, subject, name) }

// Difference returns how one measure differs from the first variant's, likewise.
func (v VariantReport) Difference(subject, name string) Value {
	return find(v.Differences, subject, name)
}

func find(values []Value, subject, name string) Value {
	for _, x := range values {
		if x.Subject == subject && x.Name == name {
			return x
		}
	}
	return Value{Subject: subject, Name: name, Stat: statOf(nil)}
}

// Broken counts the expectations that failed, and all.
func (r Report) Broken() (failed, all int) {
	for _, v := range r.Variants {
		for _, e := range v.Expect {
			if all++; e.State == Failed {
				failed++
			}
		}
	}
	return failed, all
}

// report puts outcomes together in the order of their jobs.
func (b Batch) report(jobs []job, outcomes []outcome) Report {
	r := Report{FirstSeed: b.FirstSeed, Seeds: b.Seeds}
	ended := make([][]*outcome, len(b.Variants)) // by variant and seed, nil where a run did not end
	for i := range ended {
		ended[i] = make([]*outcome, b.Seeds)
	}
	estimates := make([]outcome, len(b.Variants))
	done := 0
	for i, j := range jobs {
		o := &outcomes[i]
		if !o.done {
			continue
		}
		done++
		if j.estimates {
			estimates[j.variant] = *o
			continue
		}
		ended[j.variant][j.seed] = o
		r.Events += o.events
		r.Virtual += b.Variants[j.variant].Warmup + b.Variants[j.variant].Horizon
	}
	if done < len(jobs) {
		r.Partial = &Partial{Done: done, Of: len(jobs)}
	}
	for i, v := range b.Variants {
		x := b.variant(v, ended[i])
		if i > 0 {
			x.Differences = differences(v, b.Variants[0], ended[i], ended[0])
		}
		x.Demands, x.Doubt = estimates[i].demands, estimates[i].doubt
		r.Variants = append(r.Variants, x)
	}
	return r
}

// variant sums up the runs of one variant.
func (b Batch) variant(v Variant, ended []*outcome) VariantReport {
	x := VariantReport{Name: v.Name(), Settings: v.Settings, Warmup: v.Warmup, Horizon: v.Horizon, Values: []Value{}}
	var seeds []uint64
	for i, o := range ended {
		if o != nil {
			seeds = append(seeds, b.FirstSeed+uint64(i))
		}
	}
	x.Runs = len(seeds)
	if ended[0] != nil {
		x.Timeline, x.Journal = ended[0].timeline, ended[0].journal
	}
	column := func(value func(*outcome) float64) []float64 {
		var out []float64
		for _, o := range ended {
			if o != nil {
				out = append(out, value(o))
			}
		}
		return out
	}
	for i, m := range v.Measures {
		x.Values = append(x.Values, Value{m.Subject, m.Name, m.Unit,
			statOf(column(func(o *outcome) float64 { return o.measures[i] }))})
	}
	for i, e := range v.Expect {
		verdict := e.rule().judge(column(func(o *outcome) float64 { return o.expect[i] }), seeds, len(seeds) == b.Seeds)
		verdict.Text, verdict.Unit = e.Text, e.Unit
		x.Expect = append(x.Expect, verdict)
	}
	return x
}

// differences pairs the runs of two variants that had the same seed, measure by measure; a measure that only one of
// them has is left out.
func differences(v, first Variant, ended, from []*outcome) []Value {
	var out []Value
	for i, m := range v.Measures {
		at := -1
		for k, f := range first.Measures {
			if f.Subject == m.Subject && f.Name == m.Name {
				at = k
			}
		}
		if at < 0 {
			continue
		}
		a, b := make([]float64, 0, len(ended)), make([]float64, 0, len(ended))
		for s := range ended {
			if ended[s] != nil && from[s] != nil {
				a, b = append(a, from[s].measures[at]), append(b, ended[s].measures[i])
			}
		}
		out = append(out, Value{m.Subject, m.Name, m.Unit, paired(a, b)})
	}
	return out
}

// Significant reports whether a difference is told from none: its interval is known and holds no zero.
func (s Stat) Significant() bool {
	return s.Half.Known() && math.Abs(float64(s.Mean)) > float64(s.Half)
}
