package planner

import "time"

// Defaults of what a user may set, each a key of the config and a row of `pgbudget init --reference`; and the constants
// beside them that are no keys: HeadroomLeast, LeastGain, DeadbandClients, CPUHoldMargin, Window (a flag).
const (
	DefaultHeadroomShare  = 0.05                   // of max_connections, never planned
	DefaultHeadroomLeast  = 5                      // connections, where the share is less
	DefaultCPUHeadroom    = 0.20                   // CPU ceiling 80 %
	DefaultUtilization    = 0.90                   // ceiling of a pool's use at upper load
	DefaultMaxWaitMean    = 10 * time.Millisecond  // at upper load
	DefaultMaxWaitP99     = 100 * time.Millisecond // at upper load
	DefaultDeadband       = 0.01                   // a resize must save this share of the objective, or meet a floor
	DefaultSuperuserConns = 3                      // PostgreSQL's own default, for what-ifs
	CPUHoldMargin         = 0.05                   // the plan's CPU ceiling stays this far below a signal's hold level
	DefaultLookbackLoad   = 7 * 24 * time.Hour     // with Prometheus
	DefaultWindow         = 60 * time.Second       // without
	DefaultLeastGain      = 1.0 / 86400            // weighted waiting clients a connection. chosen: one that saves a client-second a day is better kept spare
	DeadbandClients       = 0.001                  // no resize for fewer waiting clients than this, whatever their share. chosen: 4 client-seconds an hour
)

// Count says how connections enter the ledger.
type Count string

// How connections can be counted. Highest and P99 of a pool are accepted risks and named in every output.
const (
	CountWorst    Count = "worst"    // as many as the settings allow
	CountHighest  Count = "highest"  // the highest seen; the config also calls it peak
	CountP99      Count = "p99"      // exceeded at one look in a hundred
	CountDeclared Count = "declared" // written in the config
)

// Declared is what the user wrote, in the planner's terms. Every pointer is nil where the user wrote nothing.
type Declared struct {
	Servers   []DeclaredServer // sorted by name
	Pools     []DeclaredPool   // in the order written
	Lines     []DeclaredLine
	SizeAll   bool // no pools listed: every pool seen on our servers is ours to size
	Deadband  float64
	LeastGain float64 // see Fleet
}

// DeclaredServer holds a server's rules, and facts that stand in for observed ones.
type DeclaredServer struct {
	Name                   string
	MaxConns               *int
	SuperuserReservedConns *int
	ReservedConns          *int
	DirectConns            *int
	DirectCount            Count // CountHighest or CountP99 for what is observed
	HeadroomShare          float64
	HeadroomConns          *int // instead of the share
	CPUHeadroom            float64
	Cores                  float64 // 0: not known
	CPUHold                float64 // lowest hold level of a CPU signal on this server; 0: none
}

// Elsewhere is what a user writes as the server of a pool that leads to none of those looked at.
const Elsewhere = "elsewhere"

// DeclaredPool holds a pool's rules, and facts that stand in for observed ones.
type DeclaredPool struct {
	ID           string   // group/alias
	Server       string   // which server it uses; empty: as observed; Elsewhere: none of those looked at
	AlsoOn       []string // further servers that it uses; Elsewhere: and others that are not looked at
	Min, Max     int      // bounds of the size; Max 0: none
	Weight       float64
	Utilization  float64
	MaxWaitMean  time.Duration
	MaxWaitP99   time.Duration
	SurviveLoss  int
	Count        Count
	Reserve      *IntRange // the plan may choose the reserve within
	Users        []string  // users that may come, besides those seen
	UserMax      []UserMax // users that are counted with fewer connections than their pools may open: an accepted risk
	Size         *int
	ReserveConns *int
	Copies       int // of a pool that is only declared; 0: as observed
	MaxDBConns   *int
	Load         *DeclaredLoad
	Where        string // file:line:column, for messages
}

// UserMax says how many connections a user opens in each process at most, whatever its pool's size: such as an
// auth_user, which runs a query for each login.
type UserMax struct {
	User  string
	Conns int
}

// IntRange is an inclusive range of connections.
type IntRange struct{ Min, Max int }

// DeclaredLoad is a load that the user knows or supposes; per pool, over all copies.
type DeclaredLoad struct {
	ArrivalsPerSec float64
	MeanHold       time.Duration
	ArrivalSCV     float64
	HoldSCV        float64
	CPUPerXact     time.Duration // 0: not known
}

// DeclaredLine is a ledger line: connections that somebody else may take.
type DeclaredLine struct {
	Server string
	Name   string
	Conns  int
}
