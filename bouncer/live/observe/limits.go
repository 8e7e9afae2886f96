package observe

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// limitsSQL lists the CONNECTION LIMITs that are set, and who is above them: a superuser is let in whatever the limit
// of the role or of the database (InitializeSessionUserId of miscinit.c, CheckMyDatabase of postinit.c). Only who may
// log in can be a pool's user.
const limitsSQL = `SELECT 'role', rolname, rolconnlimit FROM pg_roles WHERE rolconnlimit >= 0 AND NOT rolsuper
	UNION ALL SELECT 'superuser', rolname, rolconnlimit FROM pg_roles WHERE rolsuper AND rolcanlogin
	UNION ALL SELECT 'database', datname, datconnlimit FROM pg_database WHERE datconnlimit >= 0
	UNION ALL SELECT 'workers', '', current_setting('autovacuum_max_workers')::int`

// limitsCountAll says whether a CONNECTION LIMIT counts more than regular sessions: walsenders, and of a database
// autovacuum's workers (CountUserBackends, CountDBConnections of procarray.c, which left out background workers alone).
// The minor releases of February 2025 count regular sessions alone, and 18 does.
func limitsCountAll(versionNum int) bool {
	since := map[int]int{13: 19, 14: 16, 15: 11, 16: 7, 17: 3}
	major, minor := versionNum/10000, versionNum%10000
	return major < 13 || minor < since[major]
}

// limitsOf reads the answer to limitsSQL.
func limitsOf(a admin.Answer, s *fleet.Server) error {
	for _, row := range a.Rows {
		limit := fleet.ConnLimit{Name: string(row[1])}
		var err error
		if limit.Conns, err = strconv.Atoi(string(row[2])); err != nil {
			return err
		}
		switch string(row[0]) {
		case "role":
			s.Roles = append(s.Roles, limit)
		case "superuser":
			s.Superusers = append(s.Superusers, limit.Name)
		case "workers":
			if limitsCountAll(s.VersionNum) {
				s.WorkerConns = limit.Conns
			}
		default:
			s.Databases = append(s.Databases, limit)
		}
	}
	byName := func(a, b fleet.ConnLimit) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(s.Roles, byName)
	slices.SortFunc(s.Databases, byName)
	slices.Sort(s.Superusers)
	return nil
}

// takeFromLimits enters beside every CONNECTION LIMIT of a server the sessions of the counted sample that take from it
// and that no pool owns; those that a pool has let go by themselves. PostgreSQL counts every client's session against
// the limit of its role and of its database, a superuser's against the database's, too, our own included. senders are
// walsenders that count, and are in no pool: one that sends whole files is in no database.
func takeFromLimits(s *fleet.Server, counted shot, owners []fleet.Owner, senders shot) {
	type taken struct{ direct, closing int }
	byRole, byDatabase := map[string]taken{}, map[string]taken{}
	take := func(b backend, owner fleet.Owner) {
		role, database := byRole[b.user], byDatabase[b.database]
		switch owner {
		case fleet.OwnerPool:
		case fleet.OwnerClosing, fleet.OwnerOrphan:
			role.closing, database.closing = role.closing+1, database.closing+1
		default:
			role.direct, database.direct = role.direct+1, database.direct+1
		}
		byRole[b.user], byDatabase[b.database] = role, database
	}
	for i, b := range counted {
		take(b, owners[i])
	}
	for _, b := range senders {
		take(b, fleet.OwnerDirect)
	}
	enter := func(limits []fleet.ConnLimit, by map[string]taken) {
		for i, l := range limits {
			limits[i].DirectConns, limits[i].ClosingConns = by[l.Name].direct, by[l.Name].closing
		}
	}
	enter(s.Roles, byRole)
	enter(s.Databases, byDatabase)
}
