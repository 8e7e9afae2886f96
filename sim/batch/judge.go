package batch

import (
	"fmt"
	"math"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// State is how an expectation fared.
type State string

// The states. An interrupted batch judges only what more runs could not change: a count that broke.
const (
	Held      State = "ok"         // the promise was kept
	Failed    State = "FAIL"       // it was not; Seed names the run that is furthest off
	NotJudged State = "not judged" // more runs could change it, or none has ended
)

// Verdict is one expectation, judged over the runs of a variant.
type Verdict struct {
	Text  string        `json:"text"` // the expectation as written
	State State         `json:"state"`
	Got   fleet.Float   `json:"got"`   // what was compared
	Bound fleet.Float   `json:"bound"` // with what
	Unit  scenario.Unit `json:"unit"`
	Basis string        `json:"basis"`          // which value over the runs Got is
	Seed  *uint64       `json:"seed,omitempty"` // the run that is furthest off, where the expectation failed
	Every bool          `json:"every_run"`      // each run is judged alone, not the mean over them
	Stat  Stat          `json:"over_runs"`
}

// Alone reports whether one run alone shows why it failed.
func (v Verdict) Alone() bool { return v.Every || v.Stat.Runs+v.Stat.Missing == 1 }

// rule is an expectation without its words.
type rule struct {
	op    string
	bound float64
	every bool // run must keep it, not only the mean
}

// holds compares one value.
func (r rule) holds(v float64) bool {
	switch r.op {
	case "<":
		return v < r.bound
	case "<=":
		return v <= r.bound
	case ">":
		return v > r.bound
	case ">=":
		return v >= r.bound
	case "==":
		return v == r.bound
	case "!=":
		return v != r.bound
	default:
		panic("batch: no such comparison: " + r.op)
	}
}

// upwards reports whether larger values are nearer to breaking the rule, and false for >, >= and !=.
func (r rule) upwards() bool { return r.op == "<" || r.op == "<=" }

// worst is the index of the value that is furthest off; a run without a value is further off than any.
func (r rule) worst(values []float64) int {
	at, far := 0, math.Inf(-1)
	for i, v := range values {
		off := v - r.bound
		switch {
		case math.IsNaN(v):
			return i
		case r.op == "==":
			off = math.Abs(off)
		case !r.upwards():
			off = -off
			if r.op == "!=" {
				off = -math.Abs(off)
			}
		}
		if off > far {
			at, far = i, off
		}
	}
	return at
}

// judge compares the values of the runs that ended, one a seed, NaN where a run had none; whole says that no run is
// missing. Counts must keep the rule in every run. Other numbers vary from seed to seed by chance: the end of the 95 %
// interval of their mean that is nearer to breaking the rule must keep it, so that `ok` is a statement about the fleet
// and not about the seeds. One run alone has no interval and is judged by its value. A value that is missing never
// passes.
func (r rule) judge(values []float64, seeds []uint64, whole bool) Verdict {
	s := statOf(values)
	v := Verdict{State: Held, Every: r.every, Bound: fleet.Float(r.bound), Got: fleet.Unknown(), Stat: s}
	if len(values) == 0 {
		v.State, v.Basis = NotJudged, "no run has ended"
		return v
	}
	worst := r.worst(values)
	switch {
	case s.Missing > 0:
		v.Basis = fmt.Sprintf("nothing to measure in %d of %d runs", s.Missing, len(values))
		v.State = Failed
	case r.every:
		v.Got, v.Basis = fleet.Float(values[worst]), fmt.Sprintf("the worst of %d runs", len(values))
		if len(values) == 1 {
			v.Basis = "the only run"
		}
	case len(values) == 1:
		v.Got, v.Basis = fleet.Float(values[0]), "one run alone: no interval is known"
	case r.upwards():
		v.Got, v.Basis = fleet.Float(s.upper()), fmt.Sprintf("upper end of the mean's 95 %% interval over %d runs",
			len(values))
	default:
		v.Got, v.Basis = fleet.Float(s.lower()), fmt.Sprintf("lower end of the mean's 95 %% interval over %d runs",
			len(values))
	}
	if v.Got.Known() && !r.holds(float64(v.Got)) {
		v.State = Failed
	}
	final := r.every && v.State == Failed && s.Missing == 0
	if !whole && !final {
		v.State = NotJudged
	}
	if v.State == Failed {
		v.Seed = &seeds[worst]
	}
	return v
}
