package budget

import (
	"cmp"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Fleet is everything the solver needs, declared and observed joined. Model makes it; Solve reads it.
type Fleet struct {
	At       time.Time     `json:"at"`               // of the newest sample; zero: nothing was observed
	Servers  []FleetServer `json:"servers"`          // sorted by name
	Pools    []FleetPool   `json:"pools"`            // sorted by id
	Limits   []fleet.Limit `json:"limits,omitempty"` // over several pools of the line; those of aliases stand in Size
	Deadband float64       `json:"deadband"`         // share of the objective, 0..1, that a resize must save
	// weighted waiting clients per connection; at or below, one more connection has no further gain
	LeastGain float64  `json:"least_gain"`
	Warnings  []string `json:"warnings,omitempty"` // what a plan of it should tell a person, a sentence each
}

// FleetServer is one PostgreSQL server's side of the arithmetic.
type FleetServer struct {
	Name        string   `json:"name"`
	MaxConns    int      `json:"max_connections"`
	Lines       []Line   `json:"ledger"` // what is subtracted from max_connections, pools apart
	BudgetConns int      `json:"budget_conns"`
	Caps        []Cap    `json:"caps,omitempty"` // the fleet's Limits over several pools of the line, as they bound growth
	CPU         CPUFacts `json:"cpu"`

	// of the ledger: what a RELOAD may open, where it recycles connections
	RecycleConns int `json:"recycle_conns,omitempty"`

	Recycling []string // processes of which any RELOAD recycles the connections
}

// DirectConns is the ledger's line of direct connections.
func (s FleetServer) DirectConns() int {
	for _, l := range s.Lines {
		if l.Item == ItemDirect {
			return l.Conns
		}
	}
	return 0
}

// ItemDirect is the Item of the ledger line that counts direct connections.
const ItemDirect = "direct"

// Line is one row of the ledger.
type Line struct {
	Item   string `json:"item"` // what takes the connections: "superuser_reserved_connections", "direct", a declared name
	Conns  int    `json:"conns"`
	Source string `json:"source"` // where Conns comes from, in words
	Count  Count  `json:"count"`
}

// Cap is a Limit as a bound on the growth of sizes: what pools that are not ours may take of it is taken off it, and
// today's sizes of ours always fit.
type Cap struct {
	Limit fleet.LimitID `json:"-"` // which limit; zero in a saved plan
	Name  string        `json:"name"`
	Conns int           `json:"conns"`
	Terms []CapTerm     `json:"terms"` // sorted by pool

	// of a declared cap: what pools take that are not sized, and users' own reserves; Conns is without them
	ConstConns int `json:"-"`

	// Yields says that sizes beyond it are possible and were not tried: what it bounds is not proved.
	Yields bool `json:"yields,omitempty"`
}

// CapTerm says what a pool takes under a Cap: Coef × (size + reserve), and what the pools of its line may open beyond
// that.
type CapTerm struct {
	Pool string `json:"pool"`
	Coef int    `json:"coef"` // connections that one unit takes: its pools under the cap
	// sizes in doubt of pools of the line; each counts where it is larger than size + reserve
	Maybe []int `json:"maybe,omitempty"`
}

// CPUFacts is what is known of a server's CPU. Ratios are of all cores.
type CPUFacts struct {
	Now       fleet.Float `json:"now"`         // mean of the readings, 0..1; unknown: no signal was read
	NowPerSec float64     `json:"now_per_sec"` // total throughput of its pools while Now was read
	Cores     float64     `json:"cores"`       // 0: not known
	Ceiling   float64     `json:"ceiling"`     // ratio that a plan may predict at most, 0..1
	Fit       load.CPUFit `json:"fit"`
	Source    string      `json:"source,omitempty"` // where Now comes from, in words
}

// FleetPool is one pool_size line with everything that bounds or drives it.
type FleetPool struct {
	ID           string     `json:"id"` // group/alias
	Group        string     `json:"group"`
	Alias        string     `json:"alias"`
	Server       string     `json:"server"`
	AlsoOn       []string   `json:"also_on,omitempty"` // further servers on which any of its connections may be opened
	Sizes        []Size     `json:"sizes"`             // today's, one per process, sorted
	LinePools    []LinePool `json:"line_pools"`
	ReserveConns int        `json:"reserve_size"` // of the line, the largest of its processes
	// its processes' reserves differ: ReserveConns is too much for some
	Uneven      bool `json:"uneven_reserve,omitempty"`
	ReserveFree bool `json:"reserve_free"` // the plan may choose the reserve within Reserve
	// what the plan may make of the reserve, where ReserveFree
	Reserve    IntRange `json:"reserve_range"`
	WorstConns int      `json:"worst_conns"` // today: max(size + reserve, seen), capped
	// open beyond what size, reserve and caps allow: counted until they are gone
	OverConns  int     `json:"over_conns"`
	SeenPerSec float64 `json:"seen_per_sec"` // transactions served, as measured
	SeenConns  int     `json:"seen_conns"`   // at the newest sample
	PeakConns  int     `json:"peak_conns"`   // highest over the samples
	P99Conns   int     `json:"p99_conns"`
	// why some pools of its line may not be there at all; empty: they are
	Guessed fleet.Guess `json:"guessed,omitempty"`
	// its size is default_pool_size: its line may have none, or be that of *
	Follows bool `json:"follows,omitempty"`
	// why its size is not ours to change; none: it is
	Frozen verdict.Printed `json:"frozen,omitzero"`
	Load   load.Load       `json:"load"`
	// of its transactions after a shift; nil: as declared, or as the server's fit says
	CPU   *load.CPUCost `json:"cpu,omitempty"`
	Rules Rules         `json:"rules"`

	Under []Ceiling // the limits over the pools of its line, as linked finds them
}

// Size is one process's pool_size line, with the cap that holds for the alias there.
type Size struct {
	Process  string `json:"process"`
	Conns    int    `json:"conns"`
	CapConns int    `json:"max_db_connections,omitempty"` // 0: none
}

// LinePool is one pool of the line: that of one process and user.
type LinePool struct {
	Process string  `json:"process"`
	User    string  `json:"user"`
	Share   float64 `json:"share"` // of the pool's load
	// > 0: a [users] size, or a declared bound, stands in for the line
	FixedConns int `json:"fixed_conns,omitempty"`
	// FixedConns or MaybeConns is a [users] size, beside which its reserve counts
	OwnSize   bool `json:"own_size,omitempty"`
	Bounded   bool `json:"bounded,omitempty"`    // FixedConns was declared: an accepted risk
	SeenConns int  `json:"seen_conns,omitempty"` // open at the newest sample
	// its user's max_user_connections binds: the ledger counts that user, not this pool
	Shared bool `json:"shared,omitempty"`
	// > 0: a [users] size that may override the line, or not: the larger counts
	MaybeConns int `json:"maybe_conns,omitempty"`
	// not 0: a [users] reserve_pool_size overrides the line's for this pool; NoReserve: with 0
	OwnReserve int  `json:"own_reserve,omitempty"`
	Doubtful   bool `json:"doubtful,omitempty"` // OwnReserve may be another user's: the larger counts
	// the second pool of the user: a forced user's and auth_user's, before 1.23
	Twin  bool        `json:"twin,omitempty"`
	Login fleet.Login `json:"login,omitzero"` // of a pool of *, as a sample shows it
	// auth_user's, and not used yet: it serves no client's transactions
	Auth bool `json:"auth,omitempty"`
}

// Rules are a pool's promises and bounds.
type Rules struct {
	Min   int `json:"min"`             // smallest pool_size, connections of each pool of the line
	Max   int `json:"max,omitempty"`   // 0: none
	Shift int `json:"shift,omitempty"` // what traffic to come needs; 0: there is none
	// it is meant to queue: nobody's waiting counts, and the load of its busiest day must be carried
	Throttle bool    `json:"throttle,omitempty"`
	Weight   float64 `json:"weight"` // > 0: what one waiting client counts in the objective
	// ceiling of the busy share of its connections at upper load, 0..1
	Utilization float64       `json:"utilization"`
	MaxWaitMean time.Duration `json:"max_wait_mean_ns"`       // at upper load
	MaxWaitP99  time.Duration `json:"max_wait_p99_ns"`        // at upper load
	SurviveLoss int           `json:"survive_loss,omitempty"` // processes that may be lost with every promise kept
	Count       Count         `json:"count"`
}

// Pool returns the pool of that id.
func (f Fleet) Pool(id string) (FleetPool, bool) {
	i, found := f.Place(id)
	if !found {
		return FleetPool{}, false
	}
	return f.Pools[i], true
}

// Place returns the index in Pools of the pool of that id, and whether it is there; f.Pools is sorted by id.
func (f Fleet) Place(id string) (int, bool) {
	return slices.BinarySearchFunc(f.Pools, id, func(p FleetPool, id string) int { return cmp.Compare(p.ID, id) })
}

// WorstOf is what the ledger counts for one pool today.
func (f Fleet) WorstOf(pool string) int {
	p, ok := f.Pool(pool)
	if !ok {
		return 0
	}
	return p.CountedConns()
}

// FrozenByLoad reports whether nothing but its load keeps the pool from being sized: too little is known of it. Of a
// fleet that was read from a saved plan it is not known: its reasons are sentences alone (verdict.Written).
func (p FleetPool) FrozenByLoad() bool {
	return p.Frozen.Any() && p.Frozen.Is(p.Load.TooLittle().Code)
}

// Processes returns how many processes carry the line.
func (p FleetPool) Processes() int { return len(p.Sizes) }

// Sized returns how many pools of the line have the line's size: what one unit costs.
func (p FleetPool) Sized() int {
	n := 0
	for _, c := range p.LinePools {
		if c.FixedConns == 0 {
			n++
		}
	}
	return n
}

// Reserved returns how many pools of the line have the line's reserve: what one more of it costs.
func (p FleetPool) Reserved() int {
	n := 0
	for _, c := range p.LinePools {
		n += b2i(c.followsReserve())
	}
	return n
}

// FromSize returns today's size where all processes agree.
func (p FleetPool) FromSize() (size int, same bool) {
	for i, s := range p.Sizes {
		if i > 0 && s.Conns != p.Sizes[0].Conns {
			return 0, false
		}
	}
	if len(p.Sizes) == 0 {
		return 0, false
	}
	return p.Sizes[0].Conns, true
}

// WorstAt returns the connections that the pool may open when every process carries size and reserve:
// Σ over processes of min(max_db_connections, Σ over users of size + reserve).
func (p FleetPool) WorstAt(size, reserve int) int {
	total := 0
	for _, s := range p.Sizes {
		total += p.worstIn(s, size, reserve)
	}
	return total
}

// worstIn is WorstAt in one process.
func (p FleetPool) worstIn(s Size, size, reserve int) int {
	sum := 0
	for _, c := range p.LinePools {
		if c.Process == s.Process && !c.Shared {
			sum += c.Worst(size, reserve)
		}
	}
	return s.capped(sum)
}

// Tally fills in what follows from LinePools and Sizes: the connections seen, those that are open beyond what
// today's settings allow, and today's worst case, which is never less than what is open (lowering a cap closes
// nothing).
func (p *FleetPool) Tally() {
	p.SeenConns, p.OverConns = 0, 0
	for _, c := range p.LinePools {
		if slices.ContainsFunc(p.Sizes, func(s Size) bool { return s.Process == c.Process }) {
			p.SeenConns += c.SeenConns
		}
	}
	for _, s := range p.Sizes {
		p.OverConns += p.OverIn(s.Process)
	}
	p.WorstConns = p.worstToday() + p.OverConns
}

// OverIn returns how many connections are open in one process beyond what its settings allow.
func (p FleetPool) OverIn(process string) int {
	i := slices.IndexFunc(p.Sizes, func(s Size) bool { return s.Process == process })
	if i < 0 {
		return 0
	}
	s, sum, open := p.Sizes[i], 0, 0
	for _, c := range p.LinePools {
		if c.Process == process && !c.Shared {
			sum += max(c.Worst(s.Conns, p.ReserveConns), c.SeenConns)
			open += c.SeenConns
		}
	}
	return max(s.capped(sum), open) - p.worstIn(s, s.Conns, p.ReserveConns)
}

// StayConns is what stays open beyond a planned size, reserve and the caps: connections that are open within today's
// settings come down to the planned ones, and those beyond today's have shown that they do not. They count until they
// are gone, and within a larger size they take its room.
func (p FleetPool) StayConns(size, reserve int) int {
	if p.SeenConns == 0 {
		return 0
	}
	total := 0
	for _, s := range p.Sizes {
		sum, stay := 0, 0
		for _, c := range p.LinePools {
			if c.Process != s.Process || c.Shared {
				continue
			}
			most := c.Worst(size, reserve)
			open := c.Staying(c.Worst(s.Conns, p.ReserveConns), most)
			sum, stay = sum+max(most, open), stay+open
		}
		total += max(s.capped(sum), stay) - p.worstIn(s, size, reserve)
	}
	return total
}

// Staying is what of the connections of a pool of the line is still open once settings are changed that allowed so
// many.
func (c LinePool) Staying(allowed, planned int) int {
	return min(c.SeenConns, planned+max(0, c.SeenConns-allowed))
}

// Worst is what one pool of the line may open when its line has that size and reserve.
func (c LinePool) Worst(size, reserve int) int {
	if c.FixedConns > 0 {
		return c.fixed(reserve)
	}
	return max(size+c.reserve(reserve), c.Maybe(reserve))
}

// fixed is what a pool of the line that does not follow its line may open when that has a reserve. A [users] pool_size
// beats the line's; its reserve is the user's own, else the line's (server.c, 1.24 and later; 1.23 has the line's
// alone).
func (c LinePool) fixed(reserve int) int {
	if !c.OwnSize || c.FixedConns == 0 {
		return c.FixedConns
	}
	return min(fleet.Unlimited, c.FixedConns+c.reserve(reserve))
}

// Maybe is fixed for a [users] size that may be another user's; 0: there is none.
func (c LinePool) Maybe(reserve int) int {
	if !c.OwnSize || c.MaybeConns == 0 {
		return c.MaybeConns
	}
	return min(fleet.Unlimited, c.MaybeConns+c.reserve(reserve))
}

// followsReserve reports whether one more in the line's reserve is one more of this pool, or may be.
func (c LinePool) followsReserve() bool {
	return (c.FixedConns == 0 || c.OwnSize) && (c.OwnReserve == 0 || c.Doubtful)
}

// reserve is the reserve_pool_size of one pool of the line where its line has that.
func (c LinePool) reserve(line int) int {
	switch {
	case c.OwnReserve == 0:
		return line
	case c.Doubtful:
		return max(line, c.OwnReserve)
	default:
		return max(0, c.OwnReserve)
	}
}

// UsersIn counts the pools of the line in one process that follow the line, and the connections of those that do not;
// pools of the line whose user is counted as a whole are left out.
func (p FleetPool) UsersIn(process string) (users, fixedConns int) {
	for _, c := range p.LinePools {
		switch {
		case c.Process != process || c.Shared:
		case c.FixedConns > 0:
			fixedConns += c.FixedConns
		default:
			users++
		}
	}
	return users, fixedConns
}

// capped returns conns, or the process's cap where that is less.
func (s Size) capped(conns int) int {
	if s.CapConns > 0 {
		return min(conns, s.CapConns)
	}
	return conns
}

// worstToday is WorstAt with each process's own size.
func (p FleetPool) worstToday() int {
	total := 0
	for _, s := range p.Sizes {
		total += p.worstIn(s, s.Conns, p.ReserveConns)
	}
	return total
}
