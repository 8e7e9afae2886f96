package sizing

import (
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// PlanVersion is the version of Plan's JSON; it rises when a key changes its meaning or goes.
const PlanVersion = 2

// Plan is the answer: the sizes, the arithmetic that shows they fit, and how sure it is. Its JSON is stable; numbers
// that are infinite or unknown are null.
type Plan struct {
	Version   int          `json:"version"`
	At        time.Time    `json:"at"`         // of the newest sample behind the plan
	WaitModel string       `json:"wait_model"` // the model behind modelled waits, in words
	Servers   []PlanServer `json:"servers"`
	Pools     []PlanPool   `json:"pools"`
	// expected waiting clients, weighted, over all pools of the line, at target load; null: unbounded
	// expected waiting clients, weighted, over all pools of the line, at target load
	Objective fleet.Float `json:"objective"`
	Now       fleet.Float `json:"objective_now"` // Objective with today's sizes
	// the objective is at most this far above the least possible; 0 = proved optimal
	Gap fleet.Float `json:"gap"`
	// some promise is broken as little as can be, because --best-effort was given
	BestEffort bool        `json:"best_effort"`
	Warnings   []string    `json:"warnings"`   // a sentence each, for a person
	Infeasible *Infeasible `json:"infeasible"` // nil: every promise is kept
}

// PlanServer is one server's side of a Plan.
type PlanServer struct {
	Name         string `json:"name"`
	MaxConns     int    `json:"max_connections"`
	BudgetConns  int    `json:"budget_conns"`
	WorstConns   int    `json:"worst_conns_now"` // what the pools may come to today
	PlannedConns int    `json:"planned_conns"`   // what they may come to with the planned sizes
	// planned is so much less than its pools' lines: what limits of users keep
	SavedConns int `json:"saved_conns,omitempty"`
	// why the two may be more than can be open; none: they are exact
	AtMost     []string      `json:"at_most,omitempty"`
	SpareConns int           `json:"spare_conns"` // planned: budget − planned
	Ledger     []budget.Line `json:"ledger"`
	// of Ledger: what a RELOAD may open, where it recycles connections
	RecycleConns int         `json:"recycle_conns,omitempty"`
	Marginal     Marginal    `json:"marginal"` // what a little more and a little less of the budget is worth
	CPU          PlanCPU     `json:"cpu"`
	Method       string      `json:"method"` // an allocate.Method
	Gap          fleet.Float `json:"gap"`    // as Plan.Gap, of this server
}

// ofPool begins the item of a pool's line.
const ofPool = "pool "

// Lines are the ledger in two: what is subtracted from max_connections, the first being max_connections itself, and a
// line of each pool.
func (s PlanServer) Lines() (own, pools []budget.Line) {
	i := len(s.Ledger)
	for i > 0 && strings.HasPrefix(s.Ledger[i-1].Item, ofPool) { // the line before them is headroom's
		i--
	}
	return s.Ledger[:i], s.Ledger[i:]
}

// Marginal is what one unit more and one unit fewer is worth: two numbers, because sizes are whole.
type Marginal struct {
	// null: more connections have no further gain, or what saved_conns has made spare brings it later
	OneMore  *OneMore  `json:"one_more"`
	OneFewer *OneFewer `json:"one_fewer"` // null: the spare covers it, or every pool stands on its floor
}

// OneMore is the best unit that the budget keeps out.
type OneMore struct {
	Pool       string  `json:"pool"`
	UnitConns  int     `json:"unit_conns"`  // connections that one unit takes: the pools of the line
	ShortConns int     `json:"short_conns"` // what the budget lacks for it: unit less spare
	Saves      float64 `json:"saves"`       // weighted waiting clients, >= 0
}

// OneFewer is the cheapest unit to lose.
type OneFewer struct {
	Pool      string  `json:"pool"` // or "group/alias reserve", which nobody waits for
	UnitConns int     `json:"unit_conns"`
	Costs     float64 `json:"costs"` // weighted waiting clients, >= 0
}

// PlanCPU is a server's CPU as ratios of all its cores.
type PlanCPU struct {
	Now       fleet.Float `json:"now"`       // mean of the readings; null: not known
	Predicted fleet.Float `json:"predicted"` // at the load that the plan serves; null: no fit, no prediction
	Ceiling   fleet.Float `json:"ceiling"`   // 0..1; null: none
	AllBusy   fleet.Float `json:"all_busy"`  // if every planned connection were busy; printed, never a constraint
	Growth    fleet.Float `json:"growth"`    // planned throughput over today's
	// the predicted throughput is beyond load.ExtrapolationLimit × the highest that was seen
	Extrapolated bool   `json:"extrapolated"`
	Source       string `json:"source"` // where Now comes from, in words
}

// PlanPool is one pool's side of a Plan.
type PlanPool struct {
	ID        string        `json:"id"` // group/alias
	Server    string        `json:"server"`
	AlsoOn    []string      `json:"also_on,omitempty"`    // further servers in whose ledgers it stands
	FromSize  *int          `json:"from_size"`            // null where processes differ
	FromSizes []budget.Size `json:"from_sizes,omitempty"` // only where they differ
	ToSize    int           `json:"to_size"`
	// from_size is default_pool_size: the line may have none, or be that of *
	Follows     bool        `json:"follows,omitempty"`
	LinePools   int         `json:"line_pools"`   // pools of the line: processes × users, declared or ever seen
	ReserveSize int         `json:"reserve_size"` // planned
	ReserveFrom int         `json:"reserve_from"` // reserve_pool_size today, connections of each pool of the line
	WorstConns  BeforeAfter `json:"worst_conns"`
	Load        load.Range  `json:"load_erlangs"`
	AtLeast     bool        `json:"at_least"` // the pool hides its demand: Load is a lower bound
	// why Load is not known and its numbers mean nothing; none: it is
	LoadUnknown verdict.Printed `json:"load_unknown,omitzero"`
	UnknownCode verdict.Code    `json:"load_unknown_code,omitempty"` // of LoadUnknown
	Evidence    PlanEvidence    `json:"evidence"`
	Wait        PlanWait        `json:"wait_seconds"`
	ByChoice    bool            `json:"waits_by_choice,omitempty"` // it is meant to queue: Load is that of its busiest day
	Utilization fleet.Float     `json:"utilization"`               // planned, at target load
	UseNow      fleet.Float     `json:"utilization_now"`           // utilization with today's size
	Bound       string          `json:"bound"`                     // what keeps the size from being larger (or smaller)
	// connections of each pool of the line: the smallest size that keeps the pool's promises
	Floor      int             `json:"floor"`
	FloorBy    string          `json:"floor_by"`              // the promise that decides Floor, as Floor names it
	Frozen     verdict.Printed `json:"frozen,omitzero"`       // why the size is not ours to change; none: it is
	FrozenCode verdict.Code    `json:"frozen_code,omitempty"` // of Frozen
}

// BeforeAfter is a count of connections today and as planned.
type BeforeAfter struct {
	Before int `json:"before"` // today
	After  int `json:"after"`  // planned
}

// PlanEvidence says what a load rests on.
type PlanEvidence struct {
	Xacts    int64       `json:"xacts"`    // transactions that arrived in the window
	Censored float64     `json:"censored"` // share of the samples, 0..1, at which the pool was full
	Method   load.Method `json:"method"`
}

// PlanWait is a pool's waiting in seconds. MeanSeen is measured; the others are modelled at target load.
type PlanWait struct {
	MeanSeen fleet.Float `json:"mean_seen"` // of the window
	Mean     fleet.Float `json:"mean"`      // planned, over all pools of the line
	P99      fleet.Float `json:"p99"`       // of the pool of the line that waits longest
	P99Now   fleet.Float `json:"p99_now"`   // with today's size
}

// Infeasible is the certificate that no sizes keep every promise: the smallest set of demands that clash.
type Infeasible struct {
	Server     string      `json:"server"`
	Constraint string      `json:"constraint"`  // the cap that cannot hold
	Need       fleet.Float `json:"need"`        // what the demands of Clash need together: connections, or a CPU ratio
	Cap        fleet.Float `json:"cap"`         // what the constraint has, in the same unit
	ShortConns int         `json:"short_conns"` // connections short; 0 when the constraint is not counted in connections
	Clash      []Clash     `json:"clash"`
	Text       string      `json:"text"` // the certificate as a sentence with both numbers

	Max *MaxClash `json:"-"` // where a pool's own max forbids the size; nil: another constraint does

	limit fleet.LimitID // the limit that Constraint names; zero: Constraint is no limit, or superusers take from it
	bare  bool          // not even the least sizes fit: no weaker promise alone helps
	cure  cure
}

// MaxClash is a pool whose own max is below the size that its promises need.
type MaxClash struct {
	Pool string // group/alias
	Need int    // the size that they need, connections of each pool of the line
}

// Clash is one demand of a certificate.
type Clash struct {
	Pool  string `json:"pool"`
	Size  int    `json:"size"`  // the size that the promise needs, connections of each pool of the line
	Conns int    `json:"conns"` // connections that this size takes under the constraint
	Why   string `json:"why"`   // the promise
}
