package observe

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestABackendOfNoPoolCountsInTheLimitsOfItsRoleAndDatabase: direct, closing, orphaned, our own, and those whose owner
// is not known yet; what a pool owns is the pool's to count. What was let go by a pool is told apart: it does not come
// back. Walsenders take from a role's, and from a database's where they are connected to one.
func TestABackendOfNoPoolCountsInTheLimitsOfItsRoleAndDatabase(t *testing.T) {
	session := func(user, database string) backend { return backend{user: user, database: database} }
	sessions := []struct {
		b     backend
		owner fleet.Owner
	}{
		{session("app", "shop"), fleet.OwnerPool},
		{session("app", "shop"), fleet.OwnerDirect},
		{session("app", "shop"), fleet.OwnerClosing},
		{session("app", "shop"), fleet.OwnerOrphan},
		{session("app", "other"), fleet.OwnerUnclear},
		{session("postgres", "shop"), fleet.OwnerDirect}, // a superuser's session fills a database for others
		{session("pgbudget", "other"), fleet.OwnerDirect},
		{session("quiet", "other"), fleet.OwnerPool},
		{session("", ""), fleet.OwnerDirect}, // a managed service hides whose it is
	}
	senders := shot{session("app", "shop"), session("app", ""), session("pgbudget", "other")} // logical, physical, logical
	var counted shot
	var owners []fleet.Owner
	for _, s := range sessions {
		counted, owners = append(counted, s.b), append(owners, s.owner)
	}
	limits := func(names ...string) (out []fleet.ConnLimit) {
		for _, name := range names {
			out = append(out, fleet.ConnLimit{Name: name, Conns: 9})
		}
		return out
	}
	s := fleet.Server{Roles: limits("app", "nobody", "pgbudget", "quiet"), Databases: limits("other", "shop", "unused")}
	takeFromLimits(&s, counted, owners, senders)
	want := "[{app 9 4 2} {nobody 9 0 0} {pgbudget 9 2 0} {quiet 9 0 0}] [{other 9 3 0} {shop 9 3 2} {unused 9 0 0}]"
	if got := fmt.Sprint(s.Roles, " ", s.Databases); got != want {
		t.Errorf("limits with their direct sessions are %s, want %s", got, want)
	}
}

// TestALimitOfASuperuserIsNone: PostgreSQL does not heed it. Their names are kept, since a database's limit does not
// hold them back either.
func TestALimitOfASuperuserIsNone(t *testing.T) {
	text := func(cells ...string) (row [][]byte) {
		for _, c := range cells {
			row = append(row, []byte(c))
		}
		return row
	}
	s := fleet.Server{VersionNum: 150010}
	err := limitsOf(admin.Answer{Rows: [][][]byte{text("role", "web", "9"), text("superuser", "root", "5"),
		text("role", "app", "0"), text("database", "shop", "30"), text("superuser", "admin", "-1"), text("workers", "",
			"3")}}, &s)
	if err != nil {
		t.Fatal(err)
	}
	want := "[{app 0 0 0} {web 9 0 0}] [{shop 30 0 0}] [admin root] 3"
	if got := fmt.Sprint(s.Roles, " ", s.Databases, " ", s.Superusers, s.WorkerConns); got != want {
		t.Errorf("limits and superusers are %s, want %s", got, want)
	}
	if err := limitsOf(admin.Answer{Rows: [][][]byte{text("role", "web", "many")}}, &s); err == nil {
		t.Error("a limit that is no number is taken")
	}
}

// TestALimitCountsRegularSessionsAloneFromSomeMinorReleaseOn: 13.19, 14.16, 15.11, 16.7 and 17.3 were the first.
func TestALimitCountsRegularSessionsAloneFromSomeMinorReleaseOn(t *testing.T) {
	for version, want := range map[int]bool{110022: true, 120022: true, 130018: true, 130019: false, 140015: true,
		140016: false, 150010: true, 150011: false,
		150018: false, 160006: true, 160007: false, 170002: true, 170003: false, 180000: false, 190001: false} {
		if got := limitsCountAll(version); got != want {
			t.Errorf("%d counts all: %v, want %v", version, got, want)
		}
	}
	s := fleet.Server{VersionNum: 150018}
	if err := limitsOf(admin.Answer{Rows: [][][]byte{{[]byte("workers"), nil, []byte("3")}}}, &s); err != nil ||
		s.WorkerConns != 0 || len(s.Databases) > 0 {
		t.Errorf("%v, %+v; want no autovacuum worker under a limit", err, s)
	}
}
