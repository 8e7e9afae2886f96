package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/words"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Promise checks that the fleet may take sets now, in every state on the way there, whatever the order in which its
// processes take them: for every server the worst case with all that grows and nothing that shrinks is within the
// budget, or none of its lines grows; and no limit of a role, a database or a user is exceeded that was kept. The error
// is of KindInfeasible and carries both numbers.
func Promise(f budget.Fleet, sets []fleet.SettingChange) error {
	var grows []fleet.SettingChange
	for _, x := range sets {
		if x.Grows() {
			grows = append(grows, x)
		}
	}
	if len(grows) == 0 {
		return nil
	}
	after := f.With(grows)
	for _, s := range f.Servers {
		before, worst := f.WorstConns(s.Name), after.WorstConns(s.Name)
		if worst > before && worst > s.BudgetConns {
			return &operr.Error{Kind: operr.KindInfeasible, Subject: "server " + s.Name,
				Err: fmt.Errorf("%s: the worst case would be %d of %s, %d now", grown(grows), worst, words.Count(s.BudgetConns,
					"connection"), before),
				Hint: "pgbudget plan shows the ledger line by line"}
		}
	}
	if why := f.Beyond(after); why.Any() {
		return &operr.Error{Kind: operr.KindInfeasible, Subject: grown(grows), Err: errors.New(why.Text()),
			Hint: "release connections under the limit first, or raise it"}
	}
	return nil
}

func grown(sets []fleet.SettingChange) string {
	var parts []string
	for _, m := range (state.Step{Changes: sets}).Moves() {
		parts = append(parts, fmt.Sprintf("%s/%s to %d", m.Process, m.Alias, m.To))
	}
	return strings.Join(slices.Compact(parts), ", ")
}

// RecyclingRefused says why a fleet cannot be told to RELOAD where that recycles its connections: it was not accepted
// (KindUsage), or the budget does not hold what it may open (KindInfeasible), which a release, too, would have to wait
// for.
func RecyclingRefused(f budget.Fleet, p state.Policy) error {
	for _, s := range f.Servers {
		if s.RecycleConns == 0 {
			continue
		}
		subject := "server " + s.Name
		if !p.Recycle {
			return &operr.Error{Kind: operr.KindUsage, Subject: subject,
				Err: fmt.Errorf("a RELOAD would close and reopen the connections of its pools, and may open %d more",
					s.RecycleConns),
				Hint: "policy: {accept: [recycle]} allows the RELOAD; or set server_tls_sslmode = disable where no TLS is used, " +
					"or upgrade to PgBouncer 1.24"}
		}
		if worst := f.WorstConns(s.Name); worst > s.BudgetConns {
			return &operr.Error{Kind: operr.KindInfeasible, Subject: subject,
				Err: fmt.Errorf("a RELOAD would close and reopen the connections of its pools: the worst case is %s, and %d of "+
					"%d are left beside the %d that the RELOAD may open",
					words.Count(worst, "connection"), s.BudgetConns, s.MaxConns, s.RecycleConns),
				Hint: "set server_tls_sslmode = disable where no TLS is used, or upgrade to PgBouncer 1.24"}
		}
	}
	return nil
}
