package planner

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// ceiling is one limit as one pool meets it: which of its copies are under it, and what others ask of the same
// connections.
type ceiling struct {
	text    string
	conns   int
	process string // of PgBouncer's limits
	copies  []int  // of the pool, that are under it
	share   float64
	sized   int     // of the copies, those that follow the line
	erlangs float64 // of others under it, at their target loads
	upper   float64 // of others under it, at their upper loads
	perSec  float64 // of others under it
	busy    float64 // of others under it: their transactions a second × mean hold, in Erlangs, where both are known
	squares float64 // the same × the second moment of a hold, in seconds
}

// linked returns the fleet with each pool knowing the limits that may keep its connections from serving. A limit over
// several pools that today's sizes do not reach is left to the plan, which does not grow beyond it: then no client
// waits for it.
func (f Fleet) linked() Fleet {
	limits := f.limits()
	if len(limits) == 0 && !slices.ContainsFunc(f.Pools, func(p FleetPool) bool { return p.under != nil }) {
		return f
	}
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		f.Pools[i].under = nil
	}
	at := placesOf(f.Pools)
	for _, l := range limits {
		if l.Kind != LimitAlias && len(l.takers()) > 1 && l.use(f.Pools, at) <= l.Conns {
			continue
		}
		f.link(l, at)
	}
	return f
}

func (f Fleet) link(l Limit, at map[string]int) {
	var order []int
	under := map[int]*ceiling{}
	var all ceiling
	text, above := l.Text(), 0
	each(l.Above, f.Pools, at, func(p *FleetPool, i int) { above += p.worstCopy(i) })
	if above = min(above, l.Conns); above > 0 {
		text += fmt.Sprintf(", of which superusers' pools may take %d", above)
	}
	each(l.Members, f.Pools, at, func(p *FleetPool, i int) {
		c := under[at[p.ID]]
		if c == nil {
			c = &ceiling{text: text, conns: l.Conns - above, process: l.Process}
			under[at[p.ID]], order = c, append(order, at[p.ID])
		}
		c.copies = append(c.copies, i)
		c.share += p.Copies[i].Share
		if p.Copies[i].FixedConns == 0 {
			c.sized++
		}
		all.add(p.Load, p.Copies[i].Share)
	})
	for _, i := range order {
		c := under[i]
		c.erlangs, c.upper, c.perSec, c.busy, c.squares = all.erlangs, all.upper, all.perSec, all.busy, all.squares
		c.add(f.Pools[i].Load, -c.share)
		f.Pools[i].under = append(f.Pools[i].under, *c)
	}
}

// add adds a share of a load to what others ask.
func (c *ceiling) add(l Load, share float64) {
	c.erlangs += l.Erlangs.Target * share
	c.upper += l.Erlangs.Upper * share
	c.perSec += l.PerSec * share
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

// mixed is the mean hold of all who meet at the ceiling, and the factor of their waits: what one pool waits for there are the
// holds of them all. Source: the moments of a mixture, and Allen and Cunneen's (Ca²+Cs²)/2, as in scvFactor.
func (c ceiling) mixed(p FleetPool) (hold time.Duration, factor float64) {
	all := c
	all.add(p.Load, c.share)
	if c.perSec <= 0 || all.busy <= 0 {
		return p.Load.MeanHold, scvFactor(p.Load)
	}
	mean := all.busy / all.perSec
	scv := max(0, all.squares/all.perSec/(mean*mean)-1)
	return time.Duration(mean * float64(time.Second)), queue.AllenCunneen(orOne(p.Load.ArrivalSCV), scv)
}

// sees tells a pool's ceilings that the load of another pool is not what it was.
func (p *FleetPool) sees(before, after FleetPool) {
	p.under = slices.Clone(p.under)
	for i := range p.under {
		for _, d := range after.under {
			if c := &p.under[i]; c.text == d.text && p.ID != after.ID {
				c.add(before.Load, -d.share)
				c.add(after.Load, d.share)
			}
		}
	}
}

// asked is the load under the ceiling, all pools together, at target and at upper loads.
func (c ceiling) asked(p FleetPool) (target, upper float64) {
	return max(0, c.erlangs) + p.Load.Erlangs.Target*c.share, max(0, c.upper) + p.Load.Erlangs.Upper*c.share
}

// waiting is the mean number of the pool's own clients that wait at the ceiling, whatever its size: a limit shared by
// several pools makes them classes of one queue, whose waiting is parted as their transactions are. 0 where a load is
// known as a lower bound alone.
func (c ceiling) waiting(p FleetPool) float64 {
	target, _ := c.asked(p)
	own := p.Load.Erlangs.Target * c.share
	if own == 0 || p.Load.AtLeast || p.Load.Session {
		return 0
	}
	part := own / target
	if perSec := p.Load.PerSec * c.share; perSec > 0 {
		part = perSec / (perSec + max(0, c.perSec))
	}
	return queue.WaitingClients(c.conns, target) * part
}

// reach is the size of the pool from which on a ceiling alone bounds its copies.
func (c ceiling) reach() int {
	if c.sized == 0 {
		return 0
	}
	return (c.conns + c.sized - 1) / c.sized
}

// tightest returns for each copy the ceiling that most of its clients wait at, -1 where there is none.
func (p FleetPool) tightest() []int {
	out := make([]int, len(p.Copies))
	for i := range out {
		out[i] = -1
	}
	waits := make([]float64, len(p.under))
	for k, c := range p.under {
		waits[k] = c.waiting(p)
		for _, i := range c.copies {
			if out[i] < 0 || waits[k] > waits[out[i]] || waits[k] == waits[out[i]] && c.conns < p.under[out[i]].conns {
				out[i] = k
			}
		}
	}
	return out
}

// Breach is a limit under which a pool cannot keep its promises, whatever its size.
type Breach struct {
	Pool    string
	Limit   string // as Limit.Text writes it
	Conns   int    // that it allows
	Need    int    // that the promise needs
	By      string // the promise
	Erlangs float64
}

// Breached returns the first limit that breaks a promise of the pool at upper load, with as many processes lost as it
// must survive. What is known of its load only as a lower bound breaks none.
func (p FleetPool) Breached() (Breach, bool) {
	if p.Load.AtLeast || p.Load.Session || p.sized() == 0 {
		return Breach{}, false
	}
	var out []Breach
	for _, c := range p.under {
		_, a := c.asked(p)
		if left := p.processes() - p.Rules.SurviveLoss; c.process != "" && p.Rules.SurviveLoss > 0 && left > 0 {
			a = max(a, max(0, c.upper)+p.Load.Erlangs.Upper*(c.share+p.lostTo(c)/float64(left)))
		}
		if p.Load.Erlangs.Upper*c.share == 0 {
			continue
		}
		hold, factor := c.mixed(p)
		need, by := queue.MinServers(a, hold, factor,
			queue.Target{Utilization: p.Rules.Utilization, Mean: p.Rules.MaxWaitMean, P99: p.Rules.MaxWaitP99})
		if need > c.conns {
			out = append(out, Breach{p.ID, c.text, c.conns, need, by, a})
		}
	}
	if len(out) == 0 {
		return Breach{}, false
	}
	return slices.MaxFunc(out, func(a, b Breach) int { return cmp.Compare(a.Need-a.Conns, b.Need-b.Conns) }), true
}

// lostTo is the share of the pool's load, of the users under a ceiling of one process, that as many other processes carry as it
// must survive the loss of, the busiest ones.
func (p FleetPool) lostTo(c ceiling) (share float64) {
	users, others := map[string]bool{}, map[string]float64{}
	for _, i := range c.copies {
		users[p.Copies[i].User] = true
	}
	for _, cp := range p.Copies {
		if users[cp.User] && cp.Process != c.process {
			others[cp.Process] += cp.Share
		}
	}
	most := slices.Sorted(maps.Values(others))
	for _, x := range most[max(0, len(most)-p.Rules.SurviveLoss):] {
		share += x
	}
	return share
}

// quantile is the 99th percentile of waiting at the ceiling, in seconds, at target load.
func (c ceiling) quantile(p FleetPool) float64 {
	a, _ := c.asked(p)
	if a >= float64(c.conns) {
		return math.Inf(1)
	}
	hold, factor := c.mixed(p)
	return queue.Model{Hold: hold, SCVFactor: factor}.Quantile(c.conns, a, 0.99)
}
