package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// What else than a promise of queue.MinServers can decide a size, as Floor names it.
const (
	ByMin      = "min"             // Rules.Min
	ByShift    = "traffic to come" // Rules.Shift
	BySessions = "sessions"        // a session holds its connection
	ByDay      = "the day's load"  // of a pool that is meant to queue
)

// Serves is the pool's size today, of its largest process, and the 99th percentile of waiting with it at target load,
// modelled, in seconds.
func Serves(p budget.FleetPool) (size int, p99 fleet.Float) {
	size = p.LargestSize()
	return size, p99Wait(p, CurveOf(p), size)
}

// Floor returns the smallest size that keeps a pool's promises, and the one that decided. Promises hold at upper
// load, for the pool of the line that carries most, with as many processes lost as the pool must survive: those left
// share what the lost ones carried as the balancer shares it, evenly. A session holds its connection: as many as there
// are, and no more. The error, of KindUsage, says that the pool must survive the loss of as many processes as it has.
func Floor(p budget.FleetPool) (size int, by string, err error) {
	if k := p.Rules.SurviveLoss; k > 0 && k >= p.Processes() {
		return 0, "", &operr.Error{Kind: operr.KindUsage, Subject: "pool " + p.ID,
			Err:  fmt.Errorf("survive_loss is %d, and the pool has %d processes", k, p.Processes()),
			Hint: "at least one process must be left to serve"}
	}
	size, by = floorAt(p, busiestLinePool(p))
	if k := p.Rules.SurviveLoss; k > 0 {
		if n, what := floorAt(p, busiestLeft(p, k)); n > size {
			size, by = n, fmt.Sprintf("%s with %d of %d processes lost", what, k, p.Processes())
		}
	}
	if limit, reach, all := reach(p); all && p.Load.AtLeast && size > max(reach, p.LargestSize()) {
		size, by = max(reach, p.LargestSize()), limit // more would serve no more of what is hidden
	}
	if p.Rules.Shift > size {
		size, by = p.Rules.Shift, ByShift
	}
	if p.Rules.Min > size {
		size, by = p.Rules.Min, ByMin
	}
	return size, by, nil
}

// floorAt is the smallest size with which a pool of the line keeps the pool's promises at a load, and the promise that
// decided.
func floorAt(p budget.FleetPool, erlangs float64) (int, string) {
	if p.Load.Held() {
		return max(1, int(math.Ceil(erlangs-1e-9))), BySessions
	}
	if p.Rules.Throttle {
		n, _ := queue.MinServers(erlangs, p.Load.MeanHold, 1, queue.Target{Utilization: p.Rules.Utilization})
		return n, ByDay
	}
	return queue.MinServers(erlangs, p.Load.MeanHold, load.ScvFactor(p.Load),
		queue.Target{Utilization: p.Rules.Utilization, Mean: p.Rules.MaxWaitMean, P99: p.Rules.MaxWaitP99})
}

// ownSizes says which users have a pool_size of their own that keeps no promise of the pool: no size of a plan changes
// that, and their waiting is in no objective. Of a user it names the process that lacks most.
func ownSizes(p budget.FleetPool) (notes []string) {
	var users []string
	worst, lacks := map[string]string{}, map[string]int{}
	for _, c := range p.LinePools {
		if !c.OwnSize || c.FixedConns == 0 || p.Load.AtLeast || c.Share == 0 {
			continue
		}
		erlangs := p.Load.Erlangs.Upper * c.Share
		need, by := floorAt(p, erlangs)
		if need-c.FixedConns <= lacks[c.User] {
			continue
		}
		if lacks[c.User] == 0 {
			users = append(users, c.User)
		}
		lacks[c.User] = need - c.FixedConns
		worst[c.User] = fmt.Sprintf("%s: %s has a pool_size of %d of its own in %s, and its load of %.3g Erlangs needs %d "+
			"there (%s): this plan cannot change this size and does not count its waiting", p.ID, c.User, c.FixedConns,
			c.Process, erlangs,
			need, by)
	}
	for _, u := range users {
		notes = append(notes, worst[u])
	}
	return notes
}

// busiestLinePool returns the upper load of the pool of the line that carries most of those that follow the line.
func busiestLinePool(p budget.FleetPool) float64 {
	var share float64
	for _, c := range p.LinePools {
		if c.FixedConns == 0 {
			share = max(share, c.Share)
		}
	}
	return p.Load.Erlangs.Upper * share
}

// reach is the size from which on the pool's limits alone bound every pool of the line, and the last of those limits;
// all is false where some pool of the line has none, or none follows the line.
func reach(p budget.FleetPool) (limit string, size int, all bool) {
	for i, k := range p.Tightest() {
		switch {
		case p.LinePools[i].FixedConns > 0:
		case k < 0:
			return "", 0, false
		case p.Under[k].Reach() > size:
			limit, size, all = p.Under[k].Text, p.Under[k].Reach(), true
		}
	}
	return limit, size, all
}

// busiestLeft returns the upper load of the busiest pool of the line when the k processes are lost whose loss asks most
// of it. Every process that is left takes an equal part of what the lost ones carried, user by user: clients that
// connect again are spread by the balancer as it spreads new ones, and none takes more than all of a user's load.
func busiestLeft(p budget.FleetPool, k int) float64 {
	left := float64(p.Processes() - k)
	byUser := map[string][]float64{}
	for _, c := range p.LinePools {
		if c.FixedConns == 0 {
			byUser[c.User] = append(byUser[c.User], c.Share)
		}
	}
	var most float64
	for _, shares := range byUser {
		slices.SortFunc(shares, func(a, b float64) int { return cmp.Compare(b, a) })
		for keep := range shares { // the one that is left and ends with most; the others lost are the largest of the rest
			lost, n := 0.0, 0
			for i, s := range shares {
				if i != keep && n < k {
					lost, n = lost+s, n+1
				}
			}
			most = max(most, shares[keep]+lost/left)
		}
	}
	return p.Load.Erlangs.Upper * most
}
