package budget

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// Ceiling is one limit as one pool meets it: which pools of its line are under it, and what others ask of the
// same connections.
type Ceiling struct {
	Limit     fleet.LimitID // which limit
	Above     int           // connections of the limit that superusers' pools may take, taken off Conns
	Text      string        // the limit as Limit.Text writes it, for messages
	Conns     int           // connections that it leaves to pools of the line under it
	Process   string        // of PgBouncer's limits
	LinePools []int         // indices into FleetPool.LinePools of those under it
	Share     float64       // share of the pool's load that these carry, 0..1
	Sized     int           // of the pools of the line, those that follow the line
	Erlangs   float64       // of others under it, at their target loads
	Upper     float64       // the same at their upper loads, Erlangs
	PerSec    float64       // of others under it, transactions per second
	// of others under it: their transactions a second × mean hold, in Erlangs, where both are known
	busy    float64
	squares float64 // the same × the second moment of a hold, in seconds
}

// Linked returns the fleet with each pool knowing the limits that may keep its connections from serving. A limit over
// several pools that today's sizes do not reach is left to the plan, which does not grow beyond it: then no client
// waits for it.
func (f Fleet) Linked() Fleet {
	limits := f.AllLimits()
	if len(limits) == 0 && !slices.ContainsFunc(f.Pools, func(p FleetPool) bool { return p.Under != nil }) {
		return f
	}
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		f.Pools[i].Under = nil
	}
	at := placesOf(f.Pools)
	for _, l := range limits {
		if l.Kind != fleet.LimitAlias && len(takers(l)) > 1 && use(l, f.Pools, at) <= l.Conns {
			continue
		}
		if l.Kind == fleet.LimitCap { // nobody is held back by it
			continue
		}
		f.link(l, at)
	}
	return f
}

func (f Fleet) link(l fleet.Limit, at map[string]int) {
	var order []int
	under := map[int]*Ceiling{}
	var all Ceiling
	text, above := l.Text(), 0
	each(l.Above, f.Pools, at, func(p *FleetPool, i int) { above += p.worstLinePool(i) })
	if above = min(above, l.Conns); above > 0 {
		text += fmt.Sprintf(", of which superusers' pools may take %d", above)
	}
	each(l.Members, f.Pools, at, func(p *FleetPool, i int) {
		c := under[at[p.ID]]
		if c == nil {
			c = &Ceiling{Limit: l.ID(), Above: above, Text: text, Conns: l.Conns - above, Process: l.Process}
			under[at[p.ID]], order = c, append(order, at[p.ID])
		}
		c.LinePools = append(c.LinePools, i)
		c.Share += p.LinePools[i].Share
		if p.LinePools[i].FixedConns == 0 {
			c.Sized++
		}
		all.add(p.Load, p.LinePools[i].Share)
	})
	for _, i := range order {
		c := under[i]
		c.Erlangs, c.Upper, c.PerSec, c.busy, c.squares = all.Erlangs, all.Upper, all.PerSec, all.busy, all.squares
		c.add(f.Pools[i].Load, -c.Share)
		f.Pools[i].Under = append(f.Pools[i].Under, *c)
	}
}

// add adds a share of a load to what others ask.
func (c *Ceiling) add(l load.Load, share float64) {
	c.Erlangs += l.Erlangs.Target * share
	c.Upper += l.Erlangs.Upper * share
	c.PerSec += l.PerSec * share
	hold := l.MeanHold.Seconds()
	c.busy += l.PerSec * share * hold
	c.squares += l.PerSec * share * hold * hold * (1 + orOne(l.HoldSCV))
}

// orOne is a squared coefficient of variation, that of exponential times where none is known.
func orOne(scv float64) float64 {
	if scv == 0 {
		return 1
	}
	return scv
}

// mixed is the mean hold of all who meet at the ceiling, and the factor of their waits: what one pool waits for there
// are the holds of them all. Source: the moments of a mixture, and Allen and Cunneen's (Ca²+Cs²)/2, as in scvFactor.
func (c Ceiling) mixed(p FleetPool) (hold time.Duration, factor float64) {
	all := c
	all.add(p.Load, c.Share)
	if c.PerSec <= 0 || all.busy <= 0 {
		return p.Load.MeanHold, load.ScvFactor(p.Load)
	}
	mean := all.busy / all.PerSec
	scv := max(0, all.squares/all.PerSec/(mean*mean)-1)
	return time.Duration(mean * float64(time.Second)), queue.AllenCunneen(orOne(p.Load.ArrivalSCV), scv)
}

// Sees tells a pool's ceilings that the load of another pool is not what it was.
func (p *FleetPool) Sees(before, after FleetPool) {
	p.Under = slices.Clone(p.Under)
	for i := range p.Under {
		for _, d := range after.Under {
			if c := &p.Under[i]; c.Limit == d.Limit && p.ID != after.ID {
				c.add(before.Load, -d.Share)
				c.add(after.Load, d.Share)
			}
		}
	}
}

// Asked is the load under the ceiling in Erlangs, that of p and of all other pools together, at target and at upper
// loads.
func (c Ceiling) Asked(p FleetPool) (target, upper float64) {
	return max(0, c.Erlangs) + p.Load.Erlangs.Target*c.Share, max(0, c.Upper) + p.Load.Erlangs.Upper*c.Share
}

// Waiting is the mean number of the pool's own clients that wait at the ceiling, whatever its size: a limit shared by
// several pools makes them classes of one queue, whose waiting is parted as their transactions are. 0 where a load is
// known as a lower bound alone.
func (c Ceiling) Waiting(p FleetPool) float64 {
	target, _ := c.Asked(p)
	own := p.Load.Erlangs.Target * c.Share
	if own == 0 || p.Load.AtLeast || p.Load.Session {
		return 0
	}
	part := own / target
	if perSec := p.Load.PerSec * c.Share; perSec > 0 {
		part = perSec / (perSec + max(0, c.PerSec))
	}
	return queue.WaitingClients(c.Conns, target) * part
}

// Reach is the size of the pool, in units, from which on a ceiling alone bounds the pools of its line; 0: none of them
// follows the line.
func (c Ceiling) Reach() int {
	if c.Sized == 0 {
		return 0
	}
	return (c.Conns + c.Sized - 1) / c.Sized
}

// Tightest returns for each pool of the line the ceiling that most of its clients wait at, -1 where there is none.
func (p FleetPool) Tightest() []int {
	out := make([]int, len(p.LinePools))
	for i := range out {
		out[i] = -1
	}
	waits := make([]float64, len(p.Under))
	for k, c := range p.Under {
		waits[k] = c.Waiting(p)
		for _, i := range c.LinePools {
			if out[i] < 0 || waits[k] > waits[out[i]] || waits[k] == waits[out[i]] && c.Conns < p.Under[out[i]].Conns {
				out[i] = k
			}
		}
	}
	return out
}

// Breach is a limit under which a pool cannot keep its promises, whatever its size.
type Breach struct {
	Pool    string  // group/alias
	Ceiling Ceiling // the limit as the pool meets it
	Conns   int     // connections that it allows
	Need    int     // connections that the promise needs
	By      string  // the promise, as queue.MinServers names it
	Erlangs float64 // load under the limit at which the promise fails
}

// Breached returns the first limit that breaks a promise of the pool at upper load, with as many processes lost as it
// must survive. What is known of its load only as a lower bound breaks none.
func (p FleetPool) Breached() (Breach, bool) {
	if p.Load.AtLeast || p.Load.Session || p.Sized() == 0 {
		return Breach{}, false
	}
	var out []Breach
	for _, c := range p.Under {
		_, a := c.Asked(p)
		if left := p.Processes() - p.Rules.SurviveLoss; c.Process != "" && p.Rules.SurviveLoss > 0 && left > 0 {
			a = max(a, max(0, c.Upper)+p.Load.Erlangs.Upper*(c.Share+p.lostTo(c)/float64(left)))
		}
		if p.Load.Erlangs.Upper*c.Share == 0 {
			continue
		}
		hold, factor := c.mixed(p)
		need, by := queue.MinServers(a, hold, factor,
			queue.Target{Utilization: p.Rules.Utilization, Mean: p.Rules.MaxWaitMean, P99: p.Rules.MaxWaitP99})
		if need > c.Conns {
			out = append(out, Breach{p.ID, c, c.Conns, need, by, a})
		}
	}
	if len(out) == 0 {
		return Breach{}, false
	}
	return slices.MaxFunc(out, func(a, b Breach) int { return cmp.Compare(a.Need-a.Conns, b.Need-b.Conns) }), true
}

// lostTo is the share of the pool's load, of the users under a ceiling of one process, that as many other processes
// carry as it must survive the loss of, the busiest ones.
func (p FleetPool) lostTo(c Ceiling) (share float64) {
	users, others := map[string]bool{}, map[string]float64{}
	for _, i := range c.LinePools {
		users[p.LinePools[i].User] = true
	}
	for _, cp := range p.LinePools {
		if users[cp.User] && cp.Process != c.Process {
			others[cp.Process] += cp.Share
		}
	}
	most := slices.Sorted(maps.Values(others))
	for _, x := range most[max(0, len(most)-p.Rules.SurviveLoss):] {
		share += x
	}
	return share
}

// Quantile is the 99th percentile of waiting at the ceiling, in seconds, at target load.
func (c Ceiling) Quantile(p FleetPool) float64 {
	a, _ := c.Asked(p)
	if a >= float64(c.Conns) {
		return math.Inf(1)
	}
	hold, factor := c.mixed(p)
	return queue.Model{Hold: hold, SCVFactor: factor}.Quantile(c.Conns, a, 0.99)
}
