package config

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner"
)

// Bounds beyond which a number is a slip of the hand rather than a fleet.
const (
	maxConns  = 262143 // PostgreSQL's MAX_BACKENDS
	maxCopies = 4096   // processes × users of one pool. chosen
	maxRate   = 1e7    // transactions per second
	maxHold   = 24 * 3600
	maxCores  = 4096
	maxSCV    = 1e4
	maxWeight = 1e6
)

// checker collects faults with their places.
type checker struct {
	c      *Config
	faults []error
}

func (k *checker) fault(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, v := range slices.SortedFunc(maps.Keys(k.c.values), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) }) {
		text = strings.ReplaceAll(text, v, k.c.values[v]) // what a variable brought in may be a secret
	}
	k.faults = append(k.faults, Fault{k.c.Where(path), path + " " + text})
}

func (k *checker) int(path string, v Int, lo, hi int) {
	switch {
	case !v.Set:
	case v.bad != "":
		k.fault(path, "%s", v.bad)
	case v.N < lo || v.N > hi:
		k.fault(path, "is %d, want %d to %d", v.N, lo, hi)
	}
}

func (k *checker) num(path string, v Num, lo, hi float64) {
	switch {
	case !v.Set:
	case v.bad != "":
		k.fault(path, "%s", v.bad)
	case v.F < lo || v.F > hi:
		k.fault(path, "is %g, want %g to %g", v.F, lo, hi)
	}
}

func (k *checker) dur(path string, v Dur, hiSeconds float64) {
	switch {
	case !v.Set:
	case v.bad != "":
		k.fault(path, "%s", v.bad)
	case v.D.Seconds() > hiSeconds:
		k.fault(path, "is %s, want at most %g s", v.D, hiSeconds)
	}
}

func (k *checker) share(path string, v Share) {
	if v.Set && v.bad != "" {
		k.fault(path, "%s", v.bad)
	}
}

func (k *checker) oneOf(path, v string, allowed ...string) {
	for _, a := range allowed {
		if v == a {
			return
		}
	}
	if v != "" {
		k.fault(path, "is %q, want %s", v, strings.Join(allowed, ", "))
	}
}

// name checks a required name; seen maps names to where they stood first.
func (k *checker) name(path, v string, seen map[string]string) {
	switch {
	case v == "":
		k.fault(path, "is missing or empty")
	case strings.ContainsAny(v, " \t\n"):
		k.fault(path, "is %q: a name has no blanks", v)
	case seen[v] != "":
		k.fault(path, "is %q, which stands at %s already", v, seen[v])
	default:
		seen[v] = k.c.Where(path)
	}
}

// validate returns every fault of the file.
func (c *Config) validate() []error {
	k := &checker{c: c}
	servers, groups := map[string]string{}, map[string]string{}
	for i, s := range c.Servers {
		k.server(fmt.Sprintf("servers[%d]", i), s, servers)
	}
	for i, g := range c.Groups {
		path := fmt.Sprintf("groups[%d]", i)
		k.name(path+".name", g.Name, groups)
		if strings.Contains(g.Name, "/") {
			k.fault(path+".name", "is %q: a group's name has no slash", g.Name)
		}
		if len(g.Processes) == 0 {
			k.fault(path+".processes", "is missing or empty: list each process's console")
		}
		for j, p := range g.Processes {
			if p.Console == "" {
				k.fault(fmt.Sprintf("%s.processes[%d].console", path, j), "is missing or empty")
			}
		}
	}
	pools := map[string]string{}
	for i, p := range c.Pools {
		k.pool(fmt.Sprintf("pools[%d]", i), p, pools, servers)
	}
	for i, l := range c.Ledger {
		path := fmt.Sprintf("ledger[%d]", i)
		k.known(path+".server", l.Server, servers)
		if l.Name == "" {
			k.fault(path+".name", "is missing or empty")
		}
		if !l.Conns.Set {
			k.fault(path+".conns", "is missing")
		}
		k.int(path+".conns", l.Conns, 0, maxConns)
	}
	k.prometheus()
	for i, s := range c.Saturation {
		k.signal(fmt.Sprintf("saturation[%d]", i), s, servers)
	}
	k.share("deadband", c.Deadband)
	return k.faults
}

func (k *checker) server(path string, s Server, seen map[string]string) {
	k.name(path+".name", s.Name, seen)
	k.int(path+".max_connections", s.MaxConnections, 1, maxConns)
	k.int(path+".superuser_reserved_connections", s.SuperuserReservedConnections, 0, maxConns)
	k.int(path+".reserved_connections", s.ReservedConnections, 0, maxConns)
	k.num(path+".cores", s.Cores, 0.1, maxCores)
	if h := s.Headroom.Connections; h.Set && h.bad != "" {
		k.fault(path+".headroom.connections", "%s", h.bad)
	} else if h.Conns != nil && (*h.Conns < 0 || *h.Conns > maxConns) {
		k.fault(path+".headroom.connections", "is %d, want 0 to %d", *h.Conns, maxConns)
	}
	k.share(path+".headroom.cpu", s.Headroom.CPU)
	k.oneOf(path+".direct.count", s.Direct.Count, "peak", "p99")
	k.int(path+".direct.conns", s.Direct.Conns, 0, maxConns)
	if s.DSN == "" && !s.MaxConnections.Set {
		k.fault(path, "has neither dsn: nor max_connections:, so its limit cannot be known")
	}
	if (s.CPU != "" || s.Metrics != "" || s.Direct.Query != "") && k.c.Prometheus == nil {
		k.fault(path, "has a query, but there is no prometheus: to ask")
	}
}

func (k *checker) known(path, server string, servers map[string]string) {
	if server == "" {
		k.fault(path, "is missing or empty")
	} else if servers[server] == "" {
		k.fault(path, "is %q, which is not among servers:", server)
	}
}

func (k *checker) pool(path string, p Pool, seen, servers map[string]string) {
	k.name(path+".pool", p.Pool, seen)
	if g, a, ok := strings.Cut(p.Pool, "/"); p.Pool != "" && (!ok || g == "" || a == "") {
		k.fault(path+".pool", "is %q, want group/alias", p.Pool)
	}
	if p.Server != "" && p.Server != planner.Elsewhere {
		k.known(path+".server", p.Server, servers)
	}
	k.int(path+".min", p.Min, 1, maxConns)
	k.int(path+".max", p.Max, 1, maxConns)
	if p.Min.Set && p.Max.Set && p.Max.bad == "" && p.Min.bad == "" && p.Min.N > p.Max.N {
		k.fault(path+".min", "is %d, above max %d", p.Min.N, p.Max.N)
	}
	k.num(path+".weight", p.Weight, 1e-6, maxWeight)
	k.share(path+".utilization", p.Utilization)
	if p.Utilization.Set && p.Utilization.bad == "" && (p.Utilization.F < 0.01 || p.Utilization.F > 0.99) {
		k.fault(path+".utilization", "is %g, want 0.01 to 0.99", p.Utilization.F)
	}
	k.dur(path+".max_wait.mean", p.MaxWait.Mean, maxHold)
	k.dur(path+".max_wait.p99", p.MaxWait.P99, maxHold)
	k.int(path+".survive_loss", p.SurviveLoss, 0, maxCopies)
	k.oneOf(path+".count", p.Count, "worst", "peak", "p99")
	if p.Reserve != nil {
		k.int(path+".reserve.min", p.Reserve.Min, 0, maxConns)
		k.int(path+".reserve.max", p.Reserve.Max, 0, maxConns)
		if !p.Reserve.Max.Set {
			k.fault(path+".reserve.max", "is missing")
		} else if p.Reserve.Min.N > p.Reserve.Max.N {
			k.fault(path+".reserve.min", "is %d, above max %d", p.Reserve.Min.N, p.Reserve.Max.N)
		}
	}
	if p.Size.Set && p.Size.bad == "" && p.Size.N == 0 {
		k.fault(path+".size", "is 0: PgBouncer 1.24 and later take that as unlimited, earlier ones as one connection; write what is meant")
	} else {
		k.int(path+".size", p.Size, 1, maxConns)
	}
	k.int(path+".reserve_size", p.ReserveSize, 0, maxConns)
	k.int(path+".copies", p.Copies, 1, maxCopies)
	k.int(path+".max_db_connections", p.MaxDBConnections, 0, maxConns)
	k.load(path+".load", p.Load)
}

func (k *checker) load(path string, l *Load) {
	if l == nil {
		return
	}
	if !l.ArrivalsPerSec.Set {
		k.fault(path+".arrivals_per_sec", "is missing")
	}
	if !l.MeanHold.Set {
		k.fault(path+".mean_hold", "is missing")
	}
	k.num(path+".arrivals_per_sec", l.ArrivalsPerSec, 0, maxRate)
	k.dur(path+".mean_hold", l.MeanHold, maxHold)
	k.num(path+".arrival_scv", l.ArrivalSCV, 0, maxSCV)
	k.num(path+".hold_scv", l.HoldSCV, 0, maxSCV)
	k.dur(path+".cpu_per_xact", l.CPUPerXact, maxHold)
	if a := l.ArrivalsPerSec.F * l.MeanHold.D.Seconds(); a > maxConns {
		k.fault(path, "is %g Erlangs: more than any PostgreSQL has connections (%d)", a, maxConns)
	}
}

func (k *checker) prometheus() {
	p := k.c.Prometheus
	if p == nil {
		return
	}
	u, err := url.Parse(p.URL)
	switch {
	case p.URL == "":
		k.fault("prometheus.url", "is missing or empty")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		k.fault("prometheus.url", "is not an http or https URL") // it is not repeated: it may carry a password
	}
	k.dur("prometheus.lookback", p.Lookback, 366*24*3600)
}

func (k *checker) signal(path string, s Signal, servers map[string]string) {
	if s.Name == "" {
		k.fault(path+".name", "is missing or empty")
	}
	if s.Server != "" {
		k.known(path+".server", s.Server, servers)
	}
	k.oneOf(path+".builtin", s.Builtin, "cpu", "waiting", "maxwait", "backends", "lag")
	if s.Builtin == "" && s.Query == "" {
		k.fault(path, "has neither builtin: nor query:")
	}
	k.num(path+".hold", s.Hold, 0, 1e12)
	k.num(path+".resume", s.Resume, 0, 1e12)
	k.num(path+".abort", s.Abort, 0, 1e12)
	if s.Builtin == "cpu" && s.Hold.Set && s.Hold.bad == "" && (s.Hold.F > 1 || s.Hold.F < 0.1) {
		k.fault(path+".hold", "is %g, want a ratio of 0.1 to 1", s.Hold.F)
	}
	if !s.Hold.Set {
		k.fault(path+".hold", "is missing")
	}
}
