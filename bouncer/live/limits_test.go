package live

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner"
)

// TestWhatNoPoolOwnsTakesFromTheLimitsOfItsRoleAndDatabase: direct, leaving, orphaned, our own, and those whose owner is not
// known yet; what a pool owns is the pool's to count.
func TestWhatNoPoolOwnsTakesFromTheLimitsOfItsRoleAndDatabase(t *testing.T) {
	session := func(user, database string) backend { return backend{user: user, database: database} }
	sessions := []struct {
		b     backend
		owner planner.Owner
	}{
		{session("app", "shop"), planner.OwnerPool},
		{session("app", "shop"), planner.OwnerDirect},
		{session("app", "shop"), planner.OwnerLeaving},
		{session("app", "shop"), planner.OwnerOrphan},
		{session("app", "other"), planner.OwnerUnclear},
		{session("postgres", "shop"), planner.OwnerDirect}, // a superuser's session fills a database for others
		{session("pgbudget", "other"), planner.OwnerDirect},
		{session("quiet", "other"), planner.OwnerPool},
		{session("", ""), planner.OwnerDirect}, // a managed service hides whose it is
	}
	var counted shot
	var owners []planner.Owner
	for _, s := range sessions {
		counted, owners = append(counted, s.b), append(owners, s.owner)
	}
	limits := func(names ...string) (out []planner.ConnLimit) {
		for _, name := range names {
			out = append(out, planner.ConnLimit{Name: name, Conns: 9})
		}
		return out
	}
	s := planner.Server{Roles: limits("app", "nobody", "pgbudget", "quiet"), Databases: limits("other", "shop", "unused")}
	takeFromLimits(&s, counted, owners)
	want := "[{app 9 4} {nobody 9 0} {pgbudget 9 1} {quiet 9 0}] [{other 9 2} {shop 9 4} {unused 9 0}]"
	if got := fmt.Sprint(s.Roles, " ", s.Databases); got != want {
		t.Errorf("limits with their direct sessions are %s, want %s", got, want)
	}
}
