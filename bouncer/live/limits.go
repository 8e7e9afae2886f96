package live

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pgbudget/pgbudget/planner"
)

// limitsSQL lists the CONNECTION LIMITs that are set, and who is above them: a superuser is let in whatever the limit
// of the role or of the database (InitializeSessionUserId of miscinit.c, CheckMyDatabase of postinit.c). Only who may
// log in can be a pool's user.
const limitsSQL = `SELECT 'role', rolname, rolconnlimit FROM pg_roles WHERE rolconnlimit >= 0 AND NOT rolsuper
	UNION ALL SELECT 'superuser', rolname, rolconnlimit FROM pg_roles WHERE rolsuper AND rolcanlogin
	UNION ALL SELECT 'database', datname, datconnlimit FROM pg_database WHERE datconnlimit >= 0`

// limitsOf reads the answer to limitsSQL.
func limitsOf(a answer, s *planner.Server) error {
	for _, row := range a.rows {
		limit := planner.ConnLimit{Name: string(row[1])}
		var err error
		if limit.Conns, err = strconv.Atoi(string(row[2])); err != nil {
			return err
		}
		switch string(row[0]) {
		case "role":
			s.Roles = append(s.Roles, limit)
		case "superuser":
			s.Superusers = append(s.Superusers, limit.Name)
		default:
			s.Databases = append(s.Databases, limit)
		}
	}
	byName := func(a, b planner.ConnLimit) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(s.Roles, byName)
	slices.SortFunc(s.Databases, byName)
	slices.Sort(s.Superusers)
	return nil
}

// takeFromLimits enters beside every CONNECTION LIMIT of a server the sessions of the counted look that take from it
// and that no pool owns. PostgreSQL counts every client's session against the limit of its role and of its database, a
// superuser's against the database's, too, our own included (CountUserBackends, CountDBConnections of procarray.c).
func takeFromLimits(s *planner.Server, counted shot, owners []planner.Owner) {
	byRole, byDatabase := map[string]int{}, map[string]int{}
	for i, b := range counted {
		if owners[i] != planner.OwnerPool {
			byRole[b.user]++
			byDatabase[b.database]++
		}
	}
	for i := range s.Roles {
		s.Roles[i].DirectConns = byRole[s.Roles[i].Name]
	}
	for i := range s.Databases {
		s.Databases[i].DirectConns = byDatabase[s.Databases[i].Name]
	}
}
