package live

import "github.com/pgbudget/pgbudget/planner"

// takeFromLimits enters beside every CONNECTION LIMIT of a server the sessions of the counted look that take from it and
// that no pool owns. PostgreSQL counts every client's session against the limit of its role and of its database, a
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
