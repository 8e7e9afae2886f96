package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rules returns the pool's promises and bounds.
func (d DeclaredPool) rules() Rules {
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
	}{{"size", d.Size != nil}, {"reserve_size", d.ReserveConns != nil}, {"copies", d.Copies > 0}, {"max_db_connections", d.MaxDBConns != nil}} {
		if c.set {
			out = append(out, fmt.Sprintf("%s: its %s is observed; the declared one is for pools that no console shows, and ignored", d.ID, c.key))
		}
	}
	return out
}

// load turns a declared load into a Load without an interval, spread evenly over the copies that clients come to: none of it
// comes by auth_user, nor by a user who is declared to open less than its pool may, where others are.
func (l DeclaredLoad) load(id string, copies []Copy) Load {
	a := l.ArrivalsPerSec * l.MeanHold.Seconds()
	out := Load{Pool: id, Erlangs: Range{a, a, a}, PerSec: l.ArrivalsPerSec, MeanHold: l.MeanHold, ArrivalSCV: l.ArrivalSCV,
		HoldSCV: l.HoldSCV, CPUPerXact: l.CPUPerXact, Method: MethodDeclared, MeanWaitSeen: Unknown(), InSystem: Unknown()}
	brings := func(Copy) bool { return true }
	for _, narrower := range []func(Copy) bool{func(c Copy) bool { return !c.Auth }, func(c Copy) bool { return !c.Auth && !c.Bounded }} {
		if slices.ContainsFunc(copies, narrower) {
			brings = narrower
		}
	}
	clients := 0
	for _, c := range copies {
		clients += b2i(brings(c))
	}
	for i, c := range copies {
		if copies[i].Share = 0; brings(c) {
			copies[i].Share = 1 / float64(clients)
		}
		out.Copies = append(out.Copies, CopyShare{Process: c.Process, User: c.User, Share: copies[i].Share})
	}
	return out
}

// declaredPool makes a pool of what was only declared: a what-if.
func declaredPool(d DeclaredPool, all Declared) (FleetPool, error) {
	missing := func(what string) error {
		return &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID, Err: fmt.Errorf("%s is neither observed nor declared", what),
			Hint: "declare " + what + ": for the pool, or give consoles to look at"}
	}
	switch {
	case d.Load == nil:
		return FleetPool{}, missing("load")
	case d.Copies == 0:
		return FleetPool{}, missing("copies")
	}
	servers := slices.DeleteFunc(slices.Clone(d.servers()), func(s string) bool { return s == Elsewhere })
	if len(servers) == 0 && d.Server != "" {
		return FleetPool{}, &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: errors.New("its server is elsewhere, so it is in no ledger here"), Hint: "take it out, or name a server of servers:"}
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
		if p.Frozen = leadsToSeveral; d.Size == nil {
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
	perProcess := ""
	switch {
	case d.Copies == 1 || len(d.Users) > 0: // how many processes there are is known
	case limit > 0:
		perProcess = fmt.Sprintf("max_db_connections is %d for each process", limit)
	case d.SurviveLoss > 0:
		perProcess = fmt.Sprintf("survive_loss is %d processes", d.SurviveLoss)
	}
	if perProcess != "" {
		return FleetPool{}, &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: fmt.Errorf("%s, and %d copies may be %d processes with one user or one process with %d",
				perProcess, d.Copies, d.Copies, d.Copies),
			Hint: "declare users: for the pool, one name for each user of the database"}
	}
	users := d.Users
	if len(users) == 0 {
		users = []string{""}
	}
	if d.Copies%len(users) != 0 {
		return FleetPool{}, &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: fmt.Errorf("%d copies are not a whole number of processes for %d users", d.Copies, len(users)), Hint: "copies are processes × users"}
	}
	if d.Count != CountWorst {
		return FleetPool{}, &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID,
			Err: fmt.Errorf("count: counts what was seen, and nothing was seen of a declared pool"), Hint: "take count: out"}
	}
	for i := range d.Copies / len(users) {
		process := fmt.Sprintf("%s/%d", group, i+1)
		for _, u := range users {
			c := Copy{Process: process, User: u}
			if d.Size != nil {
				c.bound(d.UserMax, 0, *d.Size, p.ReserveConns)
			} else {
				c.bound(d.UserMax, 0, Unlimited, 0)
			}
			p.Copies = append(p.Copies, c)
		}
		if d.Size != nil {
			p.Sizes = append(p.Sizes, Size{process, *d.Size, limit})
		} else {
			p.Sizes = append(p.Sizes, Size{process, 0, limit})
		}
	}
	if d.Size != nil {
		p.tally()
	}
	p.Load = d.Load.load(d.ID, p.Copies)
	if p.sized() == 0 {
		return FleetPool{}, &Error{Kind: KindUsage, Subject: d.Where + "pool " + d.ID, Err: fmt.Errorf("each of its users has a max:, so no size serves its load"),
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
	return append(notes, fmt.Sprintf("accepted risk: %s is counted at its %s, %d connections; the strict line would be %d",
		p.ID, countName(p.Rules.Count), p.countedConns(), p.WorstConns))
}

func countName(c Count) string {
	if c == CountHighest {
		return "highest seen"
	}
	return string(c)
}

// countedConns is what the ledger counts for the pool today.
func (p FleetPool) countedConns() int {
	switch p.Rules.Count {
	case CountHighest:
		return max(p.PeakConns, p.SeenConns)
	case CountP99:
		return max(p.P99Conns, p.SeenConns)
	default:
		return p.WorstConns
	}
}
