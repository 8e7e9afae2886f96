package budget

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Defaults of what a user may set, each a key of the config and a row of `pgbudget init --reference`; and the constants
// beside them that are no keys: HeadroomLeast, LeastGain, DeadbandClients, CPUHoldMargin, Window (a flag).
const (
	// share of max_connections, 0..1, that is never planned. chosen: 5 %, because tools and logins
	// that no ledger line counts come together when something is wrong
	DefaultHeadroomShare = 0.05
	// connections, where the share is less. chosen: 5, because psql, a backup and a monitor come at once on small servers
	DefaultHeadroomLeast = 5
	// ratio of all cores that a plan leaves free. chosen: 0.20, because a query takes five times as long at 80 % as alone:
	// 1/(1 − u), processor sharing
	DefaultCPUHeadroom = 0.20
	// busy share of a pool's connections at upper load, 0..1. chosen: 0.90, because waits grow by
	// 1/(1 − u): 5 points more double them
	DefaultUtilization = 0.90
	// mean wait for a connection at upper load. chosen: 10 ms, because a page of ten queries then waits a tenth of a
	// second
	DefaultMaxWaitMean = 10 * time.Millisecond
	// 99th percentile of that wait. chosen: 100 ms, because people notice a delay from there on
	DefaultMaxWaitP99 = 100 * time.Millisecond
	// share of the objective, 0..1, that a resize must save unless it meets a floor. chosen: 0.01, because no estimate
	// of a load is closer, and each resize is a RELOAD
	DefaultDeadband = 0.01
	// connections, for what-ifs. Source: PostgreSQL's default of superuser_reserved_connections
	DefaultSuperuserConns = 3
	// ratio of all cores by which the plan's CPU ceiling stays below a signal's hold level. chosen: 0.05, because what a
	// fit leaves unexplained must not hold the plan that was made by it
	CPUHoldMargin = 0.05
	// how far back Prometheus is asked. chosen: 7 days, because most loads have a weekly rhythm
	DefaultLookbackLoad = 7 * 24 * time.Hour
	// how long samples are taken where there is no Prometheus. chosen: 60 s, because a person waits that long, and a pool
	// of 2 transactions a second shows the LeastXacts in it
	DefaultWindow = 60 * time.Second
	// weighted waiting clients a connection. chosen: a client-second a day, because who saves less is better kept spare
	DefaultLeastGain = 1.0 / 86400
	// waiting clients; no resize for fewer, whatever their share. chosen: about 4 client-seconds an hour, because nobody
	// notices less
	DeadbandClients = 0.001
)

// Count says how connections enter the ledger.
type Count string

// How connections can be counted. Highest and P99 of a pool are accepted risks and named in every output.
const (
	CountWorst    Count = "worst"    // as many as the settings allow
	CountHighest  Count = "highest"  // the highest seen; the config also calls it peak
	CountP99      Count = "p99"      // exceeded at one sample in a hundred
	CountDeclared Count = "declared" // written in the config
)

// Declared is what the user wrote, in the planner's terms. Every pointer is nil where the user wrote nothing.
type Declared struct {
	Servers   []DeclaredServer // sorted by name
	Pools     []DeclaredPool   // in the order written
	Lines     []DeclaredLine
	Caps      []DeclaredCap
	SizeAll   bool                          // no pools listed: every pool seen on our servers is ours to size
	Clients   map[string]fleet.ClientLimits // by group; of those that declare any
	Deadband  float64                       // share of the objective, 0..1, that a resize must save
	LeastGain float64                       // weighted waiting clients per connection; see Fleet.LeastGain
}

// DeclaredServer holds a server's rules, and facts that stand in for observed ones.
type DeclaredServer struct {
	Name                   string  // as under servers:
	MaxConns               *int    // max_connections
	SuperuserReservedConns *int    // superuser_reserved_connections
	ReservedConns          *int    // reserved_connections
	DirectConns            *int    // connections that come without a PgBouncer
	DirectCount            Count   // CountHighest or CountP99 for what is observed
	HeadroomShare          float64 // of max_connections, 0..1
	HeadroomConns          *int    // instead of the share
	CPUHeadroom            float64 // ratio of all cores that the plan leaves free, 0..1
	Cores                  float64 // 0: not known
	CPUHold                float64 // lowest hold level of a CPU signal on this server; 0: none
}

// DeclaredCap is what the pools of a set may come to, together: their sizes and reserves, in connections.
type DeclaredCap struct {
	Pools []string // group/alias, of one server; sorted
	Conns int      // > 0
	Where string   // "pgbudget.yaml:12:5: "
}

// Elsewhere is what a user writes as the server of a pool that leads to none of those observed.
const Elsewhere = "elsewhere"

// DeclaredPool holds a pool's rules, and facts that stand in for observed ones.
type DeclaredPool struct {
	ID           string        // group/alias
	Server       string        // which server it uses; empty: as observed; Elsewhere: none of those observed
	AlsoOn       []string      // further servers that it uses; Elsewhere: and others that are not observed
	Min, Max     int           // bounds of the size; Max 0: none
	Throttle     bool          // it is meant to queue: no promise on waits, its day must be carried
	Weight       float64       // > 0: what one waiting client of the pool counts in the objective
	Utilization  float64       // ceiling of the busy share of its connections at upper load, 0..1
	MaxWaitMean  time.Duration // mean wait for a connection at upper load
	MaxWaitP99   time.Duration // 99th percentile of that wait
	SurviveLoss  int           // processes of the group that may be lost with every promise kept
	Count        Count
	Reserve      *IntRange // the plan may choose the reserve within
	Users        []string  // users that may come, besides those seen
	UserMax      []UserMax // users that are counted with fewer connections than their pools may open: an accepted risk
	Size         *int      // connections of each pool of the line; nil: as observed
	ReserveConns *int
	LinePools    int // of a pool that is only declared; 0: as observed
	MaxDBConns   *int
	Load         *DeclaredLoad // nil: as observed
	Where        string        // file:line:column, for messages
}

// UserMax says how many connections a user opens in each process at most, whatever its pool's size: such as an
// auth_user, which runs a query for each login.
type UserMax struct {
	User  string // role; role@alias of a pool of *
	Conns int    // in each process, at most
}

// IntRange is an inclusive range of connections of each (process, user) pool, 0 <= Min <= Max.
type IntRange struct{ Min, Max int }

// DeclaredLoad is a load that the user knows or supposes; per pool, over all pools of the line.
type DeclaredLoad struct {
	ArrivalsPerSec float64       // transactions per second
	MeanHold       time.Duration // mean time that a transaction holds a server connection
	ArrivalSCV     float64       // squared coefficient of variation of times between arrivals; 1 = Poisson; 0: not written
	HoldSCV        float64       // squared coefficient of variation of holds; 1 = exponential; 0: not written
	CPUPerXact     time.Duration // 0: not known
}

// DeclaredLine is a ledger line: connections that somebody else may take.
type DeclaredLine struct {
	Server string // whose budget they are taken off
	Name   string // of the line, as the ledger prints it
	Conns  int    // kept free, whatever is observed
}

// markFollowers marks pools of ours whose size follows default_pool_size, for all that a console tells, and says group
// by group what that means.
func markFollowers(o fleet.Observation, pools []FleetPool) (notes []string) {
	for i, proc := range o.Processes {
		if i > 0 && o.Processes[i-1].Group == proc.Group {
			continue
		}
		var ids []string
		all := fleet.Followers(o, proc.Group)
		for j, p := range pools {
			if _, follows := slices.BinarySearch(all, p.ID); follows && !p.Frozen.Any() {
				pools[j].Follows = true
				ids = append(ids, p.ID)
			}
		}
		if len(ids) > 0 {
			notes = append(notes,
				fmt.Sprintf("%s %s default_pool_size, %d: a line without a size of its own needs one before it can change alone; "+
					"a database without a line lives by the line of *, "+
					"and is sized with all such: list %s/%s in its place; the ledger then has the users and databases that "+
					"were seen or are declared, and none that may yet come",
					strings.Join(ids, ", "), words.Plural(len(ids), "has", "have"), proc.Settings.DefaultPoolConns, proc.Group,
					fleet.AutoDB))
		}
	}
	return notes
}

// rules returns the pool's promises and bounds.
func (d DeclaredPool) rules() Rules {
	if d.Throttle {
		return Rules{Throttle: true, Min: max(1, d.Min), Max: d.Max, Weight: d.Weight, Utilization: throttleUse,
			SurviveLoss: d.SurviveLoss, Count: d.Count}
	}
	return Rules{Min: max(1, d.Min), Max: d.Max, Weight: d.Weight, Utilization: d.Utilization, MaxWaitMean: d.MaxWaitMean,
		MaxWaitP99: d.MaxWaitP99, SurviveLoss: d.SurviveLoss, Count: d.Count}
}

// reserveRange returns what the plan may make of the reserve: today's alone where the user gave no range. The plan only
// ever lowers a reserve, but one outside the range is brought into it.
func (d DeclaredPool) reserveRange(today int) (r IntRange, free bool) {
	if d.Reserve == nil || d.Count != CountWorst {
		return IntRange{today, today}, false
	}
	return IntRange{d.Reserve.Min, min(max(d.Reserve.Min, today), d.Reserve.Max)}, true
}

// ignored names declared facts of a pool that is observed: what was seen counts.
func (d DeclaredPool) ignored() []string {
	var out []string
	for _, c := range []struct {
		key string
		set bool
	}{{"size", d.Size != nil}, {"reserve_size", d.ReserveConns != nil}, {"line_pools", d.LinePools > 0},
		{"max_db_connections", d.MaxDBConns != nil}} {
		if c.set {
			out = append(out, fmt.Sprintf("%s: %s is observed, and the declared value is ignored; declare it only for a pool "+
				"that no console shows", d.ID, c.key))
		}
	}
	return out
}

// load turns a declared load into a Load without an interval, spread evenly over the pools of the line that clients
// come to: none of it comes by auth_user, nor by a user who is declared to open less than its pool may, where others
// are.
func (l DeclaredLoad) load(id string, linePools []LinePool) load.Load {
	a := l.ArrivalsPerSec * l.MeanHold.Seconds()
	out := load.Load{Pool: id, Erlangs: load.Range{Lower: a, Target: a, Upper: a}, PerSec: l.ArrivalsPerSec,
		MeanHold: l.MeanHold, ArrivalSCV: l.ArrivalSCV,
		HoldSCV: l.HoldSCV, CPUPerXact: l.CPUPerXact, Method: load.MethodDeclared, MeanWaitSeen: fleet.Unknown(),
		InSystem: fleet.Unknown()}
	brings := func(LinePool) bool { return true }
	for _, narrower := range []func(LinePool) bool{func(c LinePool) bool { return !c.Auth }, func(c LinePool) bool {
		return !c.Auth &&
			!c.Bounded
	}} {
		if slices.ContainsFunc(linePools, narrower) {
			brings = narrower
		}
	}
	clients := 0
	for _, c := range linePools {
		clients += b2i(brings(c))
	}
	for i, c := range linePools {
		if linePools[i].Share = 0; brings(c) {
			linePools[i].Share = 1 / float64(clients)
		}
		out.LinePools = append(out.LinePools, load.LinePoolShare{Process: c.Process, User: c.User, Share: linePools[i].Share})
	}
	return out
}

// declaredPool makes a pool of what was only declared: a what-if.
func declaredPool(d DeclaredPool, all Declared) (FleetPool, error) {
	missing := func(what string) error {
		return &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err:  fmt.Errorf("%s is neither observed nor declared", what),
			Hint: "declare " + what + ": for the pool, or give the consoles to observe"}
	}
	switch {
	case d.Load == nil:
		return FleetPool{}, missing("load")
	case d.LinePools == 0:
		return FleetPool{}, missing("line_pools")
	}
	servers := slices.DeleteFunc(slices.Clone(d.servers()), func(s string) bool { return s == Elsewhere })
	if len(servers) == 0 && d.Server != "" {
		return FleetPool{}, &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err:  errors.New("the pool's server is declared elsewhere, so no ledger here counts the pool"),
			Hint: "take it out, or name a server of servers:"}
	}
	if len(servers) == 0 && len(all.Servers) == 1 {
		servers = []string{all.Servers[0].Name}
	}
	if len(servers) == 0 {
		return FleetPool{}, missing("server")
	}
	group, alias, _ := strings.Cut(d.ID, "/")
	p := FleetPool{ID: d.ID, Group: group, Alias: alias, Server: servers[0], AlsoOn: servers[1:], Rules: d.rules()}
	if len(p.AlsoOn) > 0 {
		if p.Frozen = verdict.Print(verdict.SeveralServers, ""); d.Size == nil {
			return FleetPool{}, missing("size") // it keeps the one that it has
		}
	}
	if d.ReserveConns != nil {
		p.ReserveConns = *d.ReserveConns
	}
	limit := 0
	if d.MaxDBConns != nil {
		limit = *d.MaxDBConns
	}
	p.Reserve, p.ReserveFree = d.reserveRange(p.ReserveConns)
	counted := d.LinePools == 1 || len(d.Users) > 0 // how many processes there are is known
	if !counted && (limit > 0 || d.SurviveLoss > 0) {
		perProcess := fmt.Sprintf("survive_loss is %s", words.Count(d.SurviveLoss, "process"))
		if limit > 0 {
			perProcess = fmt.Sprintf("max_db_connections is %d for each process", limit)
		}
		return FleetPool{}, &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: fmt.Errorf("%s, and %d pools of the line may be %s with one user or one process with %d",
				perProcess, d.LinePools, words.Count(d.LinePools, "process"), d.LinePools),
			Hint: "declare users: for the pool, one name for each user of the database"}
	}
	users := d.Users
	if len(users) == 0 {
		users = []string{""}
	}
	if d.LinePools%len(users) != 0 {
		return FleetPool{}, &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err:  fmt.Errorf("%d pools of the line are not a whole number of processes for %d users", d.LinePools, len(users)),
			Hint: "line_pools: is processes × users"}
	}
	if d.Count != CountWorst {
		return FleetPool{}, &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: fmt.Errorf("count: uses observed connections, and a declared pool has none"), Hint: "take count: out"}
	}
	for i := range d.LinePools / len(users) {
		process := fmt.Sprintf("%s/%d", group, i+1)
		for _, u := range users {
			c := LinePool{Process: process, User: u}
			if d.Size != nil {
				c.bound(d.UserMax, 0, *d.Size, p.ReserveConns)
			} else {
				c.bound(d.UserMax, 0, fleet.Unlimited, 0)
			}
			p.LinePools = append(p.LinePools, c)
		}
		if d.Size != nil {
			p.Sizes = append(p.Sizes, Size{process, *d.Size, limit})
		} else {
			p.Sizes = append(p.Sizes, Size{process, 0, limit})
		}
	}
	if d.Size != nil {
		p.Tally()
	}
	p.Load = d.Load.load(d.ID, p.LinePools)
	if p.Sized() == 0 {
		return FleetPool{}, &operr.Error{Kind: operr.KindUsage, Subject: d.Where + "pool " + d.ID,
			Err:  fmt.Errorf("each of the pool's users has a max:, so no pool_size serves its load"),
			Hint: "take max: from the users that its load comes from"}
	}
	return p, nil
}

// riskNote names a pool that is counted at what was seen instead of what it may open.
func (p FleetPool) riskNote() []string {
	notes := p.boundNotes()
	if p.Rules.Count == CountWorst {
		return notes
	}
	return append(notes, fmt.Sprintf("accepted risk: %s is counted at its %s, %s; the strict line would be %d",
		p.ID, countName(p.Rules.Count), words.Count(p.CountedConns(), "connection"), p.WorstConns))
}

func countName(c Count) string {
	if c == CountHighest {
		return "highest seen"
	}
	return string(c)
}

// CountedConns is what the ledger counts for the pool today.
func (p FleetPool) CountedConns() int {
	switch p.Rules.Count {
	case CountHighest:
		return max(p.PeakConns, p.SeenConns)
	case CountP99:
		return max(p.P99Conns, p.SeenConns)
	default:
		return p.WorstConns
	}
}
