package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// cpuPrediction is a server's CPU at the load that the plan will serve, hidden demand of full pools included. It does
// not depend on the sizes: while every pool keeps up, throughput is what arrives (utilisation law).
type cpuPrediction struct {
	facts        budget.CPUFacts
	Predicted    fleet.Float
	growth       fleet.Float // planned throughput over today's
	extrapolated bool
	pools        []*budget.FleetPool
	undeclared   []string           // where cores are: pools of whose transactions nothing is known
	PerXact      map[string]float64 // by pool id: what a transaction per second adds to the ratio
	base         float64
	source       string
}

// PredictCPU uses the best it has: the fit over the lookback, declared CPU times, or today's CPU scaled by throughput.
func PredictCPU(s budget.FleetServer, pools []budget.FleetPool) cpuPrediction {
	c := cpuPrediction{facts: s.CPU, Predicted: fleet.Unknown(), growth: fleet.Unknown(), PerXact: map[string]float64{}}
	var planned, declaredRatio float64
	declared := s.CPU.Cores > 0
	for i := range pools {
		p := &pools[i]
		unknown := s.CPU.Fit.Samples == 0 && p.Load.CPUPerXact == 0
		if !p.On(s.Name) || len(p.AlsoOn) > 0 && unknown { // of how much of its work is done here nothing is known
			continue
		}
		c.pools = append(c.pools, p)
		planned += p.Load.PerSec
		if s.CPU.Cores > 0 && p.Load.CPUPerXact == 0 && p.CPU == nil && p.Load.PerSec > 0 {
			declared = false
			c.undeclared = append(c.undeclared, p.ID)
		}
		declaredRatio += p.Load.PerSec * costCPU(p, s, 0)
	}
	if s.CPU.NowPerSec > 0 {
		c.growth = fleet.Float(planned / s.CPU.NowPerSec)
	}
	switch {
	case s.CPU.Fit.Samples > 0:
		c.base, c.source = s.CPU.Fit.Base, fmt.Sprintf("fitted to %d samples", s.CPU.Fit.Samples)
		sum := c.base
		for _, p := range c.pools {
			c.PerXact[p.ID] = costCPU(p, s, s.CPU.Fit.Demand(p.ID))
			sum += c.PerXact[p.ID] * p.Load.PerSec
		}
		c.Predicted = fleet.Float(sum)
		c.extrapolated = planned > load.ExtrapolationLimit*max(s.CPU.Fit.MaxPerSec, s.CPU.NowPerSec)
	case declared && planned > 0:
		c.source = "declared cpu_per_xact"
		for _, p := range c.pools {
			c.PerXact[p.ID] = costCPU(p, s, 0)
		}
		c.Predicted = fleet.Float(declaredRatio)
	case s.CPU.Now.Known() && s.CPU.NowPerSec > 0:
		c.source = "today's CPU, all of it taken as the pools'"
		c.Predicted = 0
		for _, p := range c.pools {
			c.PerXact[p.ID] = costCPU(p, s, float64(s.CPU.Now)/s.CPU.NowPerSec)
			c.Predicted += fleet.Float(c.PerXact[p.ID] * p.Load.PerSec)
		}
		c.extrapolated = float64(c.growth) > load.ExtrapolationLimit
	case declaredRatio > s.CPU.Ceiling+1e-12: // the others only add to it
		c.source = fmt.Sprintf("at least: declared cpu_per_xact, without that of %s", strings.Join(c.undeclared, ", "))
		for _, p := range c.pools {
			c.PerXact[p.ID] = costCPU(p, s, 0)
		}
		c.Predicted = fleet.Float(declaredRatio)
	}
	return c
}

// costCPU is what a transaction per second of the pool adds to the ratio: what a shift has mixed, else as declared,
// where cores are, else as found.
func costCPU(p *budget.FleetPool, s budget.FleetServer, found float64) float64 {
	if p.CPU != nil {
		return p.CPU.RatioPerTPS
	}
	if p.Load.CPUPerXact > 0 && s.CPU.Cores > 0 {
		return p.Load.CPUPerXact.Seconds() / s.CPU.Cores
	}
	return found
}

// plan is the prediction as printed, with the CPU if every planned connection were busy: an idle-free worst case that
// is shown and never constrains.
func (c cpuPrediction) plan(sp serverProblem, sol allocate.Solution) PlanCPU {
	out := PlanCPU{Now: c.facts.Now, Predicted: c.Predicted, Ceiling: fleet.Float(c.facts.Ceiling),
		AllBusy: fleet.Unknown(), Growth: c.growth,
		Extrapolated: c.extrapolated, Source: c.source}
	if !c.Predicted.Known() {
		return out
	}
	busy := c.base
	for _, p := range c.pools {
		if p.Load.MeanHold == 0 {
			continue
		}
		conns := p.CountedConns()
		i, ours := slices.BinarySearchFunc(sp.pools, p.ID, func(q budget.FleetPool, id string) int {
			return cmp.Compare(q.ID,
				id)
		})
		if ours {
			conns = p.PlannedConns(sp.sizes(sol, i))
		}
		busy += float64(conns) * c.PerXact[p.ID] / p.Load.MeanHold.Seconds()
	}
	out.AllBusy = fleet.Float(busy)
	return out
}

// over reports whether the prediction exceeds the ceiling.
func (c cpuPrediction) over() bool {
	return c.Predicted.Known() && float64(c.Predicted) > c.facts.Ceiling+1e-12
}

// ConstraintCPU is the Constraint of a certificate about a server's CPU.
const ConstraintCPU = "cpu"

// infeasible is the certificate of a CPU that cannot carry the load: the pools whose load alone, on top of the base,
// already exceeds the ceiling, the costliest first.
func (c cpuPrediction) infeasible(sp serverProblem) *Infeasible {
	if !c.over() {
		return nil
	}
	out := &Infeasible{Server: sp.server.Name, Constraint: ConstraintCPU, Need: c.Predicted,
		Cap: fleet.Float(c.facts.Ceiling)}
	sum := c.base
	left := append([]*budget.FleetPool(nil), c.pools...)
	for sum <= c.facts.Ceiling && len(left) > 0 {
		top := 0
		for i, p := range left {
			if c.PerXact[p.ID]*p.Load.PerSec > c.PerXact[left[top].ID]*left[top].Load.PerSec {
				top = i
			}
		}
		p := left[top]
		left = append(left[:top], left[top+1:]...)
		share := c.PerXact[p.ID] * p.Load.PerSec
		sum += share
		out.Clash = append(out.Clash, Clash{Pool: p.ID, Why: fmt.Sprintf("%.0f transactions/s take %.1f %% CPU",
			p.Load.PerSec, 100*share)})
	}
	out.Text = fmt.Sprintf("cpu of %s: %.1f %% predicted at target load, %.1f %% ceiling: %.1f points over (%s)",
		sp.server.Name, 100*float64(c.Predicted), 100*c.facts.Ceiling, 100*(float64(c.Predicted)-c.facts.Ceiling), c.source)
	return out
}

// carries returns how many busy connections the ceiling carries in all, where the prediction exceeds it.
func (c cpuPrediction) carries(pools []budget.FleetPool) (conns int, ok bool) {
	if !c.over() {
		return 0, false
	}
	var busy float64
	for _, p := range pools {
		busy += p.Load.Erlangs.Target
	}
	share := (c.facts.Ceiling - c.base) / (float64(c.Predicted) - c.base)
	return int(math.Floor(max(0, share) * busy)), true
}

// warnings names what the prediction does not know.
func (c cpuPrediction) warnings(s budget.FleetServer) []string {
	switch {
	case !c.Predicted.Known() && len(c.undeclared) > 0:
		return []string{fmt.Sprintf("server %s: CPU not known, so the plan cannot limit it: cores: is declared, and load: "+
			"of %s has no cpu_per_xact:; or give cpu: (PromQL) and prometheus:",
			s.Name, strings.Join(c.undeclared, ", "))}
	case !c.Predicted.Known():
		return []string{fmt.Sprintf("server %s: CPU not known, so the plan cannot limit it; give cpu: (PromQL) and "+
			"prometheus:, or cores: and cpu_per_xact:", s.Name)}
	case c.extrapolated:
		return []string{fmt.Sprintf("server %s: CPU is extrapolated: the planned throughput is %.2f × the highest seen, "+
			"and beyond %.1f × contention was never measured",
			s.Name, c.beyond(), load.ExtrapolationLimit)}
	}
	return nil
}

// beyond is the planned throughput over the highest that was ever measured.
func (c cpuPrediction) beyond() float64 {
	var planned float64
	for _, p := range c.pools {
		planned += p.Load.PerSec
	}
	return planned / max(c.facts.Fit.MaxPerSec, c.facts.NowPerSec)
}
