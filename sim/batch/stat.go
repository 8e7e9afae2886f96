package batch

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Confidence is the share, 0..1, of intervals that hold the true mean; each interval of a Stat has it. chosen: 0.95,
// because most readers expect it.
const Confidence = 0.95

// Stat sums up one number over the runs of a variant, one run a seed. Runs that had no such number (no transaction
// waited, so there is no 99th percentile of waits) are left out and counted in Missing. All but the counts are in the
// unit of the measure.
type Stat struct {
	Mean    fleet.Float `json:"mean"`              // null: no run had the number
	Half    fleet.Float `json:"half_width_95"`     // of the mean's 95 % interval; null with fewer than two runs
	Min     fleet.Float `json:"min"`               // of the runs
	Max     fleet.Float `json:"max"`               // of the runs
	Runs    int         `json:"runs"`              // runs that had the number
	Missing int         `json:"missing,omitempty"` // runs that had none
}

// statOf sums up values, NaN where a run had none. The half-width is that of Student's t: t(0.975, n−1)·s/√n.
func statOf(values []float64) Stat {
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	s := Stat{Mean: fleet.Unknown(), Half: fleet.Unknown(), Min: fleet.Unknown(), Max: fleet.Unknown(),
		Runs: len(known), Missing: len(values) - len(known)}
	if len(known) == 0 {
		return s
	}
	lo, hi := known[0], known[0]
	for _, v := range known {
		lo, hi = min(lo, v), max(hi, v)
	}
	mean, sd := stat.MeanStdDev(known, nil)
	if lo == hi { // equal values have no spread, whatever their sum rounds to
		mean, sd = lo, 0
	}
	s.Mean, s.Min, s.Max = fleet.Float(mean), fleet.Float(lo), fleet.Float(hi)
	if n := float64(len(known)); n > 1 {
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(1 - (1-Confidence)/2)
		s.Half = fleet.Float(t * sd / math.Sqrt(n))
	}
	return s
}

// upper and lower are the ends of the mean's interval, the mean itself where the interval is unknown.
func (s Stat) upper() float64 { return float64(s.Mean) + s.half() }
func (s Stat) lower() float64 { return float64(s.Mean) - s.half() }

func (s Stat) half() float64 {
	if !s.Half.Known() {
		return 0
	}
	return float64(s.Half)
}

// paired sums up the differences to − from, seed by seed: equal seeds make both runs meet the same arrivals and holds,
// so most of the chance cancels out.
func paired(from, to []float64) Stat {
	d := make([]float64, len(from))
	for i := range from {
		d[i] = to[i] - from[i]
	}
	return statOf(d)
}
