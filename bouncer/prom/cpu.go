package prom

import (
	"context"
	"math"
	"slices"

	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// percentAbove is the CPU ratio above which a query is taken to give percent. chosen: 1.5 because no share of all cores
// exceeds 1, rate()'s extrapolation exceeds it by a few percent at most, and an idle server in percent is at 2 at once.
const percentAbove = 1.5

// cpuFit fits the utilisation law to the moments at which the server's CPU and the throughput of each of its pools are
// known; pools without any are left out. No CPUQuery, or no pools, give the zero fit. Values are held between 0 and 1.
func (l lookback) cpuFit(ctx context.Context, s ServerSpec, pools []string, perSec map[string][]float64) (load.CPUFit,
	error) {
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

// target identifies an exporter; the zero value is one whose series do not say.
type target struct{ job, instance string }

func targetOf(m model.Metric) target {
	return target{string(m[model.JobLabel]), string(m[model.InstanceLabel])}
}

// process is the numbers of one exporter's process; there may be several rows where a scrape adds further labels.
type process struct {
	rows        []row
	known       []float64 // a number where Prometheus knew the target; nil when that cannot be asked
	first, last int       // moments of the first and the last number
}

// total adds the rows of all processes, moment by moment. The sum is NaN where it would not be whole: where a target
// that was known then has no number, or, for a process whose target's own series are not there, inside a gap between
// two of its numbers. incomplete counts the moments that had something and were left out.
func total(rows, known []row, n int) (sum []float64, incomplete int) {
	processes := processesOf(rows, known, n)
	sum = slices.Repeat([]float64{math.NaN()}, n)
	for i := range n {
		some, whole, v := false, true, 0.0
		for _, p := range processes {
			found := false
			for _, r := range p.rows {
				if x := r.values[i]; !math.IsNaN(x) {
					found = true
					v += x
				}
			}
			expected := p.first < i && i < p.last
			if p.known != nil {
				expected = !math.IsNaN(p.known[i])
			}
			some = some || found || expected
			whole = whole && (found || !expected)
		}
		switch {
		case some && whole:
			sum[i] = v
		case some:
			incomplete++
		}
	}
	return sum, incomplete
}

// processesOf groups rows by target, in the order of the rows; targets without a row come last.
func processesOf(rows, known []row, n int) []process {
	var all []process
	index := map[target]int{}
	of := func(m model.Metric) *process {
		t := targetOf(m)
		i, found := index[t]
		if !found {
			i = len(all)
			index[t] = i
			all = append(all, process{first: n, last: -1})
		}
		return &all[i]
	}
	for _, r := range rows {
		p := of(r.labels)
		p.rows = append(p.rows, r)
		for i, v := range r.values {
			if !math.IsNaN(v) {
				p.first, p.last = min(p.first, i), max(p.last, i)
			}
		}
	}
	for _, k := range known {
		of(k.labels).known = k.values
	}
	return all
}
