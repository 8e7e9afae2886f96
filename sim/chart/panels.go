package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"github.com/pgbudget/pgbudget/sim"
)

// maxServers is how many servers have a panel of their own. chosen: 2, because the panels of more are too flat to read.
const maxServers = 2

// panelsOf turns samples into panels: the servers' connections, pool sizes, CPU, waiting clients.
func panelsOf(samples []sim.Sample) []panel {
	var out []panel
	servers := fullest(samples)
	for i, at := range servers {
		if i == maxServers {
			last := &out[len(out)-1]
			last.notes = append(last.notes, fmt.Sprintf("%d more servers are not drawn", len(servers)-maxServers))
			break
		}
		out = append(out, connections(samples, at))
	}
	pools := largest(samples)
	if len(pools) > 0 {
		out = append(out, sizes(samples, pools))
	}
	if p := cpu(samples, servers); len(p.series) > 0 {
		out = append(out, p)
	}
	if len(pools) > 0 {
		out = append(out, waiting(samples, pools))
	}
	return out
}

// column reads one number from every sample.
func column(samples []sim.Sample, value func(sim.Sample) float64) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = value(s)
	}
	return out
}

// fullest lists the servers by the highest share of max_connections that the worst case took; equal ones stay in order.
func fullest(samples []sim.Sample) []int {
	if len(samples[0].Servers) == 0 {
		return nil
	}
	use := make([]float64, len(samples[0].Servers))
	order := make([]int, len(use))
	for i := range use {
		order[i] = i
		for _, s := range samples {
			x := s.Servers[i]
			use[i] = max(use[i], float64(max(x.Worst, x.Backends))/float64(max(x.MaxConns, 1)))
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(use[b], use[a]) })
	return order
}

// largest lists up to as many pools as there are line styles, those with the most connections or waiting clients at one
// time, in the samples' order.
func largest(samples []sim.Sample) []int {
	n := len(samples[0].Pools)
	peak, order := make([]int, n), make([]int, n)
	for i := range n {
		order[i] = i
		for _, s := range samples {
			peak[i] = max(peak[i], s.Pools[i].Conns+s.Pools[i].Waiting)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(peak[b], peak[a]) })
	order = order[:min(n, len(lines))]
	slices.Sort(order)
	return order
}

func connections(samples []sim.Sample, at int) panel {
	of := func(value func(sim.ServerSample) int) []float64 {
		return column(samples, func(s sim.Sample) float64 { return float64(value(s.Servers[at])) })
	}
	p := panel{title: samples[0].Servers[at].Name + ": backends (areas, stacked) and limits (lines)", unit: "connections",
		weight: 3}
	all := series{name: "of pools", values: of(func(s sim.ServerSample) int { return s.Backends }),
		style: draw.LineStyle{Color: blue, Width: 1, Dashes: solid}, fill: skyFill}
	leaving := series{name: "closing and orphaned", values: of(func(s sim.ServerSample) int {
		return s.Direct +
			s.Leaving
	}),
		style: draw.LineStyle{Color: orange, Width: 0.7}, fill: oakFill}
	direct := series{name: "direct", values: of(func(s sim.ServerSample) int { return s.Direct }),
		style: draw.LineStyle{Color: gray, Width: 0.7}, fill: grayFill}
	worst := series{name: "worst case of the sizes", values: of(func(s sim.ServerSample) int { return s.Worst }),
		style: draw.LineStyle{Color: vermillion, Width: 1.5, Dashes: dashed}}
	p.series = append(p.series, all)
	if !slices.Equal(leaving.values, direct.values) {
		p.series = append(p.series, leaving)
	}
	if direct.highest() > 0 {
		p.series = append(p.series, direct)
	}
	p.series = append(p.series, worst)
	top := max(all.highest(), worst.highest())
	for _, limit := range []series{
		{name: "budget", values: of(func(s sim.ServerSample) int { return s.Budget }), style: draw.LineStyle{Color: green,
			Width: 1.3, Dashes: dashDotted}},
		{name: "max_connections", values: of(func(s sim.ServerSample) int { return s.MaxConns }),
			style: draw.LineStyle{Color: black, Width: 1.3, Dashes: dotted}},
	} {
		h := limit.highest()
		if h == 0 {
			continue // not checked
		}
		if slices.Min(limit.values) == slices.Max(limit.values) {
			limit.name += fmt.Sprintf(" %.0f", h)
		}
		if h > 2.5*max(top, 1) { // chosen: above it the connections would lie flat on the axis
			p.notes = append(p.notes, limit.name+" (far above)")
			continue
		}
		p.series = append(p.series, limit)
		top = max(top, h)
	}
	return p
}

func sizes(samples []sim.Sample, pools []int) panel {
	p := panel{title: "pool_size, of each process and user", unit: "connections", weight: 2}
	for i, at := range pools {
		p.series = append(p.series, series{name: samples[0].Pools[at].ID, style: lines[i], step: true,
			values: column(samples, func(s sim.Sample) float64 { return float64(s.Pools[at].Size) })})
	}
	if rest := len(samples[0].Pools) - len(pools); rest > 0 {
		p.notes = append(p.notes, fmt.Sprintf("%d smaller pools are not drawn", rest))
	}
	return p
}

func cpu(samples []sim.Sample, servers []int) panel {
	p := panel{title: "CPU", unit: "% of all cores", weight: 1.6, share: true}
	for _, at := range servers {
		values := column(samples, func(s sim.Sample) float64 { return s.Servers[at].CPU })
		if !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) }) {
			continue // not modelled
		}
		if len(p.series) == len(lines) {
			break
		}
		p.series = append(p.series, series{name: samples[0].Servers[at].Name, values: values, style: lines[len(p.series)]})
	}
	return p
}

func waiting(samples []sim.Sample, pools []int) panel {
	p := panel{title: "clients that wait for a connection, at each sample", unit: "clients", weight: 2}
	for i, at := range pools {
		p.series = append(p.series, series{name: samples[0].Pools[at].ID, style: lines[i],
			values: column(samples, func(s sim.Sample) float64 { return float64(s.Pools[at].Waiting) })})
	}
	if len(pools) < len(samples[0].Pools) {
		p.series = append(p.series, series{name: "all others together", style: draw.LineStyle{Color: black, Width: 1,
			Dashes: dotted},
			values: column(samples, func(s sim.Sample) float64 {
				sum := 0
				for i, x := range s.Pools {
					if !slices.Contains(pools, i) {
						sum += x.Waiting
					}
				}
				return float64(sum)
			})})
	}
	return p
}
