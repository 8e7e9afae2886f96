package sizing

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/words"
)

// cureKind says what cures an Infeasible.
type cureKind int

const (
	cureFind  cureKind = iota // find the connections that are short, or lower the load
	cureDoubt                 // show the sizes of users
	cureYield                 // raise a limit that sizes could exceed
	cureLimit                 // raise a limit that no size gets around
	cureMax                   // raise a pool's max
	cureMin                   // find connections, or lower the min of pools or another promise
	cureLeast                 // lower the min of pools, or find connections
)

// cure is what ends an Infeasible, with its subject and number.
type cure struct {
	kind cureKind
	of   string // a limit, a pool, pools
	need int    // connections that a limit lacks; the size that a pool needs
	also bool   // the promises of the pools stand against it, too
}

// cureText says what to do, a command or an edit.
func (i *Infeasible) cureText() string {
	switch c := i.cure; c.kind {
	case cureDoubt:
		return "add config: with the path of each process's pgbouncer.ini, which shows the sizes of [users]; or pgbudget " +
			"plan --best-effort"
	case cureYield:
		return "raise " + c.of + ", or lower a promise"
	case cureLimit:
		return fmt.Sprintf("raise that limit by %d or more, lower the load or the promise, or use pgbudget plan "+
			"--best-effort", c.need)
	case cureMax:
		return fmt.Sprintf("raise max: of %s to %d or more, or lower its promises (utilization:, max_wait:); pgbudget "+
			"plan --best-effort breaks them least", c.of, c.need)
	case cureMin:
		return fmt.Sprintf("%s, lower min: of %s or another promise, or use pgbudget plan --best-effort", i.find(), c.of)
	case cureLeast:
		also := ""
		if c.also {
			also = " and their promises (utilization:, max_wait:)"
		}
		return fmt.Sprintf("lower min: of %s%s, or %s", c.of, also, i.find())
	}
	return i.find()
}

// hint says what to type or change next.
func (i *Infeasible) hint() string {
	switch {
	case i.cure.kind != cureFind || i.bare:
		return i.cureText()
	case i.ShortConns == 0:
		return "lower the load or its CPU time per transaction, add cores, or use pgbudget plan --best-effort"
	default:
		return i.find() + ", lower a promise, or use pgbudget plan --best-effort"
	}
}

// find asks for the connections that are short: of the budget, of a limit, of a declared cap.
func (i *Infeasible) find() string {
	switch i.limit.Kind {
	case "":
	case fleet.LimitCap:
		return fmt.Sprintf("raise conns: of that cap to %v", float64(i.Cap)+float64(i.ShortConns))
	default:
		return fmt.Sprintf("raise that limit by %d", i.ShortConns)
	}
	return fmt.Sprintf("find %s (max_connections, headroom, direct clients)", words.Count(i.ShortConns, "connection"))
}

// doubt says of a certificate that it counts sizes which may be those of other users.
func (i *Infeasible) doubt() {
	i.Text += "; not proved: sizes or limits of users are in doubt, and the larger ones are counted"
	i.cure = cure{kind: cureDoubt}
}

// untried returns a limit that keeps a pool from one more, and beyond which other sizes are possible and were not
// tried: of what is planned then nothing is proved. False: none does.
func (sp serverProblem) untried(sol allocate.Solution) (limit string, found bool) {
	for k, c := range sp.server.Caps {
		if !c.Yields {
			continue
		}
		row := k + 1 // behind the budget
		use, unit := 0, 0
		for i := range sp.pools {
			size, reserve := sp.sizes(sol, i)
			use += sp.takes(row, i, size, reserve)
			unit = max(unit, sp.unit(row, i, size, reserve))
		}
		if unit > 0 && use+unit > sp.problem.Rows[row].Cap {
			return c.Name, true
		}
	}
	return "", false
}

// untriedNote is what a plan says of such a limit.
func untriedNote(server, limit string) string {
	return fmt.Sprintf("%s: not proved: sizes are kept within %s, or where they exceed it today; others were not tried",
		server, limit)
}

// yields says of a certificate about such a limit that it is no proof.
func (i *Infeasible) yields(s budget.FleetServer) {
	for _, c := range s.Caps {
		if c.Yields && i.limit != (fleet.LimitID{}) && c.Limit == i.limit {
			i.Text += "; not proved: sizes beyond that limit are possible and were not tried"
			i.cure = cure{kind: cureYield, of: c.Name}
		}
	}
}
