package load

import (
	"cmp"
	"math"
	"slices"
)

// ExtrapolationLimit is how far beyond the highest total throughput seen a CPU prediction is still called one.
// Source: universal scalability fits with a range of 12, 24 and 48 of a peak at 49 err by −58 to +61 % when they
// extrapolate; the utilisation law is linear and errs less, yet contention is invisible below it.
const ExtrapolationLimit = 1.5

// CPUSample is one moment of a server: the share of its CPU in use, 0..1, and every pool's transactions per second.
type CPUSample struct {
	Ratio  float64   // of all cores, 0..1
	PerSec []float64 // transactions per second
}

// CPUFit is the utilisation law fitted to a server: CPU ratio = Base + Σ demand × throughput. The zero value is no fit.
type CPUFit struct {
	Samples   int       `json:"samples"`            // how many moments it was fitted to
	Base      float64   `json:"base"`               // the ratio, 0..1, in use while no pool has any load
	Demands   []CPUCost `json:"demands,omitempty"`  // sorted by pool
	Mean      float64   `json:"mean_ratio_per_tps"` // what one transaction per second of an average pool adds
	MaxPerSec float64   `json:"max_total_per_sec"`  // the highest total throughput among the samples
}

// CPUCost is what one transaction per second of a pool adds to the CPU ratio: CPU seconds per transaction over cores.
type CPUCost struct {
	Pool        string  `json:"pool"`
	RatioPerTPS float64 `json:"ratio_per_tps"` // ratio of all cores, for one transaction per second
}

// FitCPU fits the utilisation law (Denning & Buzen, The Operational Analysis of Queueing Network Models, 1978, U = X·D)
// to samples whose PerSec follow pools. Pools whose traffic moves together cannot be told apart, so each demand is
// drawn towards the mean demand by a ridge of a tenth of the samples' variance (chosen: a tenth, because that splits
// collinear pools evenly, and hides no pool that stands out). Demands and base are >= 0. Fewer than 10 samples make no
// fit.
func FitCPU(samples []CPUSample, pools []string) CPUFit {
	if len(samples) < 10 {
		return CPUFit{}
	}
	n := float64(len(samples))
	var meanY, meanT, syt, stt float64
	meanX := make([]float64, len(pools))
	fit := CPUFit{Samples: len(samples)}
	for _, s := range samples {
		var t float64
		for i, x := range s.PerSec {
			meanX[i] += x / n
			t += x
		}
		meanY += s.Ratio / n
		meanT += t / n
		fit.MaxPerSec = max(fit.MaxPerSec, t)
	}
	for _, s := range samples {
		var t float64
		for _, x := range s.PerSec {
			t += x
		}
		syt += (s.Ratio - meanY) * (t - meanT)
		stt += (t - meanT) * (t - meanT)
	}
	if meanT == 0 {
		return CPUFit{}
	}
	// The mean demand: the slope over all pools together, held between 0 and "all CPU is theirs".
	fit.Mean = meanY / meanT
	if stt > 1e-6*n*meanT*meanT {
		fit.Mean = min(max(0, syt/stt), meanY/meanT)
	}
	d := fitDemands(samples, meanX, meanY, fit.Mean)
	fit.Base = meanY
	for i, p := range pools {
		fit.Base -= d[i] * meanX[i]
		fit.Demands = append(fit.Demands, CPUCost{Pool: p, RatioPerTPS: d[i]})
	}
	slices.SortFunc(fit.Demands, func(a, b CPUCost) int { return cmp.Compare(a.Pool, b.Pool) })
	if fit.Base < 0 { // no negative base: all CPU is the pools', in the proportions found
		scale := meanY / (meanY - fit.Base)
		for i := range fit.Demands {
			fit.Demands[i].RatioPerTPS *= scale
		}
		fit.Base = 0
	}
	return fit
}

// fitDemands minimises Σ(y − Σ d x)² + Σ ridge·(d − mean)² over d >= 0 by coordinate descent on centred samples.
func fitDemands(samples []CPUSample, meanX []float64, meanY, mean float64) []float64 {
	k := len(meanX)
	gram := make([][]float64, k)
	rhs := make([]float64, k)
	for i := range gram {
		gram[i] = make([]float64, k)
	}
	for _, s := range samples {
		for i := range k {
			xi := s.PerSec[i] - meanX[i]
			rhs[i] += xi * (s.Ratio - meanY)
			for j := range k {
				gram[i][j] += xi * (s.PerSec[j] - meanX[j])
			}
		}
	}
	d := make([]float64, k)
	for i := range d {
		ridge := 0.1*gram[i][i] + 1e-9
		gram[i][i] += ridge
		rhs[i] += ridge * mean
		d[i] = mean
	}
	for range 1000 { // bounded; converges geometrically, the matrix is diagonally loaded
		var moved float64
		for i := range d {
			r := rhs[i]
			for j := range d {
				if j != i {
					r -= gram[i][j] * d[j]
				}
			}
			next := max(0, r/gram[i][i])
			moved = max(moved, math.Abs(next-d[i]))
			d[i] = next
		}
		if moved <= 1e-12*(mean+1e-12) {
			break
		}
	}
	return d
}

// Demand returns what one transaction per second of a pool adds, the mean where the fit does not know the pool.
func (f CPUFit) Demand(pool string) float64 {
	i, found := slices.BinarySearchFunc(f.Demands, pool, func(c CPUCost, id string) int { return cmp.Compare(c.Pool, id) })
	if !found {
		return f.Mean
	}
	return f.Demands[i].RatioPerTPS
}
