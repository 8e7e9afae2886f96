package budget

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Model joins what was declared with what was seen into a Fleet. A declared fact stands in for an observed one, and
// where both exist and differ a warning says so. e may be the zero Evidence: then everything must be declared.
// loads are those of Estimate(e); pools with a declared load need none. A signal that the user asked for and that could
// not be read at the last sample is an error of KindEvidence: what is missing never passes.
func Model(at time.Time, d Declared, e load.Evidence, loads []load.Load) (Fleet, error) {
	f := Fleet{At: at, Deadband: d.Deadband, LeastGain: d.LeastGain}
	var unused map[string][]string
	e.Last, unused = fleet.WithSiblings(fleet.WithHidden(e.Last))
	pools, warnings, err := modelPools(d, e, loads, unused)
	if err != nil {
		return Fleet{}, err
	}
	f.Limits = modelLimits(e.Last, pools)
	shared := shareUsers(f.Limits, pools)
	for _, c := range d.Caps {
		l, err := c.limit(pools)
		if err != nil {
			return Fleet{}, err
		}
		f.Limits = append(f.Limits, l)
	}
	f.Pools, f.Warnings = pools, append(texts(e.Breaks), warnings...)
	if e.Samples > 0 && !slices.ContainsFunc(pools,
		func(p FleetPool) bool { return p.Load.Method == load.MethodHistory }) {
		f.Warnings = append(f.Warnings, noHistory(e))
	}
	f.Warnings = append(f.Warnings, markFollowers(e.Last, pools)...)
	f.Warnings = append(f.Warnings, authNotes(e.Last, pools)...)
	for _, sig := range e.Last.Signals {
		if v := float64(sig.Value); !sig.Read() || sig.Name == fleet.SignalCPU && !(v >= 0 && v <= mostCPURatio) {
			text := cmp.Or(sig.Error, fmt.Sprintf("the value is %v, want the share of all cores in use, 0 to 1", v))
			e := &operr.Error{Kind: operr.KindEvidence, Subject: fmt.Sprintf("%s of %s", sig.Name, sig.Server),
				Err: errors.New(text),
				Hint: "correct the query, cpu: under servers:, or take it out of the config: the plan then shows this CPU as not " +
					"known"}
			if sig.Fault == fleet.FaultSilent {
				e.Kind, e.Hint = operr.KindUnreachable, "check prometheus: url: and that Prometheus runs there; without cpu: "+
					"under servers:, the plan shows this CPU as not known"
			}
			return Fleet{}, e
		}
	}
	for _, name := range serverNames(d, e, pools) {
		s, notes, err := modelServer(name, d, e, f, shared)
		if err != nil {
			return Fleet{}, err
		}
		f.Servers = append(f.Servers, s)
		f.Warnings = append(f.Warnings, notes...)
	}
	return f.Linked(), nil
}

// mostCPURatio is the highest reading of a server's CPU that is taken, a ratio of all cores. chosen: 1.5,
// because readings of two moments may overshoot 1, and a query in percent reads far more.
const mostCPURatio = 1.5

// texts are reasons as sentences.
func texts(reasons []verdict.Reason) (out []string) {
	for _, r := range reasons {
		out = append(out, r.Text())
	}
	return out
}

func serverNames(d Declared, e load.Evidence, pools []FleetPool) []string {
	var names []string
	for _, s := range e.Last.Servers {
		names = append(names, s.Name)
	}
	for _, s := range d.Servers {
		names = append(names, s.Name)
	}
	for _, p := range pools {
		names = append(names, p.Servers()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// DeclaredOf returns the user's rules for a server, the defaults where there are none.
func DeclaredOf(name string, d Declared) DeclaredServer {
	for _, s := range d.Servers {
		if s.Name == name {
			return s
		}
	}
	return DeclaredServer{Name: name, HeadroomShare: DefaultHeadroomShare, CPUHeadroom: DefaultCPUHeadroom,
		DirectCount: CountHighest}
}

func modelServer(name string, d Declared, e load.Evidence, f Fleet, shared []SharedUser) (FleetServer, []string,
	error) {
	rules := DeclaredOf(name, d)
	i := slices.IndexFunc(e.Last.Servers, func(s fleet.Server) bool { return s.Name == name })
	var seen fleet.Server
	observed := i >= 0
	if observed {
		seen = e.Last.Servers[i]
	}
	var notes []string
	// Where both are there and differ the one counts that leaves fewer connections: a declared 200 opens nothing on a
	// server that takes 44.
	fact := func(what string, declared *int, seen, otherwise int, pick func(a, b int) int) (int, string) {
		switch {
		case declared != nil && observed && *declared != seen:
			n := pick(*declared, seen)
			notes = append(notes, fmt.Sprintf("server %s: %s is declared as %d and the server says %d: %d counts", name, what,
				*declared, seen, n))
			if n == seen {
				return n, fmt.Sprintf("SHOW; declared as %d", *declared)
			}
			return n, fmt.Sprintf("declared; SHOW says %d", seen)
		case declared != nil:
			return *declared, "declared"
		case observed:
			return seen, "SHOW"
		default:
			return otherwise, "default"
		}
	}
	if !observed && rules.MaxConns == nil {
		return FleetServer{}, nil, &operr.Error{Kind: operr.KindUsage, Subject: "server " + name,
			Err:  fmt.Errorf("max_connections is neither observed nor declared"),
			Hint: unseenHint(e.Last)}
	}
	if seen.InRecovery {
		notes = append(notes,
			fmt.Sprintf("server %s is a standby; for its primary write target_session_attrs=read-write into the DSN",
				name))
	}
	s := FleetServer{Name: name, CPU: modelCPU(name, rules, e, f.Pools)}
	var source string
	s.MaxConns, source = fact("max_connections", rules.MaxConns, seen.MaxConns, 0, smaller)
	s.Lines = append(s.Lines, Line{"max_connections", s.MaxConns, source, CountWorst})
	conns, source := fact("superuser_reserved_connections", rules.SuperuserReservedConns, seen.SuperuserReservedConns,
		DefaultSuperuserConns, larger)
	s.Lines = append(s.Lines, Line{"superuser_reserved", conns, source, CountWorst})
	conns, source = fact("reserved_connections", rules.ReservedConns, seen.ReservedConns, 0, larger)
	s.Lines = append(s.Lines, Line{"reserved", conns, source, CountWorst})
	for _, r := range seen.ReservedSettings {
		s.Lines = append(s.Lines, Line{r.Name, r.Conns, "SHOW", CountWorst})
	}
	direct, warn, err := directLine(name, rules, seen, observed, e)
	if err != nil {
		return FleetServer{}, nil, err
	}
	s.Lines = append(s.Lines, direct)
	notes = append(notes, warn...)
	if observed {
		s.Lines = append(s.Lines,
			Line{"closing", seen.Backends.ClosingConns, "pg_stat_activity", CountHighest},
			Line{"orphans", seen.Backends.OrphanConns, "pg_stat_activity", CountHighest})
	}
	recycled, why := recyclingLines(name, e.Last, f.Pools)
	s.Lines, s.RecycleConns, notes = append(s.Lines, recycled...), recycleConns(recycled), append(notes, why...)
	for _, p := range e.Last.Processes {
		if fleet.Recycles(p.Version, p.Settings.ServerTLS) {
			s.Recycling = append(s.Recycling, p.ID)
		}
	}
	for _, u := range shared {
		if u.server == name {
			s.Lines = append(s.Lines, u.Line())
		}
	}
	for _, l := range d.Lines {
		if l.Server == name {
			s.Lines = append(s.Lines, Line{l.Name, l.Conns, "declared", CountDeclared})
		}
	}
	s.Lines = append(s.Lines, headroomLine(s.MaxConns, rules))
	s.BudgetConns = s.MaxConns
	for _, l := range s.Lines[1:] {
		s.BudgetConns -= l.Conns
	}
	s.Caps = f.capsOf(name)
	return s, notes, nil
}

func smaller(a, b int) int { return min(a, b) }

func larger(a, b int) int { return max(a, b) }

// directLine counts what connects without a PgBouncer: as declared, or what was seen where that is more. The error is
// that it is not known: a plan without them would give away slots that others hold.
func directLine(name string, rules DeclaredServer, seen fleet.Server, observed bool, e load.Evidence) (Line, []string,
	error) {
	past, _ := e.History.Server(name)
	if !observed && past.Direct.Samples < load.HistorySamples {
		if rules.DirectConns == nil {
			return Line{}, nil, &operr.Error{Kind: operr.KindUsage, Subject: "server " + name,
				Err: fmt.Errorf("direct connections are neither observed nor declared"),
				Hint: fmt.Sprintf("declare direct: {conns: N} under servers: (0 where all clients use these PgBouncers), or "+
					"give the server's DSN%s",
					serversSeen(e.Last))}
		}
		return Line{ItemDirect, *rules.DirectConns, "declared", CountDeclared}, nil, nil
	}
	l, notes := directSeen(name, rules, seen, observed, e)
	if !observed {
		notes = append(notes, fmt.Sprintf("server %s is not observed: its direct connections are the highest of the lookback",
			name))
	}
	switch {
	case rules.DirectConns == nil:
		return l, notes, nil
	case l.Conns > *rules.DirectConns:
		l.Source += fmt.Sprintf("; declared as %d", *rules.DirectConns)
		return l, append(notes, fmt.Sprintf("server %s: direct connections are declared as %d, and %d were seen: %d counts",
			name, *rules.DirectConns, l.Conns, l.Conns)), nil
	}
	return Line{ItemDirect, *rules.DirectConns, "declared", CountDeclared}, notes, nil
}

// directSeen is the highest of the samples and of the lookback, or the lookback's p99 where the user accepts that risk.
func directSeen(name string, rules DeclaredServer, seen fleet.Server, observed bool, e load.Evidence) (Line, []string) {
	now, today := seen.Backends.DirectConns, "not observed now"
	if observed {
		today = fmt.Sprintf("%d now", now)
	}
	highest := now
	for _, p := range e.Peaks {
		if p.Server == name {
			highest = max(highest, p.DirectConns)
		}
	}
	source := fmt.Sprintf("highest of %s; %s", load.Round(e.To.Sub(e.From)), today)
	if h, ok := e.History.Server(name); ok && h.Direct.Samples > 0 {
		if rules.DirectCount == CountP99 {
			p99 := int(math.Ceil(h.Direct.Quantile(0.99)))
			top := max(highest, int(math.Ceil(h.Direct.Max)))
			return Line{ItemDirect, max(p99, now), fmt.Sprintf("p99 of %s; highest %d, %s", load.Round(h.Direct.Span()), top,
					today), CountP99},
				[]string{fmt.Sprintf("accepted risk: direct connections of %s counted at their p99, %d; the strict line would be "+
					"%d", name, max(p99, now), top)}
		}
		highest = max(highest, int(math.Ceil(h.Direct.Max)))
		source = fmt.Sprintf("highest of %s; %s", load.Round(h.Direct.Span()), today)
	} else if rules.DirectCount == CountP99 {
		return Line{ItemDirect, highest, source, CountHighest},
			[]string{fmt.Sprintf("server %s: no history of direct connections: count p99 falls back to the highest seen", name)}
	}
	return Line{ItemDirect, highest, source, CountHighest}, nil
}

// headroomLine is what is never planned: a share of max_connections rounded up, at least DefaultHeadroomLeast, or the
// connections that the user wrote.
func headroomLine(maxConns int, rules DeclaredServer) Line {
	if rules.HeadroomConns != nil {
		return Line{"headroom", *rules.HeadroomConns, "declared", CountDeclared}
	}
	conns := max(DefaultHeadroomLeast, int(math.Ceil(rules.HeadroomShare*float64(maxConns)-1e-9)))
	return Line{"headroom", conns, fmt.Sprintf("%g %%, at least %d", 100*rules.HeadroomShare, DefaultHeadroomLeast),
		CountDeclared}
}

// modelCPU gathers what is known of a server's CPU. Its ceiling keeps the headroom and stays below the level at which
// a saturation signal would hold the very plan that is made here.
func modelCPU(name string, rules DeclaredServer, e load.Evidence, pools []FleetPool) CPUFacts {
	c := CPUFacts{Now: fleet.Unknown(), Cores: rules.Cores, Ceiling: 1 - rules.CPUHeadroom}
	if rules.CPUHold > 0 {
		c.Ceiling = min(c.Ceiling, rules.CPUHold-CPUHoldMargin)
	}
	for _, p := range e.Peaks {
		if p.Server == name && p.CPUReads > 0 {
			c.Now, c.Source = fleet.Float(p.CPUSum/float64(p.CPUReads)), fmt.Sprintf("mean of %d readings", p.CPUReads)
		}
	}
	for _, p := range pools {
		if p.Server == name && len(p.AlsoOn) == 0 { // how much of a shared pool's work is done here is not known
			c.NowPerSec += p.SeenPerSec
		}
	}
	if h, ok := e.History.Server(name); ok {
		c.Fit = h.CPU
	}
	return c
}

// capsOf lists the limits over several pools of the line as bounds on growth. What pools that are not ours may take of
// a limit is taken off it. Today's sizes of ours always fit: a limit that they exceed is overcommitted on purpose, and
// no reason to shrink; it only bounds growth. A declared cap is kept by nobody else, and is a reason. A user's limit
// over pools of several servers is the whole of it on each.
func (f Fleet) capsOf(server string) []Cap {
	var caps []Cap
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.Alone() {
			continue
		}
		c := Cap{Limit: l.ID(), Name: l.Text()}
		ours, frozen, own := 0, 0, 0
		members(l, f.Pools, at, func(p *FleetPool, i int) {
			switch m := p.LinePools[i]; {
			case !p.On(server):
			case m.FixedConns > 0:
				frozen += m.fixed(p.MostReserve())
			case p.Frozen.Any():
				frozen += p.LargestSize() + m.reserve(p.ReserveConns)
			default:
				ours += m.Worst(p.LargestSize(), p.ReserveConns)
				own += p.ownReserve(m)
				if n := len(c.Terms); n == 0 || c.Terms[n-1].Pool != p.ID {
					c.Terms = append(c.Terms, CapTerm{Pool: p.ID})
				}
				term := &c.Terms[len(c.Terms)-1]
				term.Coef++
				if m.MaybeConns > 0 {
					term.Maybe = append(term.Maybe, m.Maybe(p.MostReserve()))
				}
			}
		})
		if len(c.Terms) > 0 || l.Kind == fleet.LimitCap && frozen > l.Conns {
			if c.Conns = l.Conns - frozen - own; l.Kind != fleet.LimitCap {
				c.Conns = max(c.Conns, ours-own)
			} else {
				c.ConstConns = frozen + own
			}
			c.Yields = yields(l, ours+frozen)
			caps = append(caps, c)
		}
	}
	return caps
}

// MostReserve is the largest reserve that the line has, or that the plan may give it.
func (p FleetPool) MostReserve() int {
	if p.ReserveFree {
		return max(p.ReserveConns, p.Reserve.Max)
	}
	return p.ReserveConns
}

// ownReserve is by how much a pool of the line's own reserve is larger than the one that the plan may give its line,
// the least of them; below 0 where it is smaller, and the line's stays.
func (p FleetPool) ownReserve(c LinePool) int {
	line := p.LeastReserve()
	if p.ReserveFree {
		return max(0, c.reserve(line)-line)
	}
	return c.reserve(line) - line
}

// LargestSize returns the largest pool_size of the pool's processes, in connections of each pool of the line; 0: no
// process has it.
func (p FleetPool) LargestSize() int {
	n := 0
	for _, s := range p.Sizes {
		n = max(n, s.Conns)
	}
	return n
}
