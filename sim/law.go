package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// MeanOf returns the law's mean.
func (l Law) MeanOf() time.Duration {
	if l.Kind != Quantiles {
		return l.Mean
	}
	var mean float64
	for i := 1; i < len(l.Points); i++ {
		a, b := l.Points[i-1], l.Points[i]
		mean += (b.P - a.P) * (a.D.Seconds() + b.D.Seconds()) / 2
	}
	return time.Duration(mean * float64(time.Second))
}

// SCVOf returns the law's squared coefficient of variation, variance/mean², >= 0: 0 is fixed, 1 exponential.
func (l Law) SCVOf() float64 {
	switch l.Kind {
	case Fixed:
		return 0
	case Lognormal, Hyperexponential:
		return l.SCV
	case Quantiles:
		var second float64
		for i := 1; i < len(l.Points); i++ {
			a, b := l.Points[i-1].D.Seconds(), l.Points[i].D.Seconds()
			second += (l.Points[i].P - l.Points[i-1].P) * (a*a + a*b + b*b) / 3 // second moment of a uniform on [a, b]
		}
		mean := l.MeanOf().Seconds()
		if mean == 0 {
			return 0
		}
		return second/(mean*mean) - 1
	default:
		return 1
	}
}

// check returns what is wrong with the law.
func (l Law) check(what string) error {
	if l.Kind != Quantiles && l.Mean < 0 {
		return fmt.Errorf("%s: its mean is %s, want at least 0", what, l.Mean)
	}
	switch l.Kind {
	case "", Exponential, Fixed:
	case Lognormal:
		if !(l.SCV > 0 && l.SCV <= 1e6) {
			return fmt.Errorf("%s: a lognormal law's scv is %v, want more than 0", what, l.SCV)
		}
	case Hyperexponential:
		if !(l.SCV >= 1 && l.SCV <= 1e6) {
			return fmt.Errorf("%s: a hyperexponential law's scv is %v, want at least 1", what, l.SCV)
		}
	case Quantiles:
		rising := slices.IsSortedFunc(l.Points, func(a, b QuantilePoint) int {
			if a.P < b.P && a.D <= b.D {
				return -1
			}
			return 1
		})
		if n := len(l.Points); n < 2 || l.Points[0].P != 0 || l.Points[n-1].P != 1 || l.Points[0].D < 0 || !rising {
			return fmt.Errorf("%s: quantiles must begin at 0, end at 1 and rise", what)
		}
	default:
		return fmt.Errorf("%s: %q is not a law", what, l.Kind)
	}
	return nil
}

// sampler draws from a Law. Times are in ns.
type sampler struct {
	kind   samplerKind
	mean   float64
	p      float64 // hyperexponential: probability of the first phase; lognormal: σ
	m1, m2 float64 // hyperexponential: the phases' means; lognormal: μ
	points []QuantilePoint
}

type samplerKind uint8

const (
	drawExponential samplerKind = iota
	drawFixed
	drawLognormal
	drawHyperexponential
	drawQuantiles
)

func newSampler(l Law) sampler {
	s := sampler{mean: float64(l.MeanOf()), points: l.Points}
	switch l.Kind {
	case Fixed:
		s.kind = drawFixed
	case Lognormal: // E = exp(μ+σ²/2), scv = exp(σ²)−1
		s.kind = drawLognormal
		s2 := math.Log1p(l.SCV)
		s.p, s.m1 = math.Sqrt(s2), math.Log(s.mean)-s2/2
	case Hyperexponential: // balanced means: both phases contribute half of the mean
		s.kind = drawHyperexponential
		s.p = (1 + math.Sqrt((l.SCV-1)/(l.SCV+1))) / 2
		s.m1, s.m2 = s.mean/(2*s.p), s.mean/(2*(1-s.p))
	case Quantiles:
		s.kind = drawQuantiles
	}
	return s
}

func (s *sampler) draw(r *rand.Rand) int64 {
	if s.kind == drawExponential {
		return int64(r.ExpFloat64() * s.mean)
	}
	return s.drawOther(r)
}

func (s *sampler) drawOther(r *rand.Rand) int64 {
	switch s.kind {
	case drawFixed:
		return int64(s.mean)
	case drawLognormal:
		if s.mean == 0 {
			return 0
		}
		return int64(min(math.Exp(s.m1+s.p*r.NormFloat64()), longest))
	case drawHyperexponential:
		if r.Float64() < s.p {
			return int64(r.ExpFloat64() * s.m1)
		}
		return int64(min(r.ExpFloat64()*s.m2, longest))
	default:
		u := r.Float64()
		i := 1
		for u > s.points[i].P {
			i++
		}
		a, b := s.points[i-1], s.points[i]
		return int64(a.D) + int64((u-a.P)/(b.P-a.P)*float64(b.D-a.D))
	}
}

// longest is the longest time drawn, in ns. chosen: ten years, because no horizon is a tenth of it, and sums stay far
// from overflow.
const longest = 3650 * 24 * 3600e9

// stream is a random stream that lies where its owner lies, which keeps an event's memory together. It must not move.
type stream struct {
	pcg  rand.PCG
	rand rand.Rand
}

// begin makes the stream that belongs to a seed and a name: the same whatever else draws.
// The name is hashed with FNV-1a, the mixing is SplitMix64's (Steele, Lea, Flood 2014).
func (s *stream) begin(seed uint64, name string) {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	s.pcg.Seed(mix(seed+0x9e3779b97f4a7c15), mix(h^mix(seed)))
	s.rand = *rand.New(&s.pcg)
}

// unit draws a gap in units of its mean, for laws whose mean is 1 s.
func (s *sampler) unit(r *rand.Rand) float64 {
	if s.kind == drawExponential {
		return r.ExpFloat64()
	}
	return float64(s.draw(r)) / s.mean
}

// gapLaw is the law of times between arrivals with this squared coefficient of variation, with mean 1 s.
// chosen: lognormal below 1, hyperexponential above.
func gapLaw(scv float64) Law {
	switch {
	case scv == Deterministic:
		return Law{Kind: Fixed, Mean: 1e9}
	case scv == 0 || scv == 1:
		return Law{Kind: Exponential, Mean: 1e9}
	case scv < 1:
		return Law{Kind: Lognormal, Mean: 1e9, SCV: scv}
	default:
		return Law{Kind: Hyperexponential, Mean: 1e9, SCV: scv}
	}
}
