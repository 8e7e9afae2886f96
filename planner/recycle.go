package planner

import (
	"fmt"
	"slices"
)

// Recycles reports whether any RELOAD, whatever it changes, makes a PgBouncer of that version close and reopen all of
// its server connections: from 1.16 to 1.23 it does where server_tls_sslmode is not disable, and from 1.20 on it is
// prefer unless it was set. A pool with waiting clients then opens one connection more than its size. sslmode is that
// of SHOW CONFIG; empty: not known, or a version without it. Seen on 1.18 and 1.23; mended in 1.24.
func Recycles(version, sslmode string) bool {
	return sslmode != "" && sslmode != "disable" && VersionAtLeast(version, 1, 16) && !VersionAtLeast(version, 1, 24)
}

// recyclingLines are what a RELOAD may open besides the sizes on a server, a line for each process that recycles: one
// connection for each of its pools. What max_db_connections keeps a pool from is not taken off. The notes say why.
func recyclingLines(server string, o Observation, pools []FleetPool) (lines []Line, notes []string) {
	for _, proc := range o.Processes {
		if !Recycles(proc.Version, proc.Settings.ServerTLS) {
			continue
		}
		n := 0
		for _, p := range pools {
			if !p.On(server) {
				continue
			}
			for _, c := range p.Copies {
				if c.Process == proc.ID && !c.Shared { // where max_user_connections binds, it binds here, too
					n++
				}
			}
		}
		if n == 0 {
			continue
		}
		lines = append(lines, Line{"recycling of " + proc.ID, n, "one more a pool at any RELOAD", CountWorst})
		notes = append(notes, fmt.Sprintf("%s: PgBouncer %s with server_tls_sslmode %s closes and reopens every server connection at any RELOAD; "+
			"the %d connections that its pools may open besides their sizes are in the ledger of %s. "+
			"No step RELOADs it without policy: {accept: [recycle]}; server_tls_sslmode = disable where no TLS is used, or PgBouncer 1.24, ends it",
			proc.ID, proc.Version, proc.Settings.ServerTLS, n, server))
	}
	return lines, notes
}

// RecyclingRefused says why a fleet cannot be told to RELOAD where that recycles its connections: it was not accepted
// (KindUsage), or the budget does not hold what it may open (KindInfeasible), which a release, too, would have to wait
// for.
func RecyclingRefused(f Fleet, p Policy) error {
	for _, s := range f.Servers {
		if s.RecycleConns == 0 {
			continue
		}
		subject := "server " + s.Name
		if !p.Recycle {
			return &Error{Kind: KindUsage, Subject: subject,
				Err:  fmt.Errorf("a RELOAD would recycle the connections of its pools and may open %d more", s.RecycleConns),
				Hint: "policy: {accept: [recycle]} lets it; or set server_tls_sslmode = disable where no TLS is used, or move to PgBouncer 1.24"}
		}
		if worst := f.WorstConns(s.Name); worst > s.BudgetConns {
			return &Error{Kind: KindInfeasible, Subject: subject,
				Err: fmt.Errorf("a RELOAD would recycle the connections of its pools: the worst case is %d connections, and %d are left of %d with the %d that it may open",
					worst, s.BudgetConns, s.MaxConns, s.RecycleConns),
				Hint: "set server_tls_sslmode = disable where no TLS is used, or move to PgBouncer 1.24"}
		}
	}
	return nil
}

// recycleConns adds up what recyclingLines has found.
func recycleConns(lines []Line) (n int) {
	for l := range slices.Values(lines) {
		n += l.Conns
	}
	return n
}
