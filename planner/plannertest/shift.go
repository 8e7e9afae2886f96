package plannertest

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
)

// CpuFacts are the ways in which a server's CPU may be known: all of a transaction's, by a fit, by today's ratio.
var CpuFacts = map[string]func(f *budget.Fleet){
	"declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores = 8
		f.Pools[0].Load.CPUPerXact, f.Pools[1].Load.CPUPerXact = 4*time.Millisecond, 40*time.Millisecond
	},
	"fitted, cores unknown": func(f *budget.Fleet) {
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, Base: 0.1, Mean: 0.0003, MaxPerSec: 1e6,
			Demands: []load.CPUCost{{Pool: f.Pools[0].ID, RatioPerTPS: 0.0005}, {Pool: f.Pools[1].ID, RatioPerTPS: 0.0001}}}
	},
	"fitted, the receiving pool for nothing": func(f *budget.Fleet) {
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, MaxPerSec: 1e6,
			Demands: []load.CPUCost{{Pool: f.Pools[0].ID, RatioPerTPS: 0.0005}, {Pool: f.Pools[1].ID, RatioPerTPS: 0}}}
	},
	"fitted, one pool declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores = 8
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, Mean: 0.0003, MaxPerSec: 1e6}
		f.Pools[0].Load.CPUPerXact = 5 * time.Millisecond
	},
	"today's, one pool declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores, f.Servers[0].CPU.Now, f.Servers[0].CPU.NowPerSec = 8, 0.4, 1000
		f.Pools[1].Load.CPUPerXact = 5 * time.Millisecond
	},
}
