package scenario

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/sim"
)

// Law is a distribution of times: a mean and how they spread, or quantiles with straight lines between them.
type Law struct {
	Mean      config.Dur            `yaml:"mean"`
	Law       string                `yaml:"law"`
	SCV       config.Num            `yaml:"scv"`       // variance/mean²
	Quantiles map[string]config.Dur `yaml:"quantiles"` // 50%: 8ms
}

// checkLaw adds the faults of a law whose mean must be at least least.
func (k *checker) checkLaw(path string, l *Law, least time.Duration) {
	if l == nil {
		k.Fault(path, "is missing")
		return
	}
	if len(l.Quantiles) > 0 {
		k.checkQuantiles(path, l, least)
		return
	}
	k.within(path+".mean", l.Mean, least, config.MaxHold*time.Second)
	if !l.Mean.Set {
		k.Fault(path, "has neither mean: nor quantiles:")
	}
	k.OneOf(path+".law", l.Law, string(sim.Exponential), string(sim.Fixed), string(sim.Lognormal),
		string(sim.Hyperexponential))
	k.Num(path+".scv", l.SCV, 0, config.MaxSCV)
	scv := l.SCV
	switch kind := sim.LawKind(l.Law); {
	case scv.Set && !scv.OK():
	case l.Law == "" && scv.Set && scv.F != 1:
		k.Fault(path+".scv", "is %g, and law: is not given: exponential times have 1; write law: lognormal or "+
			"hyperexponential", scv.F)
	case kind == sim.Exponential && scv.Set && scv.F != 1:
		k.Fault(path+".scv", "is %g, and exponential times have 1: leave it out", scv.F)
	case kind == sim.Fixed && scv.Set && scv.F != 0:
		k.Fault(path+".scv", "is %g, and deterministic times have 0: leave it out", scv.F)
	case !scv.Set && (kind == sim.Lognormal || kind == sim.Hyperexponential):
		k.Fault(path+".scv", "is missing, and law: %s needs it", l.Law)
	case kind == sim.Lognormal && !(scv.F > 0):
		k.Fault(path+".scv", "is %g, want more than 0 for law: lognormal", scv.F)
	case kind == sim.Hyperexponential && !(scv.F >= 1):
		k.Fault(path+".scv", "is %g, want at least 1 for law: hyperexponential", scv.F)
	}
}

func (k *checker) checkQuantiles(path string, l *Law, least time.Duration) {
	if l.Mean.Set || l.SCV.Set || l.Law != "" {
		k.Fault(path, "has quantiles: beside mean:, law: or scv:, which follow from them")
	}
	path += ".quantiles"
	bad := false
	for _, p := range slices.Sorted(maps.Keys(l.Quantiles)) {
		at := path + "." + quoted(p)
		if _, wrong := config.ParseShare(p); wrong != nil {
			k.Fault(at, "%s", wrong)
			bad = true
		}
		k.given(at, l.Quantiles[p].Set)
		k.within(at, l.Quantiles[p], 0, config.MaxHold*time.Second)
		bad = bad || !l.Quantiles[p].OK()
	}
	if bad {
		return
	}
	points := l.points()
	if first, last := points[0].P, points[len(points)-1].P; first != 0 || last != 1 {
		k.Fault(path, "span %g%% to %g%%, want 0%% to 100%%: the least and the longest time", 100*first, 100*last)
	}
	for i, q := range points[1:] {
		if p := points[i]; q.P <= p.P || q.D < p.D {
			k.Fault(path, "do not rise: %s at %g%%, then %s at %g%%", p.D, 100*p.P, q.D, 100*q.P)
		}
	}
	if mean := (sim.Law{Kind: sim.Quantiles, Points: points}).MeanOf(); mean < least {
		k.Fault(path, "have a mean of %s, want at least %s", mean, least)
	}
}

// points returns the quantiles in order.
func (l *Law) points() []sim.QuantilePoint {
	var points []sim.QuantilePoint
	for text, d := range l.Quantiles {
		p, _ := config.ParseShare(text)
		points = append(points, sim.QuantilePoint{P: p, D: d.D})
	}
	slices.SortFunc(points, func(a, b sim.QuantilePoint) int {
		return cmp.Or(cmp.Compare(a.P, b.P),
			cmp.Compare(a.D, b.D))
	})
	return points
}

// spec returns the law of a valid file.
func (l *Law) spec() sim.Law {
	if len(l.Quantiles) > 0 {
		return sim.Law{Kind: sim.Quantiles, Points: l.points()}
	}
	s := sim.Law{Kind: cmp.Or(sim.LawKind(l.Law), sim.Exponential), Mean: l.Mean.D}
	if s.Kind == sim.Lognormal || s.Kind == sim.Hyperexponential {
		s.SCV = l.SCV.F
	}
	return s
}
