package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// historySpec asks for every pool of the groups that say which exporter series are theirs, and for every server that
// has a query or an exporter. Which server a pool leads to is taken from the sample, and from what is declared.
func historySpec(cfg *config.Config, o fleet.Observation) prom.Spec {
	spec := prom.Spec{Lookback: budget.DefaultLookbackLoad}
	if cfg.Prometheus.Lookback.Set {
		spec.Lookback = cfg.Prometheus.Lookback.D
	}
	for _, srv := range cfg.Servers {
		if srv.CPU != "" || srv.Metrics != "" || srv.Direct.Query != "" {
			spec.Servers = append(spec.Servers, prom.ServerSpec{Name: srv.Name, CPUQuery: srv.CPU, DirectQuery: srv.Direct.Query,
				Selector: srv.Metrics})
		}
	}
	declared := cfg.Declared().Pools
	for _, g := range cfg.Groups {
		if g.Metrics != "" {
			addGroup(&spec, g, declared, o)
		}
	}
	return spec
}

// addGroup asks for the pools of one group, and has those that are on one server as a whole taken off its sessions.
func addGroup(spec *prom.Spec, g config.Group, declared []budget.DeclaredPool, o fleet.Observation) {
	aliases := map[string][]string{} // by server
	for _, id := range fleet.PoolIDs(o) {
		group, alias, _ := strings.Cut(id, "/")
		if group != g.Name {
			continue
		}
		server, session := placeOf(o, id)
		where, whole := serversOf(declared, o, id)
		switch {
		case server == "" && len(where) == 1 && whole:
			server = where[0] // as declared
		case server == "":
			continue // on none of our servers, or not known: it is in no ledger, or it is refused later
		case len(where) == 0 && whole:
			where = []string{server} // the only one there is
		}
		pool := prom.PoolSpec{ID: id, Alias: alias, Selector: g.Metrics, Server: server, Session: session,
			Shares: slices.ContainsFunc(sidesOf(o, id), func(s side) bool { return s.shares(o) })}
		if !slices.ContainsFunc(spec.Servers, func(s prom.ServerSpec) bool { return s.Name == server }) {
			spec.Servers = append(spec.Servers, prom.ServerSpec{Name: server}) // nothing is asked of it itself
		}
		var notes []string
		if alias == fleet.AutoDB {
			if pool.Lines, pool.Unasked = linesOf(o, g.Name); pool.Unasked {
				notes = append(notes, noteLines)
			}
		}
		if whole {
			aliases[where[0]] = append(aliases[where[0]], alias)
		} else if share(spec, where, id) {
			notes = append(notes, noteShared)
		}
		pool.Note = strings.Join(notes, "; ")
		spec.Pools = append(spec.Pools, pool)
	}
	for i, s := range spec.Servers {
		if names := aliases[s.Name]; len(names) > 0 {
			matchers := strings.TrimSuffix(strings.TrimSpace(g.Metrics), ",") + "," + databases(o, g.Name, names)
			spec.Servers[i].PoolSelectors = append(spec.Servers[i].PoolSelectors, matchers)
		}
	}
}

// share notes that a pool may have connections on several servers, and reports whether any of them would have had its
// connections taken off its sessions.
func share(spec *prom.Spec, servers []string, id string) bool {
	found := false
	for i, s := range spec.Servers {
		if s.DirectQuery == "" && s.Selector != "" && slices.Contains(servers, s.Name) {
			spec.Servers[i].Shared = append(spec.Servers[i].Shared, id)
			found = true
		}
	}
	return found
}

// noteShared is what a plan has to say of a pool whose connections may be on several servers.
const noteShared = "the history counts this pool's connections as direct, because no metric splits them by server: " +
	"give its servers direct: {query: …}"

// serversOf lists the servers on which a pool was found, may be found or is declared to be; whole, if all of its
// connections are on the one that is listed, or none was found and none is declared.
func serversOf(declared []budget.DeclaredPool, o fleet.Observation, id string) (servers []string, whole bool) {
	whole = true
	for _, s := range sidesOf(o, id) {
		whole = whole && len(s.alias.Unplaced) == 0 && s.alias.Proof != fleet.ProofElsewhere
		servers = append(append(servers, s.alias.Server), s.alias.AlsoOn...)
	}
	for _, p := range declared {
		if p.ID == id {
			servers = append(append(servers, p.Server), p.AlsoOn...)
		}
	}
	whole = whole && !slices.Contains(servers, budget.Elsewhere)
	slices.Sort(servers)
	servers = slices.DeleteFunc(slices.Compact(servers), func(s string) bool { return s == "" || s == budget.Elsewhere })
	return servers, whole && len(servers) <= 1
}

// noteLines is what a plan has to say of a * whose databases have a line of their own in another process: under their
// name the exporters show what is the one's and what is the other's.
const noteLines = "no history: the processes of its group have different lines beside *"

// linesOf lists the aliases of a group that have lines of their own beside a *; unlike, if not every process that has a
// * has all of them.
func linesOf(o fleet.Observation, group string) (lines []string, unlike bool) {
	var beside [][]string
	for _, p := range o.Processes {
		if p.Group != group {
			continue
		}
		var own []string
		star := false
		for _, a := range p.Aliases {
			if a.Name == fleet.AutoDB {
				star = true
			} else {
				own = append(own, a.Name)
			}
		}
		lines = append(lines, own...)
		if slices.Sort(own); star {
			beside = append(beside, own)
		}
	}
	slices.Sort(lines)
	for _, own := range beside {
		unlike = unlike || !slices.Equal(own, beside[0])
	}
	return slices.Compact(lines), unlike
}

// databases is the matcher for these aliases of a group. With its * they are all but the lines not among them.
func databases(o fleet.Observation, group string, aliases []string) string {
	if !slices.Contains(aliases, fleet.AutoDB) {
		return fmt.Sprintf("database=~%q", prom.AnyOf(aliases))
	}
	lines, _ := linesOf(o, group)
	lines = slices.DeleteFunc(lines, func(name string) bool { return slices.Contains(aliases, name) })
	return fmt.Sprintf("database!~%q", prom.AnyOf(lines))
}

// placeOf says which server a pool leads to and whether it pools sessions.
func placeOf(o fleet.Observation, id string) (server string, session bool) {
	elsewhere := false
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name != id {
				continue
			}
			session = session || a.PoolMode == "session"
			elsewhere = elsewhere || a.Proof == fleet.ProofElsewhere
			if a.Server != "" {
				server = a.Server
			}
		}
	}
	if server == "" && !elsewhere && len(o.Servers) == 1 {
		server = o.Servers[0].Name
	}
	return server, session
}

// side is one process's alias of a pool.
type side struct {
	process fleet.Process
	alias   fleet.Alias
}

// sidesOf returns the sides of a pool, in the order of the sample.
func sidesOf(o fleet.Observation, id string) []side {
	var out []side
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group+"/"+a.Name == id {
				out = append(out, side{p, a})
			}
		}
	}
	return out
}

// shares reports whether a limit over several pools may leave the alias without any connection: one of its users in the
// process, of their roles or of its database in PostgreSQL. While nobody has used the alias, anybody may be its user.
func (s side) shares(o fleet.Observation) bool {
	var users []string
	databases := []string{s.alias.Database}
	for _, g := range s.alias.Pools {
		login := s.alias.Login(g)
		users, databases = append(users, login.Role), append(databases, login.Database)
	}
	uses := func(user string) bool { return len(s.alias.Pools) == 0 || slices.Contains(users, user) }
	limited := s.process.Settings.MaxUserConns > 0 || slices.ContainsFunc(s.process.Users, func(u fleet.UserLimit) bool {
		return uses(u.Name) && u.MaxConns > 0 && u.MaxConns < fleet.Unlimited
	})
	for _, srv := range o.Servers {
		if srv.Name != s.alias.Server && !slices.Contains(s.alias.AlsoOn, srv.Name) && s.alias.Server != "" {
			continue
		}
		limited = limited || slices.ContainsFunc(srv.Roles, func(r fleet.ConnLimit) bool { return uses(r.Name) }) ||
			slices.ContainsFunc(srv.Databases, func(d fleet.ConnLimit) bool { return slices.Contains(databases, d.Name) })
	}
	return limited
}
