package prom

import (
	"math"
	"slices"

	"github.com/prometheus/common/model"
)

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
// that was known then has no number, or, for a process whose target's own series are not there, inside a gap between two
// of its numbers. incomplete counts the moments that had something and were left out.
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
