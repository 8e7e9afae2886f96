package prom

import (
	"context"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// percentAbove is the CPU ratio above which a query is taken to give percent. Chosen: no share of all cores exceeds 1,
// rate()'s extrapolation exceeds it by a few percent at most, and an idle server in percent is at 2 at once.
const percentAbove = 1.5

// cpuFit fits the utilisation law to the moments at which the server's CPU and the throughput of each of its pools are
// known; pools without any are left out. No CPUQuery, or no pools, give the zero fit. Values are held between 0 and 1.
func (l look) cpuFit(ctx context.Context, s ServerSpec, pools []string, perSec map[string][]float64) (load.CPUFit, error) {
	pools = slices.DeleteFunc(pools, func(p string) bool { return perSec[p] == nil })
	if s.CPUQuery == "" || len(pools) == 0 {
		return load.CPUFit{}, nil
	}
	subject := s.Name + " cpu"
	ratios, _, err := l.one(ctx, subject, s.CPUQuery)
	if err != nil {
		return load.CPUFit{}, err
	}
	var samples []load.CPUSample
	for i, ratio := range ratios {
		if ratio > percentAbove {
			return load.CPUFit{}, &operr.Error{Kind: operr.KindUsage, Subject: subject,
				Err:  l.c.masked("the query gave %.4g where a share of 0..1 is wanted", ratio),
				Hint: "divide by 100 if it gives percent, by the number of cores if it gives cores"}
		}
		sample := load.CPUSample{Ratio: min(1, max(0, ratio))}
		known := !math.IsNaN(ratio)
		for _, p := range pools {
			x := perSec[p][i]
			known = known && !math.IsNaN(x)
			sample.PerSec = append(sample.PerSec, x)
		}
		if known {
			samples = append(samples, sample)
		}
	}
	return load.FitCPU(samples, pools), nil
}
