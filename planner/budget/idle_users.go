package budget

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pgbudget/pgbudget/planner/words"
)

// idleUsers names the users of a pool who have come to some of its processes alone, and who have neither a client nor a
// connection there: one login is enough, by mistake as well, for a pool in each process to be counted. A forced user
// and auth_user are none of them.
func idleUsers(id string, at []placed) (notes []string) {
	came, shown, works := map[string][]string{}, map[string]bool{}, map[string]bool{}
	for _, x := range at {
		for _, g := range x.alias.Pools {
			if x.alias.ForceUser != "" || x.authRole(g.User) || g.Login.Role != "" {
				works[g.User] = true
			}
			came[g.User] = append(came[g.User], x.process.ID)
			shown[g.User] = shown[g.User] || !g.Recalled
			works[g.User] = works[g.User] || g.ClientsActive+g.ClientsWaiting+g.Conns() > 0
		}
	}
	for _, user := range slices.Sorted(maps.Keys(came)) {
		in := slices.Compact(came[user])
		if works[user] || len(in) == len(at) {
			continue
		}
		ends := "PgBouncer keeps it until it restarts"
		if !shown[user] {
			ends = "the journal keeps it until pgbudget accept --sizes"
		}
		notes = append(notes, fmt.Sprintf("%s: user %s has come to %s of the %d processes, and has neither a client nor a "+
			"connection; it may come again, so a pool of it counts in each process; %s", id, user, words.LinesText(in),
			len(at), ends))
	}
	return notes
}
