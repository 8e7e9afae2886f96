package budget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// On reports whether connections of the pool may be opened on a server. All of them may: its worst case stands in the
// ledger of each of its servers.
func (p FleetPool) On(server string) bool {
	return p.Server == server || slices.Contains(p.AlsoOn, server)
}

// Servers lists the servers on which the pool's connections may be opened.
func (p FleetPool) Servers() []string { return append([]string{p.Server}, p.AlsoOn...) }

// servers lists what the user declared of where a pool leads; Elsewhere may be one of them.
func (d DeclaredPool) servers() []string {
	if d.Server == "" {
		return nil
	}
	return append([]string{d.Server}, d.AlsoOn...)
}

// serversOf says on which servers a pool's connections may be opened, the one with most of them first; none without an
// error: the user declared it to be elsewhere. Whatever was found stands: a declaration that leaves it out is drift.
// What was not found, and is not declared, is refused: a proxy, a failover or a clock that is off would otherwise take
// a pool out of the ledger that it belongs to. Nothing is elsewhere by its address. An alias that has no connections to
// find is counted on the only server there is, or must be declared.
func serversOf(id string, rules DeclaredPool, at []placed, o fleet.Observation) (servers, warnings []string,
	err error) {
	found := slices.DeleteFunc(slices.Clone(at), func(x placed) bool { return x.alias.Guessed != "" })
	declared := rules.servers()
	if len(declared) == 0 {
		found = at
	}
	seen, err := serversFound(id, found)
	if err != nil {
		return nil, nil, err
	}
	lost := lostOf(found)
	if len(declared) > 0 {
		return serversDeclared(id, rules, seen, lost)
	}
	switch {
	case lost.any:
		return nil, nil, lost.refuse(id, seen)
	case len(seen) > 0:
		if len(seen) > 1 {
			warnings = []string{fmt.Sprintf("%s: PgBouncer may open its connections on each of %s: the whole worst case "+
				"counts on each of these servers, and the size stays",
				id, strings.Join(seen, ", "))}
		}
		return seen, warnings, nil
	case len(o.Servers) == 1:
		return []string{o.Servers[0].Name},
			[]string{fmt.Sprintf("%s has no server connection now and counts on %s; declare server: for the pool if this is "+
				"wrong", id, o.Servers[0].Name)}, nil
	default:
		return nil, nil, &operr.Error{Kind: operr.KindEvidence, Subject: "pool " + id,
			Err: fmt.Errorf("the pool has no server connection now, so which of the %d servers it uses is not known",
				len(o.Servers)),
			Hint: "declare server: for it under pools:"}
	}
}

// serversFound joins what was found of a pool's processes. Two processes whose lines lead to one server each, and not
// to the same, are drift; a list of hosts leads to all of its servers in every process.
func serversFound(id string, at []placed) ([]string, error) {
	var seen []string
	several := false
	for _, x := range at {
		several = several || len(x.alias.AlsoOn) > 0
		for _, s := range x.alias.Servers() {
			if !slices.Contains(seen, s) {
				seen = append(seen, s)
			}
		}
	}
	if len(seen) > 1 && !several {
		return nil, &operr.Error{Kind: operr.KindDrift, Subject: "pool " + id,
			Err:  fmt.Errorf("processes of the pool use two servers, %s and %s", seen[0], seen[1]),
			Hint: "check host= of its lines; if two servers are intended, put the processes into two groups"}
	}
	if len(seen) > 1 {
		slices.Sort(seen[1:])
	}
	return seen, nil
}

// lost is what of a pool leads to no known server.
type lost struct {
	any       bool // something is; else the others say nothing
	process   string
	where     string // addresses, for messages
	connected bool   // it has connections, and none of them was found
}

// lostOf finds the first process in which something of a pool leads to no known server. A list of hosts that was
// recorded without being followed leads nobody knows where.
func lostOf(at []placed) lost {
	for _, x := range at {
		l := lost{any: true, process: x.process.ID, where: strings.Join(x.alias.Unplaced, ", "),
			connected: x.alias.Proof == fleet.ProofElsewhere}
		switch {
		case len(x.alias.Unplaced) > 0:
			return l
		case l.connected || x.alias.Proof != fleet.ProofList && strings.Contains(x.alias.Host, ","):
			l.where = address(x.alias)
			return l
		}
	}
	return lost{}
}

// address is where an alias's line leads, for messages.
func address(a fleet.Alias) string {
	if a.Host == "" || strings.HasPrefix(a.Host, "/") {
		return fmt.Sprintf("the socket %s of port %d", a.Host, a.Port)
	}
	return fmt.Sprintf("%s port %d", a.Host, a.Port)
}

func (l lost) refuse(id string, seen []string) error {
	e := &operr.Error{Kind: operr.KindEvidence, Subject: "pool " + id,
		Hint: "declare their server under pools: - {pool: " + id +
			", server: NAME}, or server: elsewhere where they are on none of servers:"}
	if len(seen) > 0 {
		e.Hint = "declare them under pools: - {pool: " + id + ", server: '" + strings.Join(seen, ", ") +
			", elsewhere'}, or name their server instead of elsewhere"
	}
	if l.connected {
		e.Err = fmt.Errorf("the pool has connections to %s (seen on %s), and none is a backend of the servers observed: "+
			"another server, a pooler in between, or clocks that differ", l.where, l.process)
	} else {
		e.Err = fmt.Errorf("the pool may connect to %s (seen on %s), and this address is not known to lead to a server "+
			"observed",
			l.where, l.process)
	}
	return e
}

// serversDeclared is serversOf where the user said which they are.
func serversDeclared(id string, rules DeclaredPool, seen []string, l lost) (servers, warnings []string, err error) {
	declared := rules.servers()
	for _, s := range seen {
		if !slices.Contains(declared, s) {
			return nil, nil, &operr.Error{Kind: operr.KindDrift, Subject: rules.Where + "pool " + id,
				Err: fmt.Errorf("the pool is declared on %s, and its connections, or others to the same address, are found on %s",
					strings.Join(declared, ", "), s),
				Hint: "correct server: of the pool, or take it out: " + strings.Join(seen, ", ") + " was seen"}
		}
	}
	for _, s := range append(slices.Clone(seen), declared...) {
		if s != Elsewhere && !slices.Contains(servers, s) {
			servers = append(servers, s)
		}
	}
	switch {
	case len(servers) == 0:
		warnings = append(warnings, fmt.Sprintf("%s is declared elsewhere: no ledger counts this pool", id))
	case slices.Contains(declared, Elsewhere):
		warnings = append(warnings,
			fmt.Sprintf("%s: connections beyond those on %s are declared elsewhere: no ledger counts them", id,
				strings.Join(servers, ", ")))
	case l.any:
		warnings = append(warnings,
			fmt.Sprintf("%s: its connections to %s (%s) are found on no server: the pool counts on %s as declared", id, l.where,
				l.process, strings.Join(servers, ", ")))
	}
	return servers, warnings, nil
}
