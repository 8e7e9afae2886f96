package scenario

import (
	"errors"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim"
)

// What a scenario may cost before it is refused.
const (
	MaxEvents = 1e9 // over all runs. chosen: 1e9, because a core takes 100 s for them
	// server connections that a world may come to hold. chosen: 2e6, eight times PostgreSQL's MAX_BACKENDS
	MaxFleetConns = 2e6
	MaxFleetPools = 1e4  // pools of all processes and users. chosen: 1e4, because an hour of ticks visits them 1e8 times
	MaxPools      = 2000 // pool_size lines of the file. chosen: 2000, because nobody reads a table of more rows
	// closed clients, over all pools. chosen: 2e6, because 200 processes of DefaultMaxClients have so many
	MaxFleetClients = 2e6
	// EventsPerSec is what a core does, as CheckSize says it. chosen: 1e7, because `make bench` measures somewhat more
	EventsPerSec = 1e7
)

// Events of one transaction: its arrival and its end, and one more where it also works on the CPU.
const (
	eventsPerXact = 2
	eventsOnCPU   = 1
)

// poolsPerEvent is how many idle pools a tick visits in the time of one other event. chosen: 8, because measurements
// lie around it
const poolsPerEvent = 8

// How many events a world may take before it is stopped, whatever its estimate.
const (
	Margin = 5         // times the estimate. chosen: 5, because what refused clients ask again is not in it
	Slack  = 5_000_000 // events, at least. chosen: 5e6, because that is half a second of a core
)

// ticksPerSec is how often each process visits its pools; see tickPeriod in package sim.
const ticksPerSec = 3

// Events returns how many events of the engine one world is expected to take over warm-up and horizon. It is an
// estimate: closed clients are counted as if they never waited, or by what their pool can carry, whichever is less.
func (s *Scenario) Events() float64 {
	spec := s.Spec()
	end := s.Warmup + s.Horizon
	span := end.Seconds()
	events := 0.0
	for _, l := range spec.Loads {
		each := float64(eventsPerXact)
		if l.CPU > 0 {
			each += eventsOnCPU
		}
		events += each * s.rate(spec, l) * span
		if l.Open != nil && l.Open.Burst != nil {
			events += 2 * span / (l.Open.Burst.LowMean + l.Open.Burst.HighMean).Seconds()
		}
	}
	for _, g := range spec.Groups {
		pools := 0
		for _, p := range spec.Pools {
			if group(p.ID) == g.Name {
				pools += max(1, len(p.Users))
			}
		}
		events += ticksPerSec * float64(g.Processes) * span * (1 + float64(max(0, pools-poolsPerEvent))/poolsPerEvent)
	}
	for _, f := range spec.Faults {
		events += 2 * times(f, end)
	}
	for _, x := range spec.Signals {
		interval := x.Interval
		if interval == 0 {
			interval = sim.DefaultScrape
		}
		events += span / interval.Seconds()
	}
	return events
}

// Limit returns the events after which a world of the scenario is stopped: what feeds on itself is in no estimate.
func (s *Scenario) Limit() int64 { return int64(min(Margin*s.Events()+Slack, 4*MaxEvents)) }

// times returns how often a fault strikes until end.
func times(f sim.Fault, end time.Duration) float64 {
	switch {
	case f.From > end:
		return 0
	case f.Every == 0:
		return 1
	default:
		return 1 + float64((end-f.From)/f.Every)
	}
}

// rate returns the mean transactions per second of a load over the whole run, surges included.
func (s *Scenario) rate(spec sim.Spec, l sim.LoadSpec) float64 {
	end := s.Warmup + s.Horizon
	if l.Open != nil {
		rate := l.Open.PerSec * l.Open.MeanTimes()
		for _, c := range l.Open.Curve {
			if c.At <= end { // a curve longer than the run may show its highest part alone
				rate = max(rate, l.Open.PerSec*c.Times/2)
			}
		}
		more, product, several := 0.0, 1.0, 0
		for _, f := range spec.Faults {
			if f.Kind != sim.Surge || f.Pool != l.Pool || f.From > end {
				continue
			}
			on := end - f.From
			if f.For > 0 {
				on = min(on, time.Duration(times(f, end)*float64(f.For)))
			}
			more += (f.Times - 1) * on.Seconds() / end.Seconds()
			product *= max(1, f.Times)
			several++
		}
		if several > 1 { // they may be on at once, and multiply
			return rate * product
		}
		return rate * max(1, 1+more)
	}
	hold := l.Hold.MeanOf().Seconds()
	rate := float64(l.Closed.Clients) / (hold + l.Closed.Think.MeanOf().Seconds())
	if hold > 0 && l.Vanish == 0 {
		rate = min(rate, float64(s.mostConns(l.Pool))/hold)
	}
	return rate
}

// mostConns returns the connections that a pool may come to have, by its largest size, over all pools of the line.
func (s *Scenario) mostConns(id string) int {
	f := &s.Written
	p, _ := f.pool(id)
	size, reserve := p.Size.N, p.ReserveSize.N
	for _, step := range f.Script {
		size, reserve = max(size, step.Set[id].N), max(reserve, step.Reserve[id].N)
	}
	for _, x := range f.Faults {
		if x.Kind == string(sim.PutBack) && x.Pool == id {
			size = max(size, x.Conns.N)
		}
	}
	return (size + reserve) * f.linePools(p)
}

// CheckSize refuses, before anything runs, what would take too long or too much memory: so many runs of this scenario,
// all seeds together. The error is a *operr.Error of KindUsage.
func (s *Scenario) CheckSize(runs int) error { return CheckSizes(runs, s) }

// CheckSizes does as CheckSize for several scenarios, such as those of a sweep, that run runs times each. The error
// joins what is too much, with the number and its bound.
func CheckSizes(runs int, all ...*Scenario) error {
	var faults []error
	events := 0.0
	for _, s := range all {
		events += s.Events() * float64(runs)
		if err := s.checkMemory(); err != nil && len(faults) == 0 {
			faults = append(faults, err)
		}
	}
	if events > MaxEvents {
		s := all[0]
		faults = append(faults,
			fmt.Errorf("%d runs of %s each (warm-up and horizon) are about %.2g events, %s at %.0f million events per second, "+
				"and at most %.0g are run: "+
				"lower horizon, seeds, or the rates under load, of which %s asks most",
				runs*len(all), s.Warmup+s.Horizon, events, lasting(events), EventsPerSec/1e6, float64(MaxEvents), s.busiest()))
	}
	if len(faults) == 0 {
		return nil
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: all[0].doc.Name, Err: errors.Join(faults...)}
}

// lasting says how long so many events take.
func lasting(events float64) string {
	d := events / EventsPerSec
	switch {
	case d < 120:
		return fmt.Sprintf("%.0f s", d)
	case d < 2*3600:
		return fmt.Sprintf("%.0f min", d/60)
	case d < 2*24*3600:
		return fmt.Sprintf("%.0f h", d/3600)
	default:
		return fmt.Sprintf("%.3g days", d/(24*3600))
	}
}

// busiest names the load with the most transactions, by its place.
func (s *Scenario) busiest() string {
	spec := s.Spec()
	best, most := -1, 0.0
	for i, l := range spec.Loads {
		if r := s.rate(spec, l); r > most {
			best, most = i, r
		}
	}
	if best < 0 {
		return "none"
	}
	return fmt.Sprintf("load[%d] at %s (%.3g transactions per second)", best, s.Where(nth("load", best)), most)
}

// sizes is what a world takes memory for.
type sizes struct{ linePools, conns, clients int }

func (s *Scenario) size() (n sizes) {
	for _, p := range s.Written.Pools {
		n.linePools += s.Written.linePools(p)
		n.conns += s.mostConns(p.Pool)
	}
	for _, l := range s.Written.Load {
		if l.Clients != nil {
			n.clients += l.Clients.Count.N
		}
	}
	return n
}

// checkMemory refuses a fleet that no machine holds.
func (s *Scenario) checkMemory() error {
	switch n := s.size(); {
	case len(s.Written.Pools) > MaxPools:
		return fmt.Errorf("%d pools, want at most %d", len(s.Written.Pools), MaxPools)
	case n.linePools > MaxFleetPools:
		return fmt.Errorf("%d pools of all lines (processes × users), want at most %.0f: lower the processes, "+
			"users or pools", n.linePools, float64(MaxFleetPools))
	case n.conns > MaxFleetConns:
		return fmt.Errorf("%d server connections (processes × users × size and reserve of each pool, at its largest), want "+
			"at most %.0f: lower the sizes", n.conns, float64(MaxFleetConns))
	case n.clients > MaxFleetClients:
		return fmt.Errorf("%d clients, want at most %.0f: lower count: under load", n.clients, float64(MaxFleetClients))
	default:
		return nil
	}
}
