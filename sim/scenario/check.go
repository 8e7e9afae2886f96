package scenario

import (
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/sim"
)

// Bounds beyond which a number is a slip of the hand.
const (
	maxHorizon = 366 * 24 * time.Hour // chosen: a leap year, because no rhythm of a load is longer
	maxSamples = 1e6                  // of one run. chosen: 1e6, because they cover two months at 5 s
	maxSeeds   = 10000                // chosen: 10,000, because an interval is a hundredth of one run's spread then
	maxTimes   = 1e6                  // factor of a rate. chosen: 1e6, from one transaction an hour to 278 a second
	maxClients = 1e6                  // of one load, and max_client_conn. chosen: 1e6, half of MaxFleetClients
	leastHold  = time.Microsecond     // chosen: 1 µs, because PgBouncer counts in microseconds
	// chosen: 100 µs, because a client that is refused asks again after it: at once would be for ever
	leastThink = 100 * time.Microsecond
	// of whatever recurs. chosen: 1 ms, because the world then has 1,000 such events a second
	leastTime = time.Millisecond
	maxCurve  = 1000 // corners. chosen: 1000, because a curve of a week has a corner every 10 minutes then
)

// checker collects what is wrong with a scenario, and what is legal and perhaps not meant.
type checker struct {
	*config.Checker
	f        *File
	warnings []string
}

// warn adds a warning.
func (k *checker) warn(path, format string, args ...any) {
	k.warnings = append(k.warnings, k.Note(path, format, args...).Error())
}

// within wants lo <= v <= hi where v was written.
func (k *checker) within(path string, v config.Dur, lo, hi time.Duration) {
	switch {
	case v.Set && !v.OK():
		k.Dur(path, v, hi.Seconds())
	case v.Set && (v.D < lo || v.D > hi):
		k.Fault(path, "is %s, want %s to %s", v.D, lo, hi)
	}
}

// given wants it to be there at all.
func (k *checker) given(path string, set bool) {
	if !set {
		k.Fault(path, "is missing")
	}
}

// flag wants true or false where v was written.
func (k *checker) flag(path string, v Flag) {
	if v.bad != nil {
		k.Fault(path, "%s", v.bad)
	}
}

// quoted is a key of a map as a path takes it.
func quoted(key string) string { return "'" + key + "'" }

// check goes over the whole file.
func (k *checker) check() {
	k.f.File.Check(k.Checker)
	k.run()
	k.fleet()
	k.bouncers()
	k.postgres()
	k.databases()
	k.loads()
	k.shifts()
	k.script()
	k.controller()
	k.faults()
	k.signals()
	if len(k.Faults) == 0 {
		k.sizes()
	}
}

// run checks how long and how often.
func (k *checker) run() {
	f := k.f
	k.within("horizon", f.Horizon, time.Second, maxHorizon)
	if !f.Horizon.Set {
		k.Fault("horizon", "is missing: how long is simulated, such as 1h")
	}
	k.within("warmup", f.Warmup, 0, maxHorizon)
	k.within("every", f.Every, leastTime, maxHorizon)
	if every := f.Every; every.OK() && f.Horizon.OK() && every.D > 0 &&
		float64(f.Horizon.D)/float64(every.D) > maxSamples {
		k.Fault("every", "is %s: %.3g samples over the horizon of %s, want at most %g: raise it, or lower horizon", every.D,
			float64(f.Horizon.D)/float64(every.D), f.Horizon.D, float64(maxSamples))
	}
	k.Int("seeds", f.Seeds, 1, maxSeeds)
	k.Int("seed", f.Seed, 0, 1<<62)
	k.flag("oversubscribed", f.Oversubscribed)
}

// end is the last moment of a run.
func (k *checker) end() time.Duration {
	s := Scenario{Written: *k.f}
	s.resolve()
	return s.Warmup + s.Horizon
}

// late warns of what comes after the end.
func (k *checker) late(path string, at config.Dur) {
	if at.OK() && k.f.Horizon.OK() && at.D > k.end() {
		k.warn(path, "is %s, and the run ends at %s (warm-up and horizon): it never comes", at.D, k.end())
	}
}

// fleet checks that there is one, and that it is known where every pool's connections go.
func (k *checker) fleet() {
	f := k.f
	for _, x := range []struct {
		key string
		n   int
	}{{"servers", len(f.Servers)}, {"groups", len(f.Groups)}, {"pools", len(f.Pools)}} {
		if x.n == 0 {
			k.Fault(x.key, "is missing or empty: nothing can be simulated")
		}
	}
	for i, s := range f.Servers {
		path := nth("servers", i)
		if !s.MaxConnections.Set {
			k.Fault(path+".max_connections", "is missing: a simulated server cannot be asked")
		}
	}
	for i, g := range f.Groups {
		if n := len(g.Processes); n > config.MaxLinePools {
			k.Fault(nth("groups", i)+".processes", "are %d, want at most %d", n, config.MaxLinePools)
		}
	}
	for i, p := range f.Pools {
		path := nth("pools", i)
		if g, a, ok := strings.Cut(p.Pool, "/"); ok && g != "" && a != "" && f.processes(g) == 0 {
			k.Fault(path+".pool", "is %q, and groups: has no %q%s", p.Pool, g, k.groups())
		}
		switch {
		case p.Server == budget.Elsewhere:
			k.Fault(path+".server", "is elsewhere: nothing of it can be simulated, leave the pool out")
		case f.only(p.Server) == "" && len(f.Servers) > 1:
			k.Fault(path+".server", "is missing, and there are %d servers", len(f.Servers))
		}
		if !p.Size.Set {
			k.Fault(path+".size", "is missing: pool_size at the start")
		}
		if p.ReserveSize.OK() && p.Size.OK() && p.ReserveSize.N+p.Size.N > config.MaxConns {
			k.Fault(path+".reserve_size", "is %d, with size %d more than %d", p.ReserveSize.N, p.Size.N, config.MaxConns)
		}
		if c := f.linePools(p); p.LinePools.OK() && c > 0 && p.LinePools.N != c {
			k.Fault(path+".line_pools", "is %d, and %d processes × %d users are %d: leave it out", p.LinePools.N,
				f.processes(group(p.Pool)), max(1, len(f.users(p))), c)
		}
		if p.Load != nil {
			k.warn(path+".load", "is for a plan and makes no transaction here: load: on the top level has the arrivals")
		}
	}
}

func (k *checker) groups() string {
	var names []string
	for _, g := range k.f.Groups {
		names = append(names, g.Name)
	}
	return among(names)
}

// knownPool wants a pool that is there.
func (k *checker) knownPool(path, id string) bool {
	if id == "" {
		k.Fault(path, "is missing or empty")
		return false
	}
	if _, ok := k.f.pool(id); !ok {
		k.Fault(path, "is %q, which is not among pools:", id)
		return false
	}
	return true
}

// knownServer wants a server that is there, or none where there is only one.
func (k *checker) knownServer(path, name string) (config.Server, bool) {
	name = k.f.only(name)
	s, ok := k.f.server(name)
	switch {
	case name == "":
		k.Fault(path, "is missing, and there are %d servers", len(k.f.Servers))
	case !ok:
		k.Fault(path, "is %q, which is not among servers:", name)
	}
	return s, ok
}

// modelled lists the built-in signals that a simulation has; use is the controller's own.
func modelled() string {
	var names []string
	for _, name := range config.Builtins {
		if sim.Modelled(name) || name == "use" {
			names = append(names, name)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// signals warns of what cannot be modelled.
func (k *checker) signals() {
	k.within("scrape.interval", k.f.Scrape.Interval, leastTime, 24*time.Hour)
	k.within("scrape.lag", k.f.Scrape.Lag, 0, 24*time.Hour)
	for i, s := range k.f.Saturation {
		path := nth("saturation", i)
		switch {
		case s.Preset != "" || s.Builtin == "use":
		case s.Builtin == "":
			k.warn(path+".query",
				"is PromQL, and a simulation has no Prometheus: %q reads as an error; builtin: %s are modelled", s.Name,
				modelled())
		case !sim.Modelled(s.Builtin):
			k.warn(path+".builtin",
				"is %q, which is not modelled: %q reads as an error; %s are", s.Builtin, s.Name, modelled())
		case s.Builtin == "cpu" && slices.ContainsFunc(k.f.Servers, func(x config.Server) bool {
			return (s.Server == "" ||
				s.Server == x.Name) && !x.Cores.Set
		}):
			k.warn(path+".builtin", "is cpu, and a server has no cores: %q reads as an error there", s.Name)
		}
	}
}

// sizes holds pools against max_connections, and all of them together against the budget. The rest of the file is
// valid.
func (k *checker) sizes() {
	f := k.f
	for i, p := range f.Pools {
		k.fits(nth("pools", i)+".size", p, p.Size.N)
	}
	for i, s := range f.Servers {
		budget := f.budget(s)
		if budget <= 0 {
			k.Fault(nth("servers", i)+".max_connections", "is %d, and reserved connections, ledger and headroom leave %d of it",
				s.MaxConnections.N, budget)
			continue
		}
		total := f.direct(s)
		for _, p := range f.Pools {
			if f.only(p.Server) == s.Name {
				total += f.worst(p)
			}
		}
		if total > budget {
			k.warn(nth("servers", i),
				"(%s) starts over its budget: the pools' sizes and %d direct connections come to %d, the budget is %d of "+
					"max_connections %d",
				s.Name, f.direct(s), total, budget, s.MaxConnections.N)
		}
	}
}

// fits wants size × pools of the line within max_connections, unless more is meant.
func (k *checker) fits(path string, p config.Pool, size int) {
	s, ok := k.f.server(k.f.only(p.Server))
	if conns := size * k.f.linePools(p); ok && conns > s.MaxConnections.N && !k.f.Oversubscribed.On {
		k.Fault(path, "is %d: × %d pools of the line make %d connections, and %s has max_connections %d; write "+
			"oversubscribed: true "+
			"on the top level if that is meant",
			size, k.f.linePools(p), conns, s.Name, s.MaxConnections.N)
	}
}
