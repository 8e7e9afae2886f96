package sim

import (
	"time"
)

// Spec is a whole world before its first event: servers, processes, pools, who asks for what, and what will go wrong.
// It is a value; New checks it and reports every fault at once. Times called At and From count from Start.
type Spec struct {
	Start   time.Time // what Now returns at virtual time 0; the zero value is Epoch
	Servers []ServerSpec
	Groups  []GroupSpec
	Pools   []PoolSpec
	Caps    []CapSpec
	Loads   []LoadSpec
	Shifts  []ShiftSpec // traffic switches
	Script  []Action
	Faults  []Fault
	Signals []SignalSpec
	// MaxEvents stops a world that takes far more than was expected of it: Sleep fails then. 0: it is not stopped.
	MaxEvents int64
	// SampleLatency is the virtual time that one Observe takes. 0 is DefaultSampleLatency.
	SampleLatency time.Duration
}

// Epoch is when a world begins unless its Spec says otherwise. chosen: a Monday at midnight, so that diurnal curves
// and windows read naturally.
var Epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// ServerSpec is one PostgreSQL server: its slots, its CPU, and what takes them besides the pools.
type ServerSpec struct {
	Name                   string
	MaxConns               int // max_connections
	SuperuserReservedConns int
	ReservedConns          int
	Budget                 int     // conns that pools and what else is counted against them may take; 0: not checked
	Cores                  float64 // 0: CPU is not modelled, holds never stretch
	// contention and coherency of CPU work, >= 0, no unit; the rate stands at type cpu. Source: Gunther's universal
	// scalability law
	Sigma, Kappa    float64
	BackgroundCores float64 // taken by work that is not the pools', always
	DirectConns     int     // connections past every PgBouncer, always
	Roles           []LimitSpec
	LoginLatency    time.Duration // from the start of a login to its end; 0 is DefaultLoginLatency
	// from PgBouncer's close to the backend's end, when no query runs; 0 is DefaultExitLatency
	ExitLatency time.Duration
}

// CapSpec is what pools of one server may have open together. Nothing in the world keeps it: times at which it is
// exceeded are counted.
type CapSpec struct {
	Pools []string // group/alias
	Conns int
}

// LimitSpec is ALTER ROLE … CONNECTION LIMIT.
type LimitSpec struct {
	Role  string
	Conns int
}

// GroupSpec is the PgBouncer processes that play one role.
type GroupSpec struct {
	Name      string
	Processes int       // named Name/1, Name/2, …
	Version   string    // "1.18" or "1.24": what RELOAD answers, whether assignments are counted, forced users' limits
	Weights   []float64 // how a balancer spreads clients over the processes; nil: evenly
	Settings  Settings
}

// Settings are the [pgbouncer] keys that matter here. The zero value of each is PgBouncer's default where the comment
// names one; Disabled switches a time-out off.
type Settings struct {
	ReservePoolTimeout time.Duration // 0 is 5 s
	QueryWaitTimeout   time.Duration // 0 is 120 s
	ServerLifetime     time.Duration // 0 is 1 h
	ServerIdleTimeout  time.Duration // 0 is 10 min
	ServerLoginRetry   time.Duration // 0 is 15 s
	ServerCheckDelay   time.Duration // 0 is 30 s
	ServerRoundRobin   bool          // server_round_robin: the connection idle for longest first; false: the newest first
	MaxClientConns     int           // waiting and served clients of one process; 0 is DefaultMaxClients
	MaxUserConns       int           // max_user_connections of the process; 0: none
}

// Disabled is a time-out of 0 in PgBouncer's own terms.
const Disabled = time.Duration(-1)

// Mode is a pool_mode of PgBouncer.
type Mode string

// The pool modes that are simulated.
const (
	Transaction Mode = "transaction" // a connection serves one transaction at a time
	Session     Mode = "session"     // a connection belongs to a client until the client leaves
)

// PoolSpec is one pool_size line of one group: each process of the group has one pool per user for it.
type PoolSpec struct {
	ID           string // group/alias
	Server       string
	Database     string // in PostgreSQL; empty: the alias
	Mode         Mode   // empty: Transaction
	SizeConns    int
	ReserveConns int
	MinConns     int
	MaxDBConns   int // 0: none
	// query_wait_timeout of the line, which PgBouncer has after 1.25; 0: the process's
	WaitTimeout time.Duration
	Users       []UserShare // empty: one user "app"
	ForceUser   bool        // user= in the line: one pool for whoever the client is; Users has one entry
}

// UserShare is one user of a pool and its share of the pool's load. Shares are normalised.
type UserShare struct {
	Name  string
	Share float64
}

// LoadSpec is one stream of transactions (in session pools: of sessions) for one pool. A pool may have several.
// Either Open or Closed is set.
type LoadSpec struct {
	Name   string // empty: Pool. Its random streams follow from it
	Pool   string
	Open   *OpenSpec
	Closed *ClosedSpec
	Hold   Law     // time that a transaction holds its connection when the CPU is free
	CPU    float64 // share of the hold that is CPU time, 0..1
	Idle   float64 // share of the hold that the session is idle in transaction (session pools: outside of one), 0..1
	Vanish float64 // probability that the client vanishes while its query runs, 0..1
}

// OpenSpec is arrivals that do not care how the pool fares.
type OpenSpec struct {
	PerSec float64
	SCV    float64     // of the times between arrivals: 0 is 1, Poisson; Deterministic makes them equal
	Burst  *BurstSpec  // nil: none
	Curve  []CurvePart // nil: flat; else a multiple of PerSec over time, repeated
	Sine   *SineSpec   // nil: none
}

// Deterministic as an SCV makes times between arrivals equal.
const Deterministic = -1

// BurstSpec is a Markov-modulated Poisson process of two states: rate × Low and × High, exponential stays.
type BurstSpec struct {
	Low, High         float64       // multiples of PerSec, >= 0
	LowMean, HighMean time.Duration // mean stay in each state, > 0
}

// SineSpec multiplies the rate by 1 + Amplitude·sin(2π(t/Period − Phase)).
type SineSpec struct {
	Amplitude float64 // 0..1
	Period    time.Duration
	Phase     float64 // of a period, 0..1
}

// CurvePart is one corner of a piecewise linear curve; the curve returns to its first corner after the last At.
type CurvePart struct {
	At    time.Duration
	Times float64 // multiple of PerSec, >= 0
}

// ClosedSpec is clients that think, ask, wait, and think again.
type ClosedSpec struct {
	Clients int // how many, over all pools of the line
	Think   Law // time from the end of a transaction to the client's next
}

// LawKind names a distribution.
type LawKind string

// The distributions.
const (
	Exponential      LawKind = "exponential"      // SCV 1
	Fixed            LawKind = "deterministic"    // SCV 0
	Lognormal        LawKind = "lognormal"        // any SCV > 0
	Hyperexponential LawKind = "hyperexponential" // two phases with balanced means, SCV > 1
	Quantiles        LawKind = "quantiles"        // linear between given quantiles
)

// Law is a distribution of times. Mean and SCV (variance/mean²) follow from Points for Quantiles.
type Law struct {
	Kind   LawKind // empty: Exponential
	Mean   time.Duration
	SCV    float64 // Lognormal: > 0; Hyperexponential: >= 1
	Points []QuantilePoint
}

// QuantilePoint says that a share P of the times is at most D. Points begin at P 0, end at P 1, and rise.
type QuantilePoint struct {
	P float64
	D time.Duration
}

// ShiftSpec is a traffic switch: at X % a share Fraction·X/100 of the From pool's arrivals goes to the To pool; of
// several from one pool, each takes its share of what those before it leave.
type ShiftSpec struct {
	From, To string
	Fraction float64
	Percent  float64 // at the start
}

// ActionKind is what an Action does.
type ActionKind string

// The actions, all of which take effect at once for new logins, as RELOAD and the console commands do.
const (
	SetSize    ActionKind = "size"      // pool_size of Pool to Conns in the file, RELOAD
	SetReserve ActionKind = "reserve"   // reserve_pool_size likewise
	Reconnect  ActionKind = "reconnect" // RECONNECT Pool's alias on every process
	// server_lifetime of Pool's alias to For (1.23 and later), RELOAD; 0 takes it out again
	SetLifetime ActionKind = "lifetime"
	SetShare    ActionKind = "share" // the first traffic switch to Percent
)

// Action is one scripted change. Which of the fields count, its Kind says.
type Action struct {
	At      time.Duration // from Start
	Kind    ActionKind
	Pool    string
	Conns   int           // of SetSize and SetReserve
	For     time.Duration // of SetLifetime
	Percent float64       // of SetShare, 0..100
}

// FaultKind names what goes wrong.
type FaultKind string

// The faults. Each begins at From and ends after For (0: never), and where Every is set comes again.
const (
	Autovacuum   FaultKind = "autovacuum"    // Cores of Server are gone
	DirectConns  FaultKind = "direct"        // Conns connections past every PgBouncer: cron jobs, a forgotten psql
	Pile         FaultKind = "pile"          // the clients of Process reconnect to its siblings
	Surge        FaultKind = "surge"         // arrivals of Pool × Times
	SlowPlan     FaultKind = "slow"          // holds of Pool × Times, CPU included
	LostScrape   FaultKind = "scrape"        // no sample of any signal is taken
	Silent       FaultKind = "silent"        // Process serves its clients and its console does not answer
	SilentReload FaultKind = "silent-reload" // a RELOAD on Process fails and, before 1.25, says it did not
	HostLost     FaultKind = "host-lost"     // Process is gone, its clients turn to its siblings, and then it is back
	PutBack      FaultKind = "put-back"      // configuration management writes pool_size of Pool back to Conns, RELOAD
)

// Fault is one thing that goes wrong. Which of the fields count, its Kind says.
type Fault struct {
	Kind    FaultKind
	From    time.Duration // from Start
	For     time.Duration // how long; 0: to the end
	Every   time.Duration // from one beginning to the next, > For; 0: once
	Server  string
	Process string // group/number; empty for SilentReload and Silent: every process
	Pool    string
	Cores   float64 // of Autovacuum, > 0
	Conns   int     // of DirectConns and PutBack
	Times   float64 // of Surge and SlowPlan, a factor > 0
}

// SignalSpec is one saturation signal as a scraper sees it.
type SignalSpec struct {
	Name     string
	Server   string
	Builtin  string        // see Modelled; anything else reads as an error
	Interval time.Duration // between scrapes; 0 is DefaultScrape
	Lag      time.Duration // from the sample to when it can be read
}

// Defaults of what a Spec leaves out.
const (
	DefaultSampleLatency = 10 * time.Millisecond // chosen: 10 ms, because a sample of a near fleet takes about that
	DefaultLoginLatency  = 5 * time.Millisecond  // measured on loopback: 2 → 10 connections in 45 ms
	DefaultExitLatency   = time.Millisecond      // measured: an idle backend is gone within a few ms
	DefaultScrape        = 15 * time.Second      // Prometheus's usual scrape_interval
	// clients of one process. chosen: 10,000, because who runs several PgBouncers has thousands of clients; PgBouncer's
	// own default is 100
	DefaultMaxClients = 10000
	// server_check_query's round trip. chosen: 300 µs, because a query within one rack takes about that
	CheckLatency = 300 * time.Microsecond
)
