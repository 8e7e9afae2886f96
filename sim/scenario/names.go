package scenario

import (
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/sim"
)

// Unit is what a named result is measured in.
type Unit string

// The units. Counts are of one run, from the end of the warm-up on.
const (
	Count   Unit = "count"   // how often something happened
	Conns   Unit = "conns"   // server connections
	Waiters Unit = "clients" // clients that wait for a connection
	Erlangs Unit = "erlangs" // mean connections in use
	Seconds Unit = "seconds" // virtual time
	Ratio   Unit = "ratio"   // 0..1
)

// Scope is what has a named result.
type Scope string

// The scopes.
const (
	OfPool   Scope = "pool"   // a pool, or all of them together
	OfServer Scope = "server" // a server, or all of them
	OfRun    Scope = "run"    // the controller's run, where there is one
)

// Name is one result of a run that an expectation may name.
type Name struct {
	Name    string // as it stands in expect: and in reports
	Unit    Unit
	Of      Scope
	Meaning string // one line of the table of names, for a person

	highest bool // of a run
	pool    func(sim.PoolResults) float64
	server  func(sim.ServerResults) float64
	run     func(sim.RunResults) float64
}

// Counts says whether the number counts something or is the highest of its run, so that every run must meet what is
// expected of it; of the others the mean over all runs must.
func (n Name) Counts() bool {
	return n.highest || n.Unit == Count || n.Unit == Conns || n.Unit == Waiters
}

// Names are the named results, in the order in which they are shown.
var Names = []Name{
	{Name: "arrivals", Unit: Count, Of: OfPool, Meaning: "transactions asked for",
		pool: func(r sim.PoolResults) float64 { return float64(r.Arrivals) }},
	{Name: "done", Unit: Count, Of: OfPool, Meaning: "transactions that ended",
		pool: func(r sim.PoolResults) float64 { return float64(r.Done) }},
	{Name: "timed_out", Unit: Count, Of: OfPool, Meaning: "clients sent away by query_wait_timeout",
		pool: func(r sim.PoolResults) float64 { return float64(r.TimedOut) }},
	{Name: "refused", Unit: Count, Of: OfPool,
		Meaning: "clients sent away because no login worked, by max_client_conn, or cut off with their process",
		pool:    func(r sim.PoolResults) float64 { return float64(r.Refused) }},
	{Name: "vanished", Unit: Count, Of: OfPool, Meaning: "clients that vanished while their query ran",
		pool: func(r sim.PoolResults) float64 { return float64(r.Vanished) }},
	{Name: "waited", Unit: Count, Of: OfPool, Meaning: "transactions that waited for their connection",
		pool: func(r sim.PoolResults) float64 { return float64(r.Waited) }},
	{Name: "unserved", Unit: Count, Of: OfPool,
		Meaning: "clients that still wait at the end; in the waits they count with what they have waited so far",
		pool:    func(r sim.PoolResults) float64 { return float64(r.Unserved) }},
	{Name: "wait_mean", Unit: Seconds, Of: OfPool,
		Meaning: "mean wait: of who got a connection, was sent away by query_wait_timeout, or still waits at the end",
		pool:    waitMean},
	{Name: "wait_p50", Unit: Seconds, Of: OfPool, Meaning: "wait that half of these did not exceed",
		pool: waitQuantile(0.50)},
	{Name: "wait_p90", Unit: Seconds, Of: OfPool, Meaning: "wait that 90 % did not exceed", pool: waitQuantile(0.90)},
	{Name: "wait_p99", Unit: Seconds, Of: OfPool, Meaning: "wait that 99 % did not exceed", pool: waitQuantile(0.99)},
	{Name: "wait_max", Unit: Seconds, Of: OfPool, Meaning: "longest wait", highest: true, pool: waitQuantile(1)},
	{Name: "busy", Unit: Erlangs, Of: OfPool, Meaning: "mean connections that served a transaction",
		pool: func(r sim.PoolResults) float64 { return r.BusyErlangs }},
	{Name: "max_waiting", Unit: Waiters, Of: OfPool, Meaning: "most clients that waited at one time",
		pool: func(r sim.PoolResults) float64 { return float64(r.MaxWaiting) }},
	{Name: "max_conns", Unit: Conns, Of: OfPool, Meaning: "most server connections at one time, logins included",
		pool: func(r sim.PoolResults) float64 { return float64(r.MaxConns) }},
	{Name: "logins_failed", Unit: Count, Of: OfPool, Meaning: "logins that PostgreSQL refused",
		pool: func(r sim.PoolResults) float64 { return float64(r.LoginsFailed) }},
	{Name: "budget_violations", Unit: Count, Of: OfServer, Meaning: "times at which the worst case rose above the budget",
		server: func(r sim.ServerResults) float64 { return float64(r.BudgetViolations) }},
	{Name: "over_budget", Unit: Seconds, Of: OfServer, Meaning: "how long it was above",
		server: func(r sim.ServerResults) float64 { return r.OverBudget.Seconds() }},
	{Name: "cap_violations", Unit: Count, Of: OfServer,
		Meaning: "times at which the pools of a cap had more connections open than it allows",
		server:  func(r sim.ServerResults) float64 { return float64(r.CapViolations) }},
	{Name: "max_backends", Unit: Conns, Of: OfServer, Meaning: "most backends at one time, direct ones included",
		server: func(r sim.ServerResults) float64 { return float64(r.MaxBackends) }},
	{Name: "logins_refused", Unit: Count, Of: OfServer,
		Meaning: "logins without a slot, or above a role's limit, direct ones included",
		server:  func(r sim.ServerResults) float64 { return float64(r.LoginsRefused) }},
	{Name: "worst_conns", Unit: Conns, Of: OfServer,
		Meaning: "highest worst case: what sizes allow or is there, direct and orphaned backends",
		server:  func(r sim.ServerResults) float64 { return float64(r.WorstConns) }},
	{Name: "orphans", Unit: Count, Of: OfServer, Meaning: "backends that worked on for nobody",
		server: func(r sim.ServerResults) float64 { return float64(r.Orphans) }},
	{Name: "cpu_mean", Unit: Ratio, Of: OfServer, Meaning: "mean use of all cores",
		server: func(r sim.ServerResults) float64 { return r.CPUMean }},
	{Name: "cpu_max", Unit: Ratio, Of: OfServer, Meaning: "highest mean over a step of the timeline", highest: true,
		server: func(r sim.ServerResults) float64 { return r.CPUMax }},
	{Name: "run_done", Unit: Count, Of: OfRun,
		Meaning: "1 where the controller reached its plan, or took as many steps as it was asked for",
		run:     func(r sim.RunResults) float64 { return b2f(r.Outcome == "done") }},
	{Name: "run_time", Unit: Seconds, Of: OfRun, Meaning: "from its start to its end, or to the end of the horizon",
		run: func(r sim.RunResults) float64 { return r.Took.Seconds() }},
	{Name: "run_held", Unit: Seconds, Of: OfRun, Meaning: "of that, how long nothing moved because of a signal or a doubt",
		run: func(r sim.RunResults) float64 { return r.Held.Seconds() }},
	{Name: "steps", Unit: Count, Of: OfRun, Meaning: "steps that it finished",
		run: func(r sim.RunResults) float64 { return float64(r.Steps) }},
	{Name: "undone", Unit: Count, Of: OfRun, Meaning: "releases that it undid, and steps that it took back",
		run: func(r sim.RunResults) float64 { return float64(r.Undone) }},
}

// waitMean is NaN where nobody came, as waitQuantile. Who got no connection has waited, too: at least for as long as is
// known.
func waitMean(r sim.PoolResults) float64 {
	n := r.Assigned + r.Unmet.Count()
	if n == 0 {
		return math.NaN()
	}
	return (r.WaitSum + r.UnmetSum) / float64(n)
}

// waitQuantile is NaN where nobody came, and counts who got no connection as waitMean does: a pool that served nobody
// must not pass for one without waits.
func waitQuantile(p float64) func(sim.PoolResults) float64 {
	return func(r sim.PoolResults) float64 {
		var all sim.Histogram
		all.Merge(r.Wait)
		all.Merge(r.Unmet)
		if all.Count() == 0 {
			return math.NaN()
		}
		return all.Quantile(p).Seconds()
	}
}

// NameOf returns the named result of that name.
func NameOf(name string) (Name, bool) {
	i := slices.IndexFunc(Names, func(n Name) bool { return n.Name == name })
	if i < 0 {
		return Name{}, false
	}
	return Names[i], true
}

// Value reads the number from a run's results: of one pool or server, or, where subject is empty, of all together: of
// pools their total, of servers the sum of counts and the highest of the rest. It is false where there is none.
func (n Name) Value(r sim.Results, subject string) (float64, bool) {
	if n.Of == OfPool {
		if subject == "" {
			return finite(n.pool(r.Total))
		}
		i := slices.IndexFunc(r.Pools, func(p sim.PoolResults) bool { return p.ID == subject })
		if i < 0 {
			return 0, false
		}
		return finite(n.pool(r.Pools[i]))
	}
	if n.Of == OfRun {
		if r.Run == nil {
			return 0, false
		}
		return finite(n.run(*r.Run))
	}
	value, found := 0.0, false
	for _, s := range r.Servers {
		if subject != "" && s.Name != subject {
			continue
		}
		v, ok := finite(n.server(s))
		switch {
		case !ok && n.Unit == Ratio:
			return 0, false // the highest of all is not known where one is not
		case !ok:
		case n.Unit == Count:
			value += v
		default:
			value = max(value, v)
		}
		found = found || ok
	}
	return value, found
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
