package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pgbudget/pgbudget/planner/words"
)

// IdleUsers names, a sentence each, the users of a pool (group/alias) who have come to some of its processes alone, and
// who have neither a client nor a connection there: one login is enough, by mistake as well, for a pool in each process
// to be counted. A forced user and auth_user are none of them.
func IdleUsers(o Observation, pool string) (notes []string) {
	came, shown, works := map[string][]string{}, map[string]bool{}, map[string]bool{}
	processes := 0
	for _, p := range o.Processes {
		a, is := p.AliasOf(pool)
		if !is {
			continue
		}
		processes++
		for user, l := range p.AuthLogins(a) {
			works[cmp.Or(l.Role, user)] = true
		}
		for _, g := range a.Pools {
			came[g.User] = append(came[g.User], p.ID)
			shown[g.User] = shown[g.User] || !g.Recalled
			works[g.User] = works[g.User] || a.ForceUser != "" || g.Login.Role != "" ||
				g.ClientsActive+g.ClientsWaiting+g.Conns() > 0
		}
	}
	for _, user := range slices.Sorted(maps.Keys(came)) {
		in := slices.Compact(came[user])
		if works[user] || len(in) == processes {
			continue
		}
		ends := "PgBouncer keeps it until it restarts"
		if !shown[user] {
			ends = "the journal keeps it until pgbudget accept --sizes"
		}
		notes = append(notes, fmt.Sprintf("%s: user %s has come to %s of the %d processes, and has neither a client nor a "+
			"connection; it may come again, so a pool of it counts in each process; %s", pool, user, words.LinesText(in),
			processes, ends))
	}
	return notes
}
