package load

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// ScvFactor returns the factor by which waits differ from those of M/M/c, (Ca² + Cs²)/2. Source: Allen and Cunneen,
// as queue.AllenCunneen. A load whose variation is not known has 1.
func ScvFactor(l Load) float64 {
	f := queue.AllenCunneen(l.ArrivalSCV, l.HoldSCV)
	if f == 0 {
		return 1
	}
	return f
}

// Z95 is the 97.5 % quantile of the normal distribution.
const Z95 = 1.959963984540054

// highest returns limits with the most direct sessions that they or those before have seen; what pools have let go does
// not come back.
func highest(before, now []fleet.ConnLimit) []fleet.ConnLimit {
	now = slices.Clone(now)
	for i, l := range now {
		for _, was := range before {
			if was.Name == l.Name {
				now[i].DirectConns = max(l.DirectConns, was.DirectConns)
			}
		}
	}
	return now
}

// Load is what one pool is asked to carry, with the evidence for it.
type Load struct {
	Pool    string `json:"pool"` // group/alias
	Erlangs Range  `json:"load_erlangs"`
	AtLeast bool   `json:"at_least"` // the pool hides its demand: Erlangs is a lower bound
	// DayErlangs is the highest mean of 24 hours; 0: not known. ByDay: Erlangs are those, as the pool is meant to queue.
	DayErlangs float64       `json:"day_erlangs,omitempty"`
	ByDay      bool          `json:"by_day,omitempty"`
	PerSec     float64       `json:"arrivals_per_sec"` // transactions that arrive per second
	MeanHold   time.Duration `json:"mean_hold_ns"`     // mean time that a transaction holds a server connection
	// squared coefficient of variation of times between arrivals; 1 = Poisson
	ArrivalSCV float64         `json:"arrival_scv"`
	HoldSCV    float64         `json:"hold_scv"`                  // of the holds; 1 = exponential
	CPUPerXact time.Duration   `json:"cpu_per_xact_ns,omitempty"` // CPU time of one transaction; 0: not known
	LinePools  []LinePoolShare `json:"line_pools"`                // sorted; shares sum to 1
	Window     time.Duration   `json:"window_ns"`                 // time over which the load was measured
	Xacts      int64           `json:"xacts"`                     // transactions that arrived in Window
	// of Xacts, those that left unserved, about: query_wait_timeout, or the client went away
	TimedOut     int64   `json:"timed_out"`
	ServedPerSec float64 `json:"served_per_sec"` // transactions that got a connection, per second
	// session pooling: Erlangs are held, not used, connections
	Session  bool    `json:"session,omitempty"`
	Censored float64 `json:"censored"` // share of the samples of which the pool was full
	Method   Method  `json:"method"`
	// seconds per transaction that got a connection, as PgBouncer counted them; unknown: none got one
	MeanWaitSeen fleet.Float `json:"mean_wait_seen_seconds"`
	InSystem     fleet.Float `json:"clients_in_system"` // mean clients that hold or want a connection
	// why nothing can be said; none: something can
	Unknown verdict.Printed `json:"unknown,omitzero"`
	// what a person should know of the estimate, a sentence each
	Notes []string `json:"notes,omitempty"`
}

// Held reports whether the Erlangs are connections that sessions hold: there is no queue behind them that more would
// shorten.
func (l Load) Held() bool { return l.Session && l.Method != MethodDeclared }

// Range is a load in Erlangs: what is sure, what to plan for, and what a promise must survive. Lower <= Target <=
// Upper. A fraction of a shift, 0..1, is a Range, too.
type Range struct {
	Lower  float64 `json:"lower"`  // what is sure
	Target float64 `json:"target"` // what a plan serves at least cost
	Upper  float64 `json:"upper"`  // at which every promise must hold
}

// LinePoolShare is the share of a pool's load that one pool of the line carries.
type LinePoolShare struct {
	Process string  `json:"process"`
	User    string  `json:"user"`
	Share   float64 `json:"share"`            // 0..1
	Approx  bool    `json:"approx,omitempty"` // split by sv_active among users: PgBouncer counts per database only
}

// Method names how a load was found.
type Method string

// How a load can be found.
const (
	MethodCounters    Method = "counters"        // Δ(total_xact_time − total_wait_time)
	MethodFlowBalance Method = "flow balance"    // a full pool: arrivals × hold, the hold from those that were served
	MethodInteractive Method = "interactive law" // closed clients, think time known from a time when the pool was not full
	MethodBusy        Method = "busy, at least"  // closed clients hide their demand
	MethodGauge       Method = "gauge, at least" // session pooling: only sv_active tells
	MethodHistory     Method = "history"         // one-minute loads over the lookback
	MethodDeclared    Method = "declared"        // written in the config
	MethodNone        Method = "none"            // never used while observed
)
