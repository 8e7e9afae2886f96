package sizing

import (
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// PlanVersion is the version of Plan's JSON; it rises when a key changes its meaning or goes.
const PlanVersion = 1

// Plan is the answer: the sizes, the arithmetic that shows they fit, and how sure it is. Its JSON is stable; numbers
// that are infinite or unknown are null.
type Plan struct {
	Version    int          `json:"version"`
	At         time.Time    `json:"at"`
	WaitModel  string       `json:"wait_model"`
	Servers    []PlanServer `json:"servers"`
	Pools      []PlanPool   `json:"pools"`
	Objective  fleet.Float  `json:"objective"` // expected waiting clients, weighted, over all copies, at target load
	Now        fleet.Float  `json:"objective_now"`
	Gap        fleet.Float  `json:"gap"` // the objective is at most this far above the least possible; 0 = proved optimal
	BestEffort bool         `json:"best_effort"`
	Warnings   []string     `json:"warnings"`
	Infeasible *Infeasible  `json:"infeasible"`
}

// PlanServer is one server's side of a Plan.
type PlanServer struct {
	Name         string `json:"name"`
	MaxConns     int    `json:"max_connections"`
	BudgetConns  int    `json:"budget_conns"`
	WorstConns   int    `json:"worst_conns_now"`
	PlannedConns int    `json:"planned_conns"`
	// planned is so much less than its pools' lines: what limits of users keep
	SavedConns int `json:"saved_conns,omitempty"`
	// why the two may be more than can be open; none: they are exact
	AtMost     []string      `json:"at_most,omitempty"`
	SpareConns int           `json:"spare_conns"` // planned: budget − planned
	Ledger     []budget.Line `json:"ledger"`
	// of Ledger: what a RELOAD may open, where it recycles connections
	RecycleConns int         `json:"recycle_conns,omitempty"`
	Price        PlanPrice   `json:"price"`
	CPU          PlanCPU     `json:"cpu"`
	Method       string      `json:"method"`
	Gap          fleet.Float `json:"gap"`
}

// PlanPrice is what one unit more and one unit fewer is worth: two numbers, because sizes are whole.
type PlanPrice struct {
	// null: no more connections would buy anything, or what saved_conns has made spare buys it later
	OneMore  *OneMore  `json:"one_more"`
	OneFewer *OneFewer `json:"one_fewer"` // null: the spare covers it, or every pool stands on its floor
}

// OneMore is the best unit that the budget keeps out.
type OneMore struct {
	Pool       string  `json:"pool"`
	UnitConns  int     `json:"unit_conns"`
	ShortConns int     `json:"short_conns"` // what the budget lacks for it: unit less spare
	Saves      float64 `json:"saves"`       // weighted waiting clients
}

// OneFewer is the cheapest unit to lose.
type OneFewer struct {
	Pool      string  `json:"pool"` // or "group/alias reserve", which nobody waits for
	UnitConns int     `json:"unit_conns"`
	Costs     float64 `json:"costs"`
}

// PlanCPU is a server's CPU as ratios of all its cores.
type PlanCPU struct {
	Now          fleet.Float `json:"now"`
	Predicted    fleet.Float `json:"predicted"`
	Ceiling      fleet.Float `json:"ceiling"`
	AllBusy      fleet.Float `json:"all_busy"` // if every planned connection were busy; printed, never a constraint
	Growth       fleet.Float `json:"growth"`   // planned throughput over today's
	Extrapolated bool        `json:"extrapolated"`
	Source       string      `json:"source"`
}

// PlanPool is one pool's side of a Plan.
type PlanPool struct {
	ID        string        `json:"id"`
	Server    string        `json:"server"`
	AlsoOn    []string      `json:"also_on,omitempty"`    // further servers in whose ledgers it stands
	FromSize  *int          `json:"from_size"`            // null where processes differ
	FromSizes []budget.Size `json:"from_sizes,omitempty"` // only where they differ
	ToSize    int           `json:"to_size"`
	// from_size is default_pool_size: the line may have none, or be that of *
	Follows     bool        `json:"follows,omitempty"`
	Copies      int         `json:"copies"`
	ReserveSize int         `json:"reserve_size"` // planned
	ReserveFrom int         `json:"reserve_from"`
	WorstConns  BeforeAfter `json:"worst_conns"`
	Load        load.Range  `json:"load_erlangs"`
	AtLeast     bool        `json:"at_least"`
	// why Load is not known and its numbers mean nothing; empty: it is
	LoadUnknown string       `json:"load_unknown,omitempty"`
	Evidence    PlanEvidence `json:"evidence"`
	Wait        PlanWait     `json:"wait_seconds"`
	Utilization fleet.Float  `json:"utilization"` // planned, at target load
	UseNow      fleet.Float  `json:"utilization_now"`
	Bound       string       `json:"bound"` // what keeps the size from being larger (or smaller)
	Floor       int          `json:"floor"` // the smallest size that keeps the pool's promises
	FloorBy     string       `json:"floor_by"`
	Frozen      string       `json:"frozen,omitempty"`
}

// BeforeAfter is a count today and as planned.
type BeforeAfter struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// PlanEvidence says what a load rests on.
type PlanEvidence struct {
	Xacts    int64       `json:"xacts"`
	Censored float64     `json:"censored"`
	Method   load.Method `json:"method"`
}

// PlanWait is a pool's waiting in seconds. MeanSeen is measured; the others are modelled at target load.
type PlanWait struct {
	MeanSeen fleet.Float `json:"mean_seen"`
	Mean     fleet.Float `json:"mean"`
	P99      fleet.Float `json:"p99"` // of the copy that waits longest
	P99Now   fleet.Float `json:"p99_now"`
}

// Infeasible is the certificate that no sizes keep every promise: the smallest set of demands that clash.
type Infeasible struct {
	Server     string      `json:"server"`
	Constraint string      `json:"constraint"` // the cap that cannot hold
	Need       fleet.Float `json:"need"`
	Cap        fleet.Float `json:"cap"`
	ShortConns int         `json:"short_conns"` // connections short; 0 when the constraint is not counted in connections
	Clash      []Clash     `json:"clash"`
	Text       string      `json:"text"`

	cure string // what to do instead of finding connections; empty: find them
	Max  string // where a pool's own max: is in the way: what to do about that
}

// Clash is one demand of a certificate.
type Clash struct {
	Pool  string `json:"pool"`
	Size  int    `json:"size"`  // what the promise needs
	Conns int    `json:"conns"` // that many connections under the constraint
	Why   string `json:"why"`   // the promise
}
