package sizing

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
)

// doubt says of a certificate that it counts sizes which may be those of other users.
func (i *Infeasible) doubt() {
	i.Text += "; not proved: sizes or limits of users are in doubt, and the larger ones are counted"
	i.cure = "add config: with the path of each process's pgbouncer.ini, which shows the sizes of [users]; or pgbudget " +
		"plan --best-effort"
}

// untried returns a limit that keeps a pool from one more, and beyond which other sizes are possible and were not
// tried: of what is planned then nothing is proved. Empty: none does.
func (sp serverProblem) untried(sol allocate.Solution) string {
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
			return c.Name
		}
	}
	return ""
}

// untriedNote is what a plan says of such a limit.
func untriedNote(server, limit string) string {
	return fmt.Sprintf("%s: not proved: sizes are kept within %s, or where they exceed it today; others were not tried",
		server, limit)
}

// yields says of a certificate about such a limit that it is no proof.
func (i *Infeasible) yields(s budget.FleetServer) {
	for _, c := range s.Caps {
		if c.Yields && c.Name == i.Constraint {
			i.Text += "; not proved: sizes beyond that limit are possible and were not tried"
			i.cure = "raise " + c.Name + ", or lower a promise"
		}
	}
}
