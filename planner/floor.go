package planner

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// Floor returns the smallest size that keeps a pool's promises, and the one that decided. Promises hold at upper load,
// for the copy that carries most, with as many processes lost as the pool must survive: those left share the load.
func Floor(p FleetPool) (size int, by string, err error) {
	if k := p.Rules.SurviveLoss; k > 0 && k >= p.processes() {
		return 0, "", &Error{Kind: KindUsage, Subject: "pool " + p.ID,
			Err:  fmt.Errorf("survive_loss is %d, and the pool has %d processes", k, p.processes()),
			Hint: "at least one process must be left to serve"}
	}
	floorAt := func(scale float64) (int, string) {
		return queue.MinServers(p.busiestCopy()*scale, p.Load.MeanHold, scvFactor(p.Load),
			queue.Target{Utilization: p.Rules.Utilization, Mean: p.Rules.MaxWaitMean, P99: p.Rules.MaxWaitP99})
	}
	size, by = floorAt(1)
	if k := p.Rules.SurviveLoss; k > 0 {
		if n, what := floorAt(float64(p.processes()) / float64(p.processes()-k)); n > size {
			size, by = n, fmt.Sprintf("%s with %d of %d processes lost", what, k, p.processes())
		}
	}
	if p.Rules.Shift > size {
		size, by = p.Rules.Shift, "traffic on its way"
	}
	if p.Rules.Min > size {
		size, by = p.Rules.Min, "min"
	}
	return size, by, nil
}

// busiestCopy returns the upper load of the copy that carries most of those that follow the line.
func (p FleetPool) busiestCopy() float64 {
	var share float64
	for _, c := range p.Copies {
		if c.FixedConns == 0 {
			share = max(share, c.Share)
		}
	}
	return p.Load.Erlangs.Upper * share
}
