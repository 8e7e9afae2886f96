package live

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner"
)

// TestWhatNoPoolOwnsTakesFromTheLimitsOfItsRoleAndDatabase: direct, leaving, orphaned, our own, and those whose owner
// is not known yet; what a pool owns is the pool's to count.
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

// TestALimitOfASuperuserIsNone: PostgreSQL does not look at it. Their names are kept, since a database's limit does not
// hold them back either.
func TestALimitOfASuperuserIsNone(t *testing.T) {
	text := func(cells ...string) (row [][]byte) {
		for _, c := range cells {
			row = append(row, []byte(c))
		}
		return row
	}
	var s planner.Server
	err := limitsOf(answer{rows: [][][]byte{text("role", "web", "9"), text("superuser", "root", "5"),
		text("role", "app", "0"), text("database", "shop", "30"), text("superuser", "admin", "-1")}}, &s)
	if err != nil {
		t.Fatal(err)
	}
	want := "[{app 0 0} {web 9 0}] [{shop 30 0}] [admin root]"
	if got := fmt.Sprint(s.Roles, " ", s.Databases, " ", s.Superusers); got != want {
		t.Errorf("limits and superusers are %s, want %s", got, want)
	}
	if err := limitsOf(answer{rows: [][][]byte{text("role", "web", "many")}}, &s); err == nil {
		t.Error("a limit that is no number is taken")
	}
}
