package sim

import "time"

// Results is what one world showed between the end of the warm-up and its present. Times are virtual.
type Results struct {
	Span    time.Duration // from the end of the warm-up on
	Events  int64         // of the engine, since the start
	Total   PoolResults
	Pools   []PoolResults // sorted by id, every process and user together
	Servers []ServerResults
	Run     *RunResults // nil: no controller moved anything
}

// RunResults is what a controller did. The world does not know of it: whoever runs one fills it in.
type RunResults struct {
	Outcome string        // "" while it runs
	Reason  string        // why it ended so, a sentence
	Took    time.Duration // from its first action to its end
	Held    time.Duration // of Took, the time in which a signal held it
	Steps   int           // steps that were completed
	Undone  int           // releases undone and steps taken back (a count)
}

// PoolResults counts one pool's transactions, and sums over all pools as Total.
type PoolResults struct {
	ID       string    // group/alias; empty in Total
	Arrivals int64     // transactions asked for
	Done     int64     // transactions that ended
	Assigned int64     // transactions that got a connection
	Waited   int64     // transactions of Assigned that had to wait
	TimedOut int64     // sent away by query_wait_timeout
	Refused  int64     // sent away because no login worked, or by max_client_conn
	Vanished int64     // clients that vanished while their query ran
	WaitSum  float64   // seconds, of those assigned
	Unserved int       // clients that wait now
	Wait     Histogram // of those assigned
	// waits without a connection at their end: of those timed out, and of those who wait now, so far
	Unmet        Histogram
	UnmetSum     float64 // seconds, of those
	BusyErlangs  float64 // mean connections held by transactions
	MaxWaiting   int     // most clients that waited at one time, over all pools of the line
	MaxConns     int     // most server connections open at one time, logins included
	LoginsFailed int64   // logins that PostgreSQL refused
}

// ServerResults is one PostgreSQL server's side.
type ServerResults struct {
	Name             string
	MaxBackends      int           // most backends at one time, direct ones included
	LoginsRefused    int64         // logins: no slot was left, or a role's limit was reached
	BudgetViolations int64         // times at which the worst case rose above the budget
	OverBudget       time.Duration // how long the worst case was above the budget
	CapViolations    int64         // times at which the pools of a cap had more open than it allows
	WorstConns       int           // highest worst case of the pools, with direct and orphaned backends
	Orphans          int64         // backends that worked on for a client that had vanished
	CPUMean          float64       // of all cores, 0..1
	CPUMax           float64       // highest mean over a timeline step
}

// Sample is one row of the timeline: gauges at At, and rates since the sample before.
type Sample struct {
	At      time.Duration
	Servers []ServerSample
	Pools   []PoolSample
	Faults  []string // that are on, or were since the sample before
}

// ServerSample is one server at one time.
type ServerSample struct {
	Name     string
	Backends int // all, direct ones included
	Direct   int // backends past every PgBouncer
	Leaving  int // backends let go and still running, orphans included
	Worst    int // worst case that counts against Budget
	Budget   int // 0: not checked
	MaxConns int
	CPU      float64 // mean since the sample before; NaN where CPU is not modelled
}

// PoolSample is one pool at one time, all pools of the line together.
type PoolSample struct {
	ID      string        // group/alias
	Server  string        // on which it opens its connections
	Allowed int           // connections that the sizes of its lines allow
	Size    int           // pool_size as most processes have it
	Conns   int           // server connections, logins included
	Active  int           // connections that serve a transaction
	Waiting int           // clients that wait
	WaitAvg time.Duration // mean wait of those assigned since the sample before
}
